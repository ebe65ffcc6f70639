import { assertEquals, assertRejects } from "@std/assert";
import { type TapirError, TargetError } from "../base/errors.ts";
import { CortexM } from "./cortex_m.ts";
import { FakeCore, type FakeCoreOptions } from "./testing/fake_core.ts";

const CODE = 0x20000100;
const COMP0 = 0xe0002008;

async function make(options: FakeCoreOptions = {}): Promise<{ fake: FakeCore; core: CortexM }> {
  const fake = new FakeCore(options);
  fake.store(CODE, 0x22222021, 0x44442043);
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0 });
  return { fake, core };
}

Deno.test("setBreakpoint() fails for flash on a core with no comparators, and uses BKPT in RAM", async () => {
  const { fake, core } = await make({ fpCtrl: 0 });
  const error = await assertRejects(() => core.setBreakpoint(0x08000000), TargetError, "no hardware breakpoints");
  assertEquals((error as TapirError).code, "no-breakpoint-left");
  assertEquals(await core.setBreakpoint(CODE), { address: CODE, type: "software" });
  assertEquals(fake.words.get(CODE), 0x2222be00);
});

Deno.test("setBreakpoint() fails when all comparators are in use", async () => {
  const { core } = await make({ fpCtrl: 0x20 });
  await core.setBreakpoint(0x08000000);
  await core.setBreakpoint(0x08000010);
  await assertRejects(() => core.setBreakpoint(0x08000020), TargetError, "all 2 hardware breakpoints are in use");
  await core.removeBreakpoint(0x08000000);
  await core.setBreakpoint(0x08000020);
  assertEquals(core.breakpoints.map((breakpoint) => breakpoint.address), [0x08000010, 0x08000020]);
});

Deno.test("setBreakpoint() fails outside RAM and out of the reach of version 1 comparators", async () => {
  const { core } = await make();
  await assertRejects(() => core.setBreakpoint(0x90000000, "hardware"), TargetError, "do not reach");
});

Deno.test("setBreakpoint() makes a software breakpoint in RAM when asked to, though comparators reach it", async () => {
  const fake = new FakeCore();
  fake.store(0x10000000, 0x22222021);
  const isRam = (address: number) => address >= 0x10000000;
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0, isRam });
  assertEquals((await core.setBreakpoint(0x10000000, "software")).type, "software");
  assertEquals((await core.setBreakpoint(0x10000004)).type, "hardware");
});

Deno.test("setBreakpoint() fails cleanly when the memory does not keep what is written", async () => {
  const { fake, core } = await make();
  fake.onWrite.set(CODE, () => {});
  await assertRejects(() => core.setBreakpoint(CODE, "software"), TargetError, "does not keep");
  assertEquals([core.breakpoints, await core.read16(CODE)], [[], 0x2021]);
});

Deno.test("setBreakpoint() shares a version 1 comparator between both halves of a word", async () => {
  const { fake, core } = await make();
  await core.setBreakpoint(0x08000100);
  await core.setBreakpoint(0x08000102);
  assertEquals([fake.words.get(COMP0), fake.words.get(COMP0 + 4)], [0xc8000101, 0]);
  await core.removeBreakpoint(0x08000100);
  assertEquals(fake.words.get(COMP0), 0x88000101);
  await core.removeBreakpoint(0x08000102);
  assertEquals(fake.words.get(COMP0), 0);
});

Deno.test("setBreakpoint() ignores the Thumb bit and sets one breakpoint only once", async () => {
  const { core } = await make({ fpCtrl: 0x10000040 });
  const first = await core.setBreakpoint(0x20000201, "hardware");
  assertEquals(await core.setBreakpoint(0x20000200, "hardware"), first);
  assertEquals([first, core.breakpoints.length], [{ address: 0x20000200, type: "hardware" }, 1]);
});

