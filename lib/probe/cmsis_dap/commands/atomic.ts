/**
 * DAP_ExecuteCommands: several commands in one packet.
 *
 * @module
 */
import { ByteReader, type Bytes, concatBytes } from "../../../base/bytes.ts";
import { COMMAND, decodeResponse } from "./response.ts";
import { ProbeError } from "../../../base/errors.ts";

/** Bytes in front of the commands, and in front of their responses. */
export const EXECUTE_HEADER = 2;

/** Most commands in one packet. */
export const MAX_COMMANDS = 255;

/**
 * One packet from several requests.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeExecute } from "./atomic.ts";
 *
 * assertEquals(encodeExecute([Uint8Array.of(0, 0xff), Uint8Array.of(3)]), Uint8Array.of(0x7f, 2, 0, 0xff, 3));
 * ```
 */
export function encodeExecute(requests: readonly Uint8Array[]): Bytes {
  return concatBytes([Uint8Array.of(COMMAND.executeCommands, requests.length), ...requests]);
}

/** Writes the header of a packet of `count` commands; where the first of them begins. */
export function putExecuteHeader(packet: Bytes, count: number): number {
  packet[0] = COMMAND.executeCommands;
  packet[1] = count;
  return EXECUTE_HEADER;
}

/** A reader at the first of `count` responses. @throws {ProbeError} when the probe answered another number of them */
export function openExecute(response: Uint8Array, count: number): ByteReader {
  const answered = decodeResponse(response, COMMAND.executeCommands, (reader) => reader.u8());
  if (answered !== count) {
    throw new ProbeError(`Cannot match the answer of the probe: ${answered} of ${count} commands were carried out`, {
      code: "probe-stray",
    });
  }
  return new ByteReader(response, EXECUTE_HEADER);
}
