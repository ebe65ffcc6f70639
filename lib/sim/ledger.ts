/**
 * What talking to a simulated probe costs: packets, bytes, clocks, instructions, and the time it would take on a real
 * wire. The time is modelled, so it is the same on every computer.
 *
 * @module
 */

/** Counters that live in the probe and the chip. */
export interface LedgerSource {
  /** SWCLK or TCK cycles so far. */
  readonly swdClocks: number;
  /** DP and AP transfers so far. */
  readonly transfers: number;
  /** Instructions executed by all cores so far. */
  readonly instructions: number;
}

/** Figures at one moment, or between two. */
export interface LedgerFigures extends LedgerSource {
  /** Request packets. */
  readonly packetsOut: number;
  /** Response packets. */
  readonly packetsIn: number;
  /** Bytes of requests. */
  readonly bytesOut: number;
  /** Bytes of responses. */
  readonly bytesIn: number;
  /** Modelled time in milliseconds. */
  readonly modelMs: number;
  /** Most requests whose responses had not been read, since the beginning. */
  readonly maxInFlight: number;
}

/**
 * A discrete-event model of the cable. A request sent now reaches the probe half a round trip later, its response the
 * host half a round trip after the probe is done. The host itself takes no time: the model's clock moves only when the
 * host receives a response or waits.
 *
 * @example Two requests in flight share one round trip
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Ledger } from "./ledger.ts";
 *
 * const ledger = new Ledger({ swdClocks: 0, transfers: 0, instructions: 0 }, 0.25);
 * const first = ledger.sent(64, true);
 * const second = ledger.sent(64, true);
 * ledger.received(64, ledger.arrivalOf(first + 0.1));
 * ledger.received(64, ledger.arrivalOf(second + 0.2));
 * assertEquals(ledger.snapshot().modelMs, 0.45);
 * assertEquals(ledger.snapshot().maxInFlight, 2);
 * ```
 */
export class Ledger {
  /** Time for a request to reach the probe and a response to come back, in milliseconds. */
  readonly usbRoundTripMs: number;
  #source: LedgerSource;
  #nowMs = 0;
  #packetsOut = 0;
  #packetsIn = 0;
  #bytesOut = 0;
  #bytesIn = 0;
  #inFlight = 0;
  #maxInFlight = 0;

  /** Starts at time 0; `source` is asked whenever figures are taken. */
  constructor(source: LedgerSource, usbRoundTripMs: number) {
    this.#source = source;
    this.usbRoundTripMs = usbRoundTripMs;
  }

  /** Modelled milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Most requests that were unanswered at the same time; above the probe's packet count it is the host's mistake. */
  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  /** A request leaves now; gives the time in milliseconds at which it reaches the probe. */
  sent(bytes: number, answered: boolean): number {
    this.#packetsOut++;
    this.#bytesOut += bytes;
    if (answered) this.#inFlight++;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    return this.#nowMs + this.usbRoundTripMs / 2;
  }

  /** When a response that leaves the probe at `doneMs` reaches the host. */
  arrivalOf(doneMs: number): number {
    return doneMs + this.usbRoundTripMs / 2;
  }

  /** The host takes a response that arrives at `arrivalMs`. */
  received(bytes: number, arrivalMs: number): void {
    this.#packetsIn++;
    this.#bytesIn += bytes;
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    this.#nowMs = Math.max(this.#nowMs, arrivalMs);
  }

  /** The host gives up on everything that is still unanswered. */
  forgetInFlight(): void {
    this.#inFlight = 0;
  }

  /** The host waits. */
  wait(ms: number): void {
    this.#nowMs += Math.max(0, ms);
  }

  /** Figures so far. */
  snapshot(): LedgerFigures {
    const { swdClocks, transfers, instructions } = this.#source;
    return {
      packetsOut: this.#packetsOut,
      packetsIn: this.#packetsIn,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      swdClocks,
      transfers,
      instructions,
      modelMs: this.#nowMs,
      maxInFlight: this.#maxInFlight,
    };
  }

  /** Figures since `before`; `maxInFlight` is that of the whole run. */
  since(before: LedgerFigures): LedgerFigures {
    const now = this.snapshot();
    return {
      packetsOut: now.packetsOut - before.packetsOut,
      packetsIn: now.packetsIn - before.packetsIn,
      bytesOut: now.bytesOut - before.bytesOut,
      bytesIn: now.bytesIn - before.bytesIn,
      swdClocks: now.swdClocks - before.swdClocks,
      transfers: now.transfers - before.transfers,
      instructions: now.instructions - before.instructions,
      modelMs: now.modelMs - before.modelMs,
      maxInFlight: now.maxInFlight,
    };
  }
}
