import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../base/errors.ts";
import { ElfFile } from "./elf.ts";
import { buildElf } from "./testing.ts";

const GOOD = buildElf([
  { name: ".text", address: 0x08000000, data: Uint8Array.of(1, 2, 3, 4) },
  { name: ".bss", type: 8, address: 0x20000000, size: 64 },
], [["main", 0x08000001, 1], ["undefined", 0, 0]]);

function fails(change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | void, reason: string): void {
  const bytes = GOOD.slice();
  const changed = change(bytes) ?? bytes;
  assertThrows(() => new ElfFile(changed, "a.elf"), FormatError, `Cannot read a.elf: ${reason}`);
}

Deno.test("ElfFile refuses what is not for it, saying what it is instead", () => {
  fails(() => new Uint8Array(0), "it is not an ELF file");
  fails(() => new TextEncoder().encode("text"), "it is not an ELF file");
  fails((b) => b.subarray(0, 18), "the file is cut off inside the ELF header");
  fails((b) => b.subarray(0, 51), "the file is cut off inside the ELF header");
  fails((b) => void (b[4] = 2), "it is not a 32-bit ELF file");
  fails((b) => {
    b[5] = 2;
    b.set([0, 40], 18);
  }, "it is big-endian");
  fails((b) => void b.set([62, 0], 18), "it is for x86-64, not for Arm");
  fails((b) => void b.set([0x34, 0x12], 18), "it is for machine 4660, not for Arm");
});

Deno.test("ElfFile refuses headers and sections that lie outside of the file", () => {
  fails((b) => void b.set([0xff, 0xff, 0xff, 0xff], 28), "the file is cut off: the program header table");
  fails((b) => void b.set([0xff, 0xff, 0xff, 0xff], 32), "the file is cut off: the section header table");
  fails((b) => void b.set([8, 0], 42), "its program headers are 8 bytes long");
  fails((b) => void b.set([8, 0], 46), "its section headers are 8 bytes long");
  const bytes = GOOD.slice();
  bytes.set([0xff, 0xff, 0xff, 0x7f], 52 + 16);
  const file = new ElfFile(bytes, "a.elf");
  assertThrows(() => file.segmentData(file.segments[0]!), FormatError, "the file is cut off: segment at 0x08000000");
});

Deno.test("ElfFile reads segments, sections and symbols", () => {
  const file = new ElfFile(GOOD, "a.elf");
  assertEquals(file.sections.map((section) => section.name), ["", ".text", ".bss", ".symtab", ".strtab"]);
  assertEquals(file.sectionData(file.section(".text")!), Uint8Array.of(1, 2, 3, 4));
  assertEquals(file.sectionData(file.section(".bss")!), new Uint8Array(0));
  assertEquals(file.segments.map((segment) => [segment.physicalAddress, segment.fileSize]), [[0x08000000, 4]]);
  assertEquals(file.symbol("main")?.value, 0x08000001);
  assertEquals(file.symbol("undefined"), undefined);
});

Deno.test("ElfFile bounds the text that overlapping symbol names add up to", () => {
  // A string table without a zero byte: every offset into it is a name of the full length allowed.
  const strings = new Uint8Array(40_000).fill(0x61);
  const symbols = new Uint8Array(16 * 40_000);
  for (let i = 0; i < 40_000; i++) new DataView(symbols.buffer).setUint32(i * 16, i, true);
  const bytes = buildElf([{ name: "a", data: strings }, { name: "b", type: 2, data: symbols }]);
  // The section table is at the end: null, a, b, .symtab, .strtab; the link word of b is made to point at a.
  bytes[bytes.length - 3 * 40 + 24] = 1;
  assertThrows(() => new ElfFile(bytes, "a.elf").symbols(), FormatError, "its names take up too much room");
});
