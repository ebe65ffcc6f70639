/**
 * Intel HEX (Intel "Hexadecimal Object File Format Specification", revision A, 1988): reading and writing.
 *
 * micro:bit universal HEX files add record types 0x0A to 0x0E. Their plain data records (type 0) are what a first
 * generation board takes; data for other boards comes in type 0x0D records, told apart by the board id of the block
 * they stand in.
 *
 * @module
 */
import { hex, hexBytes } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import type { ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";
import { digitsToBytes, lineFault, recordLines } from "./text_records.ts";

/** What an Intel HEX file holds. */
export interface IntelHex {
  /** Sorted, not overlapping. */
  readonly segments: readonly ImageSegment[];
  /** Start address: EIP of a type 5 record, or CS:IP of a type 3 record as a byte address. */
  readonly entry?: number;
  /** What was left out, in the user's words. */
  readonly notes: readonly string[];
  /** Ids of the boards whose parts of a micro:bit universal file were left out. */
  readonly otherBoards?: readonly number[];
}

/** How to read a HEX file. */
export interface IntelHexOptions {
  /**
   * Board id of the part of a micro:bit universal file to read, such as 0x9903, which also stands for others of its
   * generation; the plain part unless told.
   */
  readonly boardId?: number;
}

/** Board ids of the generations of micro:bit, which differ in what is soldered around the same chip. */
const GENERATIONS: readonly (readonly number[])[] = [[0x9900, 0x9901], [0x9903, 0x9904, 0x9905, 0x9906]];
/** Board ids whose data stands in plain records of a universal file. */
const PLAIN_BOARDS = GENERATIONS[0]!;

function isSameBoard(a: number, b: number): boolean {
  return a === b || GENERATIONS.some((ids) => ids.includes(a) && ids.includes(b));
}

/**
 * Reads an Intel HEX file.
 *
 * @throws {FormatError} with file and line for a bad record, checksum or end, and for overlapping data; for a universal
 * file without the board asked for
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseIntelHex } from "./ihex.ts";
 *
 * const text = ":020000040800F2\n:02000000AABB99\n:00000001FF\n";
 * const { segments } = parseIntelHex(new TextEncoder().encode(text), "a.hex");
 * assertEquals(segments.map((s) => [s.address, ...s.data]), [[0x08000000, 0xaa, 0xbb]]);
 * ```
 */
export function parseIntelHex(bytes: Uint8Array, fileName: string, options: IntelHexOptions = {}): IntelHex {
  const reader = new HexReader(fileName, options.boardId);
  for (const { line, start, end } of recordLines(bytes)) {
    if (reader.ended) throw lineFault(fileName, line, "there is text after the end record");
    if (bytes[start] !== 0x3a) throw lineFault(fileName, line, "the record does not begin with a colon");
    const record = digitsToBytes(bytes, start + 1, end);
    if (!record) throw lineFault(fileName, line, "the record is not an even number of hexadecimal digits");
    reader.record(record, line);
  }
  return reader.finish();
}

/** Whether the first line of `bytes` is a well-formed HEX record. */
export function looksLikeIntelHex(bytes: Uint8Array): boolean {
  const first = recordLines(bytes.subarray(0, 2048)).next().value;
  if (!first || bytes[first.start] !== 0x3a) return false;
  const record = digitsToBytes(bytes, first.start + 1, first.end);
  return record !== undefined && record.length >= 5 && record.length === record[0]! + 5;
}

class HexReader {
  readonly #fileName: string;
  readonly #builder: SegmentBuilder;
  readonly #boardId: number | undefined;
  readonly #skipped = new Set<number>();
  #found = false;
  #base = 0;
  #isSegmented = false;
  #block: number | undefined;
  #entry: number | undefined;
  #line = 0;
  ended = false;

  constructor(fileName: string, boardId: number | undefined) {
    this.#fileName = fileName;
    this.#builder = new SegmentBuilder(fileName);
    this.#boardId = boardId;
  }

  record(record: Uint8Array, line: number): void {
    this.#line = line;
    if (record.length < 5) throw lineFault(this.#fileName, line, "the record is too short");
    const count = record[0]!;
    if (record.length !== count + 5) {
      throw lineFault(this.#fileName, line, `${count} data bytes are declared, ${record.length - 5} are there`);
    }
    let sum = 0;
    for (const byte of record) sum += byte;
    if ((sum & 0xff) !== 0) {
      const got = record[record.length - 1]!;
      throw lineFault(this.#fileName, line, `checksum is ${hex(got, 2)}, should be ${hex((got - sum) & 0xff, 2)}`);
    }
    const offset = (record[1]! << 8) | record[2]!;
    this.#apply(record[3]!, offset, record.subarray(4, 4 + count));
  }

  #apply(type: number, offset: number, data: Uint8Array): void {
    switch (type) {
      case 0x00:
        if (this.#wantsPlain()) this.#data(offset, data);
        return;
      case 0x01:
        this.ended = true;
        return;
      case 0x02:
        this.#base = this.#number(data, 2, type) * 16;
        this.#isSegmented = true;
        return;
      case 0x03: {
        const start = this.#number(data, 4, type);
        this.#entry = Math.floor(start / 0x10000) * 16 + (start & 0xffff);
        return;
      }
      case 0x04:
        this.#base = this.#number(data, 2, type) * 0x10000;
        this.#isSegmented = false;
        return;
      case 0x05:
        this.#entry = this.#number(data, 4, type);
        return;
      case 0x0a:
        if (data.length < 2) throw lineFault(this.#fileName, this.#line, "the block start names no board");
        this.#block = (data[0]! << 8) | data[1]!;
        if (this.#boardId === undefined ? PLAIN_BOARDS.includes(this.#block) : this.#isWanted()) this.#found = true;
        else this.#skipped.add(this.#block);
        return;
      case 0x0d:
        if (this.#isWanted()) this.#data(offset, data);
        return;
      case 0x0b: // block end
      case 0x0c: // padding
      case 0x0e: // data for other tools
        return;
      default:
        throw lineFault(this.#fileName, this.#line, `record type ${hex(type, 2)} is not known`);
    }
  }

  #wantsPlain(): boolean {
    return this.#boardId === undefined || this.#block === undefined || this.#isWanted();
  }

  /** Whether the block is for the board that was asked for. */
  #isWanted(): boolean {
    return this.#block !== undefined && this.#boardId !== undefined && isSameBoard(this.#block, this.#boardId);
  }

  #data(offset: number, data: Uint8Array): void {
    // Offsets wrap within 64 KiB in a segment, and within 4 GiB in linear addressing.
    const room = this.#isSegmented ? 0x10000 - offset : 0x1_0000_0000 - (this.#base + offset);
    const origin = `data from line ${this.#line}`;
    this.#builder.add(this.#base + offset, data.subarray(0, room), origin);
    if (data.length > room) this.#builder.add(this.#isSegmented ? this.#base : 0, data.subarray(room), origin);
  }

  #number(data: Uint8Array, length: number, type: number): number {
    if (data.length !== length) {
      throw lineFault(this.#fileName, this.#line, `a record of type ${type} takes ${length} bytes, not ${data.length}`);
    }
    return data.reduce((value, byte) => value * 256 + byte, 0);
  }

  finish(): IntelHex {
    if (!this.ended) {
      throw lineFault(this.#fileName, Math.max(1, this.#line), "the end record is missing; the file may be cut off");
    }
    const otherBoards = [...this.#skipped].sort((a, b) => a - b);
    const boards = otherBoards.map((id) => hex(id, 4)).join(", ");
    if (this.#boardId !== undefined && !this.#found && otherBoards.length > 0) {
      throw new FormatError(
        `Cannot read ${this.#fileName}: it holds nothing for board ${hex(this.#boardId, 4)}, only for ${boards}`,
        { hint: "Choose one of them with --hex-board", fields: { file: this.#fileName, boards: otherBoards } },
      );
    }
    const notes = otherBoards.length > 0
      ? [`${this.#fileName} is a micro:bit universal HEX file; left out the data for board ${boards}`]
      : [];
    return {
      segments: this.#builder.finish(),
      ...(this.#entry === undefined ? {} : { entry: this.#entry }),
      notes,
      ...(otherBoards.length === 0 ? {} : { otherBoards }),
    };
  }
}

/**
 * Writes segments as Intel HEX with linear addressing, at most 16 data bytes a record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeIntelHex } from "./ihex.ts";
 *
 * const text = writeIntelHex([{ address: 0x08000000, data: Uint8Array.of(0xaa, 0xbb) }]);
 * assertEquals(text.split("\n"), [":020000040800F2", ":02000000AABB99", ":00000001FF", ""]);
 * ```
 */
export function writeIntelHex(segments: readonly ImageSegment[], entry?: number): string {
  const lines: string[] = [];
  let base = 0;
  for (const { address, data } of segments) {
    let done = 0;
    while (done < data.length) {
      const at = address + done;
      const high = Math.floor(at / 0x10000);
      if (high !== base) {
        lines.push(hexRecord(0x04, 0, Uint8Array.of(high >> 8, high & 0xff)));
        base = high;
      }
      const count = Math.min(16, data.length - done, 0x10000 - (at % 0x10000));
      lines.push(hexRecord(0x00, at % 0x10000, data.subarray(done, done + count)));
      done += count;
    }
  }
  if (entry !== undefined) {
    lines.push(hexRecord(0x05, 0, Uint8Array.of(entry >>> 24, entry >>> 16, entry >>> 8, entry)));
  }
  lines.push(hexRecord(0x01, 0, new Uint8Array(0)));
  return lines.join("\n") + "\n";
}

function hexRecord(type: number, offset: number, data: Uint8Array): string {
  const record = Uint8Array.of(data.length, offset >> 8, offset & 0xff, type, ...data, 0);
  record[record.length - 1] = -record.reduce((sum, byte) => sum + byte, 0);
  return `:${hexBytes(record).toUpperCase()}`;
}
