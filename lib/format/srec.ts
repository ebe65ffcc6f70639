/**
 * Motorola S-records (S0 to S9): reading and writing.
 *
 * @module
 */
import { hex, hexBytes } from "../base/bytes.ts";
import type { ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";
import { digitsToBytes, lineFault, recordLines } from "./text_records.ts";

/** What an S-record file holds. */
export interface Srec {
  /** Sorted, not overlapping. */
  readonly segments: readonly ImageSegment[];
  /** Start address of the S7, S8 or S9 record, when it names one other than zero. */
  readonly entry?: number;
  /** Text of the S0 record. */
  readonly header?: string;
}

/** Address bytes by record type; S4 is reserved. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2 };

/**
 * Reads S-records.
 *
 * @throws {FormatError} with file and line for a bad record, checksum or count, and for overlapping data
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSrec } from "./srec.ts";
 *
 * const { segments, entry } = parseSrec(new TextEncoder().encode("S1051000AABB85\nS9031000EC\n"), "a.s19");
 * assertEquals([segments[0]?.address, segments[0]?.data, entry], [0x1000, Uint8Array.of(0xaa, 0xbb), 0x1000]);
 * ```
 */
export function parseSrec(bytes: Uint8Array, fileName: string): Srec {
  const builder = new SegmentBuilder(fileName);
  let entry: number | undefined;
  let header: string | undefined;
  let dataRecords = 0;
  for (const { line, start, end } of recordLines(bytes)) {
    const { type, address, data } = parseRecord(bytes, start, end, fileName, line);
    if (type === 0) header = new TextDecoder("latin1").decode(data).replace(/\0+$/, "");
    else if (type <= 3) {
      if (address + data.length > 0x1_0000_0000) throw lineFault(fileName, line, "the data leaves the address space");
      builder.add(address, data, `data from line ${line}`);
      dataRecords++;
    } else if (type <= 6) {
      const counted = dataRecords % (type === 5 ? 0x10000 : 0x1000000);
      if (address !== counted) {
        throw lineFault(fileName, line, `the count record says ${address} data records, there are ${counted}`);
      }
    } else if (address !== 0) entry = address;
  }
  return {
    segments: builder.finish(),
    ...(entry === undefined ? {} : { entry }),
    ...(header === undefined ? {} : { header }),
  };
}

/** Whether the first line of `bytes` is a well-formed S-record. */
export function looksLikeSrec(bytes: Uint8Array): boolean {
  const first = recordLines(bytes.subarray(0, 2048)).next().value;
  if (!first || bytes[first.start] !== 0x53) return false;
  const record = digitsToBytes(bytes, first.start + 2, first.end);
  return record !== undefined && record.length >= 3 && record.length === record[0]! + 1;
}

function parseRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  fileName: string,
  line: number,
): { type: number; address: number; data: Uint8Array } {
  const type = bytes[start + 1]! - 0x30;
  const width = ADDRESS_BYTES[type];
  if (bytes[start] !== 0x53 || width === undefined) {
    throw lineFault(fileName, line, "the record does not begin with S and a digit from 0 to 9 other than 4");
  }
  const record = digitsToBytes(bytes, start + 2, end);
  if (!record) throw lineFault(fileName, line, "the record is not an even number of hexadecimal digits");
  if (record.length < width + 2) throw lineFault(fileName, line, "the record is too short");
  if (record.length !== record[0]! + 1) {
    throw lineFault(fileName, line, `${record[0]} bytes are declared, ${record.length - 1} are there`);
  }
  const sum = checksum(record.subarray(0, -1));
  const got = record[record.length - 1]!;
  if (sum !== got) throw lineFault(fileName, line, `checksum is ${hex(got, 2)}, should be ${hex(sum, 2)}`);
  const address = record.subarray(1, 1 + width).reduce((value, byte) => value * 256 + byte, 0);
  return { type, address, data: record.subarray(1 + width, -1) };
}

/** Ones' complement of the sum of all bytes. */
function checksum(record: Uint8Array): number {
  return ~record.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/**
 * Writes segments as S3 records of at most 16 data bytes, with an S0 header and an S7 end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeSrec } from "./srec.ts";
 *
 * const text = writeSrec([{ address: 0x08000000, data: Uint8Array.of(0xaa) }]);
 * assertEquals(text.split("\n"), ["S0030000FC", "S30608000000AA47", "S70500000000FA", ""]);
 * ```
 */
export function writeSrec(segments: readonly ImageSegment[], entry = 0, header = ""): string {
  const lines = [srecord(0, 0, new TextEncoder().encode(header).subarray(0, 64))];
  for (const { address, data } of segments) {
    for (let done = 0; done < data.length; done += 16) {
      lines.push(srecord(3, address + done, data.subarray(done, done + 16)));
    }
  }
  lines.push(srecord(7, entry, new Uint8Array(0)));
  return lines.join("\n") + "\n";
}

function srecord(type: number, address: number, data: Uint8Array): string {
  const width = ADDRESS_BYTES[type]!;
  const bigEndian = Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address).subarray(4 - width);
  const body = Uint8Array.of(width + data.length + 1, ...bigEndian, ...data);
  return `S${type}${hexBytes(Uint8Array.of(...body, checksum(body))).toUpperCase()}`;
}
