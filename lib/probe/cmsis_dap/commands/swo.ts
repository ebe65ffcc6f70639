/**
 * DAP_SWO_*: trace capture.
 *
 * @module
 */
import { type Bytes, ByteWriter } from "../../../base/bytes.ts";
import { COMMAND, decodeResponse } from "./response.ts";

/** How trace data reaches the host. */
export const SWO_TRANSPORT = { none: 0, commands: 1, endpoint: 2 } as const;

/** How trace data is coded on the pin. */
export const SWO_MODE = { off: 0, uart: 1, manchester: 2 } as const;

/** Bytes of a DAP_SWO_Data response before the data. */
export const SWO_DATA_HEADER = 4;

/** State of the capture. */
export interface SwoStatus {
  /** Capture is running. */
  readonly active: boolean;
  /** Capture is paused because the buffer is full. */
  readonly paused: boolean;
  /** The stream had an error. */
  readonly error: boolean;
  /** Data was lost. */
  readonly overrun: boolean;
}

/** Chooses the way of the data; see {@linkcode SWO_TRANSPORT}. */
export function encodeSwoTransport(transport: number): Bytes {
  return Uint8Array.of(COMMAND.swoTransport, transport);
}

/** Chooses the coding; see {@linkcode SWO_MODE}. */
export function encodeSwoMode(mode: number): Bytes {
  return Uint8Array.of(COMMAND.swoMode, mode);
}

/** Asks for a bit rate. */
export function encodeSwoBaudrate(baud: number): Bytes {
  return new ByteWriter(5).u8(COMMAND.swoBaudrate).u32(baud).done();
}

/** The bit rate that was set, 0 when none could be. @throws {ProbeError} */
export function decodeSwoBaudrate(response: Uint8Array): number {
  return decodeResponse(response, COMMAND.swoBaudrate, (reader) => reader.u32());
}

/** Starts or stops the capture. */
export function encodeSwoControl(start: boolean): Bytes {
  return Uint8Array.of(COMMAND.swoControl, start ? 1 : 0);
}

/** Asks for state and fill level. */
export function encodeSwoStatus(): Bytes {
  return Uint8Array.of(COMMAND.swoStatus);
}

/** State, and bytes in the probe's buffer. @throws {ProbeError} */
export function decodeSwoStatus(response: Uint8Array): SwoStatus & { readonly count: number } {
  return decodeResponse(response, COMMAND.swoStatus, (reader) => ({ ...swoStatus(reader.u8()), count: reader.u32() }));
}

/** Asks for up to `limit` bytes, which must fit the packet with {@linkcode SWO_DATA_HEADER}. */
export function encodeSwoData(limit: number): Bytes {
  return new ByteWriter(3).u8(COMMAND.swoData).u16(limit).done();
}

/** State and captured bytes. @throws {ProbeError} */
export function decodeSwoData(response: Uint8Array): { readonly status: SwoStatus; readonly data: Uint8Array } {
  return decodeResponse(response, COMMAND.swoData, (reader) => {
    const status = swoStatus(reader.u8());
    return { status, data: reader.bytes(reader.u16()).slice() };
  });
}

function swoStatus(value: number): SwoStatus {
  return {
    active: (value & 0x01) !== 0,
    paused: (value & 0x02) !== 0,
    error: (value & 0x40) !== 0,
    overrun: (value & 0x80) !== 0,
  };
}
