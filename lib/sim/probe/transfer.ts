/**
 * DAP_Transfer and DAP_TransferBlock: posted reads, retries, value match and the closing check, step by step as the
 * reference firmware puts them on the wire (CMSIS-DAP, "DAP_Transfer" and "DAP_TransferBlock").
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../base/bytes.ts";
import { INSTRUCTION } from "../dp/jtag_tap.ts";
import { ACK } from "../dp/swd_target.ts";
import { type CommandHandler, type ProbeState, roomLeft, timestamp } from "./state.ts";
import type { WireResult } from "./wire.ts";

/** Bits of a transfer request byte. */
const REQUEST = { AP: 0x01, READ: 0x02, MATCH_VALUE: 0x10, MATCH_MASK: 0x20, TIMESTAMP: 0x80 } as const;
const READ_RDBUFF = 0x0e;
const MISMATCH = 0x10;

/** The wire as the two commands use it: every transfer is retried after WAIT, JTAG instructions follow by themselves. */
class TransferPort {
  readonly jtag: boolean;
  #state: ProbeState;
  #instruction = 0;

  constructor(state: ProbeState, device: number) {
    this.#state = state;
    this.jtag = state.wire.port === "jtag";
    state.jtag.device = device;
  }

  /** Whether the result of this read comes with the following transfer. */
  posted(request: number): boolean {
    return this.jtag || (request & REQUEST.AP) !== 0;
  }

  transfer(request: number, data = 0): WireResult {
    const { wire, jtag } = this.#state;
    if (this.jtag) this.#load(request & REQUEST.AP ? INSTRUCTION.APACC : INSTRUCTION.DPACC);
    let attempts = this.#state.waitRetries;
    while (true) {
      const result = this.jtag ? jtag.transfer(request, data) : wire.swdTransfer(request, data);
      if (result.ack !== ACK.WAIT || attempts-- === 0) return result;
    }
  }

  #load(instruction: number): void {
    if (instruction === this.#instruction) return;
    this.#instruction = instruction;
    this.#state.jtag.instruction(instruction);
  }
}

function selectPort(state: ProbeState, device: number): TransferPort | undefined {
  if (state.wire.port === "off") return undefined;
  if (state.wire.port === "jtag" && device >= state.jtag.lengths.length) return undefined;
  return new TransferPort(state, device);
}

/** One run of DAP_Transfer. */
class TransferList {
  #state: ProbeState;
  #port: TransferPort;
  #in: ByteReader;
  #out: ByteWriter;
  /** The request byte of a read whose result is still in the debug port. */
  #postedRead: number | undefined;
  #checkWrite = false;
  #ack = 0;

  constructor(state: ProbeState, port: TransferPort, request: ByteReader, out: ByteWriter) {
    this.#state = state;
    this.#port = port;
    this.#in = request;
    this.#out = out;
  }

