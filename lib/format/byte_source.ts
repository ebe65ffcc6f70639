/**
 * Random access to bytes that may be too many to hold in memory.
 *
 * @module
 */

/** Something whose bytes can be read piece by piece, such as a file. */
export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /** The `length` bytes from `offset`; fewer only when the source ends first. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * A source over bytes already in memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesSource } from "./byte_source.ts";
 *
 * assertEquals(await bytesSource(Uint8Array.of(1, 2, 3)).read(1, 5), Uint8Array.of(2, 3));
 * ```
 */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
