import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { TapirError, TargetError, TimeoutError, TransferError, UsageError } from "../base/errors.ts";
import { CortexM } from "./cortex_m.ts";
import { GENERAL_REGISTERS } from "./registers.ts";
import { FakeCore, type FakeCoreOptions } from "./testing/fake_core.ts";

async function make(options: FakeCoreOptions = {}): Promise<{ fake: FakeCore; core: CortexM }> {
  const fake = new FakeCore(options);
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0 });
  return { fake, core };
}

async function halted(options: FakeCoreOptions = {}): Promise<{ fake: FakeCore; core: CortexM }> {
  const made = await make(options);
  await made.core.halt();
  return made;
}

Deno.test("halt() says the core is held in reset when it is", async () => {
  const { fake, core } = await make();
  fake.inReset = true;
  const error = await assertRejects(() => core.halt(), TimeoutError, "held in reset") as TapirError;
  assertEquals(error.code, "core-in-reset");
  assertStringIncludes(error.hint ?? "", "nRESET");
});

Deno.test("halt() gives up after its limit when the core never halts", async () => {
  const { fake, core } = await make();
  fake.neverHalts = true;
  const error = await assertRejects(() => core.halt(), TimeoutError, "2000 ms") as TapirError;
  assertEquals([error.code, fake.clock.now()], ["halt-timeout", 2000]);
});

Deno.test("halt() names sleep as the reason when a sleeping core does not wake", async () => {
  const { fake, core } = await make();
  fake.neverHalts = true;
  fake.sleeping = true;
  const error = await assertRejects(() => core.halt(), TimeoutError, "asleep") as TapirError;
  assertStringIncludes(error.hint ?? "", "sleep");
});

Deno.test("halt() says that debug is disabled when C_DEBUGEN cannot be set", async () => {
  const { fake, core } = await make();
  fake.debugLocked = true;
  const error = await assertRejects(() => core.halt(), TargetError, "halting debug is disabled") as TapirError;
  assertEquals(error.code, "debug-disabled");
});

Deno.test("halt() halts a sleeping core, which then counts as halted although S_SLEEP stays", async () => {
  const { fake, core } = await make();
  fake.sleeping = true;
  assertEquals(await core.state(), "sleeping");
  await core.halt();
  assertEquals(await core.state(), "halted");
});

Deno.test("state() tells a past reset from a present one", async () => {
  const { fake, core } = await make();
  fake.resetSticky = true;
  assertEquals(await core.state(), "running");
  fake.inReset = true;
  assertEquals(await core.state(), "reset");
});

Deno.test("waitHalted() returns early for a locked-up core, and false for a running one", async () => {
  const { fake, core } = await make();
  assertEquals(await core.waitHalted(1000), false);
  assertEquals(fake.clock.now(), 1000);
  fake.lockedUp = true;
  assertEquals(await core.waitHalted(60_000), true);
  assertEquals([fake.clock.now(), await core.state()], [1250, "lockup"]);
});

Deno.test("readRegisters() refuses on a running and on a locked-up core, and says so", async () => {
  const { fake, core } = await make();
  const error = await assertRejects(() => core.readRegisters(["pc"]), TargetError, "the core is running") as TapirError;
  assertEquals(error.code, "core-not-halted");
  fake.lockedUp = true;
  await assertRejects(() => core.readRegisters(["pc"]), TargetError, "locked up");
});

Deno.test("readRegisters() times out once, not once a register, when S_REGRDY never appears", async () => {
  const { fake, core } = await halted();
  fake.neverReady = true;
  const error = await assertRejects(
    () => core.readRegisters(GENERAL_REGISTERS),
    TimeoutError,
    "S_REGRDY",
  ) as TapirError;
  assertEquals([error.code, fake.clock.now()], ["register-not-ready", 100]);
});

Deno.test("readRegisters() lets a transfer error through", async () => {
  const { fake, core } = await halted();
  fake.faults.add(0xe000edf4);
  await assertRejects(() => core.readRegisters(["r0"]), TransferError, "0xe000edf4");
});

Deno.test("readRegisters() reads all seventeen general registers in one batch", async () => {
  const { fake, core } = await halted();
  for (let n = 0; n <= 16; n++) fake.registers.set(n, 0x1000 + n);
  const before = fake.batches;
  const values = await core.readRegisters(GENERAL_REGISTERS);
  assertEquals(fake.batches - before, 1);
  assertEquals(values, Array.from({ length: 17 }, (_, n) => 0x1000 + n));
});

Deno.test("readRegisters() takes parts of a word, views of xPSR and aliases from one transfer", async () => {
  const { fake, core } = await halted();
  fake.registers.set(20, 0x03000180);
  fake.registers.set(16, 0x6100000b);
  const values = await core.readRegisters(["control", "faultmask", "basepri", "primask", "ipsr", "apsr", "cpsr"]);
  assertEquals(values, [3, 0, 1, 0x80, 0xb, 0x60000000, 0x6100000b]);
  assertEquals(fake.written.filter(([address]) => address === 0xe000edf4).map(([, value]) => value), [20, 16]);
});

Deno.test("readRegister() refuses unknown registers, and those this core lacks", async () => {
  const { core } = await halted({ cpuid: 0x410cc200 });
  await assertRejects(() => core.readRegister("r99"), UsageError, "no such register");
  await assertRejects(() => core.readRegister("basepri"), UsageError, "no such register");
  await assertRejects(() => core.readRegister("s0"), UsageError, "no such register");
});

