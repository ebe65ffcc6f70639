/**
 * Memory as a table of hexadecimal items with their text beside it.
 *
 * @module
 */
import { hexBytes } from "../base/bytes.ts";

/** Bits of one item of a dump. */
export type ItemBits = 8 | 16 | 32 | 64;

/**
 * Lines of 16 bytes: address, little-endian items of `bits` bits, text. 8-bit items stand in groups of four.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hexDump } from "./hex_dump.ts";
 *
 * assertEquals(hexDump(0x20000000, Uint8Array.of(0x41, 0x42, 0, 0xff), 32), "20000000:  ff004241    |AB..|\n");
 * ```
 */
export function hexDump(address: number, bytes: Uint8Array, bits: ItemBits): string {
  const size = bits / 8;
  let out = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    let items = "";
    for (let i = 0; i < line.length; i += size) {
      items += `${hexBytes(line.slice(i, i + size).reverse())} `;
      if (bits === 8 && i % 4 === 3) items += " ";
    }
    out += `${(address + at).toString(16).padStart(8, "0")}:  ${items}   |${printable(line)}|\n`;
  }
  return out;
}

function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  return text;
}
