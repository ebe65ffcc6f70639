import { assertEquals } from "@std/assert";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import { run } from "./probe_test_support.ts";

function capturing(transport: string, options: { swoBufferSize?: number } = {}): { probe: SimProbe; chip: FakeChip } {
  const chip = new FakeChip();
  const probe = new SimProbe(chip, options);
  for (const packet of [`17 ${transport}`, "18 01"]) assertEquals(run(probe, packet).slice(3), "00");
  assertEquals(run(probe, "19 80 84 1e 00"), "19 80 84 1e 00");
  assertEquals(run(probe, "1a 01"), "1a 00");
  return { probe, chip };
}

Deno.test("swoBaudrate() and swoControl() want a mode first", () => {
  const probe = new SimProbe(new FakeChip());
  assertEquals(run(probe, "19 80 84 1e 00"), "19 00 00 00 00");
  assertEquals(run(probe, "1a 01"), "1a ff");
});

Deno.test("swoTransport() and swoMode() refuse what the probe lacks", () => {
  const probe = new SimProbe(new FakeChip(), { capabilities: { swoUart: true } });
  assertEquals(run(probe, "17 02"), "17 ff");
  assertEquals(run(probe, "17 03"), "17 ff");
  assertEquals(run(probe, "18 02"), "18 ff");
});

Deno.test("swoTransport() cannot be changed while capture runs", () => {
  const { probe } = capturing("01");
  assertEquals(run(probe, "17 00"), "17 ff");
  run(probe, "1a 00");
  assertEquals(run(probe, "17 00"), "17 00");
});

Deno.test("swoData() hands out what was captured, in pieces", () => {
  const { probe, chip } = capturing("01");
  chip.swo = Uint8Array.of(1, 2, 3);
  assertEquals(run(probe, "1b"), "1b 01 03 00 00 00");
  assertEquals(run(probe, "1c 02 00"), "1c 01 02 00 01 02");
  assertEquals(run(probe, "1c 3c 00"), "1c 01 01 00 03");
  assertEquals(run(probe, "1c 3c 00"), "1c 01 00 00");
});

Deno.test("swoData() of a full buffer reports the overrun once", () => {
  const { probe, chip } = capturing("01", { swoBufferSize: 2 });
  chip.swo = Uint8Array.of(1, 2, 3);
  assertEquals(run(probe, "1c 3c 00"), "1c 81 02 00 01 02");
  assertEquals(run(probe, "1c 3c 00"), "1c 01 00 00");
});

Deno.test("swoControl() loses what came before and clears the buffer", () => {
  const { probe, chip } = capturing("01");
  run(probe, "1a 00");
  chip.swo = Uint8Array.of(9);
  run(probe, "1a 01");
  assertEquals(run(probe, "1b"), "1b 01 00 00 00 00");
});

Deno.test("swoExtendedStatus() gives the fields asked for", () => {
  const { probe, chip } = capturing("01");
  chip.swo = Uint8Array.of(1, 2, 3);
  probe.elapse(5_000_000);
  assertEquals(run(probe, "1e 01"), "1e 01");
  assertEquals(run(probe, "1e 07"), "1e 01 03 00 00 00 03 00 00 00 88 13 00 00");
});

Deno.test("takeSwoStream() delivers on the endpoint, and only with that transport", () => {
  const { probe, chip } = capturing("02");
  chip.swo = Uint8Array.of(1, 2, 3);
  probe.elapse(1);
  assertEquals(run(probe, "1c 3c 00"), "1c 01 00 00", "not through commands");
  assertEquals([...probe.takeSwoStream()], [1, 2, 3]);
  assertEquals([...capturing("01").probe.takeSwoStream()], []);
});
