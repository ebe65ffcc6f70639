/**
 * What a signal that asks the program to stop does.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/**
 * A signal that follows so soon is the same one, in milliseconds: `timeout` signals a program and then its process group,
 * and so the program twice. No finger is as quick.
 */
const ECHO_MS = 100;

/**
 * A wish to stop, which may become urgent: the first signal asks, a later one calls `exit`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VirtualClock } from "../base/clock.ts";
 * import { StopRequest } from "./stop_request.ts";
 *
 * let exits = 0;
 * const clock = new VirtualClock();
 * const request = new StopRequest(clock, () => exits++);
 * request.signalled();
 * request.signalled();
 * assertEquals([request.signal.aborted, exits], [true, 0]);
 * await clock.sleep(200);
 * request.signalled();
 * assertEquals(exits, 1);
 * ```
 */
export class StopRequest {
  readonly #clock: Clock;
  readonly #exit: () => void;
  readonly #controller = new AbortController();
  #last = 0;

  /** Calls `exit` when it is urgent. */
  constructor(clock: Clock, exit: () => void) {
    this.#clock = clock;
    this.#exit = exit;
  }

  /** Fires with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A signal has come. */
  signalled(): void {
    const now = this.#clock.now();
    const isUrgent = this.signal.aborted && now - this.#last > ECHO_MS;
    this.#last = now;
    if (isUrgent) this.#exit();
    else this.#controller.abort();
  }
}
