/**
 * Cuts an incoming byte stream into the pieces a protocol asks for.
 *
 * @module
 */

/**
 * Collects chunks until enough bytes are there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChunkBuffer } from "./stream.ts";
 *
 * const buffer = new ChunkBuffer();
 * buffer.push(Uint8Array.of(1, 2));
 * assertEquals(buffer.take(3), undefined);
 * buffer.push(Uint8Array.of(3, 4));
 * assertEquals(buffer.take(3), Uint8Array.of(1, 2, 3));
 * assertEquals(buffer.length, 1);
 * ```
 */
export class ChunkBuffer {
  #bytes = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a chunk; it is copied. */
  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) {
      const waiting = this.#bytes.subarray(this.#start, this.#end);
      const grown = new Uint8Array(Math.max(this.#bytes.length, 2 * (waiting.length + chunk.length)));
      grown.set(waiting);
      this.#bytes = grown;
      this.#end = waiting.length;
      this.#start = 0;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next `length` bytes without taking them, or undefined while there are fewer. */
  peek(length: number): Uint8Array | undefined {
    return this.length < length ? undefined : this.#bytes.subarray(this.#start, this.#start + length);
  }

  /** Takes the next `length` bytes as a copy, or undefined while there are fewer. */
  take(length: number): Uint8Array | undefined {
    const bytes = this.peek(length)?.slice();
    if (bytes) this.#start += length;
    return bytes;
  }
}
