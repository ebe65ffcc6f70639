/**
 * Builders of files for tests, good and bad ones.
 *
 * @module
 */
import { type Bytes, ByteWriter, concatBytes } from "../base/bytes.ts";
import { crc32 } from "./crc32.ts";

/** A file to put into an archive. */
export interface ZipFile {
  /** Path inside the archive, taken as it is. */
  readonly name: string;
  /** Bytes. */
  readonly data: Uint8Array;
  /** Whether to deflate it. */
  readonly deflate?: boolean;
  /** General purpose flags. */
  readonly flags?: number;
  /** Compression method to claim in place of the real one. */
  readonly method?: number;
  /** Size to claim in place of the real one. */
  readonly size?: number;
  /** CRC to claim in place of the real one. */
  readonly crc?: number;
  /** Whether sizes and offset stand in a ZIP64 field. */
  readonly wide?: boolean;
}

/**
 * Builds a ZIP archive.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesSource } from "./byte_source.ts";
 * import { buildZip } from "./testing.ts";
 * import { ZipReader } from "./zip.ts";
 *
 * const zip = await ZipReader.open(bytesSource(await buildZip([{ name: "a", data: Uint8Array.of(7) }])), "a.zip");
 * assertEquals(await zip.read("a"), Uint8Array.of(7));
 * ```
 */
export async function buildZip(files: readonly ZipFile[], options: { comment?: string } = {}): Promise<Bytes> {
  const out = new ByteWriter();
  const directory = new ByteWriter();
  for (const file of files) {
    const name = new TextEncoder().encode(file.name);
    const packed = file.deflate ? await deflate(file.data) : file.data;
    const offset = out.length;
    const header = (writer: ByteWriter, isCentral: boolean): void => {
      const size = file.size ?? file.data.length;
      const extra = new ByteWriter();
      if (file.wide && isCentral) {
        extra.u16(1).u16(24);
        for (const value of [size, packed.length, offset]) extra.u32(value).u32(0);
      }
      const small = (value: number): number => file.wide && isCentral ? 0xffffffff : value;
      writer.u16(20).u16(file.flags ?? 0x800).u16(file.method ?? (file.deflate ? 8 : 0)).u32(0);
      writer.u32(file.crc ?? crc32(file.data)).u32(small(packed.length)).u32(small(size));
      writer.u16(name.length).u16(extra.length);
      if (isCentral) writer.u16(0).u16(0).u16(0).u32(0).u32(small(offset));
      writer.bytes(name).bytes(extra.done());
    };
    header(out.u32(0x04034b50), false);
    out.bytes(packed);
    header(directory.u32(0x02014b50).u16(20), true);
  }
  const comment = new TextEncoder().encode(options.comment ?? "");
  const start = out.length;
  out.bytes(directory.done()).u32(0x06054b50).u32(0).u16(files.length).u16(files.length);
  return out.u32(directory.length).u32(start).u16(comment.length).bytes(comment).done();
}

async function deflate(data: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([data.slice()]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A section to put into an ELF file. */
export interface ElfSectionSpec {
  /** Section name. */
  readonly name: string;
  /** SHT_* type; 1 unless told. */
  readonly type?: number;
  /** SHF_* flags; SHF_ALLOC unless told. */
  readonly flags?: number;
  /** Address. */
  readonly address?: number;
  /** Bytes in the file. */
  readonly data?: Uint8Array;
  /** Size to claim, for sections without bytes. */
  readonly size?: number;
}

/** A symbol to put into an ELF file: name, value, and index of its section from 1. */
export type ElfSymbolSpec = readonly [name: string, value: number, section: number];

/**
 * Builds a 32-bit little-endian Arm ELF file with the given sections, a PT_LOAD header for each that has bytes, and a
 * symbol table.
 */
export function buildElf(sections: readonly ElfSectionSpec[], symbols: readonly ElfSymbolSpec[] = []): Bytes {
  const strings = new StringTable();
  const symbolTable = new ByteWriter().bytes(new Uint8Array(16));
  for (const [name, value, section] of symbols) {
    symbolTable.u32(strings.add(name)).u32(value).u32(0).u8(0x12).u8(0).u16(section);
  }
  const all: (ElfSectionSpec & { link?: number })[] = [
    ...sections,
    { name: ".symtab", type: 2, data: symbolTable.done(), link: sections.length + 2 },
    { name: ".strtab", type: 3 },
  ];
  const nameOffsets = all.map((section) => strings.add(section.name));
  all[all.length - 1] = { name: ".strtab", type: 3, data: strings.done() };
  const loaded = sections.filter((section) => section.data !== undefined);
  let at = 52 + 32 * loaded.length;
  const offsets = all.map((section) => {
    const offset = at;
    at += section.data?.length ?? 0;
    return offset;
  });
  const out = new ByteWriter().u32(0x464c457f).u8(1).u8(1).u8(1).bytes(new Uint8Array(9));
  out.u16(2).u16(40).u32(1).u32(0).u32(52).u32(at).u32(0x05000200);
  out.u16(52).u16(32).u16(loaded.length).u16(40).u16(all.length + 1).u16(all.length);
  for (const section of loaded) {
    const size = section.data?.length ?? 0;
    const address = section.address ?? 0;
    out.u32(1).u32(offsets[sections.indexOf(section)] ?? 0).u32(address).u32(address).u32(size).u32(size).u32(5).u32(4);
  }
  for (const section of all) out.bytes(section.data ?? new Uint8Array(0));
  out.bytes(new Uint8Array(40));
  all.forEach((section, i) => {
    const size = section.size ?? section.data?.length ?? 0;
    out.u32(nameOffsets[i] ?? 0).u32(section.type ?? 1).u32(section.flags ?? (i < sections.length ? 2 : 0)).u32(
      section.address ?? 0,
    ).u32(
      offsets[i] ?? 0,
    ).u32(size);
    out.u32(section.link ?? 0).u32(0).u32(4).u32(section.type === 2 ? 16 : 0);
  });
  return out.done();
}

class StringTable {
  #parts: Uint8Array[] = [Uint8Array.of(0)];
  #length = 1;

  add(text: string): number {
    const at = this.#length;
    const bytes = new TextEncoder().encode(text + "\0");
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return at;
  }

  done(): Bytes {
    return concatBytes(this.#parts);
  }
}

/**
 * A copy of `original` with damage done to it. Four bytes of the recipe make one change: where (two bytes, relative to
 * the length), what kind, and a value; so that any bytes are a recipe, and shorter ones do less.
 */
export function damage(original: Uint8Array, recipe: Uint8Array): Bytes {
  let bytes = original.slice();
  for (let i = 0; i + 4 <= recipe.length; i += 4) {
    const place = Math.floor(((recipe[i]! * 256 + recipe[i + 1]!) / 0x10000) * bytes.length);
    const [kind, value] = [recipe[i + 2]! % 4, recipe[i + 3]!];
    const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
    if (kind === 0) bytes[place] = value;
    else if (kind === 1) bytes = concatBytes([head, tail.subarray(1 + value % 16)]);
    else if (kind === 2) bytes = concatBytes([head, Uint8Array.of(value), tail]);
    else bytes = concatBytes([head, tail.subarray(0, value), tail]);
  }
  return bytes;
}
