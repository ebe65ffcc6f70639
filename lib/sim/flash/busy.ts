/**
 * Time in flash controllers: how long the cells take, and who waits for them.
 *
 * @module
 */

/** What a flash controller needs from the chip around it. */
export interface FlashHost {
  /** Target time in nanoseconds since power-on. */
  now(): number;
  /** Holds the bus master of the current access until target time `ns`. */
  stallUntil(ns: number): void;
  /** Lets `ns` nanoseconds pass at once when the current access is the core's own; a debugger's takes no longer. */
  skip(ns: number): void;
}

/** Whether flash takes as long as the data sheet says, or a hundredth of it. */
export type FlashTiming = "datasheet" | "fast";

/** What every flash controller is made with. */
export interface FlashWiring {
  /** Clock and stalls. */
  readonly host: FlashHost;
  /** How long operations take. */
  readonly timing: FlashTiming;
  /** `length` bytes of the main array from `offset` on were erased, and the array is busy now. */
  readonly onErase?: (offset: number, length: number) => void;
  /** Whether read-out protection keeps everyone from programming and erasing the main array now. */
  readonly isLockedOut?: () => boolean;
}

/** A host whose clock only moves when told or stalled on, for using a controller without a board. */
export class ManualFlashHost implements FlashHost {
  /** Target time in nanoseconds. */
  time = 0;

  /** Target time in nanoseconds. */
  now(): number {
    return this.time;
  }

  /** Nobody runs here. */
  skip(): void {}

  /** Jumps to `ns`. */
  stallUntil(ns: number): void {
    this.time = Math.max(this.time, ns);
  }
}

/** Operations that last longer are not waited for turn by turn, in nanoseconds: erasing is, programming is not. */
const LONG_NS = 1e6;

/** How much of a long operation each poll lets pass, in nanoseconds: little of the operation, much of a loop's turns. */
const SKIP_NS = 100_000;

/**
 * The busy state of a flash controller.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BusyTimer, ManualFlashHost } from "./busy.ts";
 *
 * const host = new ManualFlashHost();
 * const timer = new BusyTimer(host, "fast");
 * timer.start(1000);
 * assertEquals(timer.busy, true);
 * host.time = 10;
 * assertEquals(timer.busy, false);
 * ```
 */
export class BusyTimer {
  #host: FlashHost;
  #scale: number;
  #until = 0;
  #isLong = false;

  /** A timer on the clock of `host`. */
  constructor(host: FlashHost, timing: FlashTiming) {
    this.#host = host;
    this.#scale = timing === "fast" ? 0.01 : 1;
  }

  /** Whether an operation is under way. */
  get busy(): boolean {
    return this.remaining > 0;
  }

  /**
   * The same, for a status register that is being read. A core that waits for a long operation in a loop gets around
   * less often than the real one, or erasing a chip would mean running millions of turns of it; time passes as ever.
   */
  poll(): boolean {
    const { remaining } = this;
    if (this.#isLong && remaining > 0) this.#host.skip(Math.min(SKIP_NS, remaining));
    return remaining > 0;
  }

  /** Nanoseconds of target time until the last operation started is done. */
  get remaining(): number {
    return Math.max(0, this.#until - this.#host.now());
  }

  /** Starts an operation of `ns` nanoseconds by the data sheet, after the one under way. */
  start(ns: number): void {
    this.#until = Math.max(this.#until, this.#host.now()) + this.scaled(ns);
    this.#isLong = this.remaining > LONG_NS;
  }

  /** Nanoseconds of target time that `ns` nanoseconds of the data sheet take here. */
  scaled(ns: number): number {
    return ns * this.#scale;
  }

  /** Holds the current bus access until at most `left` nanoseconds of work remain. */
  wait(left = 0): void {
    if (this.remaining > left) this.#host.stallUntil(this.#until - left);
  }

  /** Forgets the operation under way, as a reset of the controller does. */
  abort(): void {
    this.#until = 0;
  }
}
