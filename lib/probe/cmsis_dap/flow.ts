/**
 * What goes to the probe in one go: single requests, and batches of transfers.
 *
 * @module
 */
import { ByteReader, hex } from "../../base/bytes.ts";
import { ProbeError } from "../../base/errors.ts";
import type { DapOp, DapResult, WireStats } from "../probe.ts";
import { COMMAND, commandName, decodeStatus, UNKNOWN_COMMAND } from "./commands/response.ts";
import { countWordsRead, type PacketFailure, readOutcome, WordsRead } from "./outcome.ts";
import type { PackedPacket, Packer } from "./packer.ts";
import type { PacketFlow } from "./transport.ts";

/** Requests that do not depend on one another's answers. */
export class RequestFlow implements PacketFlow {
  /** The answers so far. */
  readonly responses: Uint8Array[] = [];
  readonly #requests: readonly Uint8Array[];
  #sent = 0;

  /** Sends `requests` in this order. */
  constructor(requests: readonly Uint8Array[]) {
    this.#requests = requests;
  }

  next(): Uint8Array | undefined {
    return this.#requests[this.#sent++];
  }

  answer(response: Uint8Array): void {
    this.responses.push(response.slice());
  }
}

/** How a probe is told how often to try a match again. */
export interface RetrySetting {
  /** The number in force. */
  readonly matchRetries: number;
  /** The request that sets another. */
  setMatchRetries(matchRetries: number): Uint8Array;
}

/** A batch of transfers, packed while it goes out. */
export class BatchFlow implements PacketFlow {
  readonly #packer: Packer;
  readonly #retries: RetrySetting;
  readonly #words: WordsRead;
  /** Packets without an answer; undefined stands for a change of the retries. */
  readonly #flying: (PackedPacket | undefined)[] = [];
  #failure: PacketFailure | undefined;

  /** Sends what `packer` makes of `ops`. */
  constructor(ops: readonly DapOp[], packer: Packer, retries: RetrySetting) {
    this.#packer = packer;
    this.#retries = retries;
    this.#words = new WordsRead(countWordsRead(ops));
  }

  /** How it went, once it is over; `count` is the number of operations. */
  result(count: number): DapResult {
    const words = this.#words.done();
    const failure = this.#failure;
    if (failure === undefined) return { words, done: count, partial: 0 };
    return { words, done: failure.op, partial: failure.word, fault: failure.fault };
  }

  /** Nothing goes out behind a poll before it has been answered, nor behind a failure. */
  next(): Uint8Array | undefined {
    const flying = this.#flying;
    if (this.#failure !== undefined || this.#packer.finished) return undefined;
    if (flying.length > 0 && flying[flying.length - 1]?.polls !== false) return undefined;
    const { retries } = this.#packer;
    if (retries !== undefined && retries !== this.#retries.matchRetries) {
      if (flying.length > 0) return undefined;
      flying.push(undefined);
      return this.#retries.setMatchRetries(retries);
    }
    const packet = this.#packer.next(this.#retries.matchRetries);
    flying.push(packet);
    return packet.request;
  }

  answer(response: Uint8Array): void {
    const packet = this.#flying.shift();
    if (this.#failure !== undefined) return;
    if (packet === undefined) return decodeStatus(new ByteReader(response), COMMAND.transferConfigure);
    this.#failure = readOutcome(packet, response, this.#words);
  }
}

/** Checks that requests fit and that each answer is to its request, and counts both. */
export class CheckedFlow implements PacketFlow {
  readonly #flow: PacketFlow;
  readonly #packetSize: number;
  readonly #stats: WireStats;
  readonly #unanswered: number[] = [];
  /** The error after which answers and requests are out of step, if one was thrown. */
  problem: ProbeError | undefined;

  /** Watches over `flow`; requests are of `packetSize` bytes at most. */
  constructor(flow: PacketFlow, packetSize: number, stats: WireStats) {
    this.#flow = flow;
    this.#packetSize = packetSize;
    this.#stats = stats;
  }

  /** The command whose answer is awaited. */
  get awaited(): string {
    return commandName(this.#unanswered[0] ?? COMMAND.info);
  }

  /** @throws {ProbeError} */
  next(): Uint8Array | undefined {
    const request = this.#flow.next();
    if (request === undefined) return undefined;
    if (request.length > this.#packetSize) {
      const error = new ProbeError(`Cannot send ${request.length} bytes: the probe takes ${this.#packetSize} at once`);
      if (this.#unanswered.length > 0) this.problem = error;
      throw error;
    }
    this.#stats.packets++;
    this.#stats.bytesOut += request.length;
    this.#unanswered.push(request[0]!);
    return request;
  }

  /** @throws {ProbeError} with code `probe-stray` when it is the answer to something else */
  answer(response: Uint8Array): void {
    this.#stats.bytesIn += response.length;
    const got = response[0];
    const id = this.#unanswered.shift()!;
    if (got !== id && got !== UNKNOWN_COMMAND) {
      const what = got === undefined ? "nothing" : hex(got, 2);
      this.problem = new ProbeError(`the probe answered ${what} to ${commandName(id)}`, { code: "probe-stray" });
      throw this.problem;
    }
    try {
      this.#flow.answer(response);
    } catch (error) {
      if (error instanceof ProbeError) this.problem = error;
      throw error;
    }
  }
}
