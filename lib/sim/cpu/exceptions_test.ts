import { assertEquals } from "@std/assert";
import { Bench, CODE, DHCSR, handlerAddress, REG, STACK } from "./cpu_test_support.ts";

const BX_LR = 0x4770;
const UDF = 0xde00;
const WFI = 0xbf30;
/** ldr r1, [r0] */
const LOAD = 0x6801;

Deno.test("CortexM locks up when HardFault faults, and NMI gets it out", () => {
  for (const model of ["cortex-m0", "cortex-m4f"] as const) {
    const bench = new Bench(model, [UDF], { 3: [UDF] });
    bench.core.run(10);
    assertEquals(bench.core.lockedUp, true);
    assertEquals(bench.core.pc, 0xfffffffe);
    assertEquals(bench.read(REG.dhcsr) & (1 << 19), 1 << 19);
    assertEquals(bench.core.run(10), 0);
    bench.core.pendNmi();
    bench.core.run(1);
    assertEquals(bench.core.lockedUp, false);
    assertEquals(bench.core.pc, handlerAddress(2));
  }
});

Deno.test("CortexM locks up when the reset vector cannot be read", () => {
  const bench = new Bench("cortex-m4f", []);
  bench.bus.unmap("flash");
  bench.core.systemReset();
  assertEquals(bench.core.lockedUp, true);
  assertEquals(bench.read(REG.hfsr), 2);
});

Deno.test("CortexM escalates a disabled BusFault to HardFault and keeps the address", () => {
  const bench = new Bench("cortex-m4f", [0x2003, 0x0740, LOAD]); // r0 = 0x60000000
  bench.core.run(4);
  assertEquals(bench.haltedIpsr(), 3);
  assertEquals(bench.read(REG.cfsr), 0x8200);
  assertEquals(bench.read(REG.bfar), 0x60000000);
  assertEquals(bench.read(REG.hfsr), 0x40000000);
  bench.write(REG.cfsr, 0x8200);
  assertEquals(bench.read(REG.cfsr), 0);
});

Deno.test("CortexM takes UsageFault when enabled, with the bit of the cause", () => {
  const causes: [number[], number, number][] = [
    [[UDF], 0x200, 1 << 16],
    [[0x2000, 0x4700], 0x200, 1 << 17], // bx to an even address
    [[0xeeb0, 0x0a40], 0x200, 1 << 19], // vmov.f32 s0, s0 with CPACR closed
    [[0x2000, 0xfbb0, 0xf0f0], 0x210, 1 << 25], // udiv r0, r0, r0
    [[0x2001, LOAD], 0x208, 1 << 24],
    [[0x2001, 0xe8d0, 0x1f4f], 0x200, 0], // ldrexb is never misaligned
    [[0x2001, 0xe9d0, 0x1200], 0x200, 1 << 24], // ldrd always must be aligned
  ];
  for (const [code, ccr, status] of causes) {
    const bench = new Bench("cortex-m4f", code);
    bench.write(REG.shcsr, 1 << 18);
    bench.write(REG.ccr, ccr);
    bench.core.run(6);
    assertEquals(bench.read(REG.cfsr) >>> 0, status);
    assertEquals(bench.haltedIpsr(), status === 0 ? 0 : 6);
  }
});

Deno.test("CortexM refuses to execute from the peripheral region with MemManage", () => {
  const bench = new Bench("cortex-m4f", [0x2001, 0x0780, 0x3001, 0x4700]); // bx 0x40000001
  bench.write(REG.shcsr, 1 << 16);
  bench.core.run(6);
  assertEquals(bench.haltedIpsr(), 4);
  assertEquals(bench.read(REG.cfsr), 1);
  assertEquals(bench.read(STACK - 8), 0x40000000);
});

Deno.test("CortexM of ARMv6-M faults on any misaligned word", () => {
  const bench = new Bench("cortex-m0", [0x2001, LOAD]);
  bench.core.run(4);
  assertEquals(bench.haltedIpsr(), 3);
});

