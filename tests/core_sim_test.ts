import { assert, assertEquals, assertRejects } from "@std/assert";
import { TargetError } from "../lib/base/errors.ts";
import { CortexM } from "../lib/core/cortex_m.ts";
import { GENERAL_REGISTERS } from "../lib/core/registers.ts";
import { clearResetCatch, coreReset, setResetCatch, startDebug, systemReset, waitForReset } from "../lib/core/reset.ts";
import { type ComponentNode, discover } from "../lib/coresight/discovery.ts";
import { DebugPort } from "../lib/dap/debug_port.ts";
import { scanAccessPorts } from "../lib/dap/discovery.ts";
import { MemAp } from "../lib/dap/mem_ap.ts";
import { type OpenedSim, openSim } from "../lib/probe/sim/driver.ts";

interface World extends OpenedSim {
  readonly dp: DebugPort;
  readonly ap: MemAp;
  readonly tree: ComponentNode;
  readonly core: CortexM;
}

async function connect(name: string): Promise<World> {
  const sim = await openSim(name, { board: { timing: "fast" } });
  const dp = new DebugPort(sim.probe);
  await dp.connect();
  await dp.powerUp();
  const ap = (await scanAccessPorts(dp)).find((port) => port instanceof MemAp) as MemAp;
  const tree = await discover(ap);
  assert(tree !== undefined);
  const core = await CortexM.create({ memory: ap, clock: sim.probe.clock, index: 0 });
  await startDebug(core);
  return { ...sim, dp, ap, tree, core };
}

const RAM = 0x20000100;

/** movs r0, #0; loop: adds r0, #1; str r0, [r1]; b loop */
const LOOP = Uint8Array.of(0x00, 0x20, 0x01, 0x30, 0x08, 0x60, 0xfc, 0xe7);

async function startLoop(core: CortexM): Promise<void> {
  await core.halt();
  core.writeBytes(RAM, LOOP);
  await core.writeRegisters({ pc: RAM, sp: 0x20001000, xpsr: 0x01000000, r1: 0x20000200, primask: 1 });
}