Deno.test("reads of any width show the program, not the breakpoints in it", async () => {
  const { fake, core } = await make();
  await core.setBreakpoint(CODE + 2, "software");
  await core.setBreakpoint(CODE + 4, "software");
  assertEquals([fake.words.get(CODE), fake.words.get(CODE + 4)], [0xbe002021, 0x4444be00]);
  assertEquals(await core.read8(CODE + 3), 0x22);
  assertEquals(await core.read16(CODE + 2), 0x2222);
  assertEquals(await core.read32(CODE + 4), 0x44442043);
  assertEquals(await core.readWords(CODE, 2), Uint32Array.of(0x22222021, 0x44442043));
  assertEquals(await core.readBytes(CODE + 3, 2), Uint8Array.of(0x22, 0x43));
});

Deno.test("writes over a breakpoint change the program and keep the breakpoint", async () => {
  const { fake, core } = await make();
  await core.setBreakpoint(CODE, "software");
  core.write32(CODE, 0x11223344);
  assertEquals([await core.read32(CODE), fake.words.get(CODE)], [0x11223344, 0x1122be00]);
  core.write8(CODE + 1, 0x55);
  core.write16(CODE + 2, 0x6677);
  core.writeWords(CODE + 4, Uint32Array.of(0x8899aabb));
  await core.removeBreakpoint(CODE);
  assertEquals([fake.words.get(CODE), fake.words.get(CODE + 4)], [0x66775544, 0x8899aabb]);
});

Deno.test("a write queued right after a breakpoint was asked for is not undone by its removal", async () => {
  const { fake, core } = await make();
  const setting = core.setBreakpoint(CODE, "software");
  core.write16(CODE, 0x7777);
  await setting;
  assertEquals(fake.words.get(CODE), 0x2222be00);
  await core.removeBreakpoint(CODE);
  assertEquals(fake.words.get(CODE), 0x22227777);
});

Deno.test("step() lifts a software breakpoint at the PC", async () => {
  const { fake, core } = await make();
  await core.halt();
  fake.registers.set(15, CODE);
  await core.setBreakpoint(CODE, "software");
  let during = 0;
  fake.onStep = () => during = fake.words.get(CODE) ?? 0;
  await core.step();
  assertEquals([during, fake.words.get(CODE), fake.steps], [0x22222021, 0x2222be00, 1]);
});

Deno.test("restoreBreakpoints() puts back what a reset took, around a program that changed", async () => {
  const { fake, core } = await make();
  await core.setBreakpoint(0x08000000);
  await core.setBreakpoint(CODE, "software");
  fake.store(COMP0, 0);
  fake.store(CODE, 0x99998888);
  await core.restoreBreakpoints();
  assertEquals([fake.words.get(COMP0), fake.words.get(CODE)], [0x48000001, 0x9999be00]);
  await core.removeAllBreakpoints();
  assertEquals([fake.words.get(COMP0), fake.words.get(CODE), core.breakpoints], [0, 0x99998888, []]);
});

Deno.test("software breakpoints keep the caches of a Cortex-M7 right", async () => {
  const fake = new FakeCore({ cpuid: 0x411fc270 });
  fake.store(0xe000ed78, 0x09000003, 0x8303c003);
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0 });
  const from = fake.written.length;
  await core.setBreakpoint(0x20000124, "software");
  const cache = fake.written.slice(from).filter(([address]) => address >= 0xe000ef50 && address <= 0xe000ef78);
  assertEquals(cache, [[0xe000ef64, 0x20000120], [0xe000ef58, 0x20000120]]);
  core.synchroniseCode(0x20000000, 64);
  await core.flush();
  assertEquals(fake.written.at(-1), [0xe000ef50, 0]);
});

Deno.test("a lost read that nobody awaits does not end the program", async () => {
  const { fake, core } = await make();
  await core.setBreakpoint(CODE, "software");
  fake.faults.add(CODE);
  const reads = [core.read32(CODE), core.readWords(CODE, 2), core.readBytes(CODE, 2)];
  await assertRejects(() => reads[0]!);
  await new Promise((resolve) => setTimeout(resolve, 0));
});
