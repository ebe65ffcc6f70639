/**
 * Runs many jobs at once, but few against any one host.
 *
 * @module
 */

/** How much happens at the same time. */
export interface LaneLimits {
  /** Jobs in all. */
  readonly total: number;
  /** Jobs against one host. */
  readonly perHost: number;
}

/** Starts jobs as lanes become free, in the order they came. */
export class Lanes {
  readonly #limits: LaneLimits;
  readonly #active = new Map<string, number>();
  readonly #waiting: { host: string; start: () => void }[] = [];
  #running = 0;

  /** No more jobs at once than `limits` allows. */
  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /** Runs `job` once there is a lane for `host`. */
  async run<T>(host: string, job: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ host, start });
      this.#fill();
    });
    try {
      return await job();
    } finally {
      this.#running--;
      this.#active.set(host, this.#active.get(host)! - 1);
      this.#fill();
    }
  }

  #fill(): void {
    while (this.#running < this.#limits.total) {
      const next = this.#waiting.findIndex(({ host }) => (this.#active.get(host) ?? 0) < this.#limits.perHost);
      if (next < 0) return;
      const [{ host, start }] = this.#waiting.splice(next, 1) as [{ host: string; start: () => void }];
      this.#running++;
      this.#active.set(host, (this.#active.get(host) ?? 0) + 1);
      start();
    }
  }
}
