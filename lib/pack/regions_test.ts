import { assertEquals } from "@std/assert";
import type { FlashAlgorithmSource, MemoryRegion } from "../target/description.ts";
import type { PdscFlashInfo, PdscMemory } from "./pdsc_types.ts";
import { assembleRegions } from "./regions.ts";

function memory(name: string, start: number, size: number, more: Partial<PdscMemory> = {}): PdscMemory {
  return {
    name,
    start,
    size,
    access: "rx",
    isDefault: false,
    isStartup: false,
    isExternal: false,
    line: 1,
    ...more,
  };
}

function algorithm(
  name: string,
  start: number,
  size: number,
  more: Partial<FlashAlgorithmSource> = {},
): FlashAlgorithmSource {
  return { name, start, size, isDefault: true, load: () => Promise.reject(new Error("not needed")), ...more };
}

const brief = (regions: readonly MemoryRegion[]): string[] =>
  regions.map((r) =>
    `${r.name} ${r.kind} ${r.start.toString(16)}+${r.size.toString(16)}${r.algorithm ? ` ${r.algorithm.name}` : ""}${
      r.isBoot ? " boot" : ""
    }`
  );

Deno.test("assembleRegions() takes kinds from access letters where no algorithm is", () => {
  const memories = [
    memory("RAM", 0x20000000, 0x100, { access: "rwx" }),
    memory("ROM", 0, 0x100),
    memory("PERI", 0x40000000, 0x100, { access: "rwp" }),
    memory("ODD", 0x50000000, 0x100, { access: "s" }),
  ];
  assertEquals(brief(assembleRegions(memories, [], [])), [
    "ROM rom 0+100",
    "RAM ram 20000000+100",
    "PERI device 40000000+100",
    "ODD other 50000000+100",
  ]);
});

Deno.test("assembleRegions() takes default memory that nobody writes for flash, and default memory to write never", () => {
  const memories = [
    memory("IROM", 0, 0x100, { isDefault: true }),
    memory("IRAM", 0x1000, 0x100, { isDefault: true, access: "rwx" }),
  ];
  const regions = assembleRegions(memories, [algorithm("all.FLM", 0, 0x1100)], []);
  assertEquals(brief(regions), ["IROM flash 0+100 all.FLM boot", "IRAM ram 1000+100"]);
});

Deno.test("assembleRegions() splits a memory where algorithms begin and end", () => {
  const regions = assembleRegions(
    [memory("FLASH", 0, 0x300, { isStartup: true })],
    [algorithm("b.FLM", 0x100, 0x100), algorithm("a.FLM", 0, 0x100)],
    [],
  );
  assertEquals(brief(regions), [
    "FLASH flash 0+100 a.FLM boot",
    "FLASH_2 flash 100+100 b.FLM",
    "FLASH_3 rom 200+100",
  ]);
});

Deno.test("assembleRegions() prefers default algorithms, then coverage, then the tighter, then the first", () => {
  const flash = [memory("FLASH", 0, 0x200)];
  const chosen = (...algorithms: FlashAlgorithmSource[]) => assembleRegions(flash, algorithms, [])[0]?.algorithm?.name;
  const other = { isDefault: false };
  assertEquals(chosen(algorithm("non", 0, 0x200, other), algorithm("default", 0, 0x200)), "default");
  assertEquals(chosen(algorithm("part", 0, 0x100), algorithm("whole", 0, 0x200)), "whole");
  assertEquals(chosen(algorithm("wide", 0, 0x800), algorithm("tight", 0, 0x200)), "tight");
  assertEquals(chosen(algorithm("first", 0, 0x200), algorithm("second", 0, 0x200)), "first");
  assertEquals(chosen(algorithm("only", 0, 0x200, other)), "only");
  assertEquals(chosen(algorithm("one", 0, 0x200, other), algorithm("two", 0, 0x200, other)), undefined);
});

Deno.test("assembleRegions() keeps algorithms of one processor from the memory of another", () => {
  const memories = [memory("F", 0, 0x100, { pname: "A" }), memory("F", 0, 0x100, { pname: "B" })];
  const algorithms = [algorithm("a", 0, 0x100, { pname: "A" }), algorithm("b", 0, 0x100, { pname: "B" })];
  assertEquals(brief(assembleRegions(memories, algorithms, [])), ["F flash 0+100 a boot", "F_B flash 0+100 b"]);
});

Deno.test("assembleRegions() does not take RAM for flash because an algorithm is generous", () => {
  const ram = { access: "rwx", isDefault: true };
  const memories = [memory("FLASH", 0, 0x100), memory("RAM", 0x100, 0x100, ram)];
  assertEquals(brief(assembleRegions(memories, [algorithm("big", 0, 0x1000)], [])), [
    "FLASH flash 0+100 big boot",
    "RAM ram 100+100",
  ]);
  const mram = [memory("MRAM", 0x1000, 0x100, { access: "rwx" })];
  assertEquals(brief(assembleRegions(mram, [algorithm("mram", 0x1000, 0x100)], [])), ["MRAM flash 1000+100 mram boot"]);
});

Deno.test("assembleRegions() makes regions of default algorithms and flash information without memory", () => {
  const info: PdscFlashInfo = {
    name: "UROW",
    start: 0x800,
    size: 0x20,
    pageSize: 4,
    blankValue: 0n,
    filler: 0n,
    programTimeoutMs: 1,
    eraseTimeoutMs: 1,
    blocks: [],
    line: 1,
  };
  const algorithms = [
    algorithm("dir/OPT.FLM", 0x1000, 0x10),
    algorithm("QSPI.FLM", 0x90000000, 0x100, { isDefault: false }),
  ];
  assertEquals(brief(assembleRegions([memory("FLASH", 0, 0x100)], algorithms, [info])), [
    "FLASH rom 0+100",
    "UROW flash 800+20",
    "OPT flash 1000+10 dir/OPT.FLM boot",
  ]);
});

Deno.test("assembleRegions() boots from what says so, else from the chip's own flash", () => {
  const external = memory("QSPI", 0, 0x100, { isExternal: true });
  const inside = memory("FLASH", 0x1000, 0x100);
  const boots = (...memories: PdscMemory[]) =>
    assembleRegions(memories, memories.map((m) => algorithm(m.name, m.start, m.size)), []).filter((r) => r.isBoot).map((
      r,
    ) => r.name);
  assertEquals(boots(external, inside), ["FLASH"]);
  assertEquals(boots({ ...external, isStartup: true }, inside), ["QSPI"]);
  assertEquals(boots(external), ["QSPI"]);
});

Deno.test("assembleRegions() lets an algorithm serve all of a memory that it begins, unless another one follows", () => {
  const memories = [memory("IROM1", 0x08000000, 0x10000, { isStartup: true })];
  const short = algorithm("short.FLM", 0x08000000, 0x1000);
  assertEquals(brief(assembleRegions(memories, [short], [])), ["IROM1 flash 8000000+10000 short.FLM boot"]);
  const next = algorithm("next.FLM", 0x08001000, 0x1000);
  assertEquals(brief(assembleRegions(memories, [short, next], [])), [
    "IROM1 flash 8000000+1000 short.FLM boot",
    "IROM1_2 flash 8001000+1000 next.FLM",
    "IROM1_3 rom 8002000+e000",
  ]);
  const external = [memory("QSPI", 0x08000000, 0x10000, { isExternal: true })];
  assertEquals(brief(assembleRegions(external, [short], [])), [
    "QSPI flash 8000000+1000 short.FLM boot",
    "QSPI_2 rom 8001000+f000",
  ]);
});
