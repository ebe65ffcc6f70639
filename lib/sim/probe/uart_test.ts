import { assertEquals } from "@std/assert";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import { run } from "./probe_test_support.ts";

function opened(): SimProbe {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, "1f 02"), "1f 00");
  assertEquals(run(probe, "20 00 00 c2 01 00"), "20 00 00 c2 01 00", "8N1, 115200 baud");
  assertEquals(run(probe, "22 11"), "22 00");
  return probe;
}

Deno.test("uartConfigure() names what it cannot do", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, "20 f1 00 c2 01 00"), "20 07 00 00 00 00");
  assertEquals(run(probe, "20 00 ff ff ff ff"), "20 00 00 00 00 00", "too fast");
});

Deno.test("uartTransport() and uartControl() refuse what the probe lacks", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, "1f 01"), "1f ff", "no USB serial port");
  assertEquals(run(probe, "22 11"), "22 ff", "transport not selected");
});

Deno.test("uartTransfer() sends and receives in one packet", () => {
  const probe = opened();
  assertEquals(run(probe, "21 08 00 03 00 61 62 63"), "21 11 03 00 03 00 61 62 63");
  assertEquals(run(probe, "21 02 00 03 00 61 62 63"), "21 11 03 00 02 00 61 62");
  assertEquals(run(probe, "23"), "23 11 01 00 00 00 00 00 00 00");
  assertEquals(run(probe, "22 04"), "22 00", "flush");
  assertEquals(run(probe, "21 08 00 00 00"), "21 11 00 00 00 00");
});

Deno.test("uartControl() lets disabling win", () => {
  const probe = opened();
  run(probe, "22 33");
  assertEquals(run(probe, "21 08 00 01 00 61"), "21 00 00 00 00 00");
});

Deno.test("uartTransfer() reports bytes lost in a full buffer", () => {
  const probe = new SimProbe(new FakeChip(), {
    uart: { waiting: 2000, write: () => {}, read: (max) => new Uint8Array(max) },
  });
  run(probe, "1f 02");
  run(probe, "22 01");
  assertEquals(run(probe, "23"), "23 03 00 04 00 00 00 00 00 00");
});
