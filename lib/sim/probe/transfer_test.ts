import { assertEquals } from "@std/assert";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import {
  connected,
  IDLE,
  JTAG_TO_SWD,
  LINE_RESET,
  READ_CTRL,
  READ_DPIDR,
  run,
  SET_CSW_TAR,
} from "./probe_test_support.ts";

const CLEAR_STICKY = "08 00 1e 00 00 00";

/** What `action` puts on the wire. */
function cost(probe: SimProbe, action: () => void): { transfers: number; clocks: number } {
  const { transfers, clocks } = probe.wire;
  action();
  return { transfers: probe.wire.transfers - transfers, clocks: probe.wire.clocks - clocks };
}

Deno.test("transfer() reads DPIDR after the JTAG-to-SWD sequence, and nothing before it", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, READ_DPIDR), "05 00 00", "not connected");
  assertEquals(run(probe, "02 01"), "02 01");
  assertEquals(run(probe, READ_DPIDR), "05 00 07", "still JTAG");
  for (const packet of [LINE_RESET, JTAG_TO_SWD, LINE_RESET, IDLE]) assertEquals(run(probe, packet), "12 00");
  assertEquals(run(probe, READ_DPIDR), "05 01 01 77 14 a0 2b");
});

Deno.test("transfer() of an access port without debug power faults and sets STICKYERR", () => {
  const probe = new SimProbe(new FakeChip());
  for (const packet of ["02 01", LINE_RESET, JTAG_TO_SWD, LINE_RESET, IDLE, READ_DPIDR]) run(probe, packet);
  assertEquals(run(probe, "05 00 01 03"), "05 00 04");
  assertEquals(run(probe, READ_CTRL), "05 01 01 20 00 00 00");
});

Deno.test("transfer() of a bus error reports the write in the same packet", () => {
  const { probe } = connected();
  // TAR = 0x40000000, DRW: the bus error surfaces in the closing RDBUFF read, with all three counted as done.
  assertEquals(run(probe, "05 00 03 01 52 00 00 23 05 00 00 00 40 0d 01 02 03 04"), "05 03 04");
  assertEquals(run(probe, READ_CTRL), "05 01 01 20 00 00 f0", "STICKYERR, READOK clear, all power bits");
  assertEquals(run(probe, "05 00 01 03"), "05 00 04", "FAULT until cleared");
  assertEquals(run(probe, READ_DPIDR), "05 01 01 77 14 a0 2b", "DPIDR never faults");
  assertEquals(run(probe, CLEAR_STICKY), "08 00");
  assertEquals(run(probe, SET_CSW_TAR), "05 02 01");
});

Deno.test("transfer() counts one read more than it returns when the posted one fails", () => {
  const { probe } = connected();
  assertEquals(run(probe, "05 00 02 01 52 00 00 23 05 00 10 00 20"), "05 02 01", "TAR just past the RAM");
  assertEquals(run(probe, "05 00 01 0f"), "05 01 04");
});

Deno.test("transfer() pipelines posted reads and ends with RDBUFF", () => {
  const { probe, chip } = connected();
  chip.bus.ram.set([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  assertEquals(run(probe, SET_CSW_TAR), "05 02 01");
  const spent = cost(probe, () => {
    assertEquals(run(probe, "05 00 02 0f 0f"), "05 02 01 11 22 33 44 55 66 77 88");
  });
  assertEquals(spent, { transfers: 3, clocks: 3 * 46 });
});

Deno.test("transfer() of writes costs one RDBUFF read more, and idle clocks after each", () => {
  const { probe } = connected();
  run(probe, "04 02 64 00 00 00");
  assertEquals(cost(probe, () => run(probe, SET_CSW_TAR)), { transfers: 3, clocks: 3 * 48 });
});

Deno.test("transfer() mixes debug port and access port reads in one list", () => {
  const { probe, chip } = connected();
  chip.bus.ram.set([1, 2, 3, 4]);
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "05 00 03 0f 02 0f"), "05 03 01 01 02 03 04 77 14 a0 2b 00 00 00 00");
});

Deno.test("transfer() retries WAIT as often as configured, 13 clocks each", () => {
  const { probe } = connected([{ kind: "wait", transfer: 0, count: 3 }]);
  run(probe, "04 00 02 00 00 00");
  const spent = cost(probe, () => assertEquals(run(probe, "05 00 01 03"), "05 00 02"));
  assertEquals(spent, { transfers: 3, clocks: 3 * 13 });
  assertEquals(run(probe, "05 00 01 03"), "05 01 01 42 00 00 23", "the burst is over; CSW answers");
});

Deno.test("transfer() leaves the busy state after ABORT.DAPABORT", () => {
  const { probe, chip } = connected();
  run(probe, "04 00 00 00 00 00");
  chip.scripted.replies.push(...Array.from({ length: 5 }, () => ({ kind: "wait" }) as const));
  assertEquals(run(probe, "05 00 02 08 00 00 00 01 03"), "05 02 02", "posted, then RDBUFF waits");
  assertEquals(run(probe, "05 00 01 0e"), "05 00 02");
  assertEquals(run(probe, READ_CTRL), "05 01 01 00 00 00 f0", "CTRL/STAT never waits");
  assertEquals(run(probe, "08 00 01 00 00 00"), "08 00");
  assertEquals(run(probe, "05 00 01 0e"), "05 01 01 00 00 00 00");
});