Deno.test("CortexM refuses an EXC_RETURN that does not match what is active", () => {
  const bench = new Bench("cortex-m4f", [0xdf00], { 11: [0x2000, 0x43c0, 0x4700] }); // bx 0xffffffff
  bench.write(REG.shcsr, 1 << 18);
  bench.core.run(8);
  assertEquals(bench.haltedIpsr(), 6);
  assertEquals(bench.read(REG.cfsr), 1 << 18);
});

Deno.test("CortexM enters SVC with a frame on the stack and returns from it", () => {
  for (const model of ["cortex-m0", "cortex-m4f"] as const) {
    const bench = new Bench(model, [0x2001, 0xdf00, 0x3004], { 11: [0x2609, BX_LR] });
    bench.core.run(2);
    assertEquals(bench.core.pc, handlerAddress(11));
    assertEquals(bench.core.register(14), 0xfffffff9);
    assertEquals(bench.core.register(13), STACK - 32);
    assertEquals(bench.read(STACK - 32), 1);
    assertEquals(bench.read(STACK - 8), CODE + 4);
    assertEquals(bench.read(STACK - 4), 0x01000000);
    bench.core.run(3);
    assertEquals([bench.core.register(0), bench.core.register(6), bench.core.register(13)], [5, 9, STACK]);
  }
});

Deno.test("CortexM aligns the stack to eight bytes and undoes it", () => {
  const bench = new Bench("cortex-m4f", [0xb081, 0xdf00], { 11: [BX_LR] }); // sub sp, #4; svc
  bench.core.run(2);
  assertEquals(bench.core.register(13), STACK - 40);
  assertEquals(bench.read(STACK - 12), 0x01000200);
  bench.core.run(1);
  assertEquals(bench.core.register(13), STACK - 4);
});

Deno.test("CortexM returns to the process stack with EXC_RETURN 0xFFFFFFFD", () => {
  // r0 = 0x20000800; msr psp, r0; movs r1, #2; msr control, r1; svc
  const code = [0x2020, 0x0600, 0x2180, 0x0109, 0x1840, 0xf380, 0x8809, 0x2102, 0xf381, 0x8814, 0xdf00];
  const bench = new Bench("cortex-m0", code, { 11: [BX_LR] });
  bench.core.run(9);
  assertEquals(bench.core.register(14), 0xfffffffd);
  assertEquals(bench.read(0x20000800 - 8), CODE + 22);
  assertEquals(bench.core.register(13), STACK);
  bench.core.run(1);
  assertEquals(bench.core.register(13), 0x20000800);
});

Deno.test("CortexM stacks floating-point state when it was used", () => {
  const code = [0xeeb7, 0x0a00, 0xdf00]; // vmov.f32 s0, #1; svc
  const bench = new Bench("cortex-m4f", code, { 11: [0xeeb0, 0x0a04, BX_LR] }); // vmov.f32 s0, #4
  bench.write(REG.cpacr, 0x00f00000);
  bench.core.run(3);
  assertEquals(bench.core.register(14), 0xffffffe9);
  assertEquals(bench.core.register(13), STACK - 0x68);
  bench.core.run(2);
  bench.write(REG.dhcsr, DHCSR.halt);
  assertEquals(bench.readRegister(64), 0x3f800000);
  assertEquals(bench.core.register(13), STACK);
});

Deno.test("CortexM lets a more urgent interrupt preempt, and no other", () => {
  const bench = new Bench("cortex-m4f", [], { 16: [0x2401, 0xe7fe], 17: [0x2502, 0xe7fe] });
  bench.write(REG.iser, 3);
  bench.write(REG.ipr, 0x4080);
  bench.core.pend(0);
  bench.core.run(5);
  assertEquals(bench.core.pc, handlerAddress(16) + 2);
  bench.core.pend(1);
  bench.core.run(5);
  assertEquals(bench.core.pc, handlerAddress(17) + 2);
  bench.core.pend(0);
  bench.core.run(5);
  assertEquals(bench.core.pc, handlerAddress(17) + 2);
});

