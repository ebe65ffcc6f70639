/**
 * A transport whose answers a test writes down.
 *
 * @module
 */
import { VirtualClock } from "../../../base/clock.ts";
import { TimeoutError } from "../../../base/errors.ts";
import type { PacketTransport } from "../transport.ts";

/** Answers each request with what `answer` says; undefined is silence. */
export class ScriptedTransport implements PacketTransport {
  readonly maxPacketSize = 512;
  readonly clock = new VirtualClock();
  /** Requests so far. */
  readonly requests: Uint8Array[] = [];
  /** Most requests that were waiting for an answer at once. */
  mostInFlight = 0;
  /** Whether {@linkcode ScriptedTransport.close} was called. */
  closed = false;
  #answers: Uint8Array[] = [];
  #answer: (request: Uint8Array, index: number) => Uint8Array | undefined;

  /** Asks `answer` for the answer to each request; `index` counts them from 0. */
  constructor(answer: (request: Uint8Array, index: number) => Uint8Array | undefined) {
    this.#answer = answer;
  }

  send(packet: Uint8Array): Promise<void> {
    const answer = this.#answer(packet, this.requests.push(packet.slice()) - 1);
    if (answer) this.#answers.push(answer);
    this.mostInFlight = Math.max(this.mostInFlight, this.#answers.length);
    return Promise.resolve();
  }

  async receive(timeoutMs: number): Promise<Uint8Array> {
    const answer = this.#answers.shift();
    if (answer) return answer;
    await this.clock.sleep(timeoutMs);
    throw new TimeoutError("Cannot receive: no answer");
  }

  drain(): Promise<void> {
    this.#answers = [];
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
