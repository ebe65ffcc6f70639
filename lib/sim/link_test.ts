import { assertEquals, assertRejects } from "@std/assert";
import { parseHexBytes } from "../base/bytes.ts";
import { ProbeError, TimeoutError } from "../base/errors.ts";
import { FaultInjector, parseFaultPlan } from "./faults.ts";
import { SimLink, type SimLinkOptions } from "./link.ts";
import { FakeChip } from "./probe/fake_chip_test_support.ts";
import type { ProbeOptions } from "./probe/options.ts";
import { SimProbe } from "./probe/probe.ts";
import { text } from "./probe/probe_test_support.ts";

const PACKET_COUNT = parseHexBytes("00 fe");

function linked(
  plan = "",
  options: ProbeOptions = {},
  linkOptions: SimLinkOptions = {},
): { link: SimLink; chip: FakeChip; probe: SimProbe } {
  const chip = new FakeChip();
  const probe = new SimProbe(chip, { faults: new FaultInjector(parseFaultPlan(plan)), ...options });
  return { link: new SimLink(probe, linkOptions), chip, probe };
}

async function ask(link: SimLink, packet: string): Promise<string> {
  await link.send(parseHexBytes(packet));
  return text(await link.receive(100));
}

Deno.test("SimLink times out in virtual time when a response is dropped, and goes on", async () => {
  const { link, chip } = linked("drop@0");
  await link.send(PACKET_COUNT);
  await assertRejects(() => link.receive(5000), TimeoutError, "5000 ms");
  assertEquals([link.clock.now(), chip.elapsedNs], [5000, 5e9]);
  await link.drain();
  assertEquals(await ask(link, "00 fe"), "00 01 04");
  assertEquals(link.ledger.maxInFlight, 1);
});

Deno.test("SimLink cuts and garbles responses as planned", async () => {
  const { link } = linked("short@0x2,garbage@1");
  assertEquals(await ask(link, "00 fe"), "00 01");
  assertEquals(await ask(link, "00 fe"), "a5 e1 1f");
  assertEquals(await ask(link, "00 fe"), "00 01 04");
});

Deno.test("SimLink never answers again after a hang", async () => {
  const { link } = linked("hang@1");
  assertEquals(await ask(link, "00 fe"), "00 01 04");
  for (let i = 0; i < 2; i++) {
    await link.send(PACKET_COUNT);
    await assertRejects(() => link.receive(10), TimeoutError);
  }
});

Deno.test("SimLink rejects everything once the probe is gone", async () => {
  const { link } = linked("gone@1");
  await link.send(PACKET_COUNT);
  const pending = link.receive(10);
  const codes: string[] = [];
  for (const action of [() => link.send(PACKET_COUNT), () => pending, () => link.receive(1), () => link.readSwo(1)]) {
    codes.push((await assertRejects(action, ProbeError, "unplugged") as ProbeError).code);
  }
  assertEquals(codes, Array(4).fill("probe-gone"));
});

Deno.test("SimLink refuses packets that are too long and work after closing", async () => {
  const { link } = linked("", { packetSize: 64 });
  assertEquals(link.maxPacketSize, 64);
  await assertRejects(() => link.send(new Uint8Array(65)), ProbeError, "its packets hold 64");
  await link.close();
  await assertRejects(() => link.send(PACKET_COUNT), ProbeError, "closed");
  await assertRejects(() => link.receive(1), ProbeError, "closed");
});

Deno.test("SimLink shows how many requests were in flight", async () => {
  const { link } = linked("", { packetCount: 2 });
  for (let i = 0; i < 3; i++) await link.send(PACKET_COUNT);
  await link.send(parseHexBytes("07"));
  for (let i = 0; i < 3; i++) assertEquals(text(await link.receive(10)), "00 01 02");
  assertEquals(link.ledger.maxInFlight, 3, "one more than the probe can hold");
});

Deno.test("SimLink models one round trip each for ping-pong and one for packets in flight together", async () => {
  const delay = "09 64 00"; // 100 us
  const slow = linked().link;
  for (let i = 0; i < 4; i++) await ask(slow, delay);
  assertEquals(Number(slow.clock.now().toFixed(6)), 4 * 0.35);
  const { link: fast, chip } = linked();
  for (let i = 0; i < 4; i++) await fast.send(parseHexBytes(delay));
  for (let i = 0; i < 4; i++) await fast.receive(10);
  assertEquals(Number(fast.clock.now().toFixed(6)), 0.25 + 4 * 0.1);
  assertEquals(chip.elapsedNs, 650_000, "the chip has lived through the same time");
});

Deno.test("SimLink lets the host send while a reader already waits", async () => {
  const { link } = linked();
  const send = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await link.send(PACKET_COUNT);
  };
  const receive = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await link.receive(10);
  };
  await Promise.all([send(), receive()]);
  assertEquals([link.clock.now(), link.ledger.maxInFlight], [0.25, 4]);
});

Deno.test("SimLink counts what the conversation costs", async () => {
  const { link } = linked("", {}, { usbRoundTripMs: 1 });
  await ask(link, "02 01");
  const before = link.ledger.snapshot();
  await ask(link, "11 00 09 3d 00"); // 4 MHz
  await ask(link, "12 08 00");
  assertEquals(link.ledger.since(before), {
    packetsOut: 2,
    packetsIn: 2,
    bytesOut: 8,
    bytesIn: 4,
    swdClocks: 8,
    transfers: 0,
    instructions: 0,
    modelMs: 2.002,
    maxInFlight: 1,
  });
  assertEquals(link.modelled.swdClocks, 8);
});

Deno.test("SimLink pads responses like HID reports when asked", async () => {
  const { link } = linked("", { packetSize: 64 }, { padResponses: true });
  await link.send(PACKET_COUNT);
  assertEquals((await link.receive(10)).length, 64);
});

Deno.test("clock.sleep() lets the chip run that long at once", async () => {
  const { link, chip } = linked();
  await link.clock.sleep(1500);
  assertEquals([link.clock.now(), chip.elapsedNs], [1500, 1.5e9]);
});

Deno.test("readSwo() waits in virtual time and delivers the stream", async () => {
  const { link, chip } = linked();
  for (const packet of ["17 02", "18 01", "19 80 84 1e 00", "1a 01"]) await ask(link, packet);
  const before = link.clock.now();
  assertEquals([...await link.readSwo(10)], []);
  assertEquals(link.clock.now(), before + 10);
  chip.swo = Uint8Array.of(1, 2);
  assertEquals([...await link.readSwo(10)], [1, 2]);
  assertEquals(link.clock.now(), before + 10);
});
