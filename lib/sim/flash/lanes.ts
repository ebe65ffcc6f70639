/**
 * Byte lanes: narrow accesses to 32-bit registers, as an AHB or APB slave with byte strobes sees them.
 *
 * @module
 */
import type { AccessSize } from "../contracts.ts";

const MASK = { 1: 0xff, 2: 0xffff } as const;

/**
 * The `size` bytes at byte `offset` (only its two low bits count) of a 32-bit word, unsigned.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readLane } from "./lanes.ts";
 *
 * assertEquals(readLane(0x11223344, 2, 1), 0x22);
 * ```
 */
export function readLane(word: number, offset: number, size: AccessSize): number {
  if (size === 4) return word >>> 0;
  return ((word >>> ((offset & 3) * 8)) & MASK[size]) >>> 0;
}

/**
 * `word` with the `size` bytes at byte `offset` (only its two low bits count) replaced, unsigned.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mergeLane } from "./lanes.ts";
 *
 * assertEquals(mergeLane(0x11223344, 2, 2, 0xabcd), 0xabcd3344);
 * ```
 */
export function mergeLane(word: number, offset: number, size: AccessSize, value: number): number {
  if (size === 4) return value >>> 0;
  const shift = (offset & 3) * 8;
  const mask = MASK[size] << shift;
  return ((word & ~mask) | ((value << shift) & mask)) >>> 0;
}

/** The unsigned little-endian value of `size` bytes at `offset`. */
export function loadBytes(bytes: Uint8Array, offset: number, size: AccessSize): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = ((value << 8) | bytes[offset + i]!) >>> 0;
  return value;
}

/** Clears bits of the `size` bytes at `offset` that are 0 in `value`: all that flash cells can do without an erase. */
export function clearBits(bytes: Uint8Array, offset: number, size: AccessSize, value: number): void {
  for (let i = 0; i < size; i++) bytes[offset + i]! &= (value >>> (i * 8)) & 0xff;
}
