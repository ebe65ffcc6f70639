import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TargetError, UsageError } from "../base/errors.ts";
import { Cti } from "./cti.ts";
import { Dwt } from "./dwt.ts";
import { Fpb } from "./fpb.ts";
import { TraceFunnel } from "./funnel.ts";
import { Itm } from "./itm.ts";
import { FakeMemory } from "./testing/fake_memory.ts";
import { chooseDivider, Tpiu } from "./tpiu.ts";

Deno.test("Fpb with zero comparators refuses breakpoints and touches nothing", async () => {
  const memory = new FakeMemory();
  const fpb = new Fpb(memory);
  await fpb.init();
  assertEquals([fpb.set(0x100), fpb.count, memory.written], [false, 0, []]);
});

Deno.test("Fpb.init() clears comparators another debugger left behind", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0002000, 0x241);
  memory.store(0xe0002008, 0x48000001, 0x48000005);
  await new Fpb(memory).init();
  await memory.flush();
  assertEquals([0, 8, 12, 20].map((at) => memory.words.get(0xe0002000 + at)), [2, 0, 0, 0]);
});

Deno.test("Fpb of version 1 keeps every other breakpoint when one goes", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0002000, 0x260);
  const fpb = new Fpb(memory);
  await fpb.init();
  const matched = async (): Promise<number[]> => {
    await memory.flush();
    return Array.from({ length: 6 }, (_, slot) => memory.words.get(0xe0002008 + slot * 4)!)
      .filter((comparator) => (comparator & 1) !== 0)
      .flatMap((comparator) => {
        const word = comparator & 0x1ffffffc;
        return [...(comparator & 0x40000000 ? [word] : []), ...(comparator & 0x80000000 ? [word + 2] : [])];
      }).sort((a, b) => a - b);
  };
  // Their addresses have bits in common: all those of the first are set in the others.
  const all = [0x08000100, 0x08000102, 0x08000104, 0x08000106, 0x0800010e, 0x080001fe];
  for (const address of all) assertEquals(fpb.set(address), true);
  assertEquals(await matched(), all);
  for (const address of all) {
    fpb.clear(address);
    assertEquals(await matched(), all.filter((other) => other !== address));
    fpb.set(address);
    assertEquals(await matched(), all);
  }
  for (const address of all) fpb.clear(address);
  assertEquals([await matched(), fpb.used], [[], 0]);
});

Deno.test("Fpb of version 2 reaches RAM and sets one address only once", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0002000, 0x10000080);
  const fpb = new Fpb(memory);
  await fpb.init();
  assertEquals([fpb.set(0x20000002), fpb.set(0x20000002), fpb.used, fpb.version], [true, true, 1, 2]);
  fpb.clear(0x20000002);
  assertEquals(fpb.used, 0);
});

Deno.test("Dwt of version 2 uses only comparators that watch data, up to four bytes", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0001000, 0x20000000);
  memory.store(0xe0001fbc, 0x47701a02);
  for (const [n, id] of [0x08 << 27, 0x02 << 27].entries()) {
    const address = 0xe0001028 + n * 16;
    let low = 0;
    memory.onWrite.set(address, (value) => void (low = value));
    memory.onRead.set(address, () => (id | low) >>> 0);
  }
  const dwt = new Dwt(memory);
  await dwt.init();
  const watch = { address: 0x20000000, size: 4, access: "access" } as const;
  assertEquals([dwt.version, dwt.maxSize, dwt.set({ ...watch, size: 8 }), dwt.set(watch)], [2, 4, false, true]);
  assertEquals(dwt.set({ ...watch, access: "read" }), false);
  assertEquals(await memory.read32(0xe0001028), 0x40000814);
});

Deno.test("Dwt tells which watchpoint matched, and has no cycle counter where it cannot be enabled", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0001000, 0x20000000);
  memory.onWrite.set(0xe0001000, () => {});
  const dwt = new Dwt(memory);
  await dwt.init();
  const watch = { address: 0x20000000, size: 1, access: "write" } as const;
  dwt.set(watch);
  await memory.flush();
  assertEquals([await dwt.matched(), await dwt.cycleCount()], [undefined, undefined]);
  memory.store(0xe0001028, 0x01000006);
  assertEquals(await dwt.matched(), watch);
});

Deno.test("Tpiu.startSwo() refuses baud rates more than 3 % off, and ports without NRZ", async () => {
  assertThrows(() => chooseDivider(16_000_000, 6_000_000), UsageError, "nearest");
  assertThrows(() => chooseDivider(1_000_000, 2_000_000), UsageError, "nearest");
  const memory = new FakeMemory();
  await assertRejects(() => new Tpiu(memory).startSwo(16_000_000, 2_000_000), TargetError, "no asynchronous");
});

Deno.test("Tpiu.startSwo() sets protocol, formatter and divider", async () => {
  const memory = new FakeMemory();
  memory.store(0xe0040fc8, 0xca1);
  assertEquals(await new Tpiu(memory).startSwo(64_000_000, 1_000_000), 1_000_000);
  assertEquals([0xf0, 0x304, 0x10].map((at) => memory.words.get(0xe0040000 + at)), [2, 0, 63]);
});

Deno.test("Itm.enable() unlocks, configures while off, then switches on", async () => {
  const memory = new FakeMemory();
  const itm = new Itm(memory);
  assertThrows(() => itm.enable(-1), UsageError, "mask");
  itm.enable(1);
  await memory.flush();
  assertEquals(memory.written.map(([address, value]) => [address & 0xfff, value]), [
    [0xfb0, 0xc5acce55],
    [0xe00, 0],
    [0xe80, 0],
    [0xe40, 0],
    [0xe00, 1],
    [0xe80, 0x1000b],
  ]);
});

Deno.test("TraceFunnel.enableAll() opens the inputs there are and keeps the hold time", async () => {
  const memory = new FakeMemory();
  memory.store(0x1000, 0x300);
  memory.store(0x1fc8, 0x34);
  await new TraceFunnel(memory, 0x1000).enableAll();
  assertEquals(memory.words.get(0x1000), 0x30f);
});

Deno.test("Cti connects triggers to channels and refuses impossible ones", async () => {
  const memory = new FakeMemory();
  const cti = new Cti(memory, 0x1000);
  assertThrows(() => cti.connectInput(32, 1), UsageError, "0 to 31");
  cti.enable();
  cti.connectInput(0, 1);
  cti.connectOutput(1, 2);
  cti.acknowledge(31);
  await memory.flush();
  assertEquals([0x1020, 0x10a4, 0x1140, 0x1010].map((at) => memory.words.get(at)), [1, 2, 0xf, 0x80000000]);
});
