import { assertEquals } from "@std/assert";
import { Itm, timestampPacket } from "./itm.ts";
import { CORTEX_M0_LINES, CORTEX_M4_LINES, idleEtm, romTable } from "./rom_table.ts";
import { gated } from "./component.ts";
import { Tpiu } from "./tpiu.ts";

const TER = 0xe00, TCR = 0xe80, LAR = 0xfb0, LSR = 0xfb4;
const ACPR = 0x010, SPPR = 0x0f0, FFCR = 0x304;

function make() {
  const time = { ns: 0, pin: true };
  const tpiu = new Tpiu({
    now: () => time.ns,
    traceClockHz: () => 16_000_000,
    isPinOn: () => time.pin,
    sourceId: () => itm.traceBusId,
  });
  const itm: Itm = new Itm(tpiu, () => time.ns / 100);
  const start = (tcr = 1) => {
    tpiu.write(ACPR, 4, 15);
    tpiu.write(SPPR, 4, 2);
    tpiu.write(FFCR, 4, 0x100);
    itm.write(LAR, 4, 0xc5acce55);
    itm.write(TER, 4, 0x80000001);
    itm.write(TCR, 4, tcr);
  };
  return { time, tpiu, itm, start };
}

Deno.test("Itm ignores control writes until unlocked", () => {
  const { itm } = make();
  assertEquals(itm.read(LSR, 4), 3);
  itm.write(TER, 4, 1);
  itm.write(LAR, 4, 0x12345678);
  itm.write(TER, 4, 1);
  assertEquals(itm.read(TER, 4), 0);
  itm.write(LAR, 4, 0xc5acce55);
  itm.write(TER, 4, 1);
  assertEquals([itm.read(LSR, 4), itm.read(TER, 4)], [1, 1]);
});

Deno.test("Itm sends nothing while disabled or from a port that is off", () => {
  const { itm, tpiu, time, start } = make();
  itm.write(0, 1, 0x41);
  start();
  itm.write(4, 1, 0x41);
  time.ns = 1e9;
  assertEquals(tpiu.takeSwo(), new Uint8Array(0));
});

Deno.test("Itm packs bytes, half-words and words of a port at the baud rate of the TPIU", () => {
  const { itm, tpiu, time, start } = make();
  start();
  itm.write(0, 1, 0x41);
  itm.write(31 * 4, 2, 0x1234);
  itm.write(0, 4, 0xdeadbeef);
  time.ns = 10_000;
  assertEquals(tpiu.takeSwo(), Uint8Array.of(0x01));
  time.ns = 100_000;
  assertEquals(tpiu.takeSwo(), Uint8Array.of(0x41, 0xfa, 0x34, 0x12, 0x03, 0xef, 0xbe, 0xad, 0xde));
});

Deno.test("Itm reports a full queue and then an overflow packet", () => {
  const { itm, tpiu, time, start } = make();
  start();
  for (let i = 0; i < 13; i++) itm.write(0, 4, 0);
  assertEquals(itm.read(0, 4), 0);
  time.ns = 1e9;
  assertEquals(itm.read(0, 4), 1);
  itm.write(0, 1, 0x55);
  time.ns = 2e9;
  const bytes = tpiu.takeSwo();
  assertEquals(bytes.length, 12 * 5 + 3);
  assertEquals(bytes.slice(-3), Uint8Array.of(0x70, 0x01, 0x55));
});

Deno.test("Itm opens with a synchronisation packet and stamps with the clocks since the last one", () => {
  const { itm, tpiu, time, start } = make();
  start(0b111);
  time.ns = 20_000;
  itm.write(0, 1, 0x41);
  time.ns = 1e9;
  assertEquals(tpiu.takeSwo(), Uint8Array.of(0, 0, 0, 0, 0, 0x80, 0x01, 0x41, 0xc0, 0xc8, 0x01));
});

