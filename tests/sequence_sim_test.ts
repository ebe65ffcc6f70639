/**
 * Debug sequences on simulated boards, and on plain fakes of chips the simulator does not have.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TargetError } from "../lib/base/errors.ts";
import type { CortexM } from "../lib/core/cortex_m.ts";
import { FakeMemAp, FakeProbe } from "../lib/dap/testing/fake_probe.ts";
import { describeDevice } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { debugTopology, packVariables, sequenceSources } from "../lib/pack/sequences.ts";
import { openPack } from "../lib/pack/source.ts";
import type { Probe } from "../lib/probe/probe.ts";
import { openSim, type SimOptions } from "../lib/probe/sim/driver.ts";
import type { SequenceSource } from "../lib/sequence/ast.ts";
import type { TargetDescription } from "../lib/target/description.ts";
import type { Layer } from "../lib/target/ladder.ts";
import { makeRegion, ramRegion } from "../lib/target/memory_map.ts";
import { PackSequences, type PackSequencesOptions } from "../lib/target/sequence_layer.ts";
import type { DebugTopology } from "../lib/target/sequence_topology.ts";
import { Target } from "../lib/target/target.ts";
import { needsData } from "./support/flash_bench.ts";
import { block, control, sequence } from "./support/sequence_notebook.ts";

const DATA = new URL("../../shared/data/", import.meta.url);
const hex = (value: number): string => `0x${value.toString(16)}`;

/** A target with the sequences of a real pack on `probe`, and the calls they make. */
async function packTarget(
  probe: Probe,
  path: string,
  part: string,
  options: Partial<PackSequencesOptions> & { layers?: readonly Layer[] } = {},
) {
  const pack = await openPack(decodeURIComponent(new URL(path, DATA).pathname), systemFiles);
  const device = pack.pdsc.device(describeDevice(pack, part).name);
  const description = describeDevice(pack, part);
  pack.close();
  const trace: string[] = [];
  const { layers = [], ...rest } = options;
  const sequences = new PackSequences({
    sequences: sequenceSources(device.sequences),
    topology: debugTopology(device),
    variables: packVariables(device, "pdsc"),
    trace: (event) => trace.push(`${event.sequence}: ${event.call}`),
    ...rest,
  });
  const target = new Target({ probe, description, layers: [...layers, sequences.layer], sequences });
  return { target, sequences, trace };
}

const F4 = "dfp/Keil.STM32F4xx_DFP.3.1.2-dev/Keil.STM32F4xx_DFP.pdsc";

async function f4(options: Parameters<typeof packTarget>[3] = {}, sim: SimOptions = {}) {
  const opened = await openSim("stm32f407", { ...sim, board: { timing: "fast", ...sim.board } });
  return { ...opened, ...await packTarget(opened.probe, F4, "STM32F407VGTx", options) };
}

Deno.test({
  ...needsData("the STM32F4 pack checks the chip and sets DBGMCU up while connecting"),
  fn: async () => {
    const { target, trace } = await f4();
    await target.connect();
    assertEquals(trace, [
      "CheckID: ReadAP(0xf8)",
      "CheckID: Read32(0xe00fffe4)",
      "CheckID: Read32(0xe00fffe8)",
      'DebugDeviceUnlock: Sequence("CheckID")',
      "DebugCoreStart: Write32(0xe000edf0, 0xa05f0001)",
      "DebugCoreStart: Write32(0xe0042004, 7)",
      "DebugCoreStart: Write32(0xe0042008, 0x6e019ff)",
      "DebugCoreStart: Write32(0xe004200c, 0x70003)",
    ]);
    const { raw } = target.primaryCore;
    assertEquals(await Promise.all([0xe0042004, 0xe0042008, 0xe004200c].map((each) => raw.read32(each))), [
      7,
      0x6e019ff,
      0x70003,
    ]);
    assertEquals(await target.primaryCore.state(), "halted");
  },
});

