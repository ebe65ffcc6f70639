/**
 * Values of the predefined debug access variables (Open-CMSIS-Pack specification, "Debug access variables").
 *
 * @module
 */
import type { ResetType } from "../core/core.ts";
import type { ConnectMode, TargetSettings } from "./settings.ts";

/** `__protocol`: bits 15:0 are 1 for JTAG and 2 for SWD, bit 16 SWJ-DP, bit 17 through the dormant state. */
export function protocolVariable(
  { protocol, swjEnable, useDormant }: Pick<TargetSettings, "protocol" | "swjEnable" | "useDormant">,
): bigint {
  return (protocol === "jtag" ? 1n : 2n) | (swjEnable ? 1n << 16n : 0n) | (useDormant ? 1n << 17n : 0n);
}

/** What `__connection` tells. */
export interface ConnectionFacts {
  /** The session programs flash and does nothing else. */
  readonly forFlash: boolean;
  /** The reset that is done, or would be. */
  readonly resetType: ResetType;
  /** Name of the processor's default reset sequence. */
  readonly defaultReset: string | undefined;
  /** How the session connects. */
  readonly mode: ConnectMode;
  /** This is the reset before the connection. */
  readonly isPreReset: boolean;
}

/**
 * `__connection`: bits 7:0 are 1 for debugging and 2 for flash, bits 15:8 the reset (1 hardware, 2 system,
 * 3 processor), bit 16 connection under reset, bit 17 reset before the connection.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connectionVariable } from "./sequence_variables.ts";
 *
 * const facts = { forFlash: false, defaultReset: undefined, mode: "under-reset", isPreReset: false } as const;
 * assertEquals(connectionVariable({ ...facts, resetType: "hardware" }), 0x1_0101n);
 * ```
 */
export function connectionVariable(facts: ConnectionFacts): bigint {
  const { forFlash, resetType, defaultReset, mode, isPreReset } = facts;
  return (forFlash ? 2n : 1n) | (resetNumber(isPreReset ? "hardware" : resetType, defaultReset) << 8n) |
    (mode === "under-reset" ? 1n << 16n : 0n) | (isPreReset ? 1n << 17n : 0n);
}

function resetNumber(type: ResetType, defaultReset: string | undefined): bigint {
  switch (type) {
    case "hardware":
    case "n_srst":
      return 1n;
    case "core":
    case "vectreset":
      return 3n;
    case "default":
      return defaultReset === "ResetHardware" ? 1n : defaultReset === "ResetProcessor" ? 3n : 2n;
    default:
      return 2n;
  }
}

/** The sequence for a kind of reset; undefined for kinds that name a mechanism. */
export function resetSequence(type: ResetType, defaultReset: string | undefined): string | undefined {
  switch (type) {
    case "default":
      return defaultReset ?? "ResetSystem";
    case "system":
      return "ResetSystem";
    case "hardware":
      return "ResetHardware";
    case "core":
      return "ResetProcessor";
    default:
      return undefined;
  }
}
