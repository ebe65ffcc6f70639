import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProbeError, TargetError, TimeoutError, TransferError, UsageError } from "../base/errors.ts";
import { DebugPort } from "./debug_port.ts";
import { FakeMemAp, FakeProbe } from "./testing/fake_probe.ts";

Deno.test("DebugPort.connect() gives up after four attempts, with exit code 4", async () => {
  const probe = new FakeProbe();
  probe.deaf = 10;
  const error = await assertRejects(() => new DebugPort(probe).connect(), TransferError);
  assertEquals([error.exitCode, error.code, probe.sequences.length], [4, "no-target", 4]);
});

Deno.test("DebugPort.connect() makes two attempts only when told to use dormant, and when told not to switch", async () => {
  for (const options of [{ useDormant: true }, { swjEnable: false }]) {
    const probe = new FakeProbe();
    probe.deaf = 10;
    await assertRejects(() => new DebugPort(probe).connect(options), TransferError);
    assertEquals(probe.batches.length, 2);
  }
});

Deno.test("DebugPort.connect() goes through dormant from the third attempt on", async () => {
  const probe = new FakeProbe();
  probe.deaf = 2;
  const identity = await new DebugPort(probe).connect();
  assertEquals([identity.version, identity.designer], [1, 0x23b]);
  assertEquals(probe.sequences.map((sequence) => sequence.split(":")[0]), ["126", "126", "291"]);
});

Deno.test("DebugPort.connect() refuses a DPIDR that is none", async () => {
  const probe = new FakeProbe();
  probe.dpidr = 0xffff_ffff;
  await assertRejects(() => new DebugPort(probe).connect(), TransferError, "no debug port answered");
});

Deno.test("DebugPort.connect() needs SWD sequences to select one of several debug ports", async () => {
  await assertRejects(() => new DebugPort(new FakeProbe()).connect({ targetSel: 1 }), ProbeError, "SWD sequences");
});

Deno.test("DebugPort.identity throws before connecting", () => {
  assertThrows(() => new DebugPort(new FakeProbe()).identity, TargetError);
});

Deno.test("DebugPort.powerUp() takes one batch, and says when power does not come", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  const before = probe.batches.length;
  await dp.powerUp();
  assertEquals(probe.batches.length - before, 1);
  await dp.powerDown();
  probe.inject = (op) => op.kind === "match" ? "mismatch" : undefined;
  await assertRejects(() => dp.powerUp(50), TimeoutError);
});

Deno.test("DebugPort.readDp() selects the bank and goes back to bank 0", async () => {
  const probe = new FakeProbe();
  probe.dpRegisters.set(0x24, 0x0100_2927);
  const dp = new DebugPort(probe);
  await dp.connect();
  assertEquals(await dp.readDp(0x24), 0x0100_2927);
  await dp.flush();
  assertEquals(probe.select, 0);
});

Deno.test("DebugPort.readAp() writes SELECT only when it must change", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  const reads = [dp.readAp({ apsel: 0 }, 0xfc), dp.readAp({ apsel: 0 }, 0xf8), dp.readAp({ apsel: 1 }, 0xfc)];
  assertEquals(await Promise.all(reads), [0x24770011, 0xffff_ffff, 0]);
  const selects = probe.batches.at(-1)!.flatMap((op) => op.kind === "write" ? [op.value] : []);
  assertEquals(selects, [0xf0, 0x0100_00f0]);
});

Deno.test("DebugPort.readAp() reaches ADIv6 access ports above 4 GiB", async () => {
  const probe = new FakeProbe();
  probe.dpidr = 0x4c01_3477;
  const ap = new FakeMemAp();
  probe.aps.set(0x12_0000_2000, ap);
  probe.dpRegisters.set(0x10, 40).set(0x20, 0x8000_0001).set(0x30, 0x12);
  const dp = new DebugPort(probe);
  await dp.connect();
  assertEquals(await dp.readRootBase(), 0x12_8000_0000);
  assertEquals(await dp.readAp({ base: 0x12_0000_2000 }, 0xfc), 0x24770011);
});

Deno.test("DebugPort clears sticky errors after FAULT and goes on", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  await dp.powerUp();
  probe.ap0.broken.add(0);
  dp.writeAp({ apsel: 0 }, 0x04, 0);
  assertEquals((await assertRejects(() => dp.readAp({ apsel: 0 }, 0x0c), TransferError)).fault, "fault");
  assertEquals(probe.ctrlStat & 0x20, 0);
  assertEquals(await dp.readAp({ apsel: 0 }, 0xfc), 0x24770011);
  assertEquals(dp.recoveries, 1);
});

Deno.test("DebugPort aborts after WAIT, and resets the line after silence", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  const sequences = probe.sequences.length;
  probe.inject = (op) => op.port === "ap" ? "wait" : undefined;
  await assertRejects(() => dp.readAp({ apsel: 0 }, 0xfc), TransferError);
  assertEquals(probe.aborts, [0x1f]);
  probe.inject = (op) => op.port === "ap" ? "no-ack" : undefined;
  await assertRejects(() => dp.readAp({ apsel: 0 }, 0xfc), TransferError);
  assertEquals(probe.sequences.length, sequences + 1);
  probe.inject = undefined;
  assertEquals(await dp.readAp({ apsel: 0 }, 0xfc), 0x24770011);
});

Deno.test("DebugPort finds out about faults over JTAG, which does not tell them", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect({ protocol: "jtag" });
  probe.inject = (op) => op.kind === "match" ? "mismatch" : undefined;
  assertEquals((await assertRejects(() => dp.readAp({ apsel: 0 }, 0xfc), TransferError)).fault, "fault");
});

Deno.test("DebugPort.recover() connects anew when the debug port has fallen silent, within its time", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  await dp.powerUp();
  probe.ctrlStat = 0;
  await dp.recover(1000);
  assert(probe.ctrlStat !== 0);
  probe.inject = () => "no-ack";
  const start = probe.clock.now();
  await assertRejects(() => dp.recover(300), TimeoutError);
  assert(probe.clock.now() - start < 500);
});

Deno.test("DebugPort.resetPulse() drives nRESET low and high again", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.assertReset(true);
  assertEquals([probe.nreset, await dp.isResetAsserted()], [false, true]);
  await dp.resetPulse(10, 20);
  assertEquals([probe.nreset, probe.clock.now()], [true, 30]);
});

Deno.test("DebugPort.readReg() and writeReg() refuse addresses that would reach another register", async () => {
  const dp = new DebugPort(new FakeProbe());
  await dp.connect();
  for (const register of [0x3, 0x100, -4, 1.5, NaN]) {
    assertThrows(() => void dp.readReg(register), UsageError, "of the debug port: it has none there");
    assertThrows(() => dp.writeReg(register, 0), UsageError, "of the debug port: it has none there");
  }
  assertEquals(await dp.readReg(0x0), await dp.readDp(0x0));
});
