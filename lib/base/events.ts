/**
 * Typed events without a global: whoever owns an {@linkcode Emitter} decides who may listen.
 *
 * @module
 */

/**
 * Delivers events of type `E` to listeners in the order they subscribed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Emitter } from "./events.ts";
 *
 * const emitter = new Emitter<number>();
 * const seen: number[] = [];
 * const stop = emitter.on((n) => seen.push(n));
 * emitter.emit(1);
 * stop();
 * emitter.emit(2);
 * assertEquals(seen, [1]);
 * ```
 */
export class Emitter<E> {
  #listeners = new Set<(event: E) => void>();

  /** Subscribes; the returned function unsubscribes. */
  on(listener: (event: E) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every listener; one that throws does not keep the rest from hearing, and its error comes out at the end. */
  emit(event: E): void {
    let failed: { error: unknown } | undefined;
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed) throw failed.error;
  }
}

/** How far a long piece of work has come. */
export interface Progress {
  /** What is being done. */
  readonly phase: "erase" | "program" | "verify" | "read" | "compare" | "download";
  /** Bytes done in this phase. */
  readonly done: number;
  /** Bytes to do in this phase. */
  readonly total: number;
}

/** Receives {@linkcode Progress}. */
export type ProgressListener = (progress: Progress) => void;
