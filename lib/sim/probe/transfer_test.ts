import { assertEquals } from "@std/assert";
import { parseHexBytes } from "../../base/bytes.ts";
import { FaultInjector, type FaultPlan } from "../faults.ts";
import { FakeChip, RAM_BASE } from "./fake_chip_test_support.ts";
import type { ProbeOptions } from "./options.ts";
import { SimProbe } from "./probe.ts";

const LINE_RESET = "12 33 ff ff ff ff ff ff 07"; // 51 ones
const IDLE = "12 08 00";
const READ_DPIDR = "05 00 01 02";
const POWER_UP = "05 00 01 04 00 00 00 50";

function run(probe: SimProbe, hexText: string): string {
  const response = probe.execute(parseHexBytes(hexText));
  return response === undefined ? "none" : [...response].map((b) => b.toString(16).padStart(2, "0")).join(" ");
}

function connected(plan: FaultPlan = [], options: ProbeOptions = {}): { probe: SimProbe; chip: FakeChip } {
  const chip = new FakeChip();
  const shifted = plan.map((fault) => "transfer" in fault ? { ...fault, transfer: fault.transfer + 3 } : fault);
  const probe = new SimProbe(chip, { faults: new FaultInjector(shifted), ...options });
  for (const text of ["02 01", LINE_RESET, "12 10 9e e7", LINE_RESET, IDLE, READ_DPIDR, POWER_UP, "09 64 00"]) {
    run(probe, text);
  }
  // CSW: word, single increment; the third transfer is the firmware's check of the last write.
  return { probe, chip };
}

const SET_CSW_TAR = "05 00 02 01 52 00 00 23 05 00 00 00 20";

Deno.test("transfer() reads DPIDR after the JTAG-to-SWD sequence, and nothing before it", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, READ_DPIDR), "05 00 00", "not connected");
  assertEquals(run(probe, "02 01"), "02 01");
  assertEquals(run(probe, READ_DPIDR), "05 00 07", "still JTAG");
  for (const text of [LINE_RESET, "12 10 9e e7", LINE_RESET, IDLE]) assertEquals(run(probe, text), "12 00");
  assertEquals(run(probe, READ_DPIDR), "05 01 01 77 14 a0 2b");
});

Deno.test("transfer() pipelines posted reads and ends with RDBUFF", () => {
  const { probe, chip } = connected();
  chip.bus.ram.set([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  assertEquals(run(probe, SET_CSW_TAR), "05 02 01");
  const before = { clocks: probe.wire.clocks, transfers: probe.wire.transfers };
  assertEquals(run(probe, "05 00 02 0f 0f"), "05 02 01 11 22 33 44 55 66 77 88");
  assertEquals(probe.wire.transfers - before.transfers, 3);
  assertEquals(probe.wire.clocks - before.clocks, 3 * 46);
});

Deno.test("transfer() of a write is checked by one more RDBUFF read", () => {
  const { probe } = connected();
  const before = probe.wire.transfers;
  assertEquals(run(probe, SET_CSW_TAR), "05 02 01");
  assertEquals(probe.wire.transfers - before, 3);
});

Deno.test("transferBlock() writes and reads back RAM", () => {
  const { probe, chip } = connected();
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "06 00 02 00 0d 01 02 03 04 05 06 07 08"), "06 02 00 01");
  assertEquals([...chip.bus.ram.subarray(0, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "06 00 02 00 0f"), "06 02 00 01 01 02 03 04 05 06 07 08");
  assertEquals(RAM_BASE, 0x20000000);
});
