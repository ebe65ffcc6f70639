/**
 * CMSIS flash algorithms: ELF files with the sections PrgCode and PrgData and a FlashDevice structure.
 * Follows the Open-CMSIS-Pack specification, "Flash Programming" (algorithm functions, FlashDevice, sections).
 *
 * @module
 */
import { alignUp } from "../base/bits.ts";
import { ByteReader, hex } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";
import { ElfFile, type ElfSection } from "../format/elf.ts";
import type { FlashAlgorithm, SectorRun } from "../target/description.ts";

/** No algorithm needs more RAM than this; larger ones come from damaged files. */
const MAX_IMAGE = 16 * 1024 * 1024;
/** Entries of the sector table, the specification's limit. */
const MAX_SECTOR_ENTRIES = 512;
const SHT_PROGBITS = 1;
const SHT_NOBITS = 8;

/**
 * Takes a flash algorithm file apart.
 *
 * @throws {PackError} naming what is missing or wrong; `name` appears in the message
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { parseFlm } from "./flm.ts";
 *
 * assertThrows(() => parseFlm(new Uint8Array(0), "Flash/empty.FLM"), Error, "Flash/empty.FLM");
 * ```
 */
export function parseFlm(bytes: Uint8Array, name: string): FlashAlgorithm {
  let elf: ElfFile;
  try {
    elf = new ElfFile(bytes, name);
    return build(elf, name);
  } catch (cause) {
    if (cause instanceof PackError) throw cause;
    throw fault(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function fault(name: string, reason: string, cause?: unknown): PackError {
  return new PackError(`Cannot use flash algorithm ${name}: ${reason}`, {
    code: "bad-algorithm",
    hint: "Take the algorithm from the chip's CMSIS-Pack, or another one with --algorithm or --flm",
    fields: { file: name },
    ...(cause === undefined ? {} : { cause }),
  });
}

function build(elf: ElfFile, name: string): FlashAlgorithm {
  const { image, codeAddress, codeSize, staticBase } = layOut(elf, name);
  const offsetOf = (symbolName: string): number | undefined => {
    const symbol = elf.symbol(symbolName);
    if (!symbol) return undefined;
    const offset = symbol.value - (symbol.value & 1) - codeAddress;
    if (offset < 0 || offset >= codeSize) throw fault(name, `${symbolName} lies outside of PrgCode`);
    return offset;
  };
  const eraseSector = offsetOf("EraseSector");
  if (eraseSector === undefined) throw fault(name, "it has no function EraseSector");
  const optional: { -readonly [Key in (typeof OPTIONAL_FUNCTIONS)[number][0]]?: number } = {};
  for (const [key, symbolName] of OPTIONAL_FUNCTIONS) {
    const offset = offsetOf(symbolName);
    if (offset !== undefined) optional[key] = offset;
  }
  return {
    name,
    ...readDevice(elf, name),
    image,
    staticBase,
    entry: { eraseSector, ...optional },
  };
}

/**
 * The specification asks for Init, UnInit and ProgramPage too, yet linkers drop functions that do nothing, and there
 * are algorithms that only erase.
 */
const OPTIONAL_FUNCTIONS = [
  ["init", "Init"],
  ["uninit", "UnInit"],
  ["programPage", "ProgramPage"],
  ["eraseChip", "EraseChip"],
  ["blankCheck", "BlankCheck"],
  ["verify", "Verify"],
  ["read", "Read"],
] as const;

interface Layout {
  readonly image: Uint8Array;
  readonly codeAddress: number;
  readonly codeSize: number;
  readonly staticBase: number;
}

/** Lays code, initialised and zeroed data out as they were linked: data behind code. */
function layOut(elf: ElfFile, name: string): Layout {
  const code = elf.sections.find((section) => section.name === "PrgCode" && section.type === SHT_PROGBITS);
  if (!code || code.size === 0) throw fault(name, "it has no section PrgCode");
  const data = elf.sections.filter((section) =>
    section.name === "PrgData" && (section.type === SHT_PROGBITS || section.type === SHT_NOBITS)
  );
  // A second section of either kind would belong to another load region, which the format does not allow.
  for (const type of [SHT_PROGBITS, SHT_NOBITS]) {
    if (data.filter((section) => section.type === type).length > 1) {
      throw fault(name, "it has several PrgData sections of one kind");
    }
  }
  data.sort((a, b) => a.address - b.address || a.type - b.type);
  const codeEnd = code.address + code.size;
  const dataAddress = data[0]?.address ?? codeEnd;
  // Data linked elsewhere moves behind the code: it is reached through R9 only, wherever that points.
  const shift = dataAddress >= codeEnd && dataAddress - codeEnd < MAX_IMAGE ? 0 : alignUp(codeEnd, 8) - dataAddress;
  const offsetOf = (section: ElfSection): number => section.address + shift - code.address;
  const size = Math.max(code.size, ...data.map((section) => offsetOf(section) + section.size));
  if (size > MAX_IMAGE) throw fault(name, `it would take ${size} bytes of RAM`);
  const image = new Uint8Array(alignUp(size, 4));
  image.set(elf.sectionData(code), 0);
  for (const section of data) image.set(elf.sectionData(section), offsetOf(section));
  return {
    image,
    codeAddress: code.address,
    codeSize: code.size,
    staticBase: dataAddress + shift - code.address,
  };
}

/** Reads the FlashDevice structure: what the algorithm serves, and how. */
function readDevice(
  elf: ElfFile,
  name: string,
): Omit<FlashAlgorithm, "name" | "image" | "staticBase" | "entry" | "ram"> {
  const reader = new ByteReader(deviceBytes(elf, name));
  if (reader.left < 160) throw fault(name, "its FlashDevice structure is cut off");
  reader.u16(); // version of the driver interface
  const text = reader.bytes(128);
  const end = text.indexOf(0);
  const deviceName = new TextDecoder("latin1").decode(end === -1 ? text : text.subarray(0, end)).trim();
  reader.u16(); // device type: on-chip, external 8/16/32-bit, external SPI
  const start = reader.u32();
  const size = reader.u32();
  const pageSize = reader.u32();
  reader.u32();
  const erasedByte = reader.u8();
  reader.bytes(3);
  const programTimeoutMs = reader.u32();
  const eraseTimeoutMs = reader.u32();
  if (pageSize === 0) throw fault(name, "its FlashDevice says pages have no bytes");
  if (size === 0 || start + size > 0x1_0000_0000) {
    throw fault(name, `its FlashDevice serves ${size} bytes at ${hex(start)}, which is not a range of memory`);
  }
  const sectors = readSectors(reader, start, size, name);
  return { deviceName, start, size, pageSize, erasedByte, programTimeoutMs, eraseTimeoutMs, sectors };
}

/** Bytes from the FlashDevice symbol on, or of the section that holds nothing else. */
function deviceBytes(elf: ElfFile, name: string): Uint8Array {
  const symbol = elf.symbol("FlashDevice");
  const section = symbol ? elf.sections[symbol.section] : elf.section("DevDscr") ?? elf.section("DevInfo");
  if (!section || section.type === SHT_NOBITS) throw fault(name, "it has no FlashDevice structure");
  const offset = symbol ? symbol.value - section.address : 0;
  if (offset < 0 || offset > section.size) throw fault(name, "its FlashDevice symbol points outside of its section");
  return elf.sectionData(section).subarray(offset);
}

/** Turns pairs of sector size and offset, ended by all ones or, in some files, zeros, into runs that fill the device. */
function readSectors(reader: ByteReader, start: number, size: number, name: string): SectorRun[] {
  const entries: { size: number; offset: number }[] = [];
  while (true) {
    if (reader.left < 8) throw fault(name, "its table of sectors has no end");
    const [sectorSize, offset] = [reader.u32(), reader.u32()];
    if (sectorSize === 0xffffffff && offset === 0xffffffff) break;
    if (sectorSize === 0 && offset === 0 && entries.length > 0) break;
    if (sectorSize === 0) throw fault(name, `its table of sectors has one of no bytes at offset ${hex(offset)}`);
    if (entries.length === MAX_SECTOR_ENTRIES) throw fault(name, "its table of sectors is too long");
    entries.push({ size: sectorSize, offset });
  }
  if (entries.length === 0) throw fault(name, "its table of sectors is empty");
  entries.sort((a, b) => a.offset - b.offset);
  // A table of offsets begins with 0. Some algorithms give addresses, of their own device or of one they were made from.
  const base = entries[0]!.offset;
  if (base === start || base >= size) { for (const entry of entries) entry.offset -= base; }
  const runs: SectorRun[] = [];
  entries.forEach((entry, index) => {
    const end = Math.min(entries[index + 1]?.offset ?? size, size);
    // A last sector that is cut off by the end of the device still is one sector to erase.
    const count = Math.ceil((end - entry.offset) / entry.size);
    if (count > 0) runs.push({ start: start + entry.offset, size: entry.size, count });
  });
  return runs;
}
