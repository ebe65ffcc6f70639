import { assertEquals } from "@std/assert";
import { FakeChip } from "../probe/fake_chip_test_support.ts";
import { CTRL, DpRegisters } from "./registers.ts";

const POWER_UP = 0x50000000;
const SELECT_SCRIPTED = 0x01000000;

function powered(chip: FakeChip): DpRegisters {
  const registers = new DpRegisters(chip, 0);
  registers.writeBanked(POWER_UP, false);
  return registers;
}

Deno.test("DpRegisters acknowledges power requests after the configured time", () => {
  const chip = new FakeChip();
  const registers = new DpRegisters(chip, 1000);
  registers.writeBanked(POWER_UP, false);
  registers.elapse(999);
  assertEquals([registers.read(4), registers.debugPowered], [0x50000000, false]);
  registers.elapse(1);
  assertEquals([registers.read(4), registers.debugPowered, chip.power.at(-1)], [0xf0000000, true, true]);
  registers.writeBanked(0, false);
  assertEquals(registers.read(4), 0xa0000000);
  registers.elapse(1000);
  assertEquals([registers.read(4), chip.power], [0, [true, false]]);
});

Deno.test("DpRegisters raises STICKYERR for an access port without power", () => {
  const chip = new FakeChip();
  const registers = new DpRegisters(chip, 0);
  registers.writeSelect(SELECT_SCRIPTED);
  registers.startRead(0);
  assertEquals([registers.sticky, chip.scripted.log], [CTRL.STICKYERR, []]);
});

Deno.test("DpRegisters reads an absent access port as zero", () => {
  const registers = powered(new FakeChip());
  registers.writeSelect(0x050000f0);
  registers.readBuffer = 1;
  registers.startRead(0xc);
  assertEquals([registers.readBuffer, registers.sticky], [0, 0]);
});

Deno.test("DpRegisters joins APBANKSEL and address", () => {
  const chip = new FakeChip();
  const registers = powered(chip);
  registers.writeSelect(SELECT_SCRIPTED | 0xf0);
  registers.startRead(0xc);
  registers.startWrite(0x4, 0xab);
  assertEquals(chip.scripted.log, ["rfc", "wf4=ab"]);
});

Deno.test("DpRegisters stays busy until the access port stops asking to wait", () => {
  const chip = new FakeChip();
  const registers = powered(chip);
  registers.writeSelect(SELECT_SCRIPTED);
  chip.scripted.replies.push({ kind: "wait" }, { kind: "wait" }, { kind: "ok", value: 7 });
  registers.startRead(0);
  assertEquals(registers.takeBusy(), true);
  assertEquals(registers.takeBusy(), false);
  assertEquals(registers.readBuffer, 7);
  chip.scripted.replies.push({ kind: "wait" }, { kind: "fault" });
  registers.startWrite(0, 1);
  assertEquals([registers.takeBusy(), registers.sticky], [false, CTRL.STICKYERR]);
});

Deno.test("DpRegisters clears each sticky flag with its own ABORT bit", () => {
  const registers = powered(new FakeChip());
  const all = CTRL.STICKYORUN | CTRL.STICKYCMP | CTRL.STICKYERR | CTRL.WDATAERR;
  const left: number[] = [];
  for (const bit of [0x02, 0x04, 0x08, 0x10]) {
    registers.raise(all);
    registers.abort(bit);
    left.push(all & ~registers.sticky);
  }
  assertEquals(left, [CTRL.STICKYCMP, CTRL.STICKYERR, CTRL.WDATAERR, CTRL.STICKYORUN]);
});

Deno.test("DpRegisters clears sticky flags by writing ones to CTRL/STAT on JTAG only", () => {
  const registers = powered(new FakeChip());
  registers.raise(CTRL.STICKYERR);
  registers.writeBanked(POWER_UP | CTRL.STICKYERR, false);
  assertEquals(registers.sticky, CTRL.STICKYERR);
  registers.writeBanked(POWER_UP | CTRL.STICKYERR, true);
  assertEquals(registers.sticky, 0);
});

Deno.test("DpRegisters compares instead of writing in the pushed modes", () => {
  const chip = new FakeChip();
  const registers = powered(chip);
  registers.writeSelect(SELECT_SCRIPTED);
  const push = (mode: number, found: number, wanted: number): number => {
    registers.writeBanked((POWER_UP | 0x300 | (mode << 2)) >>> 0, false); // MASKLANE: the lower two bytes
    chip.scripted.replies.push({ kind: "ok", value: found });
    registers.startWrite(0xc, wanted);
    const sticky = registers.sticky;
    registers.abort(0x02);
    return sticky;
  };
  assertEquals(push(1, 0x12345678, 0xffff5678), 0, "verify: equal under the mask");
  assertEquals(push(1, 0x12345678, 0x12345679), CTRL.STICKYCMP, "verify: different");
  assertEquals(push(2, 0x12345678, 0x12345678), CTRL.STICKYCMP, "compare: equal");
  assertEquals(push(2, 0x12345678, 0), 0, "compare: different");
  assertEquals(chip.scripted.log.every((entry) => entry === "rc"), true);
});

Deno.test("DpRegisters of a minimal debug port has no pushed modes", () => {
  const registers = new DpRegisters(new FakeChip({ dpidr: 0x0bc11477 }), 0);
  registers.writeBanked(0x00000f04, false);
  assertEquals(registers.read(4), 0);
});

Deno.test("DpRegisters shows banked registers only from the version that has them", () => {
  const banks = (dpidr: number): number[] => {
    const registers = new DpRegisters(new FakeChip({ dpidr, targetId: 0x01002927, instance: 1 }), 0);
    return [1, 2, 3, 4, 5].map((bank) => {
      registers.writeSelect(bank);
      return registers.read(4);
    });
  };
  assertEquals(banks(0x2ba00477), [0, 0, 0, 0, 0]);
  assertEquals(banks(0x2ba01477), [0x40, 0, 0, 0, 0]);
  assertEquals(banks(0x0bc12477), [0x40, 0x01002927, 0x10000001, 1, 0]);
});
