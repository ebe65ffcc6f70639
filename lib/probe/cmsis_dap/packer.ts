/**
 * Packs a batch of transfers into as few CMSIS-DAP packets as fit. Pure.
 *
 * @module
 */
import type { Bytes } from "../../base/bytes.ts";
import type { DapOp } from "../probe.ts";
import { EXECUTE_HEADER, putExecuteHeader } from "./commands/atomic.ts";
import {
  BLOCK_REQUEST_HEADER,
  BLOCK_RESPONSE_HEADER,
  hasAnswer,
  hasData,
  MAX_BLOCK,
  MAX_REQUESTS,
  putTransfer,
  putTransferBlock,
  REQUEST,
  requestByte,
  type RequestRun,
  TRANSFER_HEADER,
} from "./commands/transfer.ts";

/** What limits a packet. */
export interface PackLimits {
  /** Largest packet in bytes, either way. */
  readonly packetSize: number;
  /** Whether several commands may share a packet. */
  readonly atomic: boolean;
  /** Index of the device in the JTAG chain; 0 unless told. */
  readonly dapIndex?: number;
}

/** Requests of one operation that stand next to one another in a command. */
export interface PackedRun extends RequestRun {
  /** Index of the operation in the batch. */
  readonly op: number;
  /** Number of the first word within that operation. */
  readonly word: number;
}

/** One DAP_Transfer or DAP_TransferBlock. */
export interface Segment {
  /** Which of the two. */
  readonly kind: "transfer" | "block";
  /** What it carries. */
  readonly runs: readonly PackedRun[];
  /** Requests in all runs. */
  readonly requests: number;
  /** Words in the answer. */
  readonly answers: number;
}

/** One packet of a batch. */
export interface PackedPacket {
  /** Its bytes. */
  readonly request: Bytes;
  /** The commands in it. */
  readonly segments: readonly Segment[];
  /** Whether the commands are wrapped in DAP_ExecuteCommands. */
  readonly wrapped: boolean;
  /** Whether it polls; nothing may be sent behind it before it has been answered. */
  readonly polls: boolean;
}

const NONE: Bytes = new Uint8Array(0);

/** A write run worth a DAP_TransferBlock of its own inside DAP_ExecuteCommands. */
const LONG_RUN = 8;

/** Bytes of the arrays that packets are cut from: making an array costs more than filling it. */
const CHUNK = 8192;

/** A place in the batch: operation, and word within it. */
interface Cursor {
  readonly op: number;
  readonly word: number;
}

interface Filled {
  readonly segments: Segment[];
  readonly end: Cursor;
  readonly requests: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly mask: number | undefined;
  readonly polls: boolean;
}

/**
 * Walks through a batch packet by packet. The match mask the probe holds is remembered from packet to packet, and must
 * be handed on from batch to batch by the caller.
 *
 * @example Seventeen writes with a poll behind each fit one packet of 512 bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { DapOp } from "../probe.ts";
 * import { Packer } from "./packer.ts";
 *
 * const ops: DapOp[] = [];
 * for (let i = 0; i < 17; i++) {
 *   ops.push({ kind: "write", port: "ap", register: 4, value: i });
 *   ops.push({ kind: "match", port: "ap", register: 0, mask: 0x10000, value: 0x10000, retries: 100 });
 *   ops.push({ kind: "read", port: "ap", register: 8 });
 * }
 * const packer = new Packer(ops, { packetSize: 512, atomic: false }, undefined);
 * packer.next(100);
 * assertEquals(packer.finished, true);
 * ```
 */
export class Packer {
  readonly #ops: readonly DapOp[];
  readonly #limits: PackLimits;
  #at: Cursor = { op: 0, word: 0 };
  #mask: number | undefined;
  #retries = 0;
  /** Memory for the packets to come; the first one gets just what it needs, as it often is the only one. */
  #spare: Bytes | undefined;

  /** Starts at the first of `ops`; `mask` is the match mask that the probe holds, if known. */
  constructor(ops: readonly DapOp[], limits: PackLimits, mask: number | undefined) {
    this.#ops = ops;
    this.#limits = limits;
    this.#mask = mask;
    this.#at = this.#skipEmpty(this.#at);
  }

  /** Whether everything has been packed. */
  get finished(): boolean {
    return this.#at.op >= this.#ops.length;
  }

  /** The match mask the probe holds once everything packed so far is done. */
  get mask(): number | undefined {
    return this.#mask;
  }

  /** The number of retries that the next packet needs, when it starts with a poll. */
  get retries(): number | undefined {
    const op = this.#ops[this.#at.op];
    return op?.kind === "match" ? op.retries : undefined;
  }

