/**
 * DfuSe files (.dfu), which ST's tools make for chips that are programmed over USB: images of addressed elements.
 * Follows ST's UM0391, and the file suffix of the USB DFU specification 1.1, appendix B.
 *
 * @module
 */
import { ByteReader, hex } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { crc32 } from "./crc32.ts";
import type { ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";

/** What a DfuSe file holds. */
export interface DfuSe {
  /** Sorted, not overlapping. */
  readonly segments: readonly ImageSegment[];
  /** What is in the file, in the user's words, when it has several parts. */
  readonly notes: readonly string[];
}

const PREFIX = "DfuSe";
const SUFFIX = "UFD";
const SUFFIX_SIZE = 16;
const PREFIX_SIZE = 11;
const TARGET_PREFIX_SIZE = 274;
const ELEMENT_PREFIX_SIZE = 8;
const NAME_SIZE = 255;

/**
 * Reads a DfuSe file.
 *
 * @throws {FormatError} when it is cut off or damaged, or its sizes contradict each other; also for DFU files of other
 * makers, which do not say where their bytes belong
 */
export function parseDfuSe(bytes: Uint8Array, fileName: string): DfuSe {
  const content = withoutSuffix(bytes, fileName);
  if (!looksLikeDfuSe(content)) {
    throw fault(fileName, "it does not say where its bytes belong, as only ST's DfuSe files do", {
      hint: "Load the file it was made from; --format bin and --base-address take a DFU file of other tools as it is",
    });
  }
  const reader = new ByteReader(content, PREFIX.length);
  const version = reader.u8();
  if (version !== 1) throw fault(fileName, `its version ${version} of the format is not known`);
  const size = reader.u32();
  if (size !== content.length) {
    throw fault(fileName, `it declares ${size} bytes and has ${content.length}; it may be cut off`);
  }
  const builder = new SegmentBuilder(fileName);
  const targets = Array.from({ length: reader.u8() }, (_, index) => readTarget(reader, index, builder, fileName));
  if (reader.left > 0) throw fault(fileName, `${reader.left} bytes follow its last target`);
  const notes = targets.length > 1 ? [`${fileName} has ${targets.length} parts: ${targets.join(", ")}`] : [];
  return { segments: builder.finish(), notes };
}

/** Whether `bytes` begin as a DfuSe file does. */
export function looksLikeDfuSe(bytes: Uint8Array): boolean {
  return bytes.length >= PREFIX_SIZE && ascii(bytes.subarray(0, PREFIX.length)) === PREFIX;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function fault(fileName: string, reason: string, more: { readonly hint?: string } = {}): FormatError {
  return new FormatError(`Cannot read ${fileName}: ${reason}`, { fields: { file: fileName }, ...more });
}

/** What the suffix protects: everything in front of it. */
function withoutSuffix(bytes: Uint8Array, fileName: string): Uint8Array {
  const start = bytes.length - SUFFIX_SIZE;
  const reader = new ByteReader(bytes, Math.max(start, 0) + 8);
  if (start < 0 || ascii(reader.bytes(SUFFIX.length)) !== SUFFIX) {
    throw fault(fileName, "it does not end as DFU files do; it may be cut off");
  }
  const length = reader.u8();
  if (length < SUFFIX_SIZE || length > bytes.length) throw fault(fileName, `its suffix declares ${length} bytes`);
  // The specification leaves out the final inversion of CRC-32.
  const [declared, actual] = [reader.u32(), ~crc32(bytes.subarray(0, bytes.length - 4)) >>> 0];
  if (declared !== actual) {
    throw fault(fileName, `it is damaged: its CRC is ${hex(actual)}, and should be ${hex(declared)}`);
  }
  return bytes.subarray(0, bytes.length - length);
}

/** Adds the elements of one target. @returns what it is called */
function readTarget(reader: ByteReader, index: number, builder: SegmentBuilder, fileName: string): string {
  if (reader.left < TARGET_PREFIX_SIZE) throw fault(fileName, `target ${index} is cut off`);
  if (ascii(reader.bytes(6)) !== "Target") throw fault(fileName, `target ${index} does not begin as one`);
  const setting = reader.u8();
  const isNamed = reader.u32() !== 0;
  const name = ascii(reader.bytes(NAME_SIZE)).replace(/\0[^]*/, "").trim();
  const [size, elements] = [reader.u32(), reader.u32()];
  if (size > reader.left) throw fault(fileName, `target ${index} declares ${size} bytes, ${reader.left} are left`);
  const end = reader.at + size;
  for (let element = 0; element < elements; element++) {
    const what = `element ${element} of target ${index}`;
    if (end - reader.at < ELEMENT_PREFIX_SIZE) throw fault(fileName, `${what} is cut off`);
    const [address, length] = [reader.u32(), reader.u32()];
    if (length > end - reader.at) {
      throw fault(fileName, `${what} declares ${length} bytes, ${end - reader.at} are left`);
    }
    builder.add(address, reader.bytes(length), what);
  }
  if (reader.at !== end) throw fault(fileName, `${end - reader.at} bytes follow the last element of target ${index}`);
  return isNamed && name !== "" ? name : `setting ${setting}`;
}