for (
  const [name, coreName, architecture] of [
    ["stm32f072", "Cortex-M0", "v6-M"],
    ["stm32f407", "Cortex-M4", "v7-M"],
    ["nrf52840", "Cortex-M4", "v7-M"],
  ] as const
) {
  Deno.test(`${name}: discovery and identification find the core and its units`, async () => {
    const { ap, tree, core, probe } = await connect(name);
    const before = probe.stats.packets;
    await discover(ap);
    const packets = probe.stats.packets - before;
    // The Cortex-M0 of the STM32F0 and the M4s have two tables each at most: identification and entries of both.

    assert(packets <= 8, `${packets} packets`);
    const kinds = tree.children.flatMap((node) => [node, ...node.children]).map((node) => node.kind);
    for (const kind of ["scs", "dwt", "fpb"] as const) assert(kinds.includes(kind), `${kind} in ${kinds}`);
    assertEquals([core.features.name, core.features.architecture], [coreName, architecture]);
    assert(core.features.breakpoints >= 4 && core.features.watchpoints >= 1);
    await probe.close();
  });

  Deno.test(`${name}: registers survive a round trip, all of them in one batch`, async () => {
    const { core, probe } = await connect(name);
    await core.halt();
    const values = Object.fromEntries(GENERAL_REGISTERS.slice(0, 13).map((register, n) => [register, 0x11110000 + n]));
    await core.writeRegisters({ ...values, sp: 0x20000800, lr: 0x101, pc: 0x20000100, primask: 1 });
    const before = probe.stats.packets;
    const read = await core.readRegisters([...GENERAL_REGISTERS]);
    const packets = probe.stats.packets - before;

    assert(packets <= 1, `${packets} packets`);
    assertEquals(read.slice(0, 16), [...Object.values(values), 0x20000800, 0x101, 0x20000100]);
    assertEquals(await core.readRegister("primask"), 1);
    await probe.close();
  });

  Deno.test(`${name}: running, stepping and breakpoints of both kinds`, async () => {
    const { core, probe } = await connect(name);
    await startLoop(core);
    assertEquals(await core.state(), "halted");
    await core.step();
    assertEquals([await core.readRegister("pc"), await core.haltReason()], [RAM + 2, "step"]);
    const breakpoint = await core.setBreakpoint(RAM + 4, "software");
    assertEquals([breakpoint.type, await core.readBytes(RAM, 8)], ["software", LOOP]);
    for (const count of [1, 2, 3]) {
      await core.resume();
      assertEquals(await core.waitHalted(1000), true);
      assertEquals(await core.readRegisters(["pc", "r0"]), [RAM + 4, count]);
      assertEquals(await core.haltReason(), "breakpoint");
    }
    await core.removeBreakpoint(RAM + 4);
    await core.resume();
    assertEquals(await core.state(), "running");
    await assertRejects(() => core.readRegisters(["pc"]), TargetError, "the core is running");
    await core.halt();
    assertEquals([await core.state(), await core.haltReason()], ["halted", "request"]);
    assertEquals(await core.readBytes(RAM, 8), LOOP);
    await probe.close();
  });

  Deno.test(`${name}: a watchpoint halts after the write`, async () => {
    const { core, probe } = await connect(name);
    await startLoop(core);
    await core.setWatchpoint(0x20000200, 4, "write");
    await core.resume();
    assertEquals(await core.waitHalted(1000), true);
    assertEquals([await core.haltReason(), await core.read32(0x20000200)], ["watchpoint", 1]);
    assertEquals((await core.dwt.matched())?.address, 0x20000200);
    await probe.close();
  });

  Deno.test(`${name}: a caught reset halts at the first instruction`, async () => {
    const { core, dp, probe, board } = await connect(name);
    board.loadFlash(name === "nrf52840" ? 0 : 0x08000000, Uint8Array.of(0, 0x10, 0, 0x20, 9, 0, 0, 0, 0xfe, 0xe7));
    const before = await setResetCatch(core);
    await systemReset(core);
    await waitForReset(core, { timeoutMs: 2000, recoverDap: () => dp.recover(1000) });
    assertEquals(await core.waitHalted(1000), true);
    await clearResetCatch(core, before);
    assertEquals(await core.readRegisters(["pc", "sp"]), [8, 0x20001000]);
    assertEquals([await core.haltReason(), await core.vectorCatch()], ["vector-catch", ""]);
    await coreReset(core);
    await probe.close();
  });
}

Deno.test("stm32f407: breakpoint in flash by hardware", async () => {
  const { core, probe, board } = await connect("stm32f407");
  board.loadFlash(0x08000000, LOOP);
  await core.halt();
  await core.writeRegisters({ pc: 0x08000000, sp: 0x20001000, r1: 0x20000200, xpsr: 0x01000000, primask: 1 });
  const breakpoint = await core.setBreakpoint(0x08000004);
  assertEquals(breakpoint.type, "hardware");
  for (const count of [1, 2]) {
    await core.resume();
    assertEquals(await core.waitHalted(1000), true);
    assertEquals([await core.haltReason(), await core.readRegister("r0")], ["breakpoint", count]);
  }
  await probe.close();
});

Deno.test("stm32f407: floating-point registers survive a round trip", async () => {
  const { core, probe } = await connect("stm32f407");
  await core.halt();
  await core.writeRegisters({ s0: 0x3f800000, d1: 0x4008000000000000n, fpscr: 0x10 });
  assertEquals(await core.readRegisters(["s0", "d1", "s2", "s3", "fpscr"]), [
    0x3f800000,
    0x4008000000000000n,
    0,
    0x40080000,
    0x10,
  ]);
  await probe.close();
});

Deno.test("stm32f407: a locked-up core is reported as such", async () => {
  const { core, probe } = await connect("stm32f407");
  await core.halt();
  await core.writeRegisters({ pc: 0x60000000, sp: 0x60000000, xpsr: 0x01000000, faultmask: 1 });
  await core.resume();
  assertEquals(await core.waitHalted(5000), true);
  assertEquals(await core.state(), "lockup");
  await assertRejects(() => core.readRegisters(["pc"]), TargetError, "locked up");
  await core.halt();
  assertEquals(await core.state(), "halted");
  await probe.close();
});