  /**
   * The next packet, for a probe that is set to `retries` match retries; they must be {@linkcode Packer.retries} when
   * that is a number.
   */
  next(retries: number): PackedPacket {
    this.#retries = retries;
    const filled = this.#fill();
    this.#at = filled.end;
    this.#mask = filled.mask;
    const { segments, polls } = filled;
    const wrapped = segments.length > 1;
    return { request: this.#encode(filled, wrapped), segments, wrapped, polls };
  }

  /** What goes into the next packet. */
  #fill(): Filled {
    const { packetSize, atomic } = this.#limits;
    const block = this.#block(this.#at, packetSize, packetSize);
    // Nothing carries more than a block that is full of words to write, and of more of them than a list can hold.
    const isFull = block && block.bytesOut + 4 > packetSize && TRANSFER_HEADER + 5 * block.requests > packetSize;
    if (isFull) return block;
    const several = atomic ? this.#several() : undefined;
    const isWrapped = several !== undefined && several.segments.length > 1;
    // A list, the costliest to try, cannot win when it has no room for what several commands do.
    if (isWrapped && !several.polls && listBytes(several) > packetSize && several.requests > (block?.requests ?? 0)) {
      return several;
    }
    const list = this.#transfer(this.#at, packetSize, packetSize, this.#mask, false);
    const best = block && better(block, list) ? block : list;
    if (!isWrapped || best.end.op >= this.#ops.length || best.polls) return best;
    return several.requests > best.requests ? several : best;
  }

  /** Commands for DAP_ExecuteCommands: blocks for long runs of writes, lists for the rest; a poll ends the packet. */
  #several(): Filled {
    const segments: Segment[] = [];
    let end = this.#at;
    let mask = this.#mask;
    let roomOut = this.#limits.packetSize - EXECUTE_HEADER;
    let roomIn = roomOut;
    let requests = 0;
    let polls = false;
    while (end.op < this.#ops.length && !polls) {
      const block = this.#isLongWrite(end) ? this.#block(end, roomOut, roomIn) : undefined;
      const filled = block ?? this.#transfer(end, roomOut, roomIn, mask, true);
      if (filled.requests === 0) break;
      segments.push(...filled.segments);
      requests += filled.requests;
      roomOut -= filled.bytesOut;
      roomIn -= filled.bytesIn;
      ({ end, polls } = filled);
      mask = block ? mask : filled.mask;
    }
    const { packetSize } = this.#limits;
    return { segments, end, requests, bytesOut: packetSize - roomOut, bytesIn: packetSize - roomIn, mask, polls };
  }

  /** As much as fits one DAP_Transfer; with `leaveBlocks` it ends before a long run of writes. */
  #transfer(start: Cursor, roomOut: number, roomIn: number, mask: number | undefined, leaveBlocks: boolean): Filled {
    const runs: PackedRun[] = [];
    let at = start;
    let requests = 0;
    let bytesOut = TRANSFER_HEADER;
    let bytesIn = TRANSFER_HEADER;
    let polls = false;
    while (at.op < this.#ops.length && requests < MAX_REQUESTS) {
      if (leaveBlocks && requests > 0 && this.#isLongWrite(at)) break;
      const op = this.#ops[at.op]!;
      if (op.kind === "match") {
        const masked = op.mask !== mask;
        const needed = masked ? 2 : 1;
        if (requests + needed > MAX_REQUESTS || bytesOut + 5 * needed > roomOut) break;
        if (op.retries !== this.#retries) break;
        const read = requestByte(op.port, op.register, true) | REQUEST.matchValue;
        if (masked) {
          runs.push({ op: at.op, word: 0, request: REQUEST.matchMask, count: 1, values: [op.mask] });
        }
        runs.push({ op: at.op, word: 0, request: read, count: 1, values: [op.value] });
        mask = op.mask;
        polls = true;
        requests += needed;
        bytesOut += 5 * needed;
        at = this.#skipEmpty({ op: at.op + 1, word: 0 });
        continue;
      }
      const request = requestOf(op);
      const cost = hasData(request) ? 5 : 1;
      let count = Math.min(wordsOf(op) - at.word, MAX_REQUESTS - requests, Math.floor((roomOut - bytesOut) / cost));
      if (hasAnswer(request)) count = Math.min(count, Math.floor((roomIn - bytesIn) / 4));
      if (count <= 0) break;
      runs.push(runOf(op, at, request, count));
      requests += count;
      bytesOut += cost * count;
      if (hasAnswer(request)) bytesIn += 4 * count;
      at = this.#advance(at, count);
    }
    return {
      segments: requests > 0 ? [{ kind: "transfer", runs, requests, answers: (bytesIn - TRANSFER_HEADER) / 4 }] : [],
      end: at,
      requests,
      bytesOut,
      bytesIn,
      mask,
      polls,
    };
  }

  /** As much as fits one DAP_TransferBlock, or undefined when the next operation is not one for it. */
  #block(start: Cursor, roomOut: number, roomIn: number): Filled | undefined {
    const first = this.#ops[start.op]!;
    if (first.kind === "match") return undefined;
    const request = requestOf(first);
    const out = hasData(request) ? 4 : 0;
    const fits = out > 0
      ? Math.floor((roomOut - BLOCK_REQUEST_HEADER) / 4)
      : Math.floor((roomIn - BLOCK_RESPONSE_HEADER) / 4);
    if (roomOut < BLOCK_REQUEST_HEADER || roomIn < BLOCK_RESPONSE_HEADER) return undefined;
    const runs: PackedRun[] = [];
    let at = start;
    let words = 0;
    while (at.op < this.#ops.length && words < Math.min(fits, MAX_BLOCK)) {
      const op = this.#ops[at.op]!;
      if (op.kind === "match" || requestOf(op) !== request) break;
      const count = Math.min(wordsOf(op) - at.word, Math.min(fits, MAX_BLOCK) - words);
      runs.push(runOf(op, at, request, count));
      words += count;
      at = this.#advance(at, count);
    }
    if (words === 0) return undefined;
    return {
      segments: [{ kind: "block", runs, requests: words, answers: out > 0 ? 0 : words }],
      end: at,
      requests: words,
      bytesOut: BLOCK_REQUEST_HEADER + out * words,
      bytesIn: BLOCK_RESPONSE_HEADER + (out > 0 ? 0 : 4 * words),
      mask: this.#mask,
      polls: false,
    };
  }

