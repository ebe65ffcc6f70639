import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type TapirError, TargetError, TimeoutError } from "../base/errors.ts";
import { CortexM } from "./cortex_m.ts";
import { emulatedReset } from "./emulated_reset.ts";
import {
  clearResetCatch,
  coreReset,
  setResetCatch,
  startDebug,
  stopDebug,
  systemReset,
  waitForReset,
} from "./reset.ts";
import { FakeCore, type FakeCoreOptions } from "./testing/fake_core.ts";

const AIRCR = 0xe000ed0c;
const DHCSR = 0xe000edf0;
const DEMCR = 0xe000edfc;

async function make(options: FakeCoreOptions = {}): Promise<{ fake: FakeCore; core: CortexM }> {
  const fake = new FakeCore(options);
  return { fake, core: await CortexM.create({ memory: fake, clock: fake.clock, index: 0 }) };
}

Deno.test("waitForReset() gives up on a core that is held in reset", async () => {
  const { fake, core } = await make();
  fake.inReset = true;
  const error = await assertRejects(() => waitForReset(core, { timeoutMs: 500 }), TimeoutError, "held in reset");
  assertEquals([(error as TapirError).code, fake.clock.now()], ["core-in-reset", 500]);
});

Deno.test("waitForReset() gives up on a chip that does not answer, with the transfer error as the cause", async () => {
  const { fake, core } = await make();
  fake.faults.add(DHCSR);
  let recoveries = 0;
  const recoverDap = () => {
    recoveries++;
    return Promise.reject(new Error("no ACK"));
  };
  const error = await assertRejects(() => waitForReset(core, { timeoutMs: 30, recoverDap }), TimeoutError);
  assertStringIncludes(error.message, "does not answer after 30 ms");
  assertEquals([(error as TapirError).code, recoveries], ["core-not-accessible", 4]);
});

Deno.test("waitForReset() survives faults while the chip resets and recovers the debug port", async () => {
  const { fake, core } = await make();
  fake.faults.add(DHCSR);
  fake.resetSticky = true;
  await waitForReset(core, { timeoutMs: 500, recoverDap: async () => void fake.faults.clear() });
  assertEquals(fake.clock.now(), 20);
});

Deno.test("systemReset() requests the reset and tolerates that the answer is lost", async () => {
  const { fake, core } = await make();
  await systemReset(core);
  assertEquals(fake.written.at(-1), [AIRCR, 0x05fa0004]);
  fake.faults.add(AIRCR);
  await systemReset(core);
});

Deno.test("coreReset() halts first on Armv7-M and emulates the reset elsewhere", async () => {
  const v7 = await make();
  await coreReset(v7.core);
  assertEquals([v7.fake.halted, v7.fake.written.at(-1)], [true, [AIRCR, 0x05fa0001]]);
  const v6 = await make({ cpuid: 0x410cc200 });
  await coreReset(v6.core);
  assertEquals(v6.fake.written.some(([address]) => address === AIRCR), false);
});

Deno.test("setResetCatch() and clearResetCatch() keep the user's own catch", async () => {
  const { fake, core } = await make();
  const before = await setResetCatch(core);
  assertEquals([before.userCatch, fake.words.get(DEMCR), fake.control], [false, 0x01000001, 1]);
  await clearResetCatch(core, before);
  assertEquals(fake.words.get(DEMCR), 0x01000000);
  await core.setVectorCatch("rh");
  const own = await setResetCatch(core);
  await clearResetCatch(core, own);
  assertEquals([own.userCatch, await core.vectorCatch()], [true, "hr"]);
});

Deno.test("startDebug() fails on a locked chip and leaves a halted core halted", async () => {
  const { fake, core } = await make();
  fake.debugLocked = true;
  const error = await assertRejects(() => startDebug(core), TargetError, "C_DEBUGEN stays clear");
  assertEquals((error as TapirError).code, "debug-disabled");
  fake.debugLocked = false;
  await startDebug(core);
  await core.halt();
  await startDebug(core);
  assertEquals([fake.halted, fake.control & 1], [true, 1]);
});

Deno.test("stopDebug() takes breakpoints out, lets the core run and switches debug off", async () => {
  const { fake, core } = await make();
  fake.store(0x20000100, 0x22222021);
  await core.halt();
  await core.setBreakpoint(0x20000100, "software");
  await core.setBreakpoint(0x100, "hardware");
  await stopDebug(core);
  assertEquals([fake.words.get(0x20000100), fake.words.get(0xe0002008)], [0x22222021, 0]);
  assertEquals([fake.halted, fake.control, fake.words.get(DEMCR)], [false, 0, 0]);
});

Deno.test("emulatedReset() leaves what a reset leaves: priorities are zero, not ones", async () => {
  const { fake, core } = await make();
  fake.store(0xe000ed08, 0x08000000);
  fake.store(0x08000000, 0x20002000, 0x08000101);
  fake.store(0xe000e400, 0xffffffff);
  fake.registers.set(20, 0x03000001);
  await core.setVectorCatch("r");
  await emulatedReset(core);
  assertEquals(fake.words.get(0xe000e400), 0);
  assertEquals([0, 13, 14, 15, 16, 20].map((selector) => fake.registers.get(selector)), [
    0,
    0x20002000,
    0xffffffff,
    0x08000100,
    0x01000000,
    0,
  ]);
  assertEquals(fake.halted, true);
});

Deno.test("emulatedReset() lets the core run unless the reset is caught", async () => {
  const { fake, core } = await make({ cpuid: 0x410cc200 });
  await emulatedReset(core, 0x20000000);
  assertEquals([fake.halted, fake.words.get(0xe000ed08)], [false, 0x20000000]);
});

Deno.test("emulatedReset() fails when the core cannot be halted", async () => {
  const { fake, core } = await make();
  fake.neverHalts = true;
  await assertRejects(() => emulatedReset(core), TimeoutError);
});