Deno.test({
  ...needsData("a user's debug variable replaces that of the pack, also in the middle of a session"),
  fn: async () => {
    const { target, sequences } = await f4();
    await target.connect();
    sequences.setVariables([
      { name: "pdsc", line: 1, text: "__var DbgMCU_CR = 7; __var DbgMCU_APB1_Fz = 0; __var DbgMCU_APB2_Fz = 0;" },
      { name: "option", line: 1, text: "DbgMCU_CR = 0x3" },
    ]);
    assertEquals((await sequences.run("DebugCoreStart")).ran, true);
    assertEquals(await target.primaryCore.raw.read32(0xe0042004), 3);
  },
});

Deno.test({
  ...needsData("a halted core stays halted when the pack enables debug again after a reset"),
  fn: async () => {
    const { target, trace } = await f4();
    await target.connect();
    trace.length = 0;
    await target.reset(target.primaryCore, "default", { halt: true });
    assertEquals([trace.length, await target.primaryCore.state()], [4, "halted"]);
  },
});

Deno.test({
  ...needsData("a sequence that is switched off leaves its step to the architecture"),
  fn: async () => {
    for (const options of [{ disabled: () => ["DebugCoreStart", "DebugDeviceUnlock"] }, { enabled: () => false }]) {
      const { target, trace } = await f4(options);
      await target.connect();
      assertEquals(trace, []);
      assertEquals(await target.primaryCore.raw.read32(0xe000edf0) & 1, 1);
      assertEquals(await target.primaryCore.raw.read32(0xe0042004), 0);
    }
  },
});

Deno.test({
  ...needsData("a user script's delegate comes before the pack's sequence"),
  fn: async () => {
    const seen: string[] = [];
    const script: Layer = { name: "script", hooks: { unlock_device: () => (seen.push("unlock"), true) } };
    const { target, trace } = await f4({ layers: [script] });
    await target.connect();
    assertEquals(seen, ["unlock"]);
    assert(!trace.some((line) => line.includes("CheckID")), trace.join("\n"));
  },
});

Deno.test({
  ...needsData("a chip that is not the pack's is refused with the pack's own words"),
  fn: async () => {
    const { probe } = await openSim("nrf52840", { board: { timing: "fast" } });
    const { target } = await packTarget(probe, F4, "STM32F407VGTx");
    const error = await assertRejects(
      () => target.connect(),
      TargetError,
      "The chip's description says: Not a genuine",
    );
    assert(error.message.includes("debug sequence CheckID"), error.message);
  },
});

Deno.test({
  ...needsData("nRESET stays low from before the connection until the core is caught"),
  fn: async () => {
    const { target, probe } = await f4();
    const events: string[] = [];
    const { connect, pins } = probe;
    probe.connect = (protocol) => (events.push(`connect ${protocol}`), connect.call(probe, protocol));
    probe.pins = (output, select, waitUs) => {
      if (select & 0x80) events.push(`nRESET ${output & 0x80 ? 1 : 0}`);
      return pins.call(probe, output, select, waitUs);
    };
    target.events.on((event) => events.push(event.type));
    await target.connect("under-reset");
    assertEquals(events, ["connect swd", "nRESET 0", "nRESET 1", "post-connect"]);
    assertEquals(await target.primaryCore.state(), "halted");
  },
});

const NRF: TargetDescription = {
  name: "nRF52840_xxAA",
  vendor: "Nordic Semiconductor",
  families: [],
  source: "script",
  memory: [makeRegion("FLASH", "flash", 0, 0x100000, { isBoot: true }), ramRegion("SRAM", 0x20000000, 0x40000)],
  algorithms: [],
  processors: [{ name: "Cortex-M4", core: "Cortex-M4" }],
};

const ONE_CORE: DebugTopology = {
  debugPorts: [],
  accessPorts: [],
  processors: [{ name: "Cortex-M4", dp: 0, ap: 0, apid: 0 }],
};