  #encode({ segments, bytesOut }: Filled, wrapped: boolean): Bytes {
    const dapIndex = this.#limits.dapIndex ?? 0;
    const packet = this.#cut(bytesOut);
    let at = wrapped ? putExecuteHeader(packet, segments.length) : 0;
    for (const { kind, runs } of segments) {
      at = kind === "block" ? putTransferBlock(packet, at, runs, dapIndex) : putTransfer(packet, at, runs, dapIndex);
    }
    return packet;
  }

  #cut(length: number): Bytes {
    if (this.#spare === undefined) {
      this.#spare = NONE;
      return new Uint8Array(length);
    }
    if (this.#spare.length < length) this.#spare = new Uint8Array(Math.max(CHUNK, length));
    const packet = this.#spare.subarray(0, length);
    this.#spare = this.#spare.subarray(length);
    return packet;
  }

  #isLongWrite(at: Cursor): boolean {
    const op = this.#ops[at.op]!;
    return op.kind === "write-block" && op.values.length - at.word >= LONG_RUN;
  }

  #advance(at: Cursor, count: number): Cursor {
    const word = at.word + count;
    return word < wordsOf(this.#ops[at.op]!) ? { op: at.op, word } : this.#skipEmpty({ op: at.op + 1, word: 0 });
  }

  /** Blocks of no words are done before they begin. */
  #skipEmpty(at: Cursor): Cursor {
    let op = at.op;
    while (op < this.#ops.length && wordsOf(this.#ops[op]!) === 0) op++;
    return { op, word: op === at.op ? at.word : 0 };
  }
}

/** More transfers in the packet are better; as many in fewer bytes are too. */
function better(a: Filled, b: Filled): boolean {
  return a.requests > b.requests || (a.requests === b.requests && a.bytesOut < b.bytesOut);
}

/** Bytes of one DAP_Transfer that does the same. */
function listBytes({ segments }: Filled): number {
  let bytes = TRANSFER_HEADER;
  for (const { runs } of segments) {
    for (const { request, count } of runs) bytes += hasData(request) ? 5 * count : count;
  }
  return bytes;
}

function wordsOf(op: DapOp): number {
  return op.kind === "read-block" ? op.count : op.kind === "write-block" ? op.values.length : 1;
}

function requestOf(op: DapOp): number {
  return requestByte(op.port, op.register, op.kind === "read" || op.kind === "read-block");
}

function runOf(op: DapOp, at: Cursor, request: number, count: number): PackedRun {
  const { op: index, word } = at;
  if (op.kind === "write") return { op: index, word, request, count, values: [op.value] };
  if (op.kind === "write-block") {
    return { op: index, word, request, count, values: op.values.subarray(word, word + count) };
  }
  return { op: index, word, request, count };
}
