import { assertEquals } from "@std/assert";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import { connected, READ_CTRL, run } from "./probe_test_support.ts";

Deno.test("connect() refuses a port that does not exist", () => {
  assertEquals(run(new SimProbe(new FakeChip()), "02 03"), "02 00");
});

Deno.test("connect() lets go of nRESET, as setting up the pins does", () => {
  const { probe, chip } = connected();
  run(probe, "10 00 80 00 00 00 00");
  assertEquals(chip.resetAsserted, true);
  run(probe, "02 01");
  assertEquals(chip.resetAsserted, false);
});

Deno.test("swjPins() does nothing before connect()", () => {
  const chip = new FakeChip();
  assertEquals(run(new SimProbe(chip), "10 00 80 00 00 00 00"), "10 af");
});

Deno.test("hostStatus() and transferConfigure() are acknowledged", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, "01 00 01"), "01 00");
  assertEquals(run(probe, "04 02 ff ff 10 00"), "04 00");
  assertEquals(run(probe, "04 02 ff"), "04 ff");
});

Deno.test("disconnect() lets go of the pins", () => {
  const { probe, chip } = connected();
  run(probe, "10 00 80 00 00 00 00");
  assertEquals(run(probe, "03"), "03 00");
  assertEquals(chip.resetAsserted, false);
  assertEquals(run(probe, READ_CTRL), "05 00 00");
  assertEquals(run(probe, "08 00 1e 00 00 00"), "08 ff");
});

Deno.test("writeAbort() clears sticky flags with one transfer", () => {
  const { probe } = connected([{ kind: "fault", transfer: 0 }]);
  assertEquals(run(probe, "05 00 01 03"), "05 00 04");
  const before = probe.wire.clocks;
  assertEquals(run(probe, "08 00 04 00 00 00"), "08 00");
  assertEquals(probe.wire.clocks - before, 46);
  assertEquals(run(probe, READ_CTRL), "05 01 01 00 00 00 f0");
});

Deno.test("delay() lets the chip run", () => {
  const chip = new FakeChip();
  const probe = new SimProbe(chip);
  assertEquals(run(probe, "09 e8 03"), "09 00");
  assertEquals(chip.elapsedNs, 1_000_000);
});

Deno.test("resetTarget() pulses nRESET only when the probe has a sequence for the device", () => {
  const levels: boolean[] = [];
  class Watched extends FakeChip {
    override setReset(asserted: boolean): void {
      levels.push(asserted);
    }
  }
  assertEquals(run(new SimProbe(new Watched()), "0a"), "0a 00 00");
  assertEquals(levels, []);
  assertEquals(run(new SimProbe(new Watched(), { deviceReset: true }), "0a"), "0a 00 01");
  assertEquals(levels, [true, false]);
});