Deno.test("transfer() skips the rest of the list after a failure", () => {
  const { probe, chip } = connected([{ kind: "fault", transfer: 1 }]);
  assertEquals(run(probe, "05 00 04 01 52 00 00 23 05 00 00 00 20 0d 01 02 03 04 02"), "05 01 04");
  assertEquals([...chip.bus.ram.subarray(0, 4)], [0, 0, 0, 0]);
});

Deno.test("transfer() reports no acknowledge until the line is reset", () => {
  const { probe } = connected([{ kind: "no-ack", transfer: 0 }]);
  const spent = cost(probe, () => assertEquals(run(probe, READ_DPIDR), "05 00 07"));
  assertEquals(spent, { transfers: 1, clocks: 46 });
  assertEquals(run(probe, READ_DPIDR), "05 00 07");
  run(probe, LINE_RESET);
  run(probe, IDLE);
  assertEquals(run(probe, READ_CTRL), "05 00 07", "DPIDR has to come first");
  run(probe, LINE_RESET);
  run(probe, IDLE);
  assertEquals(run(probe, READ_DPIDR), "05 01 01 77 14 a0 2b");
  assertEquals(run(probe, READ_CTRL), "05 01 01 40 00 00 f0", "power survives a line reset");
});

Deno.test("transfer() reports a parity error in read data", () => {
  const { probe } = connected([{ kind: "parity", transfer: 0 }]);
  assertEquals(run(probe, READ_DPIDR), "05 00 08");
  assertEquals(run(probe, READ_DPIDR), "05 01 01 77 14 a0 2b");
});

Deno.test("transfer() matches values under a mask that outlives the packet", () => {
  const { probe, chip } = connected();
  run(probe, "05 00 02 01 42 00 00 23 05 00 00 00 20"); // CSW without increment
  chip.bus.ram.set([0x34, 0x12]);
  assertEquals(run(probe, "05 00 01 20 ff 00 00 00"), "05 01 01", "match mask 0xFF");
  assertEquals(run(probe, "05 00 01 1f 34 00 00 00"), "05 01 01", "matches and returns nothing");
  run(probe, "04 00 64 00 03 00");
  const spent = cost(probe, () => assertEquals(run(probe, "05 00 01 1f 35 00 00 00"), "05 00 11"));
  assertEquals(spent.transfers, 1 + 4, "one posts, then 3 retries beyond the first comparison");
});

Deno.test("transfer() puts a time stamp before the data", () => {
  const { probe } = connected([], { timerHz: 1_000_000 });
  const before = Math.floor(probe.wire.elapsedNs / 1000);
  assertEquals(run(probe, "05 00 01 82").slice(0, 8), "05 01 01");
  const response = probe.execute(Uint8Array.of(5, 0, 1, 0x82))!;
  const stamp = response[3]! | (response[4]! << 8);
  assertEquals(stamp, before + 92, "two transfers of 46 clocks at 1 MHz");
  assertEquals(response.length, 11);
});

Deno.test("transferBlock() writes and reads back RAM", () => {
  const { probe, chip } = connected();
  run(probe, SET_CSW_TAR);
  const spent = cost(probe, () => {
    assertEquals(run(probe, "06 00 02 00 0d 01 02 03 04 05 06 07 08"), "06 02 00 01");
  });
  assertEquals(spent.transfers, 3);
  assertEquals([...chip.bus.ram.subarray(0, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "06 00 02 00 0f"), "06 02 00 01 01 02 03 04 05 06 07 08");
});

Deno.test("transferBlock() stops at a fault and says how far it came", () => {
  const { probe } = connected([{ kind: "fault", transfer: 4 }]);
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "06 00 03 00 0d 01 00 00 00 02 00 00 00 03 00 00 00"), "06 01 00 04");
});

Deno.test("transferBlock() never answers with more than the packet size", () => {
  const { probe } = connected([], { packetSize: 64 });
  run(probe, SET_CSW_TAR);
  const response = probe.execute(Uint8Array.of(6, 0, 16, 0, 0x0f))!;
  assertEquals([response.length, response[1], response[3]], [64, 15, 1]);
});

Deno.test("transfer() cut short is answered with nothing done", () => {
  const { probe } = connected();
  assertEquals(run(probe, "05 00 01 04 00"), "05 00 00");
  assertEquals(run(probe, "06 00 02 00 0d 01 02 03 04 05"), "06 00 00 00");
  assertEquals(run(probe, "05"), "05 ff");
});

Deno.test("transfer() reads the last result again through RDBUFF and RESEND", () => {
  const { probe, chip } = connected();
  chip.bus.ram.set([0x78, 0x56, 0x34, 0x12]);
  run(probe, SET_CSW_TAR);
  assertEquals(run(probe, "05 00 03 0f 0e 0a"), "05 03 01 78 56 34 12 78 56 34 12 78 56 34 12");
});
