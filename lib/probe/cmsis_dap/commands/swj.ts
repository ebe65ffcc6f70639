/**
 * DAP_SWJ_Pins, DAP_SWJ_Clock and DAP_SWJ_Sequence.
 *
 * @module
 */
import { type Bytes, ByteWriter } from "../../../base/bytes.ts";
import { COMMAND, decodeResponse } from "./response.ts";

/** Longest wait of DAP_SWJ_Pins in microseconds. */
export const MAX_PIN_WAIT_US = 3_000_000;

/** Drives `output` on the pins in `select` and waits for them, up to `waitUs` microseconds. */
export function encodePins(output: number, select: number, waitUs: number): Bytes {
  return new ByteWriter(7).u8(COMMAND.swjPins).u8(output).u8(select).u32(Math.min(waitUs, MAX_PIN_WAIT_US)).done();
}

/** Levels of all pins. @throws {ProbeError} */
export function decodePins(response: Uint8Array): number {
  return decodeResponse(response, COMMAND.swjPins, (reader) => reader.u8());
}

/** Sets the wire clock in hertz. */
export function encodeClock(hz: number): Bytes {
  return new ByteWriter(5).u8(COMMAND.swjClock).u32(hz).done();
}

/** Shifts 1 to 256 bits onto SWDIO/TMS, least significant bit first. */
export function encodeSwjSequence(count: number, bits: Uint8Array): Bytes {
  return new ByteWriter(34).u8(COMMAND.swjSequence).u8(count & 0xff).bytes(bits.subarray(0, Math.ceil(count / 8)))
    .done();
}
