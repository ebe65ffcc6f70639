/**
 * Flash that a real pack programs with debug sequences, on a fake of its flash controller.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { FlashError } from "../lib/base/errors.ts";
import type { Core } from "../lib/core/core.ts";
import { decodeApIdr } from "../lib/dap/access_port.ts";
import { MemAp } from "../lib/dap/mem_ap.ts";
import { type FakeMemAp, FakeProbe } from "../lib/dap/testing/fake_probe.ts";
import { loadBanks } from "../lib/flash/bank.ts";
import { eraseChip } from "../lib/flash/eraser.ts";
import { describePlan, planFlash } from "../lib/flash/plan.ts";
import { type FlashDevice, runPlan } from "../lib/flash/programmer.ts";
import { describeDevice } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { debugTopology, packVariables, sequenceSources } from "../lib/pack/sequences.ts";
import { openPack } from "../lib/pack/source.ts";
import { MemoryMap } from "../lib/target/memory_map.ts";
import { PackSequences } from "../lib/target/sequence_layer.ts";
import { Target } from "../lib/target/target.ts";
import { needsData } from "./support/flash_bench.ts";

const PACK = new URL("../../shared/data/dfp/Microchip.SAML11_DFP.4.5.268/", import.meta.url);

/** Full debug access, so that the sequences use the controller's secure alias. */
const DSU_STATUS = 0x41002100, DAL2 = 2 << 16;
const NVM = { ctrla: 0x41005000, intflag: 0x41005014, status: 0x41005018, addr: 0x4100501c } as const;
const ROW = 0x100;

/** A controller that erases rows and writes pages at once. */
function fakeController(ap: FakeMemAp, refuse: () => boolean): string[] {
  const log: string[] = [];
  const word = (address: number, value: number): void => {
    for (let i = 0; i < 4; i++) ap.memory.set(address + i, (value >>> (8 * i)) & 0xff);
  };
  word(DSU_STATUS, DAL2);
  word(NVM.status, 4);
  ap.onWrite = (address, value) => {
    if (address !== NVM.ctrla) return;
    const command = value & 0xffff;
    word(NVM.intflag, refuse() ? 2 : 1);
    if (command === 0xa502) {
      const row = ap.word(NVM.addr);
      log.push(`erase 0x${row.toString(16)}`);
      for (let i = 0; i < ROW; i++) ap.memory.set(row + i, 0xff);
    } else if (command === 0xa504) log.push("page");
  };
  return log;
}

async function saml11(refuse: () => boolean = () => false) {
  const pack = await openPack(decodeURIComponent(PACK.pathname), systemFiles);
  const name = "ATSAML11E14A";
  const device = pack.pdsc.device(name);
  const description = describeDevice(pack, name);
  pack.close();
  const probe = new FakeProbe();
  const log = fakeController(probe.ap0, refuse);
  for (let at = 0; at < 0x4000; at++) probe.ap0.memory.set(at, 0x5a);
  const sequences = new PackSequences({
    sequences: sequenceSources(device.sequences),
    topology: debugTopology(device),
    variables: packVariables(device, "pdsc"),
    trace: ({ sequence, call }) => {
      if (/^Flash/.test(sequence) && /FlashWriteBuffer|Sequence/.test(call)) log.push(`${sequence}: ${call}`);
    },
  });
  const target = new Target({ probe, description, layers: [sequences.layer], sequences });
  await target.dp.connect();
  const memory = await MemAp.open(target.dp, { apsel: 0 }, decodeApIdr(0x24770011));
  const map = new MemoryMap(description.memory);
  const remapped: number[] = [];
  const flash: FlashDevice = {
    core: { halt: () => Promise.resolve(), readBytes: memory.readBytes.bind(memory) } as unknown as Core,
    map,
    clock: probe.clock,
    prepareVerify: () => Promise.resolve(void remapped.push(log.length)),
    sequences: { has: (each) => sequences.has(each), run: (each, run) => sequences.step(each, run) },
  };
  const range = { start: 0, end: 0x4000 };
  const banks = await loadBanks(map, description.algorithms, [range]);
  return { probe, log, banks, map, flash, remapped };
}

Deno.test({
  ...needsData("an image is programmed by the sequences of the SAML11 pack, and verified"),
  fn: async () => {
    const { probe, log, banks, map, flash, remapped } = await saml11();
    assertEquals(banks.map(({ algorithm }) => [algorithm.pageSize, algorithm.entry.eraseChip]), [[0x40, undefined]]);
    const data = Uint8Array.from({ length: 0x90 }, (_, i) => i);
    const plan = planFlash([{ address: 0x120, data }], map, banks);
    assert(describePlan(plan)[0]!.includes("debug sequences of Internal Flash"), describePlan(plan).join("\n"));
    const report = await runPlan(plan, flash);
    assertEquals([report.erasedSectors, report.programmedPages, report.verifiedBytes], [1, 3, 0x90]);
    assertEquals(log.filter((line) => !line.includes("PrepareFlash")), [
      "erase 0x100",
      'FlashInit: Sequence("ClearFlashPageBuffer")',
      "FlashProgramPage: FlashWriteBuffer(0x100, 0, 0x40, 0x21)",
      "page",
      'FlashProgramPage: Sequence("ExecPageWrite")',
      "FlashProgramPage: FlashWriteBuffer(0x140, 0, 0x40, 0x21)",
      "page",
      'FlashProgramPage: Sequence("ExecPageWrite")',
      "FlashProgramPage: FlashWriteBuffer(0x180, 0, 0x40, 0x21)",
      "page",
      'FlashProgramPage: Sequence("ExecPageWrite")',
      'FlashProgramDone: Sequence("ProgramUROW")',
      'FlashProgramDone: Sequence("ProgramBOCOR")',
      'FlashProgramDone: Sequence("ProgramBootImageHash")',
    ]);
    assertEquals([...data], Array.from({ length: 0x90 }, (_, i) => probe.ap0.memory.get(0x120 + i)));
    assertEquals([probe.ap0.memory.get(0x11f), probe.ap0.memory.get(0xff), remapped.length], [0xff, 0x5a, 1]);
  },
});

Deno.test({
  ...needsData("a chip without an erase sequence of its own is erased sector by sector"),
  fn: async () => {
    const { probe, log, banks, flash } = await saml11();
    const report = await eraseChip(banks, flash);
    assertEquals([report.erasedSectors, log.filter((line) => line.startsWith("erase")).length], [64, 64]);
    assertEquals(probe.ap0.memory.get(0x3fff), 0xff);
  },
});

Deno.test({
  ...needsData("a sequence that reports failure names the sector"),
  fn: async () => {
    const { banks, map, flash } = await saml11(() => true);
    const plan = planFlash([{ address: 0x200, data: new Uint8Array(4) }], map, banks);
    const error = await assertRejects(() => runPlan(plan, flash), FlashError, "Cannot erase sector at 0x00000200");
    assert(error.message.includes("ended with result -1"), error.message);
  },
});

Deno.test({
  ...needsData("flash that sequences program is refused when they are switched off"),
  fn: async () => {
    const { banks, map, flash } = await saml11();
    const plan = planFlash([{ address: 0x200, data: new Uint8Array(4) }], map, banks);
    const off = { ...flash, sequences: { ...flash.sequences!, has: () => false } };
    await assertRejects(() => runPlan(plan, off), FlashError, "FlashEraseSector and FlashProgramPage is missing");
  },
});
