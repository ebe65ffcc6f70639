/**
 * CMSIS-DAP protocol versions, which probes spell in several ways.
 *
 * @module
 */

/** Major, minor and patch number. */
export type ProtocolVersion = readonly [number, number, number];

/** Firmware numbers that some probes give in place of the protocol version. */
const FIRMWARE_NUMBERS: Readonly<Record<string, ProtocolVersion>> = { "0254": [2, 0, 0], "0255": [2, 0, 0] };

/**
 * The protocol version that DAP_Info 0x04 means. Two digits behind the only point are minor and patch (`1.10` is
 * 1.1.0); versions before 1 count as 1.0.0; what cannot be read becomes `fallback`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseVersion } from "./version.ts";
 *
 * assertEquals(parseVersion("1.10", [1, 0, 0]), [1, 1, 0]);
 * assertEquals(parseVersion("2.1.1", [2, 0, 0]), [2, 1, 1]);
 * ```
 */
export function parseVersion(text: string | undefined, fallback: ProtocolVersion): ProtocolVersion {
  const plain = text?.trim() ?? "";
  const firmware = FIRMWARE_NUMBERS[plain];
  if (firmware) return firmware;
  const old = /^(\d+)\.(\d)(\d)$/.exec(plain);
  const match = old ?? /^[vV]?(\d+)\.(\d+)(?:\.(\d+))?/.exec(plain);
  if (!match) return fallback;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (major === 0) return [1, 0, 0];
  return major > 2 ? fallback : [major, minor, patch];
}

/** Whether `version` is `other` or newer. */
export function atLeast(version: ProtocolVersion, other: ProtocolVersion): boolean {
  for (let i = 0; i < 3; i++) if (version[i] !== other[i]) return version[i]! > other[i]!;
  return true;
}
