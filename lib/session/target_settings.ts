/**
 * Session options as the settings of a target.
 *
 * @module
 */
import type { ResetType } from "../core/core.ts";
import type { Probe } from "../probe/probe.ts";
import { TargetError } from "../base/errors.ts";
import type { TargetSettings } from "../target/settings.ts";
import type { Options } from "./options.ts";

/**
 * Settings that the options give to a target behind `probe`.
 *
 * @throws {TargetError} when the probe cannot drive the wire that was asked for
 */
export function targetSettings(options: Options, probe: Pick<Probe, "protocols" | "description">): TargetSettings {
  const wanted = options.get("dap_protocol");
  const protocol = wanted === "jtag" || (wanted === "default" && !probe.protocols.includes("swd")) ? "jtag" : "swd";
  if (!probe.protocols.includes(protocol)) {
    throw new TargetError(`Cannot connect by ${protocol.toUpperCase()}: ${probe.description} does not drive it`, {
      code: "protocol-unsupported",
      hint: `It drives ${probe.protocols.join(", ")}; set the option dap_protocol`,
    });
  }
  return {
    protocol,
    frequency: options.get("frequency"),
    swjEnable: options.get("dap_swj_enable"),
    useDormant: options.get("dap_swj_use_dormant"),
    autoUnlock: options.get("auto_unlock"),
    maxInvalidAps: options.get("adi.v5.max_invalid_ap_count"),
    scanAllAps: options.get("scan_all_aps"),
    allowNoCores: options.get("allow_no_cores"),
    primaryCore: options.get("primary_core"),
    multicoreDebug: options.get("enable_multicore_debug"),
    ...(options.isSet("vector_catch") ? { vectorCatch: options.get("vector_catch") } : {}),
    resetType: options.get("reset_type") as ResetType,
    resetHoldMs: options.get("reset.hold_time") * 1000,
    resetPostDelayMs: options.get("reset.post_delay") * 1000,
    resetHaltTimeoutMs: options.get("reset.halt_timeout") * 1000,
    dapRecoverTimeoutMs: options.get("reset.dap_recover.timeout") * 1000,
    coreRecoverTimeoutMs: options.get("reset.core_recover.timeout") * 1000,
  };
}
