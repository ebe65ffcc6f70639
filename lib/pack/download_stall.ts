/**
 * Limits of time for downloads.
 *
 * @module
 */
import { TimeoutError } from "../base/errors.ts";

/** How patient downloads are. */
export interface DownloadLimits {
  /** Tries in all. */
  readonly tries: number;
  /** Milliseconds before the second try; twice as many before each further one. */
  readonly backoffMs: number;
  /** Milliseconds without a byte after which a try is given up. */
  readonly stallMs: number;
  /** Milliseconds after which a try is given up however busy it is. */
  readonly wholeMs: number;
}

/** Limits for the public servers. */
export const DOWNLOAD_LIMITS: DownloadLimits = { tries: 4, backoffMs: 500, stallMs: 20_000, wholeMs: 1_800_000 };

/** Gives up when nothing happens for too long. */
export class StallWatch {
  readonly #abort = new AbortController();
  readonly #limits: DownloadLimits;
  readonly #end: number;
  readonly #url: string;
  readonly #stop: AbortSignal | undefined;
  readonly #forward: () => void;

  /** Watches a download from `url`; `stop` ends it from outside. */
  constructor(limits: DownloadLimits, url: string, stop?: AbortSignal) {
    this.#limits = limits;
    this.#end = performance.now() + limits.wholeMs;
    this.#url = url;
    this.#stop = stop;
    this.#forward = () => this.#abort.abort();
    if (stop?.aborted) this.#forward();
    stop?.addEventListener("abort", this.#forward);
  }

  /** Aborted when the limit is reached, or from outside. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The result of `work`. @throws {TimeoutError} after the limit */
  async guard<T>(work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { stallMs, wholeMs } = this.#limits;
    const left = this.#end - performance.now();
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const url = this.#url;
        reject(
          new TimeoutError(
            `Cannot download ${url}: ${
              left < stallMs ? `it is not done after ${wholeMs} ms` : `nothing came for ${stallMs} ms`
            }`,
            { code: "stalled", fields: { url } },
          ),
        );
        this.#abort.abort();
      }, Math.max(0, Math.min(stallMs, left)));
    });
    try {
      return await Promise.race([work, stalled]);
    } finally {
      clearTimeout(timer);
      // After a stall the work itself fails too, and nobody is waiting for that any more.
      work.catch(() => {});
    }
  }

  /** Ends the watch. */
  stop(): void {
    this.#stop?.removeEventListener("abort", this.#forward);
  }
}
