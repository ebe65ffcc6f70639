/**
 * The numbered byte buffers of `BufferSet()` and its like. A sequence sees its own only, and they end with it
 * (Open-CMSIS-Pack specification, "Using external tools", buffer handling).
 *
 * @module
 */
import { TargetError } from "../base/errors.ts";

/** A sequence that asks for more than this in all is broken or hostile. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The buffers of one running sequence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SequenceBuffers } from "./buffers.ts";
 *
 * const buffers = new SequenceBuffers();
 * buffers.set(1n, 4n, 2n, 2n, 0x1234n);
 * assertEquals(buffers.size(1n), 8n);
 * assertEquals(buffers.get(1n, 6n, 2n), 0x1234n);
 * ```
 */
export class SequenceBuffers {
  #buffers = new Map<bigint, Uint8Array>();
  #total = 0;

  /** Bytes in buffer `id`, 0 when it does not exist. */
  size(id: bigint): bigint {
    return BigInt(this.#buffers.get(id)?.length ?? 0);
  }

  /**
   * Writes `value` `count` times as elements of `size` bytes, growing the buffer with zeroes.
   *
   * @returns bytes written
   * @throws {TargetError} for a size other than 1–8, an offset that is not a multiple of it, or an absurd length
   */
  set(id: bigint, offset: bigint, count: bigint, size: bigint, value: bigint): bigint {
    checkElement(offset, size);
    const bytes = this.grow(id, offset + count * size);
    const start = Number(offset);
    const end = start + Number(count * size);
    if (count > 0n) putElement(bytes, start, Number(size), value);
    for (let filled = Number(size); start + filled < end; filled *= 2) {
      bytes.copyWithin(start + filled, start, Math.min(start + filled, end - filled));
    }
    return count * size;
  }

  /** One element. @throws {TargetError} past the end */
  get(id: bigint, offset: bigint, size: bigint): bigint {
    checkElement(offset, size);
    return getElement(this.slice(id, offset, size), 0, Number(size));
  }

  /** Bytes of a buffer, not copied. @throws {TargetError} past the end */
  slice(id: bigint, offset: bigint, length: bigint): Uint8Array {
    const bytes = this.#buffers.get(id);
    if (bytes === undefined || offset + length > BigInt(bytes.length)) {
      throw new TargetError(
        `Cannot read ${length} bytes at offset ${offset} of buffer ${id}: it holds ${bytes?.length ?? 0}`,
        { code: "sequence-buffer" },
      );
    }
    return bytes.subarray(Number(offset), Number(offset + length));
  }

  /** The buffer, made at least `length` bytes long. @throws {TargetError} for an absurd length */
  grow(id: bigint, length: bigint): Uint8Array {
    const old = this.#buffers.get(id);
    if (old && BigInt(old.length) >= length) return old;
    if (BigInt(this.#total - (old?.length ?? 0)) + length > MAX_BYTES) {
      throw new TargetError(`Cannot make buffer ${id} ${length} bytes long: all buffers may hold ${MAX_BYTES}`, {
        code: "sequence-buffer",
      });
    }
    const grown = new Uint8Array(Number(length));
    this.#total += grown.length - (old?.length ?? 0);
    if (old) grown.set(old);
    this.#buffers.set(id, grown);
    return grown;
  }
}

/** Little-endian element of `size` bytes. */
export function getElement(bytes: Uint8Array, offset: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
  return value;
}

/** Stores a little-endian element of `size` bytes. */
export function putElement(bytes: Uint8Array, offset: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) bytes[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function checkElement(offset: bigint, size: bigint): void {
  if (size < 1n || size > 8n) {
    throw new TargetError(`Cannot use buffer elements of ${size} bytes: 1 to 8 are allowed`, {
      code: "sequence-buffer",
    });
  }
  if (offset % size !== 0n) {
    throw new TargetError(`Cannot use buffer offset ${offset}: it is not a multiple of ${size}`, {
      code: "sequence-buffer",
    });
  }
}
