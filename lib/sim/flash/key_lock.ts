/**
 * The two-key lock in front of STM32 flash control registers.
 *
 * @module
 */

/** Answer of {@linkcode KeyLock.offer}: the second key fits, the lock is now open. */
export const KEY_ACCEPTED = "accepted";
/** Answer of {@linkcode KeyLock.offer}: nothing to say yet. */
export const KEY_NOTED = "noted";
/** Answer of {@linkcode KeyLock.offer}: wrong; jammed until the next reset, and the bus answers with an error. */
export const KEY_REFUSED = "refused";

/**
 * Opens after two keys in order; any other value jams it until {@linkcode KeyLock.reset} (RM0090 section 3.6.1,
 * RM0091 section 3.2.2).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { KeyLock } from "./key_lock.ts";
 *
 * const lock = new KeyLock(1, 2);
 * assertEquals([lock.offer(1), lock.offer(2), lock.open], ["noted", "accepted", true]);
 * lock.close();
 * assertEquals([lock.offer(2), lock.offer(1), lock.offer(2), lock.open], ["refused", "refused", "refused", false]);
 * ```
 */
export class KeyLock {
  #keys: readonly [number, number];
  #state: "closed" | "first" | "open" | "jammed" = "closed";

  /** A closed lock for these keys. */
  constructor(first: number, second: number) {
    this.#keys = [first, second];
  }

  /** Whether the registers behind it can be written. */
  get open(): boolean {
    return this.#state === "open";
  }

  /** A write to the key register. */
  offer(key: number): typeof KEY_ACCEPTED | typeof KEY_NOTED | typeof KEY_REFUSED {
    switch (this.#state) {
      case "open":
        return KEY_NOTED;
      case "closed":
        this.#state = key === this.#keys[0] ? "first" : "jammed";
        return this.#state === "first" ? KEY_NOTED : KEY_REFUSED;
      case "first":
        this.#state = key === this.#keys[1] ? "open" : "jammed";
        return this.#state === "open" ? KEY_ACCEPTED : KEY_REFUSED;
      case "jammed":
        return KEY_REFUSED;
    }
  }

  /** Closes an open lock. */
  close(): void {
    if (this.open) this.#state = "closed";
  }

  /** A reset: closed, and no longer jammed. */
  reset(): void {
    this.#state = "closed";
  }
}