/** Erases everything through the control access port when the protection is on and the user agrees. */
const UNLOCK = sequence(
  "DebugDeviceUnlock",
  block("__var locked = 0; __var answer = 4; __ap = 1; locked = (ReadAP(0xC) & 1) == 0;"),
  control({ if: "locked" }, block('answer = Query(1, "Unlock and erase everything?", Agree);')),
  control(
    { if: "answer == 3" },
    block("WriteAP(0x4, 1);"),
    control({ while: "ReadAP(0x8)", timeoutUs: 15_000_000 }),
    block("WriteAP(0x4, 0); WriteAP(0x0, 1); WriteAP(0x0, 0);"),
  ),
);

async function lockedNrf(agree: number) {
  const { probe, board } = await openSim("nrf52840", { board: { timing: "fast", locked: true } });
  const trace: string[] = [];
  const sequences = new PackSequences({
    sequences: [UNLOCK],
    topology: ONE_CORE,
    variables: [{ name: "test", line: 1, text: `__var Agree = ${agree};` }],
    trace: ({ call, result }) => trace.push(`${call} = ${result}`),
  });
  const target = new Target({ probe, description: NRF, layers: [sequences.layer], sequences });
  return { target, trace, board };
}

Deno.test("a sequence unlocks a chip through its control access port before discovery", async () => {
  const { target, trace } = await lockedNrf(3);
  await target.connect();
  assertEquals(target.cores.length, 1);
  assertEquals(trace.filter((line) => !line.startsWith("ReadAP(8)")), [
    "ReadAP(0xc) = 0",
    'Query(1, "Unlock and erase everything?", 3) = 3',
    "WriteAP(4, 1) = 0",
    "WriteAP(4, 0) = 0",
    "WriteAP(0, 1) = 0",
    "WriteAP(0, 0) = 0",
  ]);
  assertEquals(await target.primaryCore.read32(0), 0xffff_ffff);
});

Deno.test("a question that is answered with no leaves the chip locked", async () => {
  const { target } = await lockedNrf(4);
  await assertRejects(() => target.connect(), TargetError, "Cannot find a core");
});

/** What is written through an access port, register by register and word by word. */
function spy(ap: FakeMemAp, name: string, log: string[]): FakeMemAp {
  ap.onWrite = (address, value) => log.push(`${name} ${hex(address)} = ${hex(value)}`);
  return ap;
}

Deno.test({
  ...needsData("a dual-core pack opens the debug mailbox and resets each core through its own access port"),
  fn: async () => {
    const probe = new FakeProbe();
    const log: string[] = [];
    const [core0, core1, mailbox] = [new FakeMemAp(), new FakeMemAp(), new FakeMemAp()];
    core0.csw = 0x2300_0002;
    mailbox.idr = 0x002a_0000;
    mailbox.write = (register, value) => {
      log.push(`mailbox ${hex(register)} = ${hex(value)}`);
      core0.csw |= 0x40;
      return true;
    };
    for (const [apsel, ap] of [core0, core1, mailbox].entries()) probe.aps.set(apsel, spy(ap, `ap${apsel}`, log));
    const path = "dfp/NXP.MCXN947_DFP.19.0.0/NXP.MCXN947_DFP.pdsc";
    const { target, sequences, trace } = await packTarget(probe, path, "MCXN947VDF");
    await target.dp.connect();
    await target.ladder.run("debug_port_start", target.context);
    assertEquals(log, ["mailbox 0x0 = 0x21", "mailbox 0x4 = 0x7"]);
    assert(trace.includes("EnableDebugMailbox: WriteAP(4, 7)"), trace.join("\n"));
    assertEquals(probe.ctrlStat >>> 0, 0xf000_0f00);

    const [first, second] = ["cm33_core0", "cm33_core1"].map((name) => ({ name }) as CortexM);
    assertEquals([sequences.has("ResetSystem", first), sequences.has("ResetSystem", second)], [true, false]);
    assertEquals([sequences.has("ResetProcessor", first), sequences.has("ResetProcessor", second)], [false, true]);
    log.length = 0;
    // Core 1 is reset by a register of the chip, which core 0's access port reaches.
    await sequences.run("ResetProcessor", { core: second! });
    assertEquals(log, ["ap0 0x40000800 = 0xc0c40028", "ap0 0x40000800 = 0xc0c40008"]);
    log.length = 0;
    assertEquals((await sequences.runOrNative("DebugCoreStart", { core: second! })).by, "native");
    assertEquals(log, ["ap1 0xe000edf0 = 0xa05f0001"]);
    log.length = 0;
    await sequences.run("ResetSystem", { core: first! });
    assert(log.includes("ap0 0xe000ed0c = 0x5fa0004") && log.every((line) => line.startsWith("ap0 ")), log.join("\n"));
  },
});

