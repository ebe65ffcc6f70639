/**
 * Waiting for a probe to be connected: woken by the drivers that notice it, by time where none does.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { ProbeDriver, ProbeWatch } from "../probe/probe.ts";

/** How often probes are looked for when some driver does not tell of them, in milliseconds. */
const POLL_MS = 100;

/** How often probes are looked for all the same: systems without udevd do not tell, and permissions may come later. */
const SAFETY_MS = 1000;

/** When probes are looked for once more after something has come: its interfaces show up a little after itself. */
const AGAIN_MS = 100;

/**
 * Moments at which it is worth to list probes again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VirtualClock } from "../base/clock.ts";
 * import { Arrivals } from "./arrivals.ts";
 *
 * const clock = new VirtualClock();
 * const arrivals = await Arrivals.watch([], clock);
 * await arrivals.next();
 * assertEquals(clock.now(), 1000);
 * await arrivals.close();
 * ```
 */
export class Arrivals {
  readonly #watches: readonly ProbeWatch[];
  readonly #clock: Clock;
  readonly #limitMs: number;
  #hasChanged = false;

  private constructor(watches: readonly ProbeWatch[], clock: Clock, limitMs: number) {
    this.#watches = watches;
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /**
   * Begins to watch; probes are to be listed once more after that. Only drivers whose probes show up by themselves count.
   *
   * @throws {ProbeError} when a driver cannot watch
   */
  static async watch(drivers: readonly ProbeDriver[], clock: Clock): Promise<Arrivals> {
    const watches: ProbeWatch[] = [];
    let limitMs = SAFETY_MS;
    try {
      for (const driver of drivers.filter(({ enumerable }) => enumerable)) {
        const watch = await driver.watch?.();
        if (watch === undefined) limitMs = POLL_MS;
        else watches.push(watch);
      }
    } catch (error) {
      for (const watch of watches) await watch.close();
      throw error;
    }
    return new Arrivals(watches, clock, limitMs);
  }

  /**
   * Resolves when something may have come, when it is time to look all the same, or when the signal fires.
   *
   * @throws {ProbeError} when a driver can no longer watch
   */
  async next(signal?: AbortSignal): Promise<void> {
    const limitMs = this.#hasChanged ? AGAIN_MS : this.#limitMs;
    if (this.#watches.length === 0) return await sleepUnlessAborted(this.#clock, limitMs, signal);
    const round = new AbortController();
    const end = (): void => round.abort();
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end);
    const waits = this.#watches.map((watch) => watch.changed(limitMs, round.signal));
    try {
      await Promise.race(waits);
    } finally {
      signal?.removeEventListener("abort", end);
      // One is enough; the others' waits end before anything else is asked of them.
      end();
      await Promise.allSettled(waits);
    }
    this.#hasChanged = (await Promise.all(waits)).includes(true);
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    for (const watch of this.#watches) await watch.close();
  }
}

/**
 * Sleeps for `ms` milliseconds of the clock; the signal ends it early.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VirtualClock } from "../base/clock.ts";
 * import { sleepUnlessAborted } from "./arrivals.ts";
 *
 * const clock = new VirtualClock();
 * await sleepUnlessAborted(clock, 100);
 * await sleepUnlessAborted(clock, 100, AbortSignal.abort());
 * assertEquals(clock.now(), 100);
 * ```
 */
export async function sleepUnlessAborted(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const end = (): void => aborted.resolve();
  signal?.addEventListener("abort", end);
  try {
    await Promise.race([clock.sleep(ms), aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", end);
  }
}
