import { assertEquals } from "@std/assert";
import { connected, run } from "../probe/probe_test_support.ts";
import { SimProbe } from "../probe/probe.ts";
import { FakeChip } from "../probe/fake_chip_test_support.ts";

/** Test-Logic-Reset, then Run-Test/Idle. */
const TAP_RESET = "14 02 45 1f 01 00";

function jtag(chips: FakeChip[] = [new FakeChip()]): SimProbe {
  const probe = new SimProbe(chips);
  run(probe, "02 02");
  run(probe, TAP_RESET);
  run(probe, `15 0${chips.length}${" 04".repeat(chips.length)}`);
  return probe;
}

function poweredJtag(chip: FakeChip): SimProbe {
  const probe = jtag([chip]);
  run(probe, "05 00 01 04 00 00 00 50");
  run(probe, "09 64 00");
  return probe;
}

Deno.test("JtagTap shows IDCODE in the data register after reset, clocked by DAP_JTAG_Sequence", () => {
  const probe = jtag();
  // Select-DR with TMS 1, Capture and Shift with TMS 0, 31 shifts, the last one leaving for Exit1-DR.
  const response = run(probe, "14 05 41 00 02 00 9f 00 00 00 00 c1 00 42 00");
  assertEquals(response, "14 00 77 04 a0 4b 00");
});

Deno.test("JtagTap captures 0001 in the instruction register", () => {
  const probe = jtag();
  assertEquals(run(probe, "14 05 42 00 02 00 83 07 c1 01 42 00"), "14 00 01 00");
});

Deno.test("DAP_JTAG_IDCODE reads each device of a chain", () => {
  const probe = jtag([new FakeChip(), new FakeChip()]);
  assertEquals(run(probe, "16 00"), "16 00 77 04 a0 4b");
  assertEquals(run(probe, "16 01"), "16 00 77 04 a0 4b");
  assertEquals(run(probe, "16 02"), "16 ff", "no such device");
});

Deno.test("DAP_Transfer over JTAG reaches the debug port, the access port and memory", () => {
  const chip = new FakeChip();
  const probe = poweredJtag(chip);
  assertEquals(run(probe, "05 00 01 06"), "05 01 01 00 00 00 f0");
  assertEquals(run(probe, "05 00 03 01 52 00 00 23 05 00 00 00 20 0d 44 33 22 11"), "05 03 01");
  assertEquals([...chip.bus.ram.subarray(0, 4)], [0x44, 0x33, 0x22, 0x11]);
  assertEquals(run(probe, "05 00 03 05 00 00 00 20 0f 06"), "05 03 01 44 33 22 11 00 00 00 f0");
  run(probe, "05 00 01 05 00 00 00 20");
  assertEquals(run(probe, "06 00 02 00 0f"), "06 02 00 01 44 33 22 11 00 00 00 00");
});

Deno.test("DAP_Transfer over JTAG addresses one device of a chain", () => {
  const chips = [new FakeChip({ dpidr: 0x11111477 }), new FakeChip({ dpidr: 0x22221477 })];
  const probe = jtag(chips);
  assertEquals(run(probe, "05 00 01 02"), "05 01 01 77 14 11 11");
  assertEquals(run(probe, "05 01 01 02"), "05 01 01 77 14 22 22");
  assertEquals(run(probe, "05 02 01 02"), "05 00 00", "no such device");
});

Deno.test("DAP_Transfer over JTAG answers OK to a bus error and leaves STICKYERR", () => {
  const probe = poweredJtag(new FakeChip());
  assertEquals(run(probe, "05 00 03 01 52 00 00 23 05 00 00 00 40 0d 00 00 00 00"), "05 03 01");
  assertEquals(run(probe, "05 00 01 06"), "05 01 01 20 00 00 f0");
  assertEquals(run(probe, "05 00 02 04 20 00 00 50 06"), "05 02 01 00 00 00 f0", "cleared by writing one");
});

Deno.test("DAP_Transfer over JTAG reports WAIT, and DAP_WriteABORT ends it", () => {
  const chip = new FakeChip();
  const probe = poweredJtag(chip);
  run(probe, "04 00 02 00 00 00");
  chip.scripted.replies.push(...Array.from({ length: 20 }, () => ({ kind: "wait" }) as const));
  assertEquals(run(probe, "05 00 02 08 00 00 00 01 03"), "05 02 02");
  assertEquals(run(probe, "08 00 01 00 00 00"), "08 00");
  assertEquals(run(probe, "05 00 01 02"), "05 01 01 77 14 a0 2b");
});

Deno.test("a chip that was switched to SWD does not answer on JTAG until switched back", () => {
  const { probe } = connected();
  run(probe, "02 02");
  run(probe, "15 01 04");
  assertEquals(run(probe, "05 00 01 02"), "05 00 07");
  run(probe, "12 33 ff ff ff ff ff ff 07");
  run(probe, "12 10 3c e7");
  run(probe, TAP_RESET);
  assertEquals(run(probe, "16 00"), "16 00 77 04 a0 4b");
});
