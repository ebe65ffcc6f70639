/**
 * Little-endian byte buffers: reading, writing, comparing and printing them.
 *
 * @module
 */

/** Raw bytes backed by an ordinary (not shared) buffer. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Joins byte arrays into one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { concatBytes } from "./bytes.ts";
 *
 * assertEquals(concatBytes([Uint8Array.of(1), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3));
 * ```
 */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Index of the first byte in which two arrays differ, or -1 when they are equal. A shorter array differs at its end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { firstDifference } from "./bytes.ts";
 *
 * assertEquals(firstDifference(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), 1);
 * assertEquals(firstDifference(Uint8Array.of(1), Uint8Array.of(1)), -1);
 * ```
 */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? -1 : shared;
}

/** Whether two byte arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && firstDifference(a, b) === -1;
}

/**
 * `0x`-prefixed hexadecimal text of an unsigned number, padded to `digits` (8 unless told).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hex } from "./bytes.ts";
 *
 * assertEquals(hex(0x8004000), "0x08004000");
 * assertEquals(hex(5, 2), "0x05");
 * ```
 */
export function hex(value: number | bigint, digits = 8): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Bytes as two-digit hexadecimal without separators. */
export function hexBytes(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += byte.toString(16).padStart(2, "0");
  return out;
}

/**
 * The inverse of {@linkcode hexBytes}; white space is ignored.
 *
 * @throws {SyntaxError} when the text is not an even number of hexadecimal digits
 */
export function parseHexBytes(text: string): Bytes {
  const digits = text.replaceAll(/\s+/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) {
    throw new SyntaxError(`Cannot parse hexadecimal bytes: ${text}`);
  }
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return out;
}

/** A `DataView` over exactly the bytes of an array. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Little-endian words (in bytes multiples of four) of a byte array, as a copy; missing tail bytes read as `pad`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesToWords, wordsToBytes } from "./bytes.ts";
 *
 * assertEquals(bytesToWords(Uint8Array.of(1, 2, 3, 4, 5), 0xff), Uint32Array.of(0x04030201, 0xffffff05));
 * assertEquals(wordsToBytes(Uint32Array.of(0x04030201)), Uint8Array.of(1, 2, 3, 4));
 * ```
 */
export function bytesToWords(bytes: Uint8Array, pad = 0): Uint32Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4).fill(pad);
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}

/** Bytes of 32-bit words, least significant first, as a copy. */
export function wordsToBytes(words: Uint32Array): Bytes {
  const copy = new Uint32Array(words);
  return new Uint8Array(copy.buffer);
}

/**
 * Sequential little-endian reader that refuses to run past the end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteReader } from "./bytes.ts";
 *
 * const reader = new ByteReader(Uint8Array.of(1, 2, 0, 3, 0, 0, 0));
 * assertEquals([reader.u8(), reader.u16(), reader.u32(), reader.left], [1, 2, 3, 0]);
 * ```
 */
export class ByteReader {
  #view: DataView;
  #bytes: Uint8Array;
  /** Offset in bytes of the next read. */
  at: number;

  /** Reads `bytes` from offset `at`. */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.at = at;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** One unsigned byte. @throws {RangeError} past the end */
  u8(): number {
    const value = this.#view.getUint8(this.at);
    this.at += 1;
    return value;
  }

  /** Unsigned 16-bit. @throws {RangeError} past the end */
  u16(): number {
    const value = this.#view.getUint16(this.at, true);
    this.at += 2;
    return value;
  }

  /** Unsigned 32-bit. @throws {RangeError} past the end */
  u32(): number {
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  /** Unsigned 64-bit. @throws {RangeError} past the end */
  u64(): bigint {
    const value = this.#view.getBigUint64(this.at, true);
    this.at += 8;
    return value;
  }

  /** The next `length` bytes, not copied. @throws {RangeError} past the end */
  bytes(length: number): Uint8Array {
    if (length < 0 || length > this.left) {
      throw new RangeError(`Cannot read ${length} bytes at offset ${this.at}: ${this.left} are left`);
    }
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/**
 * Growing little-endian writer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteWriter } from "./bytes.ts";
 *
 * assertEquals(new ByteWriter().u8(5).u16(1).u32(2).done(), Uint8Array.of(5, 1, 0, 2, 0, 0, 0));
 * ```
 */
export class ByteWriter {
  #buffer: Bytes;
  #view: DataView;
  #length = 0;

  /** Starts with room for `capacity` bytes; it grows by itself. */
  constructor(capacity = 64) {
    this.#buffer = new Uint8Array(capacity);
    this.#view = viewOf(this.#buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  #room(extra: number): number {
    const at = this.#length;
    this.#length += extra;
    if (this.#length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      grown.set(this.#buffer);
      this.#buffer = grown;
      this.#view = viewOf(grown);
    }
    return at;
  }

  /** Appends one byte. */
  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Appends 16 bits. */
  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  /** Appends 32 bits. */
  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Appends bytes. */
  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  /** What was written, not copied. */
  done(): Bytes {
    return this.#buffer.subarray(0, this.#length);
  }
}