Deno.test({
  ...needsData("an ADIv6 pack reaches each core's memory through the access port of its __apid"),
  fn: async () => {
    const probe = new FakeProbe();
    probe.dpidr = 0x4c01_3477;
    const log: string[] = [];
    probe.aps.clear();
    probe.aps.set(0x0020_0000, spy(new FakeMemAp(), "hp", log));
    probe.aps.set(0x0030_0000, spy(new FakeMemAp(), "he", log));
    const path = "dfp/AlifSemiconductor.Ensemble.2.0.2/AlifSemiconductor.Ensemble.pdsc";
    const { target, sequences } = await packTarget(probe, path, "AE822FA0E5597BS0");
    await target.dp.connect();
    await target.dp.powerUp();
    assertEquals(target.dp.isAdi6, true);
    const written: Record<string, string[]> = {};
    for (const name of ["M55_HP", "M55_HE"]) {
      log.length = 0;
      await sequences.run("ResetSystem", { core: { name } as CortexM });
      written[name] = [...log];
    }
    assertEquals(written, {
      M55_HP: ["hp 0x1a600024 = 0x0", "hp 0xe000ed0c = 0x5fa0004"],
      M55_HE: ["he 0x1a601024 = 0x0", "he 0xe000ed0c = 0x5fa0004"],
    });
    for (const ap of probe.aps.values()) assertEquals(ap.csw, 0x2300_0042, "CSW is given back as it was found");
  },
});

function fake(sequences: readonly SequenceSource[], topology: DebugTopology = ONE_CORE) {
  const probe = new FakeProbe();
  const pack = new PackSequences({ sequences, topology });
  const target = new Target({ probe, description: NRF, layers: [pack.layer], sequences: pack });
  return { probe, pack, target };
}

Deno.test("line sequences of an atomic block travel as one, and DPIDR comes first after them", async () => {
  const { probe, target } = fake([
    sequence(
      "DebugPortSetup",
      block(
        "DAP_SWJ_Sequence(51, 0x0007FFFFFFFFFFFF); DAP_SWJ_Sequence(16, 0xE79E); " +
          "DAP_SWJ_Sequence(51, 0x0007FFFFFFFFFFFF); DAP_SWJ_Sequence(3, 0);",
        { atomic: true },
      ),
      block("ReadDP(0x0);"),
    ),
  ]);
  assertEquals(await target.ladder.run("debug_port_setup", target.context), "pack");
  assertEquals(probe.sequences.map((line) => line.split(":")[0]), ["121"]);
  assertEquals(probe.batches[0], [{ kind: "read", port: "dp", register: 0 }]);
  assertEquals(target.dp.identity.value, probe.dpidr);
});

Deno.test("an atomic block of memory accesses is one batch", async () => {
  const { probe, pack, target } = fake([
    sequence(
      "Main",
      block("Write32(0x20000000, 1); x = Read32(0x20000000); Write16(0x20000010, 2);", { atomic: true }),
    ),
  ]);
  await target.dp.connect();
  await pack.run("Main");
  const busy = probe.batches.filter((batch) =>
    batch.some((op) => op.kind === "write" && op.port === "ap" && op.register === 0xc)
  );
  assertEquals(busy.length, 1, JSON.stringify(probe.batches));
  assertEquals([probe.ap0.word(0x20000000), probe.ap0.word(0x20000010)], [1, 2]);
});

