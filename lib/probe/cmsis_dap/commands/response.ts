/**
 * What all CMSIS-DAP commands share: identifiers, and the checks every response passes.
 *
 * Source: CMSIS-DAP documentation, "CMSIS-DAP Commands".
 *
 * @module
 */
import { ByteReader, hex } from "../../../base/bytes.ts";
import { ProbeError } from "../../../base/errors.ts";

/** First byte of every request, and of its response. */
export const COMMAND = {
  info: 0x00,
  hostStatus: 0x01,
  connect: 0x02,
  disconnect: 0x03,
  transferConfigure: 0x04,
  transfer: 0x05,
  transferBlock: 0x06,
  transferAbort: 0x07,
  writeAbort: 0x08,
  delay: 0x09,
  resetTarget: 0x0a,
  swjPins: 0x10,
  swjClock: 0x11,
  swjSequence: 0x12,
  swdConfigure: 0x13,
  jtagSequence: 0x14,
  jtagConfigure: 0x15,
  jtagIdcode: 0x16,
  swoTransport: 0x17,
  swoMode: 0x18,
  swoBaudrate: 0x19,
  swoControl: 0x1a,
  swoStatus: 0x1b,
  swoData: 0x1c,
  swdSequence: 0x1d,
  swoExtendedStatus: 0x1e,
  uartTransport: 0x1f,
  uartConfigure: 0x20,
  uartTransfer: 0x21,
  uartControl: 0x22,
  uartStatus: 0x23,
  queueCommands: 0x7e,
  executeCommands: 0x7f,
} as const;

/** The byte with which a probe answers a command it does not know. */
export const UNKNOWN_COMMAND = 0xff;

const NAMES = new Map<number, string>(Object.entries(COMMAND).map(([name, id]) => [id, name]));

/** Name of a command for people: `transferBlock`, or its number. */
export function commandName(id: number): string {
  return NAMES.get(id) ?? hex(id, 2);
}

/**
 * Checks that a response answers command `id`.
 *
 * @returns a reader behind the identifier
 * @throws {ProbeError} with code `probe-unsupported` when the probe does not know the command, `probe-stray` when the
 * response answers another one
 */
export function openResponse(response: Uint8Array, id: number): ByteReader {
  const reader = new ByteReader(response);
  expectId(reader, id);
  return reader;
}

/** Like {@linkcode openResponse}, for a response inside another one. @throws {ProbeError} */
export function expectId(reader: ByteReader, id: number): void {
  if (reader.left === 0) throw shortResponse(id);
  const got = reader.u8();
  if (got === id) return;
  if (got === UNKNOWN_COMMAND) {
    throw new ProbeError(`Cannot use probe command ${commandName(id)}: the probe does not know it`, {
      code: "probe-unsupported",
      hint: "Newer firmware for the probe may help",
    });
  }
  throw new ProbeError(`Cannot match the answer of the probe: expected ${commandName(id)}, got ${commandName(got)}`, {
    code: "probe-stray",
    hint: "Another program may be using the probe; unplug and replug it",
  });
}

/** The error for a response that ends too early. */
export function shortResponse(id: number): ProbeError {
  return new ProbeError(`Cannot read the answer to probe command ${commandName(id)}: it is too short`, {
    code: "probe-short-response",
    hint: "Unplug and replug the probe; newer firmware for it may help",
  });
}

/**
 * Decodes the response to `id` with `decode`, which may run past the end.
 *
 * @throws {ProbeError} when the response answers another command or is too short
 */
export function decodeResponse<T>(response: Uint8Array, id: number, decode: (reader: ByteReader) => T): T {
  return decodeInner(new ByteReader(response), id, decode);
}

/** Like {@linkcode decodeResponse}, for a response inside another one. @throws {ProbeError} */
export function decodeInner<T>(reader: ByteReader, id: number, decode: (reader: ByteReader) => T): T {
  expectId(reader, id);
  try {
    return decode(reader);
  } catch (error) {
    throw error instanceof RangeError ? shortResponse(id) : error;
  }
}

/**
 * Decodes a response that is a status byte and nothing else.
 *
 * @throws {ProbeError} with code `probe-refused` when the status is not OK
 */
export function decodeStatus(reader: ByteReader, id: number): void {
  const status = decodeInner(reader, id, (inner) => inner.u8());
  if (status !== 0) {
    throw new ProbeError(`Cannot carry out probe command ${commandName(id)}: the probe answered ${hex(status, 2)}`, {
      code: "probe-refused",
    });
  }
}
