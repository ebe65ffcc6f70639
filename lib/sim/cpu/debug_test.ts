import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import { Bench, CODE, DHCSR, handlerAddress, REG } from "./cpu_test_support.ts";

const S_REGRDY = 1 << 16;
const S_HALT = 1 << 17;
const S_RESET_ST = 1 << 25;
const ADDS_R4 = 0x3401;

function pid(bench: Bench, base: number): number {
  const at = (offset: number): number => bench.read(base + offset);
  return at(0xfe0) | (at(0xfe4) << 8) | (at(0xfe8) << 16);
}

Deno.test("DHCSR ignores writes without its key, and software's C_DEBUGEN", () => {
  // r0 = DHCSR; r1 = 0xA05F0003; str r1, [r0]
  const bench = new Bench("cortex-m4f", [
    0xf64e,
    0x50f0,
    0xf2ce,
    0x0000,
    0x2103,
    0xf2ca,
    0x015f,
    0x6001,
    ADDS_R4,
  ]);
  bench.write(REG.dhcsr, 3);
  assertEquals(bench.core.halted, false);
  bench.core.run(20);
  assertEquals([bench.core.halted, bench.core.register(4)], [false, 1]);
});

Deno.test("DHCSR.S_REGRDY stays clear until a running core halts", () => {
  const bench = new Bench("cortex-m0", [0x2005]);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.write(REG.dcrsr, 0);
  bench.core.run(3);
  assertEquals(bench.read(REG.dhcsr) & (S_REGRDY | S_HALT), 0);
  bench.write(REG.dhcsr, DHCSR.halt);
  assertEquals(bench.read(REG.dhcsr) & (S_REGRDY | S_HALT), S_REGRDY | S_HALT);
  assertEquals(bench.read(REG.dcrdr), 5);
  assertEquals(bench.read(REG.dfsr), 1);
});

Deno.test("DHCSR reports reset as long as it is held, and registers stay out of reach", () => {
  const bench = new Bench("cortex-m4f", [ADDS_R4]);
  bench.core.setReset(true);
  for (let i = 0; i < 2; i++) {
    assertEquals(bench.read(REG.dhcsr) & (S_RESET_ST | S_REGRDY | S_HALT), S_RESET_ST);
  }
  assertEquals(bench.core.run(10), 0);
  bench.write(REG.dhcsr, DHCSR.halt);
  assertEquals(bench.core.halted, false);
  bench.core.setReset(false);
  assertEquals([bench.core.halted, bench.core.pc], [true, CODE]);
  assertEquals(bench.read(REG.dhcsr) & S_RESET_ST, S_RESET_ST);
  assertEquals(bench.read(REG.dhcsr) & S_RESET_ST, 0);
});

Deno.test("DCRSR reaches every register of the M4F", () => {
  const bench = new Bench("cortex-m4f", []);
  bench.write(REG.dhcsr, DHCSR.halt);
  const values: [number, number][] = [];
  for (let selector = 0; selector < 13; selector++) values.push([selector, 0x11110000 + selector]);
  values.push([14, 0x88888888], [15, 0x120], [16, 0x61000000], [17, 0x20000400], [18, 0x20000800]);
  values.push([20, 0x02014001], [33, 0xf0000010]);
  for (let selector = 64; selector < 96; selector++) values.push([selector, 0x40000000 + selector]);
  for (const [selector, value] of values) bench.writeRegister(selector, value);
  for (const [selector, value] of values) assertEquals(bench.readRegister(selector), value);
  // CONTROL.SPSEL is set: SP is the process stack pointer.
  assertEquals(bench.readRegister(13), 0x20000800);
});

Deno.test("C_STEP executes one instruction, or enters one exception unless C_MASKINTS", () => {
  const bench = new Bench("cortex-m0", [ADDS_R4, ADDS_R4, ADDS_R4]);
  bench.write(REG.dhcsr, DHCSR.halt);
  bench.write(REG.dhcsr, DHCSR.step);
  bench.core.run(100);
  assertEquals([bench.core.halted, bench.core.register(4), bench.core.pc], [true, 1, CODE + 2]);
  bench.write(REG.iser, 1);
  bench.core.pend(0);
  bench.write(REG.dhcsr, DHCSR.stepMasked | 2);
  bench.write(REG.dhcsr, DHCSR.stepMasked);
  bench.core.run(100);
  assertEquals([bench.core.register(4), bench.core.pc], [2, CODE + 4]);
  bench.write(REG.dhcsr, DHCSR.step);
  bench.core.run(100);
  assertEquals([bench.core.halted, bench.core.register(4), bench.core.pc], [true, 2, handlerAddress(16)]);
});

Deno.test("C_STEP of a locked-up core is complete at once, and leaves it locked up", () => {
  const UDF = 0xde00;
  const bench = new Bench("cortex-m4f", [UDF], { 3: [UDF] });
  bench.core.run(10);
  bench.write(REG.dhcsr, DHCSR.halt);
  bench.write(REG.dhcsr, DHCSR.step);
  assertEquals(bench.core.halted, false);
  bench.core.run(1);
  assertEquals([bench.core.halted, bench.core.lockedUp, bench.core.pc], [true, true, 0xfffffffe]);
});