Deno.test("delays, pins and line sequences of an atomic block share one packet with its accesses", async () => {
  const { probe, board } = await openSim("nrf52840", { board: { timing: "fast" } });
  const text = "Write32(0x20000000, 7); DAP_SWJ_Pins(0x02, 0x02, 100); DAP_Delay(70000); x = Read32(0x20000000); " +
    "DAP_SWJ_Sequence(8, 0); y = ReadDP(4); Write32(0x20000004, 9);";
  const sequences = new PackSequences({
    sequences: [
      sequence("Main", block(text, { atomic: true }), block("__Result = x;")),
      sequence("Loose", block(text)),
      sequence("Bad", block("Write32(0x90000000, 1); DAP_Delay(10); Write32(0x20000008, 5);", { atomic: true })),
    ],
    topology: ONE_CORE,
  });
  const target = new Target({ probe, description: NRF, layers: [sequences.layer], sequences });
  await target.connect();
  const packets = async (name: string): Promise<number> => {
    const before = probe.stats.packets;
    assertEquals((await sequences.run(name)).result, name === "Main" ? 7n : 0n);
    return probe.stats.packets - before;
  };
  const begun = probe.clock.now();
  assertEquals(await packets("Main"), 1);
  assert(probe.clock.now() - begun >= 70, "the probe waited");
  assertEquals(await target.primaryCore.raw.read32(0x20000004), 9);
  assert(await packets("Loose") > 4);
  const error = await assertRejects(() => sequences.run("Bad"), TargetError, "at 0x90000000");
  assert(error.message.includes("block 1, line 1"), error.message);
  assertEquals(await target.primaryCore.raw.read32(0x20000000), 7);
  assertEquals(board.name, "nrf52840");
});

Deno.test("a chip is connected by the sequences of its pack alone, and disconnected", async () => {
  const { probe } = await openSim("nrf52840", { board: { timing: "fast" } });
  const isUp = "(ReadDP(4) & 0xA0000000) == 0xA0000000";
  const sequences = new PackSequences({
    topology: ONE_CORE,
    sequences: [
      sequence(
        "DebugPortSetup",
        control(
          { if: "(__protocol & 0xFFFF) == 2 && (__protocol & 0x10000)" },
          block("DAP_SWJ_Sequence(51, 0x7FFFFFFFFFFFF); DAP_SWJ_Sequence(16, 0xE79E);", { atomic: true }),
          block("DAP_SWJ_Sequence(51, 0x7FFFFFFFFFFFF); DAP_SWJ_Sequence(3, 0); ReadDP(0);", { atomic: true }),
        ),
      ),
      sequence(
        "DebugPortStart",
        block("WriteDP(8, 0); WriteDP(4, 0x50000000);"),
        control({ while: `!(${isUp})`, timeoutUs: 1_000_000 }),
        block("WriteDP(4, 0x50000F00); WriteDP(0, 0x1E);"),
      ),
      sequence("DebugCoreStop", block("Write32(0xE000EDF0, 0xA05F0000); Write32(0xE000EDFC, 0);")),
      sequence("DebugPortStop", block("WriteDP(8, 0); WriteDP(4, 0);")),
    ],
  });
  const done: string[] = [];
  const trace: Layer = { name: "spy", hooks: { did_disconnect: () => void done.push("disconnected") } };
  const target = new Target({ probe, description: NRF, layers: [trace, sequences.layer], sequences });
  await target.connect();
  assertEquals([target.cores.length, await target.primaryCore.state()], [1, "halted"]);
  assertEquals(await target.dp.readDp(4) & 0x5000_0000, 0x5000_0000);
  await target.disconnect();
  assertEquals(done, ["disconnected"]);
});

Deno.test("an unknown access port id is named in the error", async () => {
  const { pack, target } = fake([sequence("Main", block("__apid = 7; Read32(0);"))], {
    ...ONE_CORE,
    accessPorts: [{ id: 0, dp: 0, address: { apsel: 0 } }],
  });
  await target.dp.connect();
  await assertRejects(() => pack.run("Main"), TargetError, "Cannot use access port id 7");
});

