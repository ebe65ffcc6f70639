/**
 * Reads a firmware file of any supported format.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { looksLikeDfuSe, parseDfuSe } from "./dfuse.ts";
import { ElfFile, type ElfSection, type ElfSegment, looksLikeElf } from "./elf.ts";
import { looksLikeIntelHex, parseIntelHex } from "./ihex.ts";
import type { Image, ImageFormat, ImageSegment } from "./image.ts";
import { SegmentBuilder } from "./segments.ts";
import { looksLikeSrec, parseSrec } from "./srec.ts";
import { looksLikeUf2, parseUf2 } from "./uf2.ts";

/** How to read a firmware file. */
export interface ReadImageOptions {
  /** File name: for messages, and for the extension when the content does not tell the format. */
  readonly fileName: string;
  /** Format, when known; detected otherwise. */
  readonly format?: ImageFormat;
  /** Byte address of the first byte of a binary file; the other formats say themselves where they belong. */
  readonly baseAddress?: number;
  /** Bytes to add to every address, whatever the format. */
  readonly offset?: number;
  /** Bytes to leave out at the start of a binary file. */
  readonly skip?: number;
  /** UF2 families to read when the file holds several. */
  readonly families?: readonly number[];
  /** Board id of the part of a micro:bit universal HEX file to read. */
  readonly boardId?: number;
}

/** Extensions that name a format, lower case without the dot. */
const EXTENSIONS: Readonly<Record<string, ImageFormat>> = {
  elf: "elf",
  axf: "elf",
  out: "elf",
  hex: "hex",
  ihex: "hex",
  ihx: "hex",
  srec: "srec",
  s19: "srec",
  s28: "srec",
  s37: "srec",
  mot: "srec",
  mhx: "srec",
  uf2: "uf2",
  dfu: "dfu",
  bin: "bin",
};

const PT_LOAD = 1;
const ET_REL = 1;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2;
const ELF_HEADER_SIZE = 52;

/**
 * Detects the format of a file by its content, else by its extension in any case.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { detectImageFormat } from "./read_image.ts";
 *
 * assertEquals(detectImageFormat(new TextEncoder().encode(":00000001FF\n"), "firmware.bin"), "hex");
 * assertEquals(detectImageFormat(Uint8Array.of(1, 2, 3), "FIRMWARE.BIN"), "bin");
 * assertEquals(detectImageFormat(Uint8Array.of(1, 2, 3), "firmware"), undefined);
 * ```
 */
export function detectImageFormat(bytes: Uint8Array, fileName: string): ImageFormat | undefined {
  if (looksLikeElf(bytes)) return "elf";
  if (looksLikeUf2(bytes)) return "uf2";
  if (looksLikeDfuSe(bytes)) return "dfu";
  if (looksLikeIntelHex(bytes)) return "hex";
  if (looksLikeSrec(bytes)) return "srec";
  const extension = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
}

/**
 * Reads a firmware file: ELF by physical address, Intel HEX, S-records, UF2, DfuSe or raw bytes.
 *
 * @throws {FormatError} when the format is not recognised, the file is damaged, segments overlap, or a binary file
 * comes without a base address (code `needs-base-address`)
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readImage } from "./read_image.ts";
 *
 * const image = readImage(Uint8Array.of(1, 2, 3, 4), { fileName: "a.bin", baseAddress: 0x08000000, skip: 2 });
 * assertEquals(image.segments, [{ address: 0x08000000, data: Uint8Array.of(3, 4) }]);
 * ```
 */
export function readImage(bytes: Uint8Array, options: ReadImageOptions): Image {
  const { fileName } = options;
  const format = options.format ?? detectImageFormat(bytes, fileName);
  let image: Image;
  try {
    image = read(bytes, format, options);
  } catch (error) {
    throw error instanceof FormatError ? withHint(error, DAMAGED[format ?? "bin"]) : error;
  }
  if (image.segments.every(({ data }) => data.length === 0)) throw nothingToLoad(fileName, DAMAGED[image.format]);
  return options.offset ? move(image, options.offset) : image;
}

/** What to do about a file that cannot be read, where the error itself says nothing better. */
const DAMAGED: Readonly<Record<ImageFormat, string>> = {
  elf: "Build or copy the file again; if it is no ELF file, say what it is with --format",
  hex: "Build or copy the file again; it was changed, or cut off on its way",
  srec: "Build or copy the file again; it was changed, or cut off on its way",
  uf2: "Build or copy the file again; it was changed, or cut off on its way",
  dfu: "Build or copy the file again; it was changed, or cut off on its way",
  bin: "Check that this is the right file",
};

function withHint(error: FormatError, hint: string): FormatError {
  if (error.hint !== undefined) return error;
  const { message, code, exitCode, fields, cause } = error;
  return new FormatError(message, { code, exitCode, fields, hint, ...(cause === undefined ? {} : { cause }) });
}

function nothingToLoad(fileName: string, hint: string): FormatError {
  return new FormatError(`Cannot read ${fileName}: it holds nothing to load`, { hint, fields: { file: fileName } });
}