Deno.test("Itm synchronises again after 2^24 clocks", () => {
  const { itm, tpiu, time, start } = make();
  start(0b101);
  time.ns = (2 ** 24 - 1) * 100;
  itm.write(0, 1, 0x41);
  time.ns = 2 ** 24 * 100;
  itm.write(0, 1, 0x42);
  time.ns *= 2;
  assertEquals([...tpiu.takeSwo()], [0, 0, 0, 0, 0, 0x80, 1, 0x41, 0, 0, 0, 0, 0, 0x80, 1, 0x42]);
});

Deno.test("timestampPacket() saturates and encodes zero", () => {
  assertEquals(timestampPacket(0), Uint8Array.of(0xc0, 0x00));
  assertEquals(timestampPacket(6), Uint8Array.of(0x60));
  assertEquals(timestampPacket(7), Uint8Array.of(0xc0, 0x07));
  assertEquals(timestampPacket(2 ** 40), Uint8Array.of(0xc0, 0xff, 0xff, 0xff, 0x7f));
});

Deno.test("Tpiu sends nothing while its pin is off or the protocol is parallel", () => {
  const { itm, tpiu, time, start } = make();
  start();
  time.pin = false;
  itm.write(0, 1, 0x41);
  time.pin = true;
  tpiu.write(SPPR, 4, 0);
  itm.write(0, 1, 0x41);
  time.ns = 1e9;
  assertEquals(tpiu.takeSwo(), new Uint8Array(0));
});

Deno.test("Tpiu frames its source while the formatter is on", () => {
  const { itm, tpiu, time, start } = make();
  start(1 | 1 << 16);
  tpiu.write(FFCR, 4, 0x102);
  for (let i = 0; i < 7; i++) itm.write(0, 1, 0x41);
  time.ns = 1e9;
  const pairs = Array.from({ length: 7 }, () => [0x01, 0x40]).flat();
  assertEquals([...tpiu.takeSwo()], [0x03, ...pairs, 0xfe]);
});

Deno.test("component identities are those of the technical reference manuals", () => {
  const { itm, tpiu } = make();
  const id = (device: { read(offset: number, size: 4): number }) =>
    [0xfd0, 0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc].map((offset) => device.read(offset, 4));
  assertEquals(id(itm), [0x04, 0x01, 0xb0, 0x3b, 0x00, 0x0d, 0xe0, 0x05, 0xb1]);
  assertEquals(id(tpiu), [0x04, 0xa1, 0xb9, 0x0b, 0x00, 0x0d, 0x90, 0x05, 0xb1]);
  assertEquals(id(idleEtm()), [0x04, 0x25, 0xb9, 0x0b, 0x00, 0x0d, 0x90, 0x05, 0xb1]);
  const nordic = romTable(CORTEX_M4_LINES, { designer: 0x144, part: 0x008, revision: 0 });
  assertEquals(id(nordic), [0x02, 0x08, 0x40, 0x0c, 0x00, 0x0d, 0x10, 0x05, 0xb1]);
});

Deno.test("romTable() lists the blocks of a core and ends with zero", () => {
  const maker = { designer: 0x020, part: 0x413, revision: 0 };
  const words = (count: number, table: { read(offset: number, size: 4): number }) =>
    Array.from({ length: count }, (_, i) => table.read(i * 4, 4));
  assertEquals(words(7, romTable(CORTEX_M4_LINES, maker)), [
    0xfff0f003,
    0xfff02003,
    0xfff03003,
    0xfff01003,
    0xfff41003,
    0xfff42003,
    0,
  ]);
  assertEquals(words(4, romTable(CORTEX_M0_LINES, maker)), [0xfff0f003, 0xfff02003, 0xfff03003, 0]);
});

Deno.test("gated() is dead while off", () => {
  let on = false;
  const writes: number[] = [];
  const device = gated({ read: () => 7, write: (_offset, _size, value) => writes.push(value) > 0 }, () => on);
  assertEquals([device.read(0, 4), device.write(0, 4, 1)], [0, true]);
  on = true;
  assertEquals([device.read(0, 4), device.write(0, 4, 2), writes], [7, true, [2]]);
});
