/**
 * Keeps what cannot be queued at once in order: each piece of work starts when the one before it has ended.
 *
 * @module
 */
import { handled } from "../dap/queue.ts";

/**
 * Work in order. When an action fails, those behind it are left out until somebody asks or flushes and hears of it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { SequenceOrder } from "./sequence_order.ts";
 *
 * const order = new SequenceOrder();
 * const done: number[] = [];
 * order.act(() => Promise.reject(new Error("broken")));
 * order.act(() => Promise.resolve(void done.push(1)));
 * await assertRejects(() => order.flush(), Error, "broken");
 * order.act(() => Promise.resolve(void done.push(2)));
 * await order.flush();
 * assertEquals(done, [2]);
 * ```
 */
export class SequenceOrder {
  #tail: Promise<void> | undefined;
  #failure: unknown;

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#tail === undefined && this.#failure === undefined;
  }

  /** Work whose result is awaited; it also hears of an action that failed before it. */
  ask<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue(() => {
      this.#throwFailure();
      return work();
    });
  }

  /** Work nobody awaits. */
  act(work: () => Promise<void>): void {
    void this.#queue(async () => {
      if (this.#failure !== undefined) return;
      try {
        await work();
      } catch (error) {
        this.#failure = error;
      }
    });
  }

  /** Waits until everything is done. @throws what an action failed with */
  async flush(): Promise<void> {
    while (this.#tail !== undefined) await this.#tail;
    this.#throwFailure();
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const result = (this.#tail ?? Promise.resolve()).then(work);
    const tail: Promise<void> = result.then(() => {}, () => {}).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return handled(result);
  }
}
