/**
 * ELF files for 32-bit little-endian Arm: headers, segments, sections and symbols.
 * Follows the System V ABI (generic part) and "ELF for the Arm Architecture" (IHI 0044).
 *
 * @module
 */
import { hex, viewOf } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";

/** A program header. */
export interface ElfSegment {
  /** PT_* type; 1 is PT_LOAD. */
  readonly type: number;
  /** Offset of its bytes in the file. */
  readonly offset: number;
  /** Virtual address: where it runs. */
  readonly virtualAddress: number;
  /** Physical address: where it is loaded, which is what is programmed. */
  readonly physicalAddress: number;
  /** Bytes in the file. */
  readonly fileSize: number;
  /** Bytes in memory; those past `fileSize` are zero. */
  readonly memorySize: number;
  /** PF_* flags. */
  readonly flags: number;
}

/** A section header. */
export interface ElfSection {
  /** Position in the section table. */
  readonly index: number;
  /** Section name. */
  readonly name: string;
  /** SHT_* type; 1 is SHT_PROGBITS, 8 is SHT_NOBITS. */
  readonly type: number;
  /** SHF_* flags. */
  readonly flags: number;
  /** Address when running. */
  readonly address: number;
  /** Offset of its bytes in the file. */
  readonly offset: number;
  /** Bytes; none of them in the file for SHT_NOBITS. */
  readonly size: number;
  /** Index of a related section, such as the string table of a symbol table. */
  readonly link: number;
}

/** A symbol. */
export interface ElfSymbol {
  /** Symbol name. */
  readonly name: string;
  /** Value: an address, with bit 0 set for Thumb functions. */
  readonly value: number;
  /** Bytes, 0 when unknown. */
  readonly size: number;
  /** STT_* type: 1 object, 2 function, 3 section, 4 file. */
  readonly type: number;
  /** STB_* binding: 0 local, 1 global, 2 weak. */
  readonly binding: number;
  /** Index of the section it lives in; 0 means undefined. */
  readonly section: number;
}

const EM_ARM = 40;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
/** Together the names of one file may not take more characters than this. */
const MAX_NAME_CHARS = 64 * 1024 * 1024;
const MAX_NAME = 8192;

/** Machines people are likely to hand over by mistake. */
const MACHINES: Readonly<Record<number, string>> = {
  3: "x86",
  8: "MIPS",
  62: "x86-64",
  83: "AVR",
  94: "Xtensa",
  105: "MSP430",
  183: "AArch64",
  243: "RISC-V",
};

