/**
 * Target time of a board: what the core has run, what it waited for, and what the world outside has granted.
 *
 * @module
 */
import type { FlashHost } from "../flash/busy.ts";

/** The part of a core that time comes from. */
export interface CycleSource {
  /** Core clocks since power-on, up to date in the middle of an instruction. */
  readonly cycles: number;
  /** Runs for a number of core clocks. */
  run(cycles: number): void;
}

/**
 * Turns granted nanoseconds into core clocks. A stall moves target time ahead at once, and the core then stands still
 * until the world has caught up.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BoardClock } from "./board_clock.ts";
 *
 * const core = { cycles: 0, run: (count: number) => void (core.cycles += count) };
 * const clock = new BoardClock(core, 1e9);
 * clock.advance(100);
 * clock.stallUntil(400);
 * clock.advance(200);
 * assertEquals([core.cycles, clock.now()], [100, 400]);
 * ```
 */
export class BoardClock implements FlashHost {
  #core: CycleSource;
  #period: number;
  #base = 0;
  #mark: number;
  #granted = 0;

  /** A clock for `core`, which runs at `hz`. */
  constructor(core: CycleSource, hz: number) {
    this.#core = core;
    this.#period = 1e9 / hz;
    this.#mark = core.cycles;
  }

  /** Target time in nanoseconds since power-on. */
  now(): number {
    return this.#base + (this.#core.cycles - this.#mark) * this.#period;
  }

  /** Holds the current bus access until target time `ns`. */
  stallUntil(ns: number): void {
    const now = this.now();
    if (ns > now) this.#base += ns - now;
  }

  /** Lets `ns` nanoseconds pass: the core runs unless it is still paying for a stall. */
  advance(ns: number): void {
    this.#granted += ns;
    const budget = Math.floor((this.#granted - this.now()) / this.#period);
    if (budget > 0) this.#core.run(budget);
    // A core that is halted, asleep or in reset does not count all its clocks, but time passes for it.
    const behind = this.#granted - this.now();
    if (behind >= this.#period) this.#base += behind;
  }
}
