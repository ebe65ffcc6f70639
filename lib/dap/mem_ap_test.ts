import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { TargetError, TransferError, UsageError } from "../base/errors.ts";
import { AccessPort, decodeApIdr } from "./access_port.ts";
import { DebugPort } from "./debug_port.ts";
import { scanAccessPorts } from "./discovery.ts";
import { MemAp } from "./mem_ap.ts";
import { FakeMemAp, FakeProbe } from "./testing/fake_probe.ts";

const BASE = 0x2000_0000;

async function open(idr = 0x24770011, prepare: (ap: FakeMemAp) => void = () => {}) {
  const probe = new FakeProbe();
  probe.ap0.idr = idr;
  prepare(probe.ap0);
  const dp = new DebugPort(probe);
  await dp.connect();
  await dp.powerUp();
  return { probe, dp, ap: await MemAp.open(dp, { apsel: 0 }, decodeApIdr(idr)) };
}

Deno.test("MemAp refuses misaligned and impossible addresses", async () => {
  const { ap } = await open();
  await assertRejects(() => ap.read32(2), UsageError);
  await assertRejects(() => ap.read16(1), UsageError);
  await assertRejects(() => ap.readWords(0xffff_fffc, 2), UsageError, "beyond the address space");
  await assertRejects(() => ap.readBytes(-1, 1), UsageError);
  await assertRejects(() => ap.waitFor32(1, 1, 1, 10), UsageError);
  assertThrows(() => ap.write32(1, 0), UsageError);
  assertThrows(() => ap.writeWords(1, new Uint32Array(1)), UsageError);
});

Deno.test("MemAp on a bus of words refuses narrow writes and reads around them", async () => {
  const { ap, probe } = await open(0x44770002, (fake) => {
    fake.maxSize = 2;
    fake.write = function (register: number, value: number): boolean {
      return FakeMemAp.prototype.write.call(this, register, register === 0 ? (value & ~7) | 2 : value);
    };
  });
  assertEquals(ap.features.narrow, false);
  assertThrows(() => ap.write8(BASE, 1), TargetError);
  ap.write32(BASE, 0x0403_0201);
  assertEquals(await ap.readBytes(BASE + 1, 2), Uint8Array.of(2, 3));
  assertEquals(await ap.read16(BASE + 2), 0x0403);
  assert(probe.ap0.accesses.every((access) => access.size === 4));
});

Deno.test("MemAp names the word that failed inside a block", async () => {
  const { ap, probe } = await open();
  probe.ap0.broken.add(BASE + 0x404);
  assertEquals((await assertRejects(() => ap.readWords(BASE + 0x3f0, 16), TransferError)).address, BASE + 0x404);
  ap.writeWords(BASE + 0x3f0, new Uint32Array(16));
  assertEquals((await assertRejects(() => ap.flush(), TransferError)).address, BASE + 0x404);
});

Deno.test("MemAp works on after a fault, with CSW and TAR written anew", async () => {
  const { ap, probe } = await open();
  ap.write32(BASE, 5);
  probe.ap0.broken.add(BASE + 4);
  await assertRejects(() => ap.read32(BASE + 4), TransferError);
  probe.ap0.csw = 0;
  assertEquals(await ap.read32(BASE), 5);
});

Deno.test("MemAp.waitFor32() polls the same word and stops in time", async () => {
  const { ap, probe } = await open();
  assertEquals(await ap.waitFor32(BASE + 4, 1, 1, 50), false);
  assert(probe.clock.now() >= 50);
  let reads = 0;
  probe.ap0.onRead = (address) => {
    assertEquals(address, BASE + 4);
    if (++reads === 5) probe.ap0.memory.set(BASE + 4, 1);
  };
  assertEquals(await ap.waitFor32(BASE + 4, 1, 1, 50), true);
});

Deno.test("MemAp reaches words near one another without writing TAR", async () => {
  const { ap, probe } = await open();
  ap.write32(0xe000_edf4, 1);
  await ap.waitFor32(0xe000_edf0, 0, 0, 10);
  await ap.read32(0xe000_edf8);
  const before = probe.batches.length;
  ap.write32(0xe000_edf4, 2);
  const ready = ap.waitFor32(0xe000_edf0, 0, 0, 10);
  await Promise.all([ready, ap.read32(0xe000_edf8)]);
  assertEquals(probe.batches.slice(before).flat().map((op) => op.kind), ["write", "match", "read"]);
});

Deno.test("MemAp carries the attributes that the bus has", async () => {
  const { ap, probe } = await open();
  ap.attributes = { hprot: 0xb, nonSecure: true };
  await ap.read32(BASE);
  assertEquals(probe.ap0.csw & 0x4f00_0000, 0x4b00_0000);
  ap.attributes = { hprot: 1, nonSecure: false };
  await ap.read32(BASE);
  assertEquals(probe.ap0.csw & 0x4f00_0000, 0x0100_0000);
  ap.restore();
  await ap.flush();
  assertEquals(probe.ap0.csw, ap.features.csw);
});

Deno.test("MemAp reaches addresses above 4 GiB where the access port has them", async () => {
  const { ap, probe } = await open(0x84770004, (fake) => fake.cfg = 2);
  ap.write32(0x5_0000_0010, 77);
  ap.write32(0x10, 78);
  assertEquals([await ap.read32(0x5_0000_0010), await ap.read32(0x10)], [77, 78]);
  assertEquals(probe.ap0.memory.get(0x5_0000_0010), 77);
});

Deno.test("MemAp.open() finds the ROM table in all formats of BASE", async () => {
  for (
    const [base, rom] of [[0xe00ff003, 0xe00ff000], [0xffff_ffff, undefined], [2, undefined], [
      0x8000_0000,
      0x8000_0000,
    ]]
  ) {
    const { ap } = await open(0x24770011, (fake) => fake.base = base!);
    assertEquals(ap.features.romBase, rom);
  }
});

