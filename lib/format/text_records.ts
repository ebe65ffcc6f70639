/**
 * What Intel HEX and Motorola S-records share: lines of hexadecimal digits behind a mark.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";

/** A line of a record file, without its line end and outer white space. */
export interface RecordLine {
  /** Line number, counted from 1. */
  readonly line: number;
  /** First byte of the line in the file. */
  readonly start: number;
  /** Byte after the last one of the line in the file. */
  readonly end: number;
}

/** White space, and what tools fill up or end a file with: zeros, and the Control-Z of DOS. */
const BLANKS: readonly number[] = [0x20, 0x09, 0x0c, 0x00, 0x1a];
const isBlank = (byte: number): boolean => BLANKS.includes(byte);

/** Lines that hold something, whatever their line ends (LF, CR, CR LF), and without the mark of UTF-8 in front. */
export function* recordLines(bytes: Uint8Array): Generator<RecordLine> {
  let line = 1;
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length) {
    let end = at;
    while (end < bytes.length && bytes[end] !== 0x0a && bytes[end] !== 0x0d) end++;
    let start = at;
    let stop = end;
    while (start < stop && isBlank(bytes[start]!)) start++;
    while (stop > start && isBlank(bytes[stop - 1]!)) stop--;
    if (stop > start) yield { line, start, end: stop };
    at = end + 1;
    if (bytes[end] === 0x0d && bytes[at] === 0x0a) at++;
    line++;
  }
}

/** The error for a bad line, with file and line as fields. */
export function lineFault(fileName: string, line: number, reason: string): FormatError {
  return new FormatError(`Cannot read ${fileName}:${line}: ${reason}`, { fields: { file: fileName, line } });
}

/**
 * Bytes of the hexadecimal digits in `file[start..end)`, or undefined when a character is no digit or one is left over.
 */
export function digitsToBytes(file: Uint8Array, start: number, end: number): Bytes | undefined {
  const length = end - start;
  if (length % 2 !== 0) return undefined;
  const out = new Uint8Array(length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = digit(file[start + 2 * i]!);
    const low = digit(file[start + 2 * i + 1]!);
    if (high < 0 || low < 0) return undefined;
    out[i] = (high << 4) | low;
  }
  return out;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