Deno.test("BKPT halts with debug on, and is a HardFault otherwise", () => {
  const off = new Bench("cortex-m4f", [0xbe00]);
  off.core.run(3);
  assertEquals(off.haltedIpsr(), 3);
  assertEquals(off.read(REG.hfsr), 0x80000000);
  const on = new Bench("cortex-m4f", [ADDS_R4, 0xbe00]);
  on.write(REG.dhcsr, DHCSR.enable);
  on.core.run(10);
  assertEquals([on.core.halted, on.core.pc, on.read(REG.dfsr)], [true, CODE + 2, 2]);
});

Deno.test("BKPT goes to DebugMonitor when that is enabled", () => {
  const bench = new Bench("cortex-m4f", [0xbe00]);
  bench.write(REG.demcr, 1 << 16);
  bench.core.run(3);
  assertEquals(bench.haltedIpsr(), 12);
});

Deno.test("BreakpointUnit breaks on either half-word, only while enabled", () => {
  for (const model of ["cortex-m0", "cortex-m4f"] as const) {
    const bench = new Bench(model, [ADDS_R4, ADDS_R4, ADDS_R4, ADDS_R4]);
    bench.core.run(8); // everything is decoded by now
    bench.core.systemReset();
    bench.write(REG.dhcsr, DHCSR.enable);
    bench.write(0xe0002008, (CODE | 0x80000001) >>> 0);
    bench.write(0xe000200c, (CODE + 4) | 0x40000001);
    bench.core.run(1);
    bench.core.systemReset();
    bench.write(0xe0002000, 1);
    assertEquals(bench.read(0xe0002000) & 1, 0);
    bench.write(0xe0002000, 3);
    bench.core.run(100);
    assertEquals([bench.core.halted, bench.core.pc, bench.read(REG.dfsr)], [true, CODE + 2, 2]);
    bench.write(0xe0002008, 0);
    bench.write(REG.dhcsr, DHCSR.enable);
    bench.core.run(100);
    assertEquals(bench.core.pc, CODE + 4);
    bench.write(0xe0002000, 2);
    bench.write(REG.dhcsr, DHCSR.enable);
    assertEquals(bench.core.run(100), 100);
  }
});

Deno.test("WatchpointUnit halts after the access it watches", () => {
  const cases: [number, number, boolean][] = [[5, 0, false], [6, 0, true], [7, 0, true], [6, 4, true], [0, 0, false]];
  for (const [func, mask, hit] of cases) {
    const bench = new Bench("cortex-m4f", [0x2020, 0x0600, 0x60c1, ADDS_R4]); // str r1, [0x2000000c]
    bench.write(REG.dhcsr, DHCSR.enable);
    bench.write(REG.demcr, 1 << 24);
    bench.write(0xe0001020, mask === 0 ? 0x2000000c : 0x20000000);
    bench.write(0xe0001024, mask);
    bench.write(0xe0001028, func);
    bench.core.run(20);
    assertEquals(bench.core.halted, hit);
    assertEquals(bench.read(0xe0001028) >>> 24, hit ? 1 : 0);
    assertEquals(bench.read(0xe0001028) >>> 24, 0);
    assertEquals(bench.read(REG.dfsr), hit ? 4 : 0);
    if (hit) assertEquals(bench.core.pc, CODE + 6);
  }
});

Deno.test("WatchpointUnit matches the PC, counts cycles and samples the PC", () => {
  const bench = new Bench("cortex-m4f", [ADDS_R4, ADDS_R4, ADDS_R4]);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.write(REG.demcr, 1 << 24);
  bench.write(0xe0001000, 1);
  bench.write(0xe0001004, 100);
  assertEquals(bench.read(0xe000101c), CODE);
  bench.write(0xe0001020, CODE + 2);
  bench.write(0xe0001028, 4);
  bench.core.run(20);
  assertEquals([bench.core.halted, bench.core.register(4)], [true, 2]);
  assertEquals(bench.read(0xe0001004), 102);
  assertEquals(bench.read(0xe000101c), 0xffffffff);
});

Deno.test("DEMCR.VC_CORERESET and VC_HARDERR halt at the first instruction", () => {
  const bench = new Bench("cortex-m0", [0xde00]);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.write(REG.demcr, 0x401);
  bench.core.systemReset();
  assertEquals([bench.core.halted, bench.core.pc, bench.read(REG.dfsr)], [true, CODE, 8]);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.core.run(10);
  assertEquals([bench.core.halted, bench.core.pc], [true, handlerAddress(3)]);
});