Deno.test("MemAp reads and writes like a plain byte array", async () => {
  const size = 3000;
  const step = fc.oneof(
    fc.record({ kind: fc.constant("read" as const), at: fc.nat(size), length: fc.nat(1200) }),
    fc.record({ kind: fc.constant("write" as const), at: fc.nat(size), data: fc.uint8Array({ maxLength: 1200 }) }),
    fc.record({ kind: fc.constantFrom("r8", "r16", "r32", "w8", "w16", "w32"), at: fc.nat(size - 4), value: fc.nat() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { ap } = await open();
      const model = new Uint8Array(size + 1300);
      const view = new DataView(model.buffer);
      const checks: Promise<void>[] = [];
      for (const s of steps) {
        if (s.kind === "read") {
          const { at, length } = s as { at: number; length: number };
          const expected = model.slice(at, at + length);
          checks.push(ap.readBytes(BASE + at, length).then((got) => assertEquals(got, expected)));
        } else if (s.kind === "write") {
          const { at, data } = s as { at: number; data: Uint8Array };
          ap.writeBytes(BASE + at, data);
          model.set(data, at);
        } else {
          const { value } = s as { value: number };
          const width = Number(s.kind.slice(1)) / 8;
          const at = s.at - s.at % width;
          if (s.kind === "w8") view.setUint8(at, value), ap.write8(BASE + at, value & 0xff);
          else if (s.kind === "w16") view.setUint16(at, value, true), ap.write16(BASE + at, value & 0xffff);
          else if (s.kind === "w32") view.setUint32(at, value, true), ap.write32(BASE + at, value);
          else {
            const read = s.kind === "r8" ? ap.read8 : s.kind === "r16" ? ap.read16 : ap.read32;
            const expected = s.kind === "r8"
              ? view.getUint8(at)
              : s.kind === "r16"
              ? view.getUint16(at, true)
              : view.getUint32(at, true);
            checks.push(read.call(ap, BASE + at).then((got) => assertEquals(got, expected)));
          }
        }
      }
      await Promise.all(checks);
      await ap.flush();
      assertEquals(await ap.readBytes(BASE, model.length), model);
    }),
    { numRuns: 60 },
  );
});

Deno.test("MemAp under random faults has done what it reports as done, and nothing in another order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(60), { minLength: 1, maxLength: 6 }), async (faults) => {
      const { ap, probe } = await open();
      let transfers = 0;
      const at = new Set(faults);
      const kinds = ["wait", "fault", "no-ack", "parity"] as const;
      probe.inject = (op) => op.port === "ap" && at.delete(transfers++) ? kinds[transfers % 4] : undefined;
      const written: number[] = [];
      probe.ap0.onWrite = (address) => written.push(address);
      for (let round = 0; round < 12; round++) {
        const value = round + 1;
        const address = BASE + round * 40;
        try {
          ap.write32(address, value);
          ap.writeWords(address + 8, Uint32Array.of(value, value));
          await ap.flush();
          assertEquals([...(await ap.readWords(address, 4))], [value, 0, value, value]);
        } catch (error) {
          assert(error instanceof TransferError);
        }
      }
      assertEquals(written, [...written].sort((a, b) => a - b));
    }),
    { numRuns: 150 },
  );
});

Deno.test("scanAccessPorts() fails once when the wire breaks while one port is opened and others are looked for", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  probe.inject = (op) => op.kind === "write" && op.port === "ap" ? "no-ack" : undefined;
  await assertRejects(() => scanAccessPorts(dp), TransferError, "the target did not answer");
});

Deno.test("readBytes() of an unaligned range names the part that failed", async () => {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  const memory = await MemAp.open(dp, { apsel: 0 }, decodeApIdr(0x24770011));
  probe.aps.get(0)!.broken.add(0x2000_0010);
  const error = await assertRejects(() => memory.readBytes(0x2000_0001, 0x22), TransferError);
  assertEquals([error.fault, error.address], ["fault", 0x2000_0010]);
});

Deno.test("scanAccessPorts() stops after absent ones, or tries exactly what it is told", async () => {
  const probe = new FakeProbe();
  probe.aps.set(2, new FakeMemAp()).set(255, new FakeMemAp());
  const odd = new FakeMemAp();
  odd.idr = 0x1288_0000;
  probe.aps.set(1, odd);
  const dp = new DebugPort(probe);
  await dp.connect();
  await dp.powerUp();
  const apsels = (aps: AccessPort[]) => aps.map((ap) => "apsel" in ap.address ? ap.address.apsel : -1);
  const found = await scanAccessPorts(dp);
  assertEquals(apsels(found), [0, 1, 2]);
  assertEquals(found.map((ap) => [ap instanceof MemAp, ap.name]), [[true, "AHB-AP#0"], [false, "AP#1"], [
    true,
    "AHB-AP#2",
  ]]);
  assertEquals(apsels(await scanAccessPorts(dp, { scanAll: true })), [0, 1, 2, 255]);
  assertEquals(apsels(await scanAccessPorts(dp, { apsels: [2, 3] })), [2]);
});

Deno.test("MemAp.waitFor32() answers false although writes waited for it in vain", async () => {
  const { ap, probe } = await open();
  ap.write32(BASE, 1);
  const matched = ap.waitFor32(BASE + 4, 1, 1, 30);
  ap.write32(BASE + 8, 1);
  assertEquals(await matched, false);
  assertEquals((await assertRejects(() => ap.flush(), TransferError)).fault, "not-run");
  assertEquals([probe.ap0.word(BASE), probe.ap0.word(BASE + 8)], [1, 0]);
});
