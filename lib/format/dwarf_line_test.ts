import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { sharedData, why } from "../../tests/support/shared_data.ts";
import { FormatError } from "../base/errors.ts";
import { configureLog, silenceLog } from "../base/log.ts";
import { readLineRanges } from "./dwarf_line.ts";
import { ElfFile } from "./elf.ts";
import { SymbolTable } from "./symbols.ts";
import { buildElf, type ElfSectionSpec } from "./testing.ts";

const text = (value: string): number[] => [...new TextEncoder().encode(value), 0];
const u32 = (value: number): number[] => [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 0xff);
const size = (value: number, is64: boolean): number[] => (is64 ? [...u32(value), 0, 0, 0, 0] : u32(value));

/** Line +1 and address +2 at 0x08000100, then line +3 and address +4, then the end 2 bytes on. */
const PROGRAM = [
  ...[0, 5, 2, ...u32(0x08000100)], // DW_LNE_set_address
  ...[5, 7], // DW_LNS_set_column
  ...[3, 9], // DW_LNS_advance_line
  1, // DW_LNS_copy
  13 + (2 * 14) + (1 + 5), // special: address +2, line +1
  ...[2, 4], // DW_LNS_advance_pc
  ...[0, 1, 1], // DW_LNE_end_sequence
];

