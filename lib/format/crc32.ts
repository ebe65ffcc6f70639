/**
 * CRC-32 as ZIP, Ethernet and PNG use it (polynomial 0x04C11DB7, reflected, initial and final value all ones).
 *
 * @module
 */

let table: Uint32Array | undefined;

/** The table for computing it byte by byte, indexed by the low byte of the running value. */
export function crc32Table(): Uint32Array {
  const out = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    out[i] = value >>> 0;
  }
  return out;
}

/**
 * CRC-32 of `bytes`; `previous` continues an earlier result.
 *
 * @example The check value of the algorithm
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { crc32 } from "./crc32.ts";
 *
 * assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
 * ```
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  table ??= crc32Table();
  let crc = ~previous;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
