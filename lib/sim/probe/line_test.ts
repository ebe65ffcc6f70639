import { assertEquals } from "@std/assert";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import { connected, IDLE, LINE_RESET, READ_CTRL, READ_DPIDR, run } from "./probe_test_support.ts";

Deno.test("swjClock() refuses 0 Hz and sets how long a clock takes", () => {
  const probe = new SimProbe(new FakeChip(), { maxClockHz: 8_000_000 });
  assertEquals(run(probe, "11 00 00 00 00"), "11 ff");
  const time = (): number => {
    const before = probe.wire.elapsedNs;
    run(probe, IDLE);
    return probe.wire.elapsedNs - before;
  };
  assertEquals(run(probe, "11 40 42 0f 00"), "11 00");
  assertEquals(time(), 8000);
  assertEquals(run(probe, "11 00 e1 f5 05"), "11 00", "100 MHz, lowered to 8 MHz");
  assertEquals(time(), 1000);
});

Deno.test("swjSequence() counts 0 as 256 bits and reaches nothing while disconnected", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, `12 00 ${"ff ".repeat(32)}`), "12 00");
  assertEquals(probe.wire.clocks, 256);
  assertEquals(run(probe, "12 10 9e"), "12 ff", "a byte is missing");
  run(probe, "12 10 9e e7");
  assertEquals(probe.wire.ports[0]!.mode, "jtag");
});

Deno.test("swjPins() drives nRESET and reads it back", () => {
  const { probe, chip } = connected();
  assertEquals(run(probe, "10 00 80 00 00 00 00"), "10 2f");
  assertEquals(chip.resetAsserted, true);
  assertEquals(run(probe, "10 80 80 00 00 00 00"), "10 af");
  assertEquals(run(probe, "10 00 00 00 00 00 00"), "10 af", "nothing selected, nothing changed");
});

Deno.test("swjPins() waits in virtual time for pins that do not follow, at most 3 s", () => {
  const { probe, chip } = connected();
  chip.setReset = () => {
    chip.resetAsserted = true;
  };
  const before = probe.wire.elapsedNs;
  assertEquals(run(probe, "10 80 80 e8 03 00 00"), "10 2f", "the chip holds nRESET low");
  assertEquals(Math.round(probe.wire.elapsedNs - before), 1_000_000);
  run(probe, "10 80 80 ff ff ff ff");
  assertEquals(Math.round((probe.wire.elapsedNs - before) / 1e6), 3001);
});

Deno.test("swjPins() can clock the line by hand", () => {
  const { probe } = connected();
  const clocks = probe.wire.clocks;
  for (let i = 0; i < 50; i++) {
    run(probe, "10 02 03 00 00 00 00");
    run(probe, "10 03 03 00 00 00 00");
  }
  assertEquals(probe.wire.clocks - clocks, 50);
  assertEquals(run(probe, READ_DPIDR), "05 00 07", "a line reset without idle clocks");
});

Deno.test("swdConfigure() sets turnaround and data phase", () => {
  const { probe } = connected();
  assertEquals(run(probe, "13 05"), "13 00");
  assertEquals([probe.wire.turnaround, probe.wire.alwaysDataPhase], [2, true]);
});

Deno.test("swdSequence() writes TARGETSEL without acknowledge and reads DPIDR", () => {
  const chip = new FakeChip({ dpidr: 0x0bc12477, targetId: 0x01002927 });
  const { probe } = connected([], {}, chip);
  run(probe, LINE_RESET);
  run(probe, IDLE);
  assertEquals(run(probe, "1d 03 08 99 85 21 27 29 00 01 00"), "1d 00 1f");
  // Turnaround (pull-up), acknowledge 1 0 0, the word 0x0BC12477, its parity 0 and the turnaround, in 38 bits.
  assertEquals(run(probe, "1d 02 08 a5 a6"), "1d 00 73 47 12 bc 20");
});

Deno.test("swdSequence() counts 0 as 64 clocks and reports captures that do not fit", () => {
  const { probe } = connected([], { packetSize: 64 });
  const clocks = probe.wire.clocks;
  assertEquals(run(probe, "1d 01 80"), "1d 00 ff ff ff ff ff ff ff ff");
  assertEquals(probe.wire.clocks - clocks, 64);
  const full = run(probe, `1d 08${" 80".repeat(8)}`);
  assertEquals([full.slice(0, 5), full.length], ["1d ff", 58 * 3 - 1], "seven of eight captures fit into 64 bytes");
  assertEquals(run(probe, READ_CTRL), "05 00 07", "64 undriven clocks are a line reset");
});

Deno.test("JTAG commands are refused by a probe without JTAG, and without a JTAG connection", () => {
  const probe = new SimProbe(new FakeChip(), { capabilities: { swd: true, jtag: false } });
  for (const id of ["14", "15", "16"]) assertEquals(run(probe, `${id} 00`), `${id} ff`);
  const { probe: swd } = connected();
  run(swd, "15 01 04");
  assertEquals(run(swd, "16 00"), "16 ff");
});
