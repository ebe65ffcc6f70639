/**
 * DAP_TransferConfigure, DAP_Transfer, DAP_TransferBlock and DAP_TransferAbort.
 *
 * @module
 */
import { type ByteReader, type Bytes, ByteWriter } from "../../../base/bytes.ts";
import type { TransferFault } from "../../../base/errors.ts";
import type { DapPort } from "../../probe.ts";
import { COMMAND, decodeInner } from "./response.ts";

/** Bits of the request byte. */
export const REQUEST = {
  /** Access port rather than debug port. */
  ap: 0x01,
  /** Read rather than write. */
  read: 0x02,
  /** A[3:2] of the register. */
  address: 0x0c,
  /** Read until the value matches. */
  matchValue: 0x10,
  /** Set the match mask instead of writing a register. */
  matchMask: 0x20,
  /** Put a time stamp into the response. */
  timestamp: 0x80,
} as const;

/** Most requests in one DAP_Transfer. */
export const MAX_REQUESTS = 255;
/** Most words in one DAP_TransferBlock. */
export const MAX_BLOCK = 65535;
/** Bytes of a DAP_Transfer before its requests, and of its response before the words. */
export const TRANSFER_HEADER = 3;
/** Bytes of a DAP_TransferBlock before its words. */
export const BLOCK_REQUEST_HEADER = 5;
/** Bytes of a DAP_TransferBlock response before its words. */
export const BLOCK_RESPONSE_HEADER = 4;

/** Several requests with the same request byte: reads (no values), or writes and matches (one value each). */
export interface RequestRun {
  /** See {@linkcode REQUEST}. */
  readonly request: number;
  /** How often. */
  readonly count: number;
  /** Data words, one for each, when the request has data. */
  readonly values?: Uint32Array | readonly number[];
}

/** What a probe answered to a transfer. */
export interface TransferReply {
  /** Requests, or words of a block, that were accepted. */
  readonly count: number;
  /** What went wrong, if anything. */
  readonly fault: TransferFault | undefined;
}

/** The request byte for reading or writing a register. */
export function requestByte(port: DapPort, register: number, read: boolean): number {
  return (port === "ap" ? REQUEST.ap : 0) | (read ? REQUEST.read : 0) | (register & REQUEST.address);
}

/** Whether a request carries a data word. */
export function hasData(request: number): boolean {
  return (request & REQUEST.read) === 0 || (request & REQUEST.matchValue) !== 0;
}

/** Whether a request is answered with a word. */
export function hasAnswer(request: number): boolean {
  return (request & (REQUEST.read | REQUEST.matchValue)) === REQUEST.read;
}

/** Sets idle cycles after each transfer, and how often WAIT and a match that fails are retried. */
export function encodeTransferConfigure(idleCycles: number, waitRetries: number, matchRetries: number): Bytes {
  return new ByteWriter(6).u8(COMMAND.transferConfigure).u8(idleCycles).u16(waitRetries).u16(matchRetries).done();
}

/**
 * Writes a list of transfers into `packet`, from offset `at`.
 *
 * @returns the offset behind it
 *
 * @example DPIDR is read, then SELECT is written
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { putTransfer } from "./transfer.ts";
 *
 * const packet = new Uint8Array(9);
 * const runs = [{ request: 0x02, count: 1 }, { request: 0x08, count: 1, values: Uint32Array.of(0xf0) }];
 * assertEquals(putTransfer(packet, 0, runs), 9);
 * assertEquals(packet, Uint8Array.of(0x05, 0, 2, 0x02, 0x08, 0xf0, 0, 0, 0));
 * ```
 */
export function putTransfer(packet: Bytes, at: number, runs: readonly RequestRun[], dapIndex = 0): number {
  packet[at] = COMMAND.transfer;
  packet[at + 1] = dapIndex;
  let total = 0;
  let end = at + TRANSFER_HEADER;
  for (const { request, count, values } of runs) {
    total += count;
    for (let i = 0; i < count; i++) {
      packet[end++] = request;
      if (values === undefined) continue;
      putWord(packet, end, values[i]!);
      end += 4;
    }
  }
  packet[at + 2] = total;
  return end;
}

/**
 * Writes transfers to one register into `packet`, from offset `at`; all runs have the same request.
 *
 * @returns the offset behind them
 */
export function putTransferBlock(packet: Bytes, at: number, runs: readonly RequestRun[], dapIndex = 0): number {
  let total = 0;
  let end = at + BLOCK_REQUEST_HEADER;
  for (const { count, values } of runs) {
    total += count;
    if (values === undefined) continue;
    if (values instanceof Uint32Array) {
      // The memory of all machines that Deno runs on is little-endian, and so is the packet.
      packet.set(new Uint8Array(values.buffer, values.byteOffset, 4 * count), end);
    } else {
      for (let i = 0; i < count; i++) putWord(packet, end + 4 * i, values[i]!);
    }
    end += 4 * count;
  }
  packet[at] = COMMAND.transferBlock;
  packet[at + 1] = dapIndex;
  packet[at + 2] = total;
  packet[at + 3] = total >>> 8;
  packet[at + 4] = runs[0]!.request;
  return end;
}

function putWord(packet: Bytes, at: number, value: number): void {
  packet[at] = value;
  packet[at + 1] = value >>> 8;
  packet[at + 2] = value >>> 16;
  packet[at + 3] = value >>> 24;
}

/** Makes the probe give up the transfer under way; there is no response. */
export function encodeTransferAbort(): Bytes {
  return Uint8Array.of(COMMAND.transferAbort);
}

/** Count and acknowledgement of a DAP_Transfer; the words follow in `reader`. @throws {ProbeError} */
export function decodeTransfer(reader: ByteReader): TransferReply {
  return decodeInner(reader, COMMAND.transfer, (inner) => ({ count: inner.u8(), fault: decodeAck(inner.u8()) }));
}

/** Count and acknowledgement of a DAP_TransferBlock; the words follow in `reader`. @throws {ProbeError} */
export function decodeTransferBlock(reader: ByteReader): TransferReply {
  return decodeInner(reader, COMMAND.transferBlock, (inner) => ({ count: inner.u16(), fault: decodeAck(inner.u8()) }));
}

/**
 * What the response byte of a transfer says.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeAck } from "./transfer.ts";
 *
 * assertEquals([0x01, 0x02, 0x04, 0x07, 0x09, 0x11].map(decodeAck), [
 *   undefined,
 *   "wait",
 *   "fault",
 *   "no-ack",
 *   "parity",
 *   "mismatch",
 * ]);
 * ```
 */
export function decodeAck(response: number): TransferFault | undefined {
  if (response & 0x08) return "parity";
  const ack = response & 0x07;
  if (ack === 2) return "wait";
  if (ack === 4) return "fault";
  if (ack !== 1) return "no-ack";
  return response & 0x10 ? "mismatch" : undefined;
}
