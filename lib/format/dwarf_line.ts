/**
 * Source lines from `.debug_line`: which file and line the code at an address was made from.
 * DWARF versions 2 to 5, 32-bit and 64-bit form (DWARF 5, clauses 6.2 and 7.4).
 *
 * @module
 */
import { ByteReader } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { type LineHeader, readLineHeader } from "./dwarf_line_header.ts";
import { readSleb, readUleb } from "./dwarf_values.ts";

/** A place in a source file. */
export interface SourceLine {
  /** Path as the compiler recorded it, with its directory where that is known. */
  readonly file: string;
  /** Line, from 1; 0 where the compiler knows of none. */
  readonly line: number;
  /** Column, from 1; 0 where the compiler knows of none. */
  readonly column: number;
}

/** Sections that line information is spread over. */
export interface LineSections {
  /** `.debug_line`. */
  readonly line: Uint8Array;
  /** `.debug_line_str`, used from version 5 on. */
  readonly lineStrings?: Uint8Array;
  /** `.debug_str`, used from version 5 on. */
  readonly strings?: Uint8Array;
}

/** Code from one address up to, not including, another that comes from one place. */
export interface LineRange extends SourceLine {
  /** First byte address. */
  readonly start: number;
  /** Byte address after the last. */
  readonly end: number;
  /** Where the run of code begins that the compiler described in one go, mostly a function. */
  readonly sequence: number;
}

/** More rows than this are taken for damage: it is a hundred times what large firmware has. */
const MAX_ROWS = 20_000_000;

/** Standard opcodes (DWARF 5, table 7.25). */
const STANDARD = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStatement: 6,
  setBasicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const;

const EXTENDED = { endSequence: 1, setAddress: 2 } as const;

/**
 * Reads every line-number program of `.debug_line`.
 *
 * @param fileName for messages
 * @returns ranges sorted by address; where two overlap, the later one in the file comes second
 * @throws {FormatError} when the information is damaged or of an unknown version
 */
export function readLineRanges(sections: LineSections, fileName: string): LineRange[] {
  const out: LineRange[] = [];
  const reader = new ByteReader(sections.line);
  try {
    while (reader.left > 0) {
      const header = readLineHeader(reader, sections);
      runProgram(reader, header, out);
      reader.at = header.end;
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new FormatError(`Cannot read line information of ${fileName}: it is damaged at byte ${reader.at}`, {
      cause,
      fields: { file: fileName, offset: reader.at },
    });
  }
  return out.sort((a, b) => a.start - b.start);
}

/** The registers of the state machine that matter for addresses (DWARF 5, clause 6.2.2). */
interface Row {
  address: number;
  file: number;
  line: number;
  column: number;
}

function runProgram(reader: ByteReader, header: LineHeader, out: LineRange[]): void {
  const start = (): Row => ({ address: 0, file: 1, line: 1, column: 0 });
  let row = start();
  let previous: Row | undefined;
  let sequenceStart = 0;
  const emit = (): void => {
    if (previous === undefined) sequenceStart = row.address;
    // Functions that the linker left out keep their lines, from address 0 on, where a Cortex-M has its vector table.
    if (previous !== undefined && row.address > previous.address && sequenceStart > 1) {
      if (out.length >= MAX_ROWS) throw new RangeError("Cannot read line information: it has too many rows");
      const { file, line, column } = previous;
      const place = { file: header.fileName(file), line, column };
      out.push({ start: previous.address, end: row.address, sequence: sequenceStart, ...place });
    }
    previous = { ...row };
  };
  const advance = (operations: number): void => {
    row.address = (row.address + header.minInstructionLength * operations) >>> 0;
  };
  while (reader.at < header.end) {
    const opcode = reader.u8();
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase;
      advance(Math.floor(adjusted / header.lineRange));
      row.line += header.lineBase + adjusted % header.lineRange;
      emit();
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = readUleb(reader);
        const next = reader.at + length;
        const extended = length === 0 ? 0 : reader.u8();
        if (extended === EXTENDED.endSequence) {
          emit();
          row = start();
          previous = undefined;
        } else if (extended === EXTENDED.setAddress) row.address = length === 9 ? Number(reader.u64()) : reader.u32();
        reader.at = next;
        break;
      }
      case STANDARD.copy:
        emit();
        break;
      case STANDARD.advancePc:
        advance(readUleb(reader));
        break;
      case STANDARD.advanceLine:
        row.line += readSleb(reader);
        break;
      case STANDARD.setFile:
        row.file = readUleb(reader);
        break;
      case STANDARD.setColumn:
        row.column = readUleb(reader);
        break;
      case STANDARD.constAddPc:
        advance(Math.floor((255 - header.opcodeBase) / header.lineRange));
        break;
      case STANDARD.fixedAdvancePc:
        row.address = (row.address + reader.u16()) >>> 0;
        break;
      default:
        // Says nothing about addresses; the header tells how many operands to pass over.
        for (let i = 0; i < (header.operandCounts[opcode - 1] ?? 0); i++) readUleb(reader);
    }
  }
}
