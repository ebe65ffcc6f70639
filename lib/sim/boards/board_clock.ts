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
  /** Runs for a number of core clocks; returns those used, fewer when the core is halted, locked up or in reset. */
  run(cycles: number): number;
}

/** Core clocks run at a time: a stall in the middle takes effect after so many at most. */
const SLICE = 4096;

/** The same while the core waits and time is skipped. */
const SHORT_SLICE = 128;

/** How far a core that waits may be ahead of the world, in nanoseconds; then it stands still. */
const AHEAD_NS = 1e6;

/**
 * Turns granted nanoseconds into core clocks. A stall moves target time ahead at once. When the core itself stalls, it
 * then stands still until the world has caught up; when a debugger's access stalls, the world has waited as well.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BoardClock } from "./board_clock.ts";
 *
 * const core = { cycles: 0, run: (count: number) => (core.cycles += count, count) };
 * const clock = new BoardClock(core, 1e9);
 * clock.advance(100);
 * clock.stallUntil(400);
 * clock.advance(200);
 * assertEquals([core.cycles, clock.now()], [300, 600]);
 * ```
 */
export class BoardClock implements FlashHost {
  #core: CycleSource;
  #period: number;
  #base = 0;
  #mark: number;
  #granted = 0;
  #isRunning = false;
  #hasSkipped = false;

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
    if (ns <= now) return;
    this.#base += ns - now;
    if (!this.#isRunning) this.#granted = Math.max(this.#granted, ns);
  }

  /** Lets `ns` nanoseconds pass at once for a core that runs; see {@linkcode FlashHost}. */
  skip(ns: number): void {
    if (!this.#isRunning) return;
    this.#hasSkipped = true;
    this.stallUntil(Math.min(this.now() + ns, this.#granted + AHEAD_NS));
  }

  /** Lets `ns` nanoseconds pass: the core runs unless it is still paying for a stall. */
  advance(ns: number): void {
    this.#granted += ns;
    this.#isRunning = true;
    for (;;) {
      const slice = this.#hasSkipped ? SHORT_SLICE : SLICE;
      this.#hasSkipped = false;
      const budget = Math.min(slice, Math.floor((this.#granted - this.now()) / this.#period));
      if (budget <= 0 || this.#core.run(budget) < budget) break;
    }
    this.#isRunning = false;
    // A core that is halted, asleep or in reset does not count all its clocks, but time passes for it.
    const behind = this.#granted - this.now();
    if (behind >= this.#period) this.#base += behind;
  }
}
