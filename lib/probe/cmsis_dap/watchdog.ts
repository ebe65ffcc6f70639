/**
 * A limit on waiting that is set anew for every answer without a timer for each.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** Calls for help when something takes too long. One timer serves many waits, as making one costs more than a packet. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #late: (isAgain: boolean) => void;
  #timeoutMs = 0;
  #isLate = false;
  /** When what is awaited is late, in milliseconds of the clock; Infinity when nothing is. */
  #deadline = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer goes off. */
  #wakes = 0;

  /** Calls `late` when a wait takes longer than it may, and again when it still goes on after as long again. */
  constructor(clock: Clock, late: (isAgain: boolean) => void) {
    this.#clock = clock;
    this.#late = late;
  }

  /** A wait of `timeoutMs` milliseconds at most begins, instead of the one before. */
  watch(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#isLate = false;
    this.#deadline = this.#clock.now() + timeoutMs;
    if (this.#timer !== undefined && this.#wakes <= this.#deadline) return;
    clearTimeout(this.#timer);
    this.#arm(timeoutMs);
  }

  /** What is awaited is late now. */
  expire(): void {
    if (this.#deadline === Infinity || this.#isLate) return;
    this.#isLate = true;
    this.#deadline = this.#clock.now() + this.#timeoutMs;
    this.#late(false);
  }

  /** Nothing is awaited any more. */
  rest(): void {
    this.#deadline = Infinity;
  }

  /** Gives the timer back. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    this.#wakes = this.#clock.now() + ms;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#deadline === Infinity) return;
      const left = this.#deadline - this.#clock.now();
      if (left > 0) return this.#arm(left);
      const isAgain = this.#isLate;
      this.#isLate = true;
      this.#deadline += this.#timeoutMs;
      if (isAgain) this.rest();
      else this.#arm(this.#timeoutMs);
      this.#late(isAgain);
    }, Math.ceil(ms));
  }
}
