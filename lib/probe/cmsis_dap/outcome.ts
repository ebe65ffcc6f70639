/**
 * What the answer to a packet of transfers means for the batch: which words were read, and which transfer failed. Pure.
 *
 * @module
 */
import { ByteReader } from "../../base/bytes.ts";
import type { TransferFault } from "../../base/errors.ts";
import { openExecute } from "./commands/atomic.ts";
import { COMMAND, shortResponse } from "./commands/response.ts";
import { decodeTransfer, decodeTransferBlock, hasAnswer, REQUEST, type TransferReply } from "./commands/transfer.ts";
import type { DapOp } from "../probe.ts";
import type { PackedPacket, PackedRun, Segment } from "./packer.ts";

/** The first transfer of a packet that is not known to be done. */
export interface PacketFailure {
  /** Index of its operation in the batch. */
  readonly op: number;
  /** Number of its word within the operation. */
  readonly word: number;
  /** How the target answered. */
  readonly fault: TransferFault;
}

/** The words that a batch reads, as they arrive. */
export class WordsRead {
  readonly #words: Uint32Array<ArrayBuffer>;
  #count = 0;

  /** Room for `capacity` words. */
  constructor(capacity: number) {
    this.#words = new Uint32Array(capacity);
  }

  /** How many have arrived. */
  get count(): number {
    return this.#count;
  }

  /** Takes the next `count` words out of `reader`. @throws {RangeError} when it does not hold them */
  take(reader: ByteReader, count: number): void {
    for (let i = 0; i < count; i++) this.#words[this.#count++] = reader.u32();
  }

  /** What has arrived. */
  done(): Uint32Array {
    return this.#count === this.#words.length ? this.#words : this.#words.slice(0, this.#count);
  }
}

/** How many words `ops` read. */
export function countWordsRead(ops: readonly DapOp[]): number {
  let words = 0;
  for (const op of ops) words += op.kind === "read" ? 1 : op.kind === "read-block" ? op.count : 0;
  return words;
}

/** One request of a segment. */
interface Slot {
  readonly op: number;
  readonly word: number;
  readonly request: number;
}

/**
 * Reads the response to `packet`, adding the words read to `words`.
 *
 * The debug port posts writes and reads of access ports: an answer is about the access before. So a failure is laid to
 * the last access that nothing has confirmed, and no word that was not delivered counts as read.
 *
 * @returns the failure, or undefined when all was done
 * @throws {ProbeError} when the response does not fit the request
 */
export function readOutcome(packet: PackedPacket, response: Uint8Array, words: WordsRead): PacketFailure | undefined {
  const reader = packet.wrapped ? openExecute(response, packet.segments.length) : new ByteReader(response);
  for (const segment of packet.segments) {
    const reply = segment.kind === "block" ? decodeTransferBlock(reader) : decodeTransfer(reader);
    if (!reply.fault && reply.count === segment.requests) {
      readWords(reader, segment, segment.answers, words);
      continue;
    }
    const slots = segment.runs.flatMap(expand);
    const index = segment.kind === "block" ? blockFailure(slots, reply) : listFailure(slots, reply);
    const delivered = slots.slice(0, index).filter((slot) => hasAnswer(slot.request)).length;
    readWords(reader, segment, delivered, words);
    const { op, word } = slots[index]!;
    return { op, word, fault: reply.fault ?? "no-ack" };
  }
  return undefined;
}

function readWords(reader: ByteReader, segment: Segment, count: number, words: WordsRead): void {
  if (reader.left < count * 4) {
    throw shortResponse(segment.kind === "block" ? COMMAND.transferBlock : COMMAND.transfer);
  }
  words.take(reader, count);
}

function expand(run: PackedRun): Slot[] {
  return Array.from({ length: run.count }, (_, i) => ({ op: run.op, word: run.word + i, request: run.request }));
}

/** A block read counts words delivered, a block write counts words accepted, the last of which is unconfirmed. */
function blockFailure(slots: readonly Slot[], reply: TransferReply): number {
  const first = slots[0]!;
  const accepted = Math.min(reply.count, slots.length);
  const unconfirmed = !hasAnswer(first.request) && (first.request & REQUEST.ap) !== 0;
  const index = unconfirmed ? Math.max(accepted - 1, 0) : accepted;
  return Math.min(index, slots.length - 1);
}

function listFailure(slots: readonly Slot[], reply: TransferReply): number {
  const accepted = Math.min(reply.count, slots.length);
  if (reply.fault !== "mismatch") {
    for (let i = accepted - 1; i >= 0; i--) {
      const { request } = slots[i]!;
      if ((request & REQUEST.matchMask) !== 0 || (request & REQUEST.ap) === 0) continue;
      const posted = hasAnswer(request) ? i === accepted - 1 : (request & REQUEST.matchValue) === 0;
      if (posted) return i;
      break;
    }
  }
  return Math.min(accepted, slots.length - 1);
}
