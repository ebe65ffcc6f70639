import { assert, assertEquals, assertThrows } from "@std/assert";
import { FormatError, UsageError } from "../base/errors.ts";
import { readImage } from "./read_image.ts";
import { buildElf } from "./testing.ts";
import { writeImage } from "./write_image.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("readImage() says what it needs when a file does not tell its format or its place", () => {
  const unknown = assertThrows(() => readImage(text("?"), { fileName: "dir.d/firmware" }), FormatError);
  assertEquals(unknown.message, "Cannot read dir.d/firmware: its format is not recognised");
  assertEquals(unknown.code, "unknown-format");
  const homeless = assertThrows(() => readImage(text("?"), { fileName: "a.bin" }), FormatError);
  assertEquals(homeless.code, "needs-base-address");
});

Deno.test("readImage() blames a file that is not what its extension or the caller says", () => {
  assertThrows(
    () => readImage(text("?"), { fileName: "a.ELF" }),
    FormatError,
    "Cannot read a.ELF: it is not an ELF file",
  );
  assertThrows(() => readImage(text("?"), { fileName: "a.hex" }), FormatError, "Cannot read a.hex:1: ");
  assertThrows(() => readImage(text("?"), { fileName: "a.bin", format: "uf2" }), FormatError, "512-byte blocks");
});

Deno.test("readImage() refuses object files and overlapping segments, naming both", () => {
  const object = buildElf([{ name: ".bss", type: 8, size: 4 }]);
  assertThrows(() => readImage(object, { fileName: "a.o", format: "elf" }), FormatError, "it holds nothing to load");
  const twice = buildElf([
    { name: ".text", address: 0x100, data: new Uint8Array(8) },
    { name: ".data", address: 0x104, data: new Uint8Array(8) },
  ]);
  const reason = "Cannot read a.elf: .text (0x00000100 to 0x00000107) and .data (0x00000104 to 0x0000010b) overlap";
  assertThrows(() => readImage(twice, { fileName: "a.elf" }), FormatError, reason);
});

Deno.test("readImage() refuses addresses past 4 GiB and a skip past the end", () => {
  const at = (baseAddress: number, skip = 0) => () => readImage(text("1234"), { fileName: "a.bin", baseAddress, skip });
  assertThrows(at(0xfffffffd), FormatError, "the file at 0xfffffffd leaves the 32-bit address space");
  assertThrows(at(0, 5), FormatError, "skipping 5 bytes leaves nothing of its 4");
  assertEquals(readImage(text("1234"), { fileName: "a.bin", baseAddress: 0xfffffffc }).segments.length, 1);
});

Deno.test("readImage() refuses files without a byte to load, and says what to do about every bad one", () => {
  const bad: [string, Uint8Array][] = [
    ["a.bin", new Uint8Array(0)],
    ["a.hex", text(":00000001FF\n")],
    ["a.hex", text(":0400000001020304F0\n:00000001FF\n")],
    ["a.srec", text("S9030000FC\n")],
    ["a.elf", text("no elf")],
    ["a.uf2", text("no uf2")],
  ];
  for (const [fileName, bytes] of bad) {
    const error = assertThrows(() => readImage(bytes, { fileName, baseAddress: 0 }), FormatError);
    assert(error.hint !== undefined, error.message);
  }
  assertThrows(
    () => readImage(new Uint8Array(0), { fileName: "a.bin", baseAddress: 0 }),
    FormatError,
    "nothing to load",
  );
});

Deno.test("readImage() reads ELF by physical address and names segments by their sections", () => {
  const elf = buildElf([
    { name: ".data", address: 0x200, data: Uint8Array.of(2) },
    { name: ".text", address: 0x100, data: Uint8Array.of(1) },
  ]);
  assertEquals(readImage(elf, { fileName: "firmware" }), {
    format: "elf",
    fileName: "firmware",
    segments: [
      { address: 0x100, data: Uint8Array.of(1), name: ".text" },
      { address: 0x200, data: Uint8Array.of(2), name: ".data" },
    ],
    entry: 0,
  });
});

Deno.test("readImage() adds an offset to every address, and a base address to binary files only", () => {
  const hex = text(":0100000055AA\n:00000001FF\n");
  const addresses = (options: { baseAddress?: number; offset?: number }) =>
    readImage(hex, { fileName: "a.hex", ...options }).segments.map((s) => s.address);
  assertEquals([addresses({ baseAddress: 0x100 }), addresses({ offset: 0x100 })], [[0], [0x100]]);
  assertThrows(() => addresses({ offset: -1 }), FormatError, "leaves the 32-bit address space");
});

Deno.test("writeImage() refuses a binary file that is mostly gap, and fills smaller gaps", () => {
  const far = [{ address: 0, data: Uint8Array.of(1) }, { address: 0x80000000, data: Uint8Array.of(2) }];
  assertThrows(() => writeImage(far, "bin"), UsageError, "with the gaps it would take 2147483649 bytes");
  assertEquals(writeImage([], "bin").length, 0);
  const near = [{ address: 0, data: Uint8Array.of(1) }, { address: 2, data: Uint8Array.of(2) }];
  assertEquals(writeImage(near, "bin", 0), Uint8Array.of(1, 0, 2));
});

Deno.test("writeImage() writes files that readImage() reads back", () => {
  const segments = [{ address: 0x08000000, data: Uint8Array.of(1, 2, 3) }, {
    address: 0x20000000,
    data: Uint8Array.of(4),
  }];
  for (const format of ["hex", "srec"] as const) {
    assertEquals(readImage(writeImage(segments, format), { fileName: "a" }).segments, segments);
  }
});

/** An ELF file of one segment, with words of its program header changed. */
function elfWith(words: Readonly<Record<number, number>>): Uint8Array {
  const bytes = buildElf([{ name: ".text", address: 0x08004054, data: Uint8Array.of(1, 2, 3, 4) }]);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of Object.entries(words)) view.setUint32(52 + 4 * Number(index), value, true);
  return bytes;
}

Deno.test("readImage() leaves ELF headers out that the linker put in front of the code", () => {
  // 84 bytes of headers precede the code, as a linker lays them out that rounds the segment down to its page.
  const bytes = elfWith({ 1: 0, 2: 0x08004000, 3: 0x08004000, 4: 88, 5: 88 });
  assertEquals(readImage(bytes, { fileName: "a.elf" }).segments, [
    { address: 0x08004054, data: Uint8Array.of(1, 2, 3, 4), name: ".text" },
  ]);
  const headersOnly = elfWith({ 1: 0, 2: 0x08000000, 3: 0x08000000, 4: 84, 5: 84 });
  assertThrows(() => readImage(headersOnly, { fileName: "a.elf" }), FormatError, "it holds nothing to load");
});

Deno.test("readImage() takes virtual addresses when no segment has a physical one", () => {
  assertEquals(readImage(elfWith({ 3: 0 }), { fileName: "a.elf" }).segments[0]?.address, 0x08004054);
  const segments = readImage(elfWith({ 3: 0x1000 }), { fileName: "a.elf" }).segments;
  assertEquals(segments[0]?.address, 0x1000);
});

Deno.test("readImage() loads sections with addresses of an ELF file without segments", () => {
  const bytes = elfWith({});
  bytes.fill(0, 28, 32); // where the program headers are
  bytes.fill(0, 44, 46); // how many
  assertEquals(readImage(bytes, { fileName: "a.elf" }).segments, [
    { address: 0x08004054, data: Uint8Array.of(1, 2, 3, 4), name: ".text" },
  ]);
});