Deno.test("CortexM holds interrupts off with PRIMASK and BASEPRI", () => {
  const masked = new Bench("cortex-m4f", [0xb672]); // cpsid i
  masked.write(REG.iser, 1);
  masked.core.run(2);
  masked.core.pend(0);
  masked.core.run(5);
  assertEquals(masked.haltedIpsr(), 0);
  const raised = new Bench("cortex-m4f", [0x2040, 0xf380, 0x8811]); // msr basepri, 0x40
  raised.write(REG.iser, 3);
  raised.write(REG.ipr, 0x3040);
  raised.core.run(3);
  raised.core.pend(0);
  raised.core.run(2);
  assertEquals(raised.core.pc, CODE + 6);
  raised.core.pend(1);
  raised.core.run(2);
  assertEquals(raised.core.pc, handlerAddress(17));
});

Deno.test("CortexM pends a level interrupt again while its line stays high", () => {
  const bench = new Bench("cortex-m0", [], { 16: [0x3401, BX_LR] }); // adds r4, #1
  bench.write(REG.iser, 1);
  bench.core.setIrqLevel(0, true);
  bench.core.run(10);
  assertEquals(bench.core.register(4), 5);
  bench.core.setIrqLevel(0, false);
  bench.core.run(10);
  assertEquals(bench.core.register(4), 6);
});

Deno.test("CortexM sleeps in WFI until SysTick fires, and time passes meanwhile", () => {
  const bench = new Bench("cortex-m0", [WFI, 0xe7fd], { 15: [0x3401, BX_LR] });
  bench.write(REG.sysTick + 4, 99);
  bench.write(REG.sysTick, 7);
  assertEquals(bench.core.run(50), 50);
  assertEquals(bench.core.sleeping, true);
  assertEquals(bench.core.run(1000), 1000);
  assertEquals(bench.core.register(4), 10);
  assertEquals(bench.core.instructions < 100, true);
});

Deno.test("CortexM wakes from WFI with PRIMASK set, without taking the interrupt", () => {
  const bench = new Bench("cortex-m4f", [0xb672, WFI, 0x2507]);
  bench.write(REG.iser, 1);
  bench.core.run(5);
  assertEquals(bench.core.sleeping, true);
  bench.core.pend(0);
  bench.core.run(5);
  assertEquals([bench.core.register(5), bench.haltedIpsr()], [7, 0]);
});

Deno.test("CortexM passes WFE after SEV and sleeps in the next one", () => {
  const bench = new Bench("cortex-m4f", [0xbf40, 0xbf20, 0x2507, 0xbf20, 0x2508]);
  bench.core.run(20);
  assertEquals([bench.core.register(5), bench.core.sleeping], [7, true]);
});

Deno.test("CortexM sleeps on exit from the last handler when SLEEPONEXIT is set", () => {
  const bench = new Bench("cortex-m0", [], { 16: [BX_LR] });
  bench.write(REG.iser, 1);
  bench.write(REG.scr, 2);
  bench.core.pend(0);
  bench.core.run(10);
  assertEquals(bench.core.sleeping, true);
});

Deno.test("CortexM reaches bits through the bit-band aliases of the M4", () => {
  // r0 = 0x22000000 + 32 * 4; str r1 (1) to [r0, #12]: bit 3 of the word at 0x20000004
  const bench = new Bench("cortex-m4f", [0x2022, 0x0600, 0x3080, 0x2101, 0x60c1, 0x68c2]);
  bench.core.run(6);
  assertEquals(bench.read(0x20000004), 8);
  assertEquals(bench.core.register(2), 1);
});
