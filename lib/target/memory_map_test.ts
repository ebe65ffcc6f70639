import { assertEquals, assertThrows } from "@std/assert";
import { CORTEX_M_REGIONS, makeRegion, MemoryMap, ramRegion } from "./memory_map.ts";
import { InternalError } from "../base/errors.ts";

const FLASH = makeRegion("FLASH", "flash", 0x08000000, 0x10000, { isBoot: true });
const RAM = ramRegion("SRAM", 0x20000000, 0x5000);
const CCM = ramRegion("CCM", 0x10000000, 0x1000, { isDefault: false, pname: "CM4" });
const map = new MemoryMap([RAM, FLASH, CCM]);

Deno.test("MemoryMap refuses an empty region", () => {
  assertThrows(() => new MemoryMap([ramRegion("none", 0, 0)]), InternalError, "it is empty");
});

Deno.test("regionAt() answers undefined one byte before and after a region", () => {
  assertEquals(map.regionAt(0x07ffffff), undefined);
  assertEquals(map.regionAt(0x08000000)?.name, "FLASH");
  assertEquals(map.regionAt(0x0800ffff)?.name, "FLASH");
  assertEquals(map.regionAt(0x08010000), undefined);
});

Deno.test("regionAt() prefers the smaller of two overlapping regions", () => {
  const inner = ramRegion("inner", 0x20001000, 0x100);
  assertEquals(map.with(inner).regionAt(0x20001080)?.name, "inner");
  assertEquals(map.with(inner).regionAt(0x20001100)?.name, "SRAM");
});

Deno.test("contains() is false across a hole and true across touching regions", () => {
  const two = new MemoryMap([ramRegion("a", 0, 0x100), ramRegion("b", 0x100, 0x100)]);
  assertEquals(two.contains({ start: 0x80, end: 0x180 }), true);
  assertEquals(two.contains({ start: 0x80, end: 0x201 }), false);
  assertEquals(map.contains({ start: 0x0800fff0, end: 0x20000010 }), false);
});

Deno.test("intersecting() excludes regions that only touch", () => {
  assertEquals(map.intersecting({ start: 0x08010000, end: 0x20000000 }), [CCM]);
  assertEquals(map.intersecting({ start: 0x0800ffff, end: 0x20000001 }).map((r) => r.name), ["FLASH", "CCM", "SRAM"]);
});

Deno.test("a clashing name gets a suffix", () => {
  const clash = new MemoryMap([ramRegion("RAM", 0x100, 1), ramRegion("RAM", 0, 1), ramRegion("RAM", 0x200, 1)]);
  assertEquals(clash.regions.map((r) => r.name), ["RAM", "RAM_1", "RAM_2"]);
});

Deno.test("forProcessor() drops regions of other processors", () => {
  assertEquals(map.forProcessor("CM0").byName("CCM"), undefined);
  assertEquals(map.forProcessor("CM4").byName("CCM"), CCM);
  assertEquals(map.forProcessor(undefined), map);
});

Deno.test("boot() and defaultRam() follow the marks, then the size", () => {
  assertEquals(map.boot(), FLASH);
  assertEquals(map.defaultRam(), RAM);
  const unmarked = new MemoryMap([
    ramRegion("small", 0, 0x10, { isDefault: false }),
    ramRegion("sdram", 0x200, 0x1000, { isDefault: false, external: true }),
    ramRegion("big", 0x100, 0x20, { isDefault: false }),
  ]);
  assertEquals(unmarked.defaultRam()?.name, "big");
  assertEquals(unmarked.boot(), undefined);
});

Deno.test("nearest() measures the gap on both sides", () => {
  assertEquals(map.nearest(0x08010000), { region: FLASH, distance: 1 });
  assertEquals(map.nearest(0x1ffffffc), { region: RAM, distance: 4 });
  assertEquals(map.nearest(0x08000010), { region: FLASH, distance: 0 });
  assertEquals(new MemoryMap([]).nearest(0), undefined);
});

Deno.test("with() replaces and without() removes by name", () => {
  assertEquals(map.with({ ...RAM, size: 0x100 }).byName("SRAM")?.size, 0x100);
  assertEquals(map.without("SRAM").byKind("ram"), [CCM]);
});

Deno.test("CORTEX_M_REGIONS covers all 4 GB without a gap", () => {
  const generic = new MemoryMap(CORTEX_M_REGIONS);
  assertEquals(generic.contains({ start: 0, end: 0x1_0000_0000 }), true);
  assertEquals(generic.defaultRam()?.start, 0x20000000);
  assertEquals(generic.regionAt(0xe000ed00)?.kind, "device");
});