Deno.test("AIRCR resets through the board, keeps debug settings, and wants its key", () => {
  const bench = new Bench("cortex-m4f", [ADDS_R4]);
  let asked = 0;
  bench.core.onSystemReset = () => asked++;
  bench.write(REG.aircr, 4);
  assertEquals(asked, 0);
  bench.write(REG.aircr, 0x05fa0004);
  assertEquals(asked, 1);
  bench.write(REG.dhcsr, DHCSR.halt);
  bench.write(REG.demcr, 1);
  bench.writeRegister(15, 0x300);
  bench.write(REG.aircr, 0x05fa0001);
  assertEquals([bench.core.halted, bench.core.pc, bench.read(REG.demcr)], [true, CODE, 1]);
  bench.core.powerOnReset();
  assertEquals([bench.core.halted, bench.read(REG.demcr), bench.read(REG.dhcsr) & 0xff], [false, 0, 0]);
});

Deno.test("CortexM has the identity of the core it models", () => {
  const m0 = new Bench("cortex-m0", []);
  assertEquals(m0.read(0xe000ed00), 0x410cc200);
  assertEquals([pid(m0, 0xe000e000), pid(m0, 0xe0001000), pid(m0, 0xe0002000)], [0x0bb008, 0x0bb00a, 0x0bb00b]);
  assertEquals([m0.read(0xe0001000) >>> 28, m0.read(0xe0002000)], [2, 0x40]);
  const m4 = new Bench("cortex-m4f", []);
  assertEquals(m4.read(0xe000ed00), 0x410fc241);
  assertEquals([pid(m4, 0xe000e000), pid(m4, 0xe0001000), pid(m4, 0xe0002000)], [0x0bb00c, 0x3bb002, 0x2bb003]);
  assertEquals([m4.read(0xe0001000) >>> 28, m4.read(0xe0002000)], [4, 0x260]);
  assertEquals([m4.read(0xe000ef40), m4.read(0xe000ef44), m4.read(0xe000ed90)], [0x10110021, 0x11000011, 0x800]);
});

Deno.test("CortexM executes changed code at once, whoever changed it", () => {
  const bench = new Bench("cortex-m0", []);
  const ramCode = (half: number): void => new Uint16Array(bench.ram.buffer).set([half, 0xe7fd], 0);
  ramCode(ADDS_R4);
  bench.write(REG.dhcsr, DHCSR.halt);
  bench.writeRegister(15, 0x20000000);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.core.run(4);
  assertEquals(bench.core.register(4), 2);
  bench.core.debugBus.write(0x20000000, 2, 0x3501);
  bench.core.run(4);
  assertEquals([bench.core.register(4), bench.core.register(5)], [2, 2]);
  ramCode(0x3601);
  bench.bus.touched("ram", 0, 4);
  bench.core.run(4);
  assertEquals([bench.core.register(5), bench.core.register(6)], [2, 2]);
});

Deno.test("CortexM answers the debug bus with errors while debug power is off", () => {
  const bench = new Bench("cortex-m0", []);
  bench.core.setDebugPower(false);
  assertEquals([bench.read(0), bench.core.debugBus.write(0x20000000, 4, 1)], [-1, false]);
});

Deno.test("CortexM wakes into Debug state when halted asleep, and goes on behind the WFI", () => {
  const bench = new Bench("cortex-m0", [0xbf30, ADDS_R4]);
  bench.core.run(5);
  assertEquals(bench.read(REG.dhcsr) & (1 << 18), 1 << 18);
  bench.write(REG.dhcsr, DHCSR.halt);
  assertEquals([bench.core.halted, bench.core.sleeping, bench.core.pc], [true, false, CODE + 2]);
  bench.write(REG.dhcsr, DHCSR.enable);
  bench.core.run(5);
  assertEquals(bench.core.register(4), 1);
});

Deno.test("AIRCR.VECTCLRACTIVE forgets active exceptions while halted only", () => {
  const bench = new Bench("cortex-m4f", [0xdf00]);
  bench.core.run(3);
  bench.write(REG.aircr, 0x05fa0002);
  assertEquals(bench.read(REG.shcsr), 1 << 7);
  assertEquals(bench.haltedIpsr(), 11);
  bench.write(REG.aircr, 0x05fa0002);
  assertEquals([bench.read(REG.shcsr), bench.haltedIpsr()], [0, 0]);
});

Deno.test("BreakpointUnit does not fire when halting debug and DebugMonitor are off", () => {
  const bench = new Bench("cortex-m4f", [ADDS_R4, ADDS_R4]);
  bench.write(0xe0002008, CODE | 0x40000001);
  bench.write(0xe0002000, 3);
  bench.core.run(5);
  assertEquals([bench.core.register(4), bench.haltedIpsr()], [2, 0]);
});

Deno.test("CortexM.mapPpb serves a board's peripheral, and refuses what is taken or outside", () => {
  const bench = new Bench("cortex-m4f", []);
  const device = { read: (offset: number) => offset + 1, write: () => false };
  bench.core.mapPpb(0xe00ff000, 0x1000, device);
  assertEquals([bench.read(0xe00ff010), bench.core.debugBus.write(0xe00ff000, 4, 0)], [0x11, false]);
  assertEquals(bench.read(0xe0040000), -1);
  for (const start of [0xe000e000, 0xe0002000, 0xe0100000, 0x40000000]) {
    assertThrows(() => bench.core.mapPpb(start, 0x1000, device), UsageError, "Cannot map a private peripheral");
  }
});