  run(count: number): { done: number; response: number } {
    let done = 0;
    while (done < count && this.#step()) done++;
    for (let skipped = done + 1; skipped < count; skipped++) this.#skip();
    if (this.#ack === ACK.OK) this.#finish();
    return { done, response: this.#ack };
  }

  #step(): boolean {
    const request = this.#in.u8();
    if (request & REQUEST.READ) return this.#read(request);
    const data = this.#in.u32();
    if (this.#postedRead !== undefined && !this.#collect(READ_RDBUFF, false)) return false;
    if (request & REQUEST.MATCH_MASK) {
      this.#state.matchMask = data;
      this.#ack = ACK.OK;
      return true;
    }
    if (!this.#do(request, data)) return false;
    this.#stamp(request);
    this.#checkWrite = true;
    return true;
  }

  #read(request: number): boolean {
    const match = (request & REQUEST.MATCH_VALUE) !== 0;
    const wanted = match ? this.#in.u32() : 0;
    if (this.#postedRead !== undefined) {
      const sameRegisters = ((this.#postedRead ^ request) & REQUEST.AP) === 0;
      const next = sameRegisters && this.#port.posted(request) && !match;
      if (!this.#collect(next ? request : READ_RDBUFF, next)) return false;
      if (next) this.#stamp(request);
    }
    this.#checkWrite = false;
    if (match) return this.#match(request, wanted);
    if (this.#postedRead !== undefined) return true;
    if (!this.#port.posted(request)) {
      const result = this.#do(request);
      if (result === undefined) return false;
      this.#stamp(request);
      this.#store(result.value);
      return true;
    }
    if (!this.#do(request)) return false;
    this.#stamp(request);
    this.#postedRead = request;
    return true;
  }

  /** Fetches the posted result with `request`, which may itself be the next posted read. */
  #collect(request: number, posts: boolean): boolean {
    const result = this.#do(request);
    if (result === undefined) return false;
    this.#postedRead = posts ? request : undefined;
    this.#store(result.value);
    return true;
  }

  #match(request: number, wanted: number): boolean {
    if (this.#port.posted(request) && !this.#do(request)) return false;
    const mask = this.#state.matchMask;
    for (let attempts = this.#state.matchRetries; attempts >= 0; attempts--) {
      const result = this.#do(request);
      if (result === undefined) return false;
      if (((result.value ^ wanted) & mask) === 0) return true;
    }
    this.#ack |= MISMATCH;
    return false;
  }

  /** The reference firmware ends with the posted result, or with a check whether the last write arrived. */
  #finish(): void {
    if (this.#postedRead !== undefined) this.#collect(READ_RDBUFF, false);
    else if (this.#checkWrite || this.#port.jtag) this.#do(READ_RDBUFF);
  }

  #do(request: number, data = 0): WireResult | undefined {
    const result = this.#port.transfer(request, data);
    this.#ack = result.ack;
    return result.ack === ACK.OK ? result : undefined;
  }

  #stamp(request: number): void {
    if (request & REQUEST.TIMESTAMP) this.#store(timestamp(this.#state));
  }

  /** A word that does not fit into the response is the host's mistake; it is not sent. */
  #store(word: number): void {
    if (roomLeft(this.#state, this.#out) >= 4) this.#out.u32(word);
  }

  #skip(): void {
    const request = this.#in.u8();
    if (!(request & REQUEST.READ) || request & REQUEST.MATCH_VALUE) this.#in.u32();
  }
}

/** DAP_Transfer (0x05). */
export const transfer: CommandHandler = (state, request, out) => {
  const port = selectPort(state, request.u8());
  const count = request.u8();
  const head = out.length;
  out.u8(0).u8(0);
  if (port === undefined) return;
  const { done, response } = new TransferList(state, port, request, out).run(count);
  const bytes = out.done();
  bytes[head] = done;
  bytes[head + 1] = response;
};

/** DAP_TransferBlock (0x06). */
export const transferBlock: CommandHandler = (state, request, out) => {
  const port = selectPort(state, request.u8());
  const count = request.u16();
  const head = out.length;
  out.u16(0).u8(0);
  if (port === undefined || count === 0) return;
  const code = request.u8() & 0x0f;
  const { done, response } = code & REQUEST.READ
    ? readBlock(state, port, code, count, out)
    : writeBlock(port, code, count, request);
  const bytes = out.done();
  bytes[head] = done & 0xff;
  bytes[head + 1] = done >>> 8;
  bytes[head + 2] = response;
};

function readBlock(
  state: ProbeState,
  port: TransferPort,
  code: number,
  count: number,
  out: ByteWriter,
): { done: number; response: number } {
  const posted = port.posted(code);
  if (posted) {
    const { ack } = port.transfer(code);
    if (ack !== ACK.OK) return { done: 0, response: ack };
  }
  for (let done = 0; done < count; done++) {
    if (roomLeft(state, out) < 4) return { done, response: ACK.OK };
    const { ack, value } = port.transfer(posted && done === count - 1 ? READ_RDBUFF : code);
    if (ack !== ACK.OK) return { done, response: ack };
    out.u32(value);
  }
  return { done: count, response: ACK.OK };
}

function writeBlock(
  port: TransferPort,
  code: number,
  count: number,
  request: ByteReader,
): { done: number; response: number } {
  for (let done = 0; done < count; done++) {
    const { ack } = port.transfer(code, request.u32());
    if (ack !== ACK.OK) return { done, response: ack };
  }
  return { done: count, response: port.transfer(READ_RDBUFF).ack };
}