Deno.test("writeRegisters() merges parts of one word and writes it once", async () => {
  const { fake, core } = await halted();
  fake.registers.set(20, 0x02005501);
  await core.writeRegisters({ control: 3, primask: 0, r0: 7 });
  assertEquals([fake.registers.get(20), fake.registers.get(0)], [0x03005500, 7]);
  const writes = fake.written.filter(([address, value]) => address === 0xe000edf4 && (value & 0x10000) !== 0);
  assertEquals(writes.map(([, value]) => value & 0x7f), [20, 0]);
});

Deno.test("writeRegisters() refuses values that do not fit", async () => {
  const { core } = await halted();
  await assertRejects(() => core.writeRegisters({ control: 256 }), UsageError, "8 unsigned bits");
  await assertRejects(() => core.writeRegisters({ r0: -1 }), UsageError, "32 unsigned bits");
  await assertRejects(() => core.writeRegisters({ r0: 1.5 }), UsageError, "32 unsigned bits");
});

Deno.test("step() masks interrupts for the step only, and says why it halted", async () => {
  const { fake, core } = await halted();
  fake.registers.set(15, 0x100);
  const from = fake.written.length;
  await core.step();
  const dhcsr = fake.written.slice(from).filter(([address]) => address === 0xe000edf0).map(([, value]) => value & 0xf);
  assertEquals(dhcsr, [0xb, 0xd, 0x3]);
  assertEquals([await core.readRegister("pc"), await core.haltReason()], [0x102, "step"]);
});

Deno.test("step() refuses on a running core and gives up when the core does not halt again", async () => {
  const { fake, core } = await make();
  await assertRejects(() => core.step(), TargetError, "the core is running");
  await core.halt();
  fake.neverHalts = true;
  await assertRejects(() => core.step(), TimeoutError, "did not halt again");
});

Deno.test("resume() steps over a breakpoint at the PC with the breakpoint lifted", async () => {
  const { fake, core } = await halted();
  fake.registers.set(15, 0x08000100);
  await core.setBreakpoint(0x08000100, "hardware");
  let during = 1;
  fake.onStep = () => during = fake.words.get(0xe0002008) ?? 0;
  await core.resume();
  assertEquals([fake.steps, during, fake.words.get(0xe0002008), fake.halted], [1, 0, 0x48000101, false]);
});

Deno.test("resume() stays halted when stepping over the breakpoint ends in another event", async () => {
  const { fake, core } = await halted();
  fake.registers.set(15, 0x08000100);
  await core.setBreakpoint(0x08000100, "hardware");
  fake.onStep = () => fake.dfsr |= 8;
  await core.resume();
  assertEquals([fake.halted, await core.haltReason()], [true, "vector-catch"]);
});

Deno.test("resume() leaves breakpoints elsewhere alone and grows the run token", async () => {
  const { fake, core } = await halted();
  await core.setBreakpoint(0x08000200, "hardware");
  const token = core.runToken;
  await core.resume();
  assert(core.runToken > token);
  assertEquals([fake.steps, fake.halted], [0, false]);
});

Deno.test("setVectorCatch() replaces the letters and keeps TRCENA; an unknown letter changes nothing", async () => {
  const { fake, core } = await make();
  await core.setVectorCatch("hr");
  assertEquals([await core.vectorCatch(), fake.words.get(0xe000edfc)], ["hr", 0x01000401]);
  await assertRejects(() => core.setVectorCatch("hx"), UsageError, '"x"');
  await core.setVectorCatch("none");
  assertEquals(await core.vectorCatch(), "");
});

Deno.test("setWatchpoint() uses comparators, reports when they run out and checks size and alignment", async () => {
  const { fake, core } = await make({ dwtCtrl: 0x10000000 });
  await core.setWatchpoint(0x20000000, 8, "write");
  await core.setWatchpoint(0x20000000, 8, "write");
  assertEquals([0x20, 0x24, 0x28].map((at) => fake.words.get(0xe0001000 + at)), [0x20000000, 3, 6]);
  const error = await assertRejects(() => core.setWatchpoint(0x20000010, 4, "read"), TargetError, "in use");
  assertEquals((error as TapirError).code, "no-watchpoint-left");
  await assertRejects(() => core.setWatchpoint(0x20000002, 4, "read"), UsageError, "aligned");
  await assertRejects(() => core.setWatchpoint(0x20000000, 3, "read"), UsageError, "power of two");
  await core.removeWatchpoint(0x20000000, 8, "write");
  assertEquals([core.watchpoints, fake.words.get(0xe0001028)], [[], 0]);
});

Deno.test("create() carries on without units that do not answer", async () => {
  const fake = new FakeCore();
  fake.faults.add(0xe0002000);
  fake.faults.add(0xe0001000);
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 1 });
  assertEquals([core.features.name, core.features.breakpoints, core.features.watchpoints], ["Cortex-M4", 0, 0]);
  await assertRejects(() => core.setBreakpoint(0x100, "hardware"), TargetError, "no hardware breakpoints");
  await assertRejects(() => core.setWatchpoint(0x20000000, 4, "write"), TargetError, "no watchpoints");
});

Deno.test("create() fails with the transfer error when the core cannot be reached", async () => {
  const fake = new FakeCore();
  fake.faults.add(0xe000edfc);
  await assertRejects(() => CortexM.create({ memory: fake, clock: fake.clock, index: 0 }), TransferError);
});