function read(bytes: Uint8Array, format: ImageFormat | undefined, options: ReadImageOptions): Image {
  const { fileName } = options;
  switch (format) {
    case "elf":
      return readElf(bytes, fileName);
    case "hex":
      return { format, fileName, ...parseIntelHex(bytes, fileName, options) };
    case "srec": {
      const { segments, entry } = parseSrec(bytes, fileName);
      return { format, fileName, segments, ...(entry === undefined ? {} : { entry }) };
    }
    case "uf2": {
      const { segments, notes, families } = parseUf2(bytes, fileName, options);
      return { format, fileName, segments, notes, families };
    }
    case "dfu":
      return { format, fileName, ...parseDfuSe(bytes, fileName) };
    case "bin":
      return { format, fileName, segments: readBinary(bytes, options) };
    default:
      throw new FormatError(`Cannot read ${fileName}: its format is not recognised`, {
        code: "unknown-format",
        hint: "Say which it is with --format elf, hex, srec, uf2, dfu or bin",
        fields: { file: fileName },
      });
  }
}

function readBinary(bytes: Uint8Array, options: ReadImageOptions): ImageSegment[] {
  const { fileName, baseAddress, skip = 0 } = options;
  if (baseAddress === undefined) {
    throw new FormatError(`Cannot read ${fileName}: a binary file does not say where it belongs`, {
      code: "needs-base-address",
      hint: "Give the address of its first byte with --base-address",
      fields: { file: fileName },
    });
  }
  if (skip > bytes.length) {
    throw new FormatError(`Cannot read ${fileName}: skipping ${skip} bytes leaves nothing of its ${bytes.length}`, {
      fields: { file: fileName },
    });
  }
  const builder = new SegmentBuilder(fileName);
  builder.add(baseAddress, bytes.subarray(skip), "the file");
  return builder.finish();
}

function readElf(bytes: Uint8Array, fileName: string): Image {
  const file = new ElfFile(bytes, fileName);
  const parts = file.segments.length === 0 ? sectionParts(file) : segmentParts(file);
  if (parts.length === 0) {
    throw nothingToLoad(fileName, file.type === ET_REL ? "This is an object file; link it first" : DAMAGED.elf);
  }
  // Segments stay apart even when they touch, so that messages can name the one they are about.
  const builder = new SegmentBuilder(fileName);
  for (const part of parts) builder.add(part.address, part.data, part.name ?? "segment");
  builder.finish();
  parts.sort((a, b) => a.address - b.address);
  return { format: "elf", fileName, segments: parts, entry: file.entry };
}

/** The segments to load, without the file's own headers. */
function segmentParts(file: ElfFile): ImageSegment[] {
  const parts: ImageSegment[] = [];
  const loaded = file.segments.filter((segment) => segment.type === PT_LOAD && segment.fileSize > 0);
  // Some linkers leave all physical addresses zero and mean that nothing is loaded elsewhere than where it runs.
  const isPhysical = loaded.some((segment) => segment.physicalAddress !== 0);
  for (const segment of loaded) {
    const inside = sectionsInside(file, segment);
    const skip = headerBytes(file, segment, inside);
    const start = isPhysical ? segment.physicalAddress : segment.virtualAddress;
    if (skip === segment.fileSize) continue;
    parts.push({
      address: start + skip,
      data: file.segmentData(segment).subarray(skip),
      name: inside.map((section) => section.name).join(" ") || `segment at ${hex(start)}`,
    });
  }
  return parts;
}

/** Sections that occupy bytes of a segment. */
function sectionsInside(file: ElfFile, segment: ElfSegment): ElfSection[] {
  const end = segment.offset + segment.fileSize;
  return file.sections.filter((section) =>
    isLoaded(section) && section.offset >= segment.offset && section.offset + section.size <= end
  );
}

const isLoaded = ({ type, flags, size }: ElfSection): boolean =>
  type !== SHT_NOBITS && (flags & SHF_ALLOC) !== 0 && size > 0;

/**
 * Bytes at the start of a segment that come before its first section. Where the code does not begin at the start of a
 * page, linkers round the first segment down to it and fill up with the file's own headers, which would overwrite what
 * is in the chip there, such as a boot loader.
 */
function headerBytes(file: ElfFile, segment: ElfSegment, inside: readonly ElfSection[]): number {
  if (segment.offset >= ELF_HEADER_SIZE || !file.sections.some(isLoaded)) return 0;
  return Math.min(...inside.map((section) => section.offset), segment.offset + segment.fileSize) - segment.offset;
}

/** What a file without segments holds at addresses, as made by converting another format; object files have none. */
function sectionParts(file: ElfFile): ImageSegment[] {
  const sections = file.sections.filter(isLoaded);
  if (sections.every(({ address }) => address === 0)) return [];
  return sections.map((section) => ({
    address: section.address,
    data: file.sectionData(section),
    name: section.name,
  }));
}

/** The image with `offset` added to its addresses. */
function move(image: Image, offset: number): Image {
  const builder = new SegmentBuilder(image.fileName);
  for (const { address, data } of image.segments) builder.add(address + offset, data, `data for ${hex(address)}`);
  builder.finish();
  return { ...image, segments: image.segments.map((s) => ({ ...s, address: s.address + offset })) };
}
