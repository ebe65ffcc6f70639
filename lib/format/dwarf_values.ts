/**
 * Values in DWARF sections: numbers of variable length, offsets, strings and forms (DWARF 5, clauses 7.4 to 7.6).
 *
 * @module
 */
import type { ByteReader } from "../base/bytes.ts";

/**
 * An unsigned LEB128 number; bits beyond 53 are dropped, which no address or line of a 32-bit program needs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteReader } from "../base/bytes.ts";
 * import { readUleb } from "./dwarf_values.ts";
 *
 * assertEquals(readUleb(new ByteReader(Uint8Array.of(0xe5, 0x8e, 0x26))), 624485);
 * ```
 * @throws {RangeError} past the end
 */
export function readUleb(reader: ByteReader): number {
  let value = 0;
  let scale = 1;
  while (true) {
    const byte = reader.u8();
    if (scale < 2 ** 53) value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return value;
  }
}

/**
 * A signed LEB128 number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteReader } from "../base/bytes.ts";
 * import { readSleb } from "./dwarf_values.ts";
 *
 * assertEquals(readSleb(new ByteReader(Uint8Array.of(0x7e))), -2);
 * ```
 * @throws {RangeError} past the end
 */
export function readSleb(reader: ByteReader): number {
  let value = 0;
  let scale = 1;
  while (true) {
    const byte = reader.u8();
    if (scale < 2 ** 46) value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return (byte & 0x40) !== 0 && scale <= 2 ** 49 ? value - scale : value;
  }
}

/** An offset: 4 bytes, or 8 in the 64-bit form. @throws {RangeError} past the end */
export function readOffset(reader: ByteReader, is64: boolean): number {
  return is64 ? Number(reader.u64()) : reader.u32();
}

const decoder = new TextDecoder();

/** A zero-terminated text. @throws {RangeError} past the end */
export function readText(reader: ByteReader): string {
  const start = reader.at;
  while (reader.u8() !== 0);
  const end = reader.at - 1;
  reader.at = start;
  const text = decoder.decode(reader.bytes(end - start));
  reader.at = end + 1;
  return text;
}

/** The text at an offset of a string section; empty when the section is absent or shorter. */
export function textAt(section: Uint8Array | undefined, offset: number): string {
  if (section === undefined || offset >= section.length) return "";
  const end = section.indexOf(0, offset);
  return decoder.decode(section.subarray(offset, end < 0 ? section.length : end));
}

/** String sections that forms refer to. */
export interface StringSections {
  /** `.debug_line_str`. */
  readonly lineStrings?: Uint8Array;
  /** `.debug_str`. */
  readonly strings?: Uint8Array;
}

/** Attribute forms that line headers use (DWARF 5, table 7.6). */
const FORM = {
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  strp: 0x0e,
  udata: 0x0f,
  data16: 0x1e,
  lineStrp: 0x1f,
} as const;

/**
 * The value of a form as a number or a text; blocks, such as checksums, read as an empty text.
 *
 * @throws {RangeError} past the end, or for a form that line headers do not use
 */
export function readForm(reader: ByteReader, form: number, is64: boolean, sections: StringSections): number | string {
  const skip = (length: number): string => {
    reader.bytes(length);
    return "";
  };
  switch (form) {
    case FORM.data1:
      return reader.u8();
    case FORM.data2:
      return reader.u16();
    case FORM.data4:
      return reader.u32();
    case FORM.data8:
      return Number(reader.u64());
    case FORM.udata:
      return readUleb(reader);
    case FORM.string:
      return readText(reader);
    case FORM.strp:
      return textAt(sections.strings, readOffset(reader, is64));
    case FORM.lineStrp:
      return textAt(sections.lineStrings, readOffset(reader, is64));
    case FORM.data16:
      return skip(16);
    case FORM.block:
      return skip(readUleb(reader));
    case FORM.block1:
      return skip(reader.u8());
    case FORM.block2:
      return skip(reader.u16());
    case FORM.block4:
      return skip(reader.u32());
    default:
      throw new RangeError(`Cannot read a line header: form ${form} is unknown`);
  }
}
