/**
 * Bit arithmetic on unsigned 32-bit values and addresses.
 *
 * @module
 */

/**
 * The field of `value` from bit `low` up to and including bit `high`, unsigned.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bits } from "./bits.ts";
 *
 * assertEquals(bits(0x2ba01477, 31, 28), 2);
 * ```
 */
export function bits(value: number, high: number, low: number): number {
  const width = high - low + 1;
  return width === 32 ? value >>> 0 : (value >>> low) & ((1 << width) - 1);
}

/** Whether bit `index` of `value` is set. */
export function bit(value: number, index: number): boolean {
  return ((value >>> index) & 1) !== 0;
}

/** `value` rounded down to a multiple of `step`; safe for addresses above 2^31. */
export function alignDown(value: number, step: number): number {
  return value - (value % step);
}

/** `value` rounded up to a multiple of `step`; safe for addresses above 2^31. */
export function alignUp(value: number, step: number): number {
  const rest = value % step;
  return rest === 0 ? value : value - rest + step;
}

/** Even parity bit over a 32-bit value: 1 when the number of set bits is odd. */
export function parity32(value: number): 0 | 1 {
  let v = value ^ (value >>> 16);
  v ^= v >>> 8;
  v ^= v >>> 4;
  v ^= v >>> 2;
  v ^= v >>> 1;
  return (v & 1) as 0 | 1;
}

/** Number of set bits of a 32-bit value. */
export function popCount(value: number): number {
  let v = value >>> 0;
  let count = 0;
  while (v !== 0) {
    v = (v & (v - 1)) >>> 0;
    count++;
  }
  return count;
}
