/**
 * DAP_Info (0x00): what the probe says about itself.
 *
 * @module
 */
import type { Bytes } from "../../../base/bytes.ts";
import { COMMAND, decodeResponse } from "./response.ts";

/** What can be asked. */
export const INFO = {
  vendor: 0x01,
  product: 0x02,
  serial: 0x03,
  protocolVersion: 0x04,
  targetVendor: 0x05,
  targetName: 0x06,
  boardVendor: 0x07,
  boardName: 0x08,
  firmwareVersion: 0x09,
  capabilities: 0xf0,
  testTimer: 0xf1,
  uartReceiveBuffer: 0xfb,
  uartTransmitBuffer: 0xfc,
  swoBuffer: 0xfd,
  packetCount: 0xfe,
  packetSize: 0xff,
} as const;

/** What the probe can do, from the capability bits. */
export interface Capabilities {
  /** Serial Wire Debug. */
  readonly swd: boolean;
  /** JTAG. */
  readonly jtag: boolean;
  /** UART-coded SWO. */
  readonly swoUart: boolean;
  /** Manchester-coded SWO. */
  readonly swoManchester: boolean;
  /** DAP_QueueCommands and DAP_ExecuteCommands. */
  readonly atomic: boolean;
  /** Test domain timer. */
  readonly timer: boolean;
  /** SWO through an endpoint of its own. */
  readonly swoStreaming: boolean;
  /** UART through DAP commands. */
  readonly uart: boolean;
  /** A USB serial port. */
  readonly comPort: boolean;
}

/** Asks for one item. */
export function encodeInfo(id: number): Bytes {
  return Uint8Array.of(COMMAND.info, id);
}

/** The bytes of the answer; empty when the probe has nothing to say. @throws {ProbeError} */
export function decodeInfo(response: Uint8Array): Uint8Array {
  return decodeResponse(response, COMMAND.info, (reader) => reader.bytes(reader.u8()));
}

/**
 * A text answer without its trailing NULs, or undefined when empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeInfoText } from "./info.ts";
 *
 * assertEquals(decodeInfoText(Uint8Array.of(0, 3, 0x41, 0x42, 0)), "AB");
 * assertEquals(decodeInfoText(Uint8Array.of(0, 0)), undefined);
 * ```
 */
export function decodeInfoText(response: Uint8Array): string | undefined {
  const bytes = decodeInfo(response);
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).trim();
  return text === "" ? undefined : text;
}

/** A number of any length, least significant byte first, or undefined when empty; bytes beyond the fourth are ignored. */
export function decodeInfoNumber(response: Uint8Array): number | undefined {
  const bytes = decodeInfo(response);
  if (bytes.length === 0) return undefined;
  let value = 0;
  for (let i = Math.min(bytes.length, 4) - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
  return value;
}

/** The capability bits; a probe that does not tell is taken for a plain SWD probe. */
export function decodeCapabilities(response: Uint8Array): Capabilities {
  const value = decodeInfoNumber(response) ?? 1;
  const has = (index: number) => ((value >>> index) & 1) === 1;
  return {
    swd: has(0),
    jtag: has(1),
    swoUart: has(2),
    swoManchester: has(3),
    atomic: has(4),
    timer: has(5),
    swoStreaming: has(6),
    uart: has(7),
    comPort: has(8),
  };
}