function unit(version: number, options: { is64?: boolean; program?: number[] } = {}): Uint8Array {
  const { is64 = false, program = PROGRAM } = options;
  const parameters = [1, ...(version >= 4 ? [1] : []), 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
  const tables = version >= 5
    ? [
      ...[1, 1, 0x08, 2, ...text("/src"), ...text("lib")],
      ...[2, 1, 0x1f, 2, 0x0b, 2, ...size(0, is64), 0, ...size(7, is64), 1],
    ]
    : [...text("lib"), 0, ...text("main.c"), 0, 0, 0, ...text("a.c"), 1, 0, 0, 0];
  const after = [...parameters, ...tables];
  const head = [version, 0, ...(version >= 5 ? [4, 0] : []), ...size(after.length, is64)];
  const body = [...head, ...after, ...program];
  return Uint8Array.from([...(is64 ? [0xff, 0xff, 0xff, 0xff] : []), ...size(body.length, is64), ...body]);
}

const LINE_STRINGS = Uint8Array.from([...text("main.c"), ...text("a.c")]);

for (const version of [2, 3, 4, 5]) {
  for (const is64 of [false, true]) {
    Deno.test(`readLineRanges() reads version ${version} in its ${is64 ? 64 : 32}-bit form`, () => {
      const ranges = readLineRanges({ line: unit(version, { is64 }), lineStrings: LINE_STRINGS }, "x.elf");
      // File 1 is the first of a table that starts from 1, and the second of one that starts from 0.
      const file = version >= 5 ? "/src/lib/a.c" : "main.c";
      assertEquals(ranges, [
        { start: 0x08000100, end: 0x08000102, sequence: 0x08000100, file, line: 10, column: 7 },
        { start: 0x08000102, end: 0x08000106, sequence: 0x08000100, file, line: 11, column: 7 },
      ]);
    });
  }
}

Deno.test("readLineRanges() leaves out what the linker left out", () => {
  const program = [...PROGRAM];
  program.splice(3, 4, 0, 0, 0, 0);
  assertEquals(readLineRanges({ line: unit(4, { program }) }, "x.elf"), []);
});

Deno.test("readLineRanges() names the file and the place of damage", () => {
  const good = unit(3);
  for (let length = 1; length < good.length; length++) {
    assertThrows(() => readLineRanges({ line: good.slice(0, length) }, "x.elf"), FormatError, "x.elf: it is damaged");
  }
  const unknown = good.slice();
  unknown[4] = 9;
  assertThrows(() => readLineRanges({ line: unknown }, "x.elf"), FormatError, "damaged at byte");
  const zeroRange = good.slice();
  zeroRange[13] = 0;
  assertThrows(() => readLineRanges({ line: zeroRange }, "x.elf"), FormatError);
});

Deno.test("readLineRanges() ends on any damage, with a result or a FormatError", () => {
  const good = unit(5);
  for (let at = 0; at < good.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const bad = good.slice();
      bad[at] = value;
      try {
        readLineRanges({ line: bad, lineStrings: LINE_STRINGS }, "x.elf");
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }
});

const ELF = "elf/zephyr-nrf52dk-blinky/zephyr.elf";
const zephyr = sharedData(ELF);

Deno.test({
  name: `SymbolTable.fromElf() knows functions and lines of real firmware${why(zephyr.missing, ELF)}`,
  ignore: zephyr.missing,
  fn: async () => {
    const table = await SymbolTable.fromElf(new ElfFile(Deno.readFileSync(zephyr.path), "zephyr.elf"));
    const main = table.find("main")!;
    assertEquals([main.isFunction, main.address % 2], [true, 0]);
    assertEquals(table.functionAt(main.address + 2)?.symbol.name, "main");
    assertEquals(table.functionAt(main.address + main.size)?.symbol.name === "main", false);
    assertEquals(/main\.c$/.test(table.lineAt(main.address)?.file ?? ""), true);
    assertEquals(table.lineAt(0xf0000000), undefined);
    assertEquals(table.names.some((name) => name.startsWith("$")), false);
  },
});

Deno.test("SymbolTable prefers global symbols and leaves out those that name nothing", () => {
  const symbol = { name: "f", value: 0x101, size: 4, type: 2, binding: 0, section: 1 };
  const table = new SymbolTable([
    symbol,
    { ...symbol, value: 0x201, binding: 1 },
    { ...symbol, value: 0x301, binding: 1 },
    { ...symbol, name: "gone", section: 0 },
    { ...symbol, name: "$t" },
    { ...symbol, name: "file.c", type: 4 },
    { ...symbol, name: "data", value: 0x20000001, type: 1 },
  ], []);
  assertEquals(table.names, ["f", "data"]);
  assertEquals([table.find("f")?.address, table.find("data")?.address], [0x200, 0x20000001]);
  assertEquals(table.functionAt(0x103)?.offset, 3);
  assertEquals(table.functionAt(0x105), undefined);
  assertEquals(table.functionAt(0x50), undefined);
});

/** zlib's form of `data`. */
async function zlib(data: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([data.slice()]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** An ELF file with code at 0x08000100 and these sections of debug information. */
function withDebug(...sections: ElfSectionSpec[]): ElfFile {
  const code: ElfSectionSpec = { name: ".text", address: 0x08000100, flags: 6, data: new Uint8Array(8) };
  const bytes = buildElf([code, ...sections.map((each) => ({ flags: 0, ...each }))], [["main", 0x08000101, 1]]);
  return new ElfFile(bytes, "a.elf");
}

/** A section behind an Elf32_Chdr that claims `size` bytes. */
async function packed(name: string, data: Uint8Array, size = data.length): Promise<ElfSectionSpec> {
  const head = [...u32(1), ...u32(size), ...u32(1)];
  return { name, flags: 0x800, data: Uint8Array.from([...head, ...await zlib(data)]) };
}

Deno.test("SymbolTable.fromElf() reads debug information that is compressed in the new and in the old way", async () => {
  const line = unit(5);
  const old = Uint8Array.from([
    ...text("ZLIB").slice(0, 4),
    0,
    0,
    0,
    0,
    ...u32(line.length).reverse(),
    ...await zlib(line),
  ]);
  for (const section of [await packed(".debug_line", line), { name: ".zdebug_line", data: old }]) {
    const table = await SymbolTable.fromElf(withDebug(section, await packed(".debug_line_str", LINE_STRINGS)));
    const { file, line: number } = table.lineAt(0x08000103)!;
    assertEquals([file, number], ["/src/lib/a.c", 11]);
  }
});

Deno.test("SymbolTable.fromElf() refuses compressed sections that are damaged or claim what is not so", async () => {
  const line = unit(4);
  const good = await packed(".debug_line", line);
  const fails = async (section: ElfSectionSpec, reason: string): Promise<void> => {
    const message = `Cannot read ${section.name} of a.elf: ${reason}`;
    await assertRejects(() => SymbolTable.fromElf(withDebug(section)), FormatError, message);
  };
  await fails({ ...good, data: good.data!.subarray(0, 11) }, "it is cut off");
  await fails({ ...good, data: good.data!.with(12, 0) }, "its compressed data is damaged");
  await fails({ ...good, data: good.data!.subarray(0, 30) }, "");
  await fails(await packed(".debug_line", line, line.length - 1), "it unpacks to more than the");
  await fails(await packed(".debug_line", line, line.length + 1), `${line.length + 1} bytes are declared`);
  await fails(await packed(".debug_line", line, 0x7fffffff), "it declares 2147483647 bytes, more than the limit");
  await fails({ name: ".zdebug_line", data: new Uint8Array(20) }, "it does not begin as a compressed section");
});

Deno.test("SymbolTable.fromElf() keeps the symbols of a file whose debug information it cannot unpack, and says so", async () => {
  const bytes = buildElf([
    { name: ".text", address: 0x08000100, data: new Uint8Array(8) },
    { name: ".debug_line", flags: 0x800, data: Uint8Array.of(2, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9) },
  ], [["main", 0x08000101, 1]]);
  const logged: string[] = [];
  await configureLog({ level: "warning", sink: ({ message }) => void logged.push(message) });
  try {
    const table = await SymbolTable.fromElf(new ElfFile(bytes, "a.elf"));
    assertEquals(table.find("main")?.address, 0x08000100);
    assertEquals(table.lineAt(0x08000100), undefined);
  } finally {
    await silenceLog();
  }
  assertEquals(logged.length, 1);
  assertStringIncludes(logged[0]!, "Source lines of a.elf are left out: its debug information is compressed with zstd");
});
