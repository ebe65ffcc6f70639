import { assertEquals, assertRejects } from "@std/assert";
import { TargetError } from "../base/errors.ts";
import { CortexM } from "./cortex_m.ts";
import { formatFaultReport, readFaultReport } from "./fault_report.ts";
import { decodeFaults, locateFrame } from "./faults.ts";
import { FakeCore } from "./testing/fake_core.ts";

const NONE = { cfsr: 0, hfsr: 0, dfsr: 0, mmfar: 0x11, bfar: 0x22, sfsr: 0, sfar: 0x33 };

async function halted(cpuid?: number): Promise<{ fake: FakeCore; core: CortexM }> {
  const fake = new FakeCore(cpuid === undefined ? {} : { cpuid });
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0 });
  return { fake, core };
}

Deno.test("readFaultReport() refuses on a running core", async () => {
  const { core } = await halted();
  await assertRejects(() => readFaultReport(core), TargetError, "the core is running");
});

Deno.test("readFaultReport() explains a hard fault with the frame it interrupted", async () => {
  const { fake, core } = await halted();
  await core.halt();
  fake.registers.set(16, 0x21000003);
  fake.registers.set(14, 0xfffffffd);
  fake.registers.set(18, 0x20001000);
  fake.store(0x20001000, 1, 2, 3, 4, 12, 0x08000201, 0x08000300, 0x01000000);
  fake.store(0xe000ed28, 0x8200, 0x40000000);
  fake.store(0xe000ed38, 0x40009000);
  assertEquals(formatFaultReport(await readFaultReport(core)), [
    "In HardFault",
    "HFSR.FORCED: a configurable fault could not be handled and became a hard fault",
    "BFSR.PRECISERR: bus error on a data access; the stacked PC is the instruction that did it (address 0x40009000)",
    "DFSR.HALTED: halt request or step",
    "Interrupted at PC 0x08000300, called from 0x08000201",
  ]);
});

Deno.test("readFaultReport() does without the frame when the stack pointer leads nowhere", async () => {
  const { fake, core } = await halted(0x410cc200);
  await core.halt();
  fake.registers.set(16, 3);
  fake.registers.set(14, 0xfffffff9);
  fake.registers.set(17, 0x60000000);
  fake.faults.add(0x60000000);
  const report = await readFaultReport(core);
  assertEquals([report.exception, report.frame, report.registers.cfsr], ["HardFault", undefined, 0]);
});

Deno.test("decodeFaults() gives addresses only where the hardware says they are valid", () => {
  const faults = decodeFaults({ ...NONE, cfsr: 0x02 | 0x8200, sfsr: 0x48 });
  assertEquals(faults.map((fault) => [fault.source, fault.name, fault.address]), [
    ["MMFSR", "DACCVIOL", undefined],
    ["BFSR", "PRECISERR", 0x22],
    ["SFSR", "AUVIOL", 0x33],
  ]);
  assertEquals(decodeFaults(NONE), []);
});

Deno.test("locateFrame() follows the security bits of EXC_RETURN", () => {
  assertEquals(locateFrame(0xfffffff9, true), { register: "msp_s", offset: 0 });
  assertEquals(locateFrame(0xffffffbc, true), { register: "psp_ns", offset: 0 });
  assertEquals(locateFrame(0xffffffdd, true), { register: "psp_s", offset: 0x28 });
});