Deno.test("an access port behind another one is reached through the memory of its parent", async () => {
  const { probe, pack, target } = fake([
    sequence("Main", block("__apid = 3; Write32(0x20000004, 7); Write8(0x20000009, 5); __Result = ReadAP(0xFC);")),
  ], {
    ...ONE_CORE,
    accessPorts: [
      { id: 2, dp: 0, address: { base: 0x0020_0000 } },
      { id: 3, dp: 0, address: { base: 0x0030_0000 }, parent: 2 },
    ],
  });
  probe.dpidr = 0x4c01_3477;
  const log: string[] = [];
  probe.aps.clear();
  probe.aps.set(0x0020_0000, spy(new FakeMemAp(), "parent", log));
  probe.aps.get(0x0020_0000)!.memory.set(0x0030_0dfc, 0x55);
  await target.dp.connect();
  await target.dp.powerUp();
  assertEquals((await pack.run("Main")).result, 0x55n);
  assertEquals(log, [
    "parent 0x300d00 = 0x3000002",
    "parent 0x300d04 = 0x20000004",
    "parent 0x300d0c = 0x7",
    "parent 0x300d00 = 0x3000000",
    "parent 0x300d04 = 0x20000009",
    "parent 0x300d0c = 0x500",
  ]);
});

Deno.test("a register that the sequence wrote behind the memory's back does not mislead later accesses", async () => {
  const { probe, pack, target } = fake([
    sequence("Main", block("Write32(0x20000000, 1); WriteAP(0x4, 0x30000000); Write32(0x20000004, 2);")),
  ]);
  await target.dp.connect();
  await pack.run("Main");
  assertEquals([probe.ap0.word(0x20000000), probe.ap0.word(0x20000004)], [1, 2]);
});

Deno.test("banked registers of the debug port are reached by address, and through SELECT", async () => {
  const { probe, pack, target } = fake([
    sequence("Main", block("__Result = ReadDP(0x24); WriteDP(8, 3); __Result |= ReadDP(4) << 32; WriteDP(8, 0);")),
  ]);
  probe.dpidr = 0x2ba0_2477;
  probe.dpRegisters.set(0x24, 0x1234_5678).set(0x34, 0xab);
  await target.dp.connect();
  assertEquals((await pack.run("Main")).result, 0xab_1234_5678n);
});

Deno.test("a reset sequence of the description's own is the default reset", async () => {
  const { probe, pack, target } = fake([sequence("MyReset", block("Write32(0x20000000, 0x55);"))], {
    ...ONE_CORE,
    processors: [{ ...ONE_CORE.processors[0]!, defaultReset: "MyReset" }],
  });
  await target.dp.connect();
  const core = { name: "Cortex-M4" } as CortexM;
  const context = { ...target.context, core, resetType: "default" as const };
  assertEquals(await target.ladder.run("will_reset", context, () => Promise.reject(new Error("native"))), "pack");
  assertEquals(probe.ap0.word(0x20000000), 0x55);
  assertEquals(pack.has("ResetSystem"), false);
  await assertRejects(() =>
    target.ladder.run("will_reset", { ...context, resetType: "vectreset" }, () => Promise.reject(new Error("native")))
  );
});

Deno.test("a broken sequence is reported and leaves its step to the next layer", async () => {
  const { target } = fake([sequence("DebugPortStart", block("Nonsense(1);"))]);
  let native = 0;
  const architecture = () => {
    native++;
    return Promise.resolve();
  };
  await target.ladder.run("debug_port_start", target.context, architecture);
  assertEquals(native, 1);
});

Deno.test("a result that is not 0 is a failure", async () => {
  const { target } = fake([sequence("DebugDeviceUnlock", block("__Result = -1;"))]);
  await assertRejects(() => target.ladder.run("unlock_device", target.context), TargetError, "ended with result -1");
});
