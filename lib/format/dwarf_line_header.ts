/**
 * The header of one line-number program: its parameters, directories and files (DWARF 5, clause 6.2.4).
 *
 * @module
 */
import type { ByteReader } from "../base/bytes.ts";
import { readForm, readOffset, readText, readUleb, type StringSections } from "./dwarf_values.ts";

/** What a line-number program needs to know. */
export interface LineHeader {
  /** Offset of the byte after the program. */
  readonly end: number;
  /** Bytes by which one operation advances the address. */
  readonly minInstructionLength: number;
  /** Least line advance of a special opcode. */
  readonly lineBase: number;
  /** Number of line advances of special opcodes. */
  readonly lineRange: number;
  /** First special opcode. */
  readonly opcodeBase: number;
  /** Operands of each standard opcode, from opcode 1 on. */
  readonly operandCounts: Uint8Array;
  /** Path of a file by its number in the program. */
  fileName(index: number): string;
}

/** One entry of a table of files. */
interface FileEntry {
  readonly name: string;
  readonly directory: number;
}

/** Content of the columns of a version 5 table (DWARF 5, table 7.27). */
const CONTENT = { path: 1, directory: 2 } as const;

/**
 * Reads a header and leaves `reader` at the first opcode.
 *
 * @throws {RangeError} when it is cut off, contradicts itself or has an unknown version
 */
export function readLineHeader(reader: ByteReader, sections: StringSections): LineHeader {
  const first = reader.u32();
  const is64 = first === 0xffffffff;
  const length = is64 ? Number(reader.u64()) : first;
  if (length > reader.left) throw new RangeError("Cannot read a line header: its length goes past the section");
  const end = reader.at + length;
  const version = reader.u16();
  if (version < 2 || version > 5) throw new RangeError(`Cannot read a line header: version ${version} is unknown`);
  // Version 5 tells the sizes of addresses and segment selectors here.
  if (version >= 5) reader.bytes(2);
  const headerLength = readOffset(reader, is64);
  const program = reader.at + headerLength;
  const minInstructionLength = reader.u8();
  // Operations per instruction, of VLIW machines only; is_stmt defaults.
  reader.bytes(version >= 4 ? 2 : 1);
  const lineBase = reader.u8() << 24 >> 24;
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0 || opcodeBase === 0) throw new RangeError("Cannot read a line header: a parameter is zero");
  const operandCounts = reader.bytes(opcodeBase - 1);
  const fileName = version >= 5 ? readTables(reader, is64, sections) : readOldTables(reader);
  reader.at = program;
  return { end, minInstructionLength, lineBase, lineRange, opcodeBase, operandCounts, fileName };
}

/** Versions 2 to 4: directories and files start from 1, directory 0 is where the compiler ran. */
function readOldTables(reader: ByteReader): (index: number) => string {
  const directories = [""];
  for (let name = readText(reader); name !== ""; name = readText(reader)) directories.push(name);
  const files: FileEntry[] = [{ name: "", directory: 0 }];
  for (let name = readText(reader); name !== ""; name = readText(reader)) {
    files.push({ name, directory: readUleb(reader) });
    // Time of modification and size.
    readUleb(reader);
    readUleb(reader);
  }
  return namer(files, directories);
}

/** Version 5: both tables describe their own columns; directory 0 is where the compiler ran. */
function readTables(reader: ByteReader, is64: boolean, sections: StringSections): (index: number) => string {
  const directories = readTable(reader, is64, sections).map(({ name }) => name);
  const root = directories[0] ?? "";
  const absolute = directories.map((name, index) => (index === 0 ? name : joinPath(root, name)));
  return namer(readTable(reader, is64, sections), absolute);
}

function readTable(reader: ByteReader, is64: boolean, sections: StringSections): FileEntry[] {
  const formats = Array.from({ length: reader.u8() }, () => [readUleb(reader), readUleb(reader)] as const);
  const count = readUleb(reader);
  // Every entry takes at least a byte; a table of empty entries would never end.
  if (count > reader.left || (count > 0 && formats.length === 0)) {
    throw new RangeError("Cannot read a line header: a table is longer than the section");
  }
  return Array.from({ length: count }, () => {
    let name = "";
    let directory = 0;
    for (const [content, form] of formats) {
      const value = readForm(reader, form, is64, sections);
      if (content === CONTENT.path) name = String(value);
      else if (content === CONTENT.directory) directory = Number(value);
    }
    return { name, directory };
  });
}

function namer(files: readonly FileEntry[], directories: readonly string[]): (index: number) => string {
  const names: (string | undefined)[] = [];
  return (index) => {
    const known = names[index];
    if (known !== undefined) return known;
    const entry = files[index];
    const name = entry === undefined ? "" : joinPath(directories[entry.directory] ?? "", entry.name);
    if (entry !== undefined) names[index] = name;
    return name;
  };
}

/** Whether it is a path from the root, of either kind of system. */
const ABSOLUTE = /^([\\/]|[A-Za-z]:[\\/])/;

function joinPath(directory: string, name: string): string {
  if (directory === "" || ABSOLUTE.test(name)) return name;
  const separator = directory.includes("\\") && !directory.includes("/") ? "\\" : "/";
  return /[\\/]$/.test(directory) ? directory + name : directory + separator + name;
}
