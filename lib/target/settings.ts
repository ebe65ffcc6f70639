/**
 * What may be chosen about connecting and resetting; the names in quotes are the session options.
 *
 * @module
 */
import type { ResetType } from "../core/core.ts";
import type { WireProtocol } from "../probe/probe.ts";

/** How to connect; see docs/connecting.md. */
export type ConnectMode = "halt" | "pre-reset" | "under-reset" | "attach";

/** Settings of one target. Times in milliseconds. */
export interface TargetSettings {
  /** `dap_protocol`. */
  readonly protocol: WireProtocol;
  /** `frequency` in hertz; the probe's own when absent. */
  readonly frequency?: number;
  /** `dap_swj_enable`. */
  readonly swjEnable: boolean;
  /** `dap_swj_use_dormant`. */
  readonly useDormant: boolean;
  /** TARGETSEL value for SWD multi-drop. */
  readonly targetSel?: number;
  /** `auto_unlock`: erase a locked chip to get in. */
  readonly autoUnlock: boolean;
  /** `adi.v5.max_invalid_ap_count`. */
  readonly maxInvalidAps: number;
  /** `scan_all_aps`. */
  readonly scanAllAps: boolean;
  /** `allow_no_cores`. */
  readonly allowNoCores: boolean;
  /** `primary_core`. */
  readonly primaryCore: number;
  /** `enable_multicore_debug`: cores other than the primary one are reset alone. */
  readonly multicoreDebug: boolean;
  /** `reset_type`. */
  readonly resetType: ResetType;
  /** `reset.hold_time`. */
  readonly resetHoldMs: number;
  /** `reset.post_delay`. */
  readonly resetPostDelayMs: number;
  /** `reset.halt_timeout`. */
  readonly resetHaltTimeoutMs: number;
  /** `reset.dap_recover.timeout`. */
  readonly dapRecoverTimeoutMs: number;
  /** `reset.core_recover.timeout`; 0 does not wait for the core. */
  readonly coreRecoverTimeoutMs: number;
  /** `vector_catch` letters set on every core; absent leaves it alone. */
  readonly vectorCatch?: string;
}

/** What applies unless chosen otherwise. */
export const DEFAULT_SETTINGS: TargetSettings = {
  protocol: "swd",
  swjEnable: true,
  useDormant: false,
  autoUnlock: false,
  maxInvalidAps: 3,
  scanAllAps: false,
  allowNoCores: false,
  primaryCore: 0,
  multicoreDebug: false,
  resetType: "default",
  resetHoldMs: 100,
  resetPostDelayMs: 100,
  resetHaltTimeoutMs: 2000,
  dapRecoverTimeoutMs: 2000,
  coreRecoverTimeoutMs: 2000,
};