/** Whether `bytes` begin with the ELF mark. */
export function looksLikeElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * A parsed ELF file. It keeps the bytes it was made from and hands out views of them.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { ElfFile } from "./elf.ts";
 *
 * assertThrows(() => new ElfFile(new TextEncoder().encode("hello"), "a.elf"), Error, "not an ELF file");
 * ```
 */
export class ElfFile {
  /** File name for messages. */
  readonly fileName: string;
  /** ET_* type: 1 relocatable, 2 executable, 3 shared object, 4 core dump. */
  readonly type: number;
  /** Entry address. */
  readonly entry: number;
  /** Processor flags; bits 31..24 are the EABI version. */
  readonly flags: number;
  /** Program headers in file order. */
  readonly segments: readonly ElfSegment[];
  /** Section headers in file order; the first is the empty one. */
  readonly sections: readonly ElfSection[];
  readonly #bytes: Uint8Array;
  #symbols: readonly ElfSymbol[] | undefined;

  /**
   * Parses the headers.
   *
   * @throws {FormatError} when `bytes` is not a 32-bit little-endian Arm ELF file, or is damaged or cut off
   */
  constructor(bytes: Uint8Array, fileName: string) {
    this.#bytes = bytes;
    this.fileName = fileName;
    this.#checkIdentity();
    const view = viewOf(bytes);
    this.type = view.getUint16(16, true);
    this.entry = view.getUint32(24, true);
    this.flags = view.getUint32(36, true);
    this.segments = this.#readSegments(view);
    this.sections = this.#readSections(view);
  }

  /** First section of a name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** Bytes of a section, not copied; empty for one that takes no room in the file. @throws {FormatError} when cut off */
  sectionData(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    return this.#slice(section.offset, section.size, `section ${section.name || section.index}`);
  }

  /** Bytes of a segment that are in the file, not copied. @throws {FormatError} when cut off */
  segmentData(segment: ElfSegment): Uint8Array {
    return this.#slice(segment.offset, segment.fileSize, `segment at ${hex(segment.physicalAddress)}`);
  }

  /** All named symbols: of the symbol table, or of the dynamic one when there is no other. @throws {FormatError} */
  symbols(): readonly ElfSymbol[] {
    return this.#symbols ??= this.#readSymbols();
  }

  /** First symbol of a name that is defined in this file; a global one before a local one. @throws {FormatError} */
  symbol(name: string): ElfSymbol | undefined {
    const found = this.symbols().filter((symbol) => symbol.name === name && symbol.section !== 0);
    return found.find((symbol) => symbol.binding !== 0) ?? found[0];
  }

  #fault(reason: string, hint?: string): FormatError {
    return new FormatError(`Cannot read ${this.fileName}: ${reason}`, {
      fields: { file: this.fileName },
      ...(hint ? { hint } : {}),
    });
  }

  #slice(offset: number, size: number, what: string): Uint8Array {
    if (offset + size > this.#bytes.length) {
      throw this.#fault(
        `the file is cut off: ${what} would end at byte ${offset + size} of ${this.#bytes.length}`,
      );
    }
    return this.#bytes.subarray(offset, offset + size);
  }

  #checkIdentity(): void {
    const bytes = this.#bytes;
    if (!looksLikeElf(bytes)) throw this.#fault("it is not an ELF file");
    if (bytes.length < 20) throw this.#fault("the file is cut off inside the ELF header");
    const machine = bytes[5] === 2 ? bytes[18]! * 256 + bytes[19]! : bytes[19]! * 256 + bytes[18]!;
    const forArm = "Tapir takes 32-bit little-endian Arm files";
    if (machine !== EM_ARM) {
      throw this.#fault(`it is for ${MACHINES[machine] ?? `machine ${machine}`}, not for Arm`, forArm);
    }
    if (bytes[4] !== 1) throw this.#fault("it is not a 32-bit ELF file", forArm);
    if (bytes[5] !== 1) throw this.#fault("it is big-endian", forArm);
    if (bytes.length < 52) throw this.#fault("the file is cut off inside the ELF header");
  }

  #readSegments(view: DataView): ElfSegment[] {
    const [start, step, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
    if (count === 0 || start === 0) return [];
    if (step < 32) throw this.#fault(`its program headers are ${step} bytes long, at least 32 are needed`);
    this.#slice(start, step * count, "the program header table");
    const out: ElfSegment[] = [];
    for (let i = 0; i < count; i++) {
      const word = (index: number): number => view.getUint32(start + i * step + index * 4, true);
      out.push({
        type: word(0),
        offset: word(1),
        virtualAddress: word(2),
        physicalAddress: word(3),
        fileSize: word(4),
        memorySize: word(5),
        flags: word(6),
      });
    }
    return out;
  }

  #readSections(view: DataView): ElfSection[] {
    const [start, step, count] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true)];
    if (start === 0 || count === 0) return [];
    if (step < 40) throw this.#fault(`its section headers are ${step} bytes long, at least 40 are needed`);
    this.#slice(start, step * count, "the section header table");
    const raw = Array.from(
      { length: count },
      (_, i) => (index: number) => view.getUint32(start + i * step + index * 4, true),
    );
    const namesAt = raw[view.getUint16(50, true)];
    const names = namesAt ? this.#slice(namesAt(4), namesAt(5), "the section name table") : new Uint8Array(0);
    const nameOf = this.#nameReader(names);
    return raw.map((word, index) => ({
      index,
      name: nameOf(word(0)),
      type: word(1),
      flags: word(2),
      address: word(3),
      offset: word(4),
      size: word(5),
      link: word(6),
    }));
  }

  #readSymbols(): ElfSymbol[] {
    const table = this.sections.find((section) => section.type === SHT_SYMTAB) ??
      this.sections.find((section) => section.type === SHT_DYNSYM);
    if (!table) return [];
    const bytes = this.sectionData(table);
    const strings = this.sections[table.link];
    const nameOf = this.#nameReader(strings ? this.sectionData(strings) : new Uint8Array(0));
    const view = viewOf(bytes);
    const out: ElfSymbol[] = [];
    for (let at = 16; at + 16 <= bytes.length; at += 16) {
      const name = nameOf(view.getUint32(at, true));
      if (name === "") continue;
      const info = bytes[at + 12]!;
      out.push({
        name,
        value: view.getUint32(at + 4, true),
        size: view.getUint32(at + 8, true),
        type: info & 15,
        binding: info >> 4,
        section: view.getUint16(at + 14, true),
      });
    }
    return out;
  }

  /** Reads zero-terminated names; bounded, because overlapping names of a hostile file could add up to gigabytes. */
  #nameReader(table: Uint8Array): (offset: number) => string {
    const seen = new Map<number, string>();
    const decoder = new TextDecoder();
    let total = 0;
    return (offset) => {
      const known = seen.get(offset);
      if (known !== undefined) return known;
      const window = table.subarray(offset, offset + MAX_NAME);
      const end = window.indexOf(0);
      const name = decoder.decode(end === -1 ? window : window.subarray(0, end));
      total += name.length;
      if (total > MAX_NAME_CHARS) throw this.#fault("its names take up too much room");
      seen.set(offset, name);
      return name;
    };
  }
}
