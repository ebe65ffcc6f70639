/**
 * Time is injected: code that waits takes a {@linkcode Clock}, so that time-outs and retries run in virtual time in
 * tests and on simulated boards.
 *
 * @module
 */
import { TimeoutError } from "./errors.ts";

/** A source of time in milliseconds. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes backwards. */
  now(): number;
  /** Resolves once `ms` milliseconds of this clock have passed. */
  sleep(ms: number): Promise<void>;
}

/** The computer's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * A clock that only moves when told, or when slept on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VirtualClock } from "./clock.ts";
 *
 * const clock = new VirtualClock();
 * await clock.sleep(1500);
 * assertEquals(clock.now(), 1500);
 * ```
 */
export class VirtualClock implements Clock {
  #now = 0;

  /** Virtual milliseconds passed so far. */
  now(): number {
    return this.#now;
  }

  /** Moves time forward at once. */
  sleep(ms: number): Promise<void> {
    this.#now += ms;
    return Promise.resolve();
  }
}

/**
 * A moment after which waiting stops.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { Deadline, VirtualClock } from "./clock.ts";
 *
 * const clock = new VirtualClock();
 * const deadline = new Deadline(clock, 10, "halting the core");
 * await clock.sleep(11);
 * assertThrows(() => deadline.check(), Error, "halting the core");
 * ```
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #end: number;
  readonly #limit: number;
  readonly #what: string;

  /** Ends `ms` milliseconds from now; `what` completes the sentence "Time ran out while …". */
  constructor(clock: Clock, ms: number, what: string) {
    this.#clock = clock;
    this.#end = clock.now() + ms;
    this.#limit = ms;
    this.#what = what;
  }

  /** Milliseconds left, never negative. */
  get left(): number {
    return Math.max(0, this.#end - this.#clock.now());
  }

  /** Whether the moment has passed. */
  get expired(): boolean {
    return this.#clock.now() >= this.#end;
  }

  /** Ends the waiting when it has taken too long. @throws {TimeoutError} once the moment has passed */
  check(hint?: string): void {
    if (this.expired) {
      throw new TimeoutError(`Time ran out while ${this.#what} (limit ${this.#limit} ms)`, hint ? { hint } : {});
    }
  }
}
