/**
 * ELF files with symbols and source lines, made for tests.
 *
 * @module
 */
import { concatBytes } from "../../lib/base/bytes.ts";

/** A symbol of the file. */
export interface TinySymbol {
  /** Name. */
  readonly name: string;
  /** Byte address, even for functions. */
  readonly address: number;
  /** Bytes. */
  readonly size: number;
  /** Whether it is a function. */
  readonly isFunction: boolean;
}

/** Lines of one function: where each begins, and where the last one ends. */
export interface TinyLines {
  /** Address and number of each line. */
  readonly lines: readonly (readonly [address: number, line: number])[];
  /** Byte address after the last. */
  readonly end: number;
}

const word = (...values: number[]): number[] => [...new Uint8Array(Uint32Array.from(values).buffer)];
const text = (value: string): number[] => [...new TextEncoder().encode(value), 0];

/** An executable whose code lies at `code.start`. */
export function tinyElf(
  code: { readonly start: number; readonly bytes: Uint8Array },
  symbols: readonly TinySymbol[],
  file: string,
  functions: readonly TinyLines[],
): Uint8Array {
  let strings = "\0";
  const rows = symbols.flatMap(({ name, address, size, isFunction }) => {
    const at = strings.length;
    strings += `${name}\0`;
    const value = isFunction ? address + 1 : address;
    return [...word(at, value, size), 0x10 | (isFunction ? 2 : 1), 0, 1, 0];
  });
  const names = ["", ".text", ".symtab", ".strtab", ".debug_line", ".shstrtab"];
  const contents = [
    new Uint8Array(),
    code.bytes,
    Uint8Array.from([...new Array<number>(16).fill(0), ...rows]),
    new TextEncoder().encode(strings),
    debugLine(file, functions),
    new TextEncoder().encode(`${names.join("\0")}\0`),
  ];
  const types = [0, 1, 2, 3, 1, 3];
  const headers: number[] = [];
  let offset = 52;
  let nameAt = 0;
  contents.forEach((bytes, i) => {
    const isCode = i === 1;
    headers.push(...word(nameAt, types[i]!, isCode ? 6 : 0, isCode ? code.start : 0, offset, bytes.length));
    headers.push(...word(i === 2 ? 3 : 0, 0, 4, i === 2 ? 16 : 0));
    offset += bytes.length;
    nameAt += names[i]!.length + 1;
  });
  const head = Uint8Array.from([
    ...[0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[2, 0, 40, 0, ...word(1, code.start + 1, 0, offset, 0x05000000)],
    ...[52, 0, 32, 0, 0, 0, 40, 0, contents.length, 0, 5, 0],
  ]);
  return concatBytes([head, ...contents, Uint8Array.from(headers)]);
}

/** A line-number program of version 3 that moves by whole instructions. */
function debugLine(file: string, functions: readonly TinyLines[]): Uint8Array {
  const program = functions.flatMap(({ lines, end }) => {
    const out = [0, 5, 2, ...word(lines[0]![0])];
    let [address, line] = [lines[0]![0], 1];
    for (const [nextAddress, nextLine] of lines) {
      out.push(2, nextAddress - address, 3, nextLine - line, 1);
      [address, line] = [nextAddress, nextLine];
    }
    return [...out, 2, end - address, 0, 1, 1];
  });
  const parameters = [1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
  const tables = [0, ...text(file), 0, 0, 0, 0];
  const header = [...parameters, ...tables];
  const body = [3, 0, ...word(header.length), ...header, ...program];
  return Uint8Array.from([...word(body.length), ...body]);
}
