import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ProbeError, TransferError } from "../lib/base/errors.ts";
import { DebugPort } from "../lib/dap/debug_port.ts";
import { scanAccessPorts } from "../lib/dap/discovery.ts";
import { MemAp } from "../lib/dap/mem_ap.ts";
import { FaultInjector, type FaultPlan } from "../lib/sim/faults.ts";
import { SimLink } from "../lib/sim/link.ts";
import { FakeChip, RAM_BASE } from "../lib/sim/probe/fake_chip_test_support.ts";
import { SimProbe } from "../lib/sim/probe/probe.ts";
import { CmsisDapProbe } from "../lib/probe/cmsis_dap/probe.ts";
import { openSim, type SimOptions } from "../lib/probe/sim/driver.ts";

const RAM = 0x2000_0000;

async function connect(options: SimOptions = {}, protocol: "swd" | "jtag" = "swd") {
  const sim = await openSim("stm32f407", options);
  await sim.probe.setFrequency(10_000_000);
  const before = sim.ledger.snapshot();
  const dp = new DebugPort(sim.probe);
  await dp.connect({ protocol });
  await dp.powerUp();
  const [ap] = await scanAccessPorts(dp);
  assert(ap instanceof MemAp);
  return { ...sim, dp, ap, connecting: sim.ledger.since(before) };
}

Deno.test("connecting to a simulated board takes few packets", async () => {
  const { connecting, probe } = await connect();
  assert(connecting.packetsOut <= 15);
  await probe.close();
});

Deno.test("64 KiB of RAM are read and written at wire speed", async () => {
  const { ap, ledger } = await connect();
  const words = Uint32Array.from({ length: 16384 }, (_, i) => Math.imul(i, 0x9e3779b9));
  let before = ledger.snapshot();
  ap.writeWords(RAM, words);
  await ap.flush();
  const ideal = 16384 * 46 / 10_000;
  assert(ledger.since(before).modelMs <= ideal * 1.05);
  before = ledger.snapshot();
  const back = await ap.readWords(RAM, words.length);
  assertEquals(back, words);
  assert(ledger.since(before).modelMs <= ideal * 1.05);
});

Deno.test("17 core registers take one packet", async () => {
  const { ap, ledger } = await connect();
  ap.write32(0xe000edf0, 0xa05f0003);
  await ap.waitFor32(0xe000edf0, 1 << 17, 1 << 17, 100);
  const before = ledger.snapshot();
  const values: Promise<number>[] = [];
  for (let i = 0; i < 17; i++) {
    ap.write32(0xe000edf4, i);
    ap.waitFor32(0xe000edf0, 1 << 16, 1 << 16, 100);
    values.push(ap.read32(0xe000edf8));
  }
  await Promise.all(values);
  assertEquals(ledger.since(before).packetsOut, 1);
});

Deno.test("a fault names the word that failed", async () => {
  const { ap } = await connect();
  for (const bad of [0x3000_0000]) {
    const error = await assertRejects(() => ap.readWords(bad, 10), TransferError);
    assertEquals([error.fault, error.address], ["fault", bad]);
  }
  const end = 0x2002_0000;
  let error = await assertRejects(() => ap.readWords(end - 16, 10), TransferError);
  assertEquals([error.fault, error.address], ["fault", end]);
  ap.writeWords(end - 16, new Uint32Array(10));
  error = await assertRejects(() => ap.flush(), TransferError);
  assertEquals([error.fault, error.address], ["fault", end]);
  ap.write32(end, 1);
  ap.write32(RAM, 1);
  error = await assertRejects(() => ap.read32(RAM), TransferError);
  assertEquals([error.fault, error.address], ["fault", end]);
  assertEquals(await ap.read32(RAM), 0);
});

Deno.test("a fault is found out over JTAG too, and the next access works", async () => {
  const { ap } = await connect({}, "jtag");
  const error = await assertRejects(() => ap.readWords(0x3000_0000, 10), TransferError);
  assertEquals([error.fault, error.address], ["fault", undefined]);
  ap.write32(RAM, 7);
  assertEquals(await ap.read32(RAM), 7);
});

const VARIANTS: readonly [name: string, options: SimOptions, protocol: "swd" | "jtag"][] = [
  ["large packets", {}, "swd"],
  ["one small packet in flight", { probe: { packetSize: 64, packetCount: 1 } }, "swd"],
  ["small padded packets, none atomic", { probe: { packetSize: 64, capabilities: {} }, padResponses: true }, "swd"],
  ["no deferred transfers", { open: { deferredTransfers: false } }, "swd"],
  ["JTAG", {}, "jtag"],
];

for (const [name, options, protocol] of VARIANTS) {
  Deno.test(`simulated RAM behaves like a byte array with ${name}`, async () => {
    const { ap, ledger, probe } = await connect(options, protocol);
    const model = new Uint8Array(3000);
    ap.writeBytes(RAM, model);
    const range = fc.record({ at: fc.nat(2000), data: fc.uint8Array({ maxLength: 900 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 4 }), async (writes) => {
        for (const { at, data } of writes) {
          ap.writeBytes(RAM + at, data);
          model.set(data, at);
        }
        assertEquals(await ap.readBytes(RAM + 1, 2900), model.slice(1, 2901));
      }),
      { numRuns: 15 },
    );
    assert(ledger.maxInFlight <= (options.probe?.packetCount ?? 4));
    await probe.close();
  });
}

Deno.test("what is reported done is done, whatever happens on the wire", async () => {
  const fault = fc.record({
    kind: fc.constantFrom("wait" as const, "fault" as const, "no-ack" as const, "parity" as const),
    transfer: fc.integer({ min: 45, max: 700 }),
    count: fc.constantFrom(1, 3, 5000),
  });
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 5 }), fc.constantFrom(64, 512), async (plan, packetSize) => {
      const faults = new FaultInjector(plan.map((f) => f.kind === "wait" ? f : { kind: f.kind, transfer: f.transfer }));
      const { ap, board, probe } = await connect({ probe: { faults, packetSize } });
      for (let round = 0; round < 6; round++) {
        const words = Uint32Array.from({ length: 80 }, (_, i) => round * 1000 + i + 1);
        const address = RAM + round * 1000;
        try {
          ap.writeWords(address, words);
          await ap.flush();
        } catch (error) {
          assert(error instanceof TransferError);
          failures++;
          assert(error.address === undefined || (error.address >= address && error.address < address + 320));
          continue;
        }
        const there = Array.from(words, (_, i) => board.bus.read(address + i * 4, 4));
        assertEquals(there, [...words]);
        try {
          assertEquals(await ap.readWords(address, words.length), words);
        } catch (error) {
          assert(error instanceof TransferError);
        }
      }
      await probe.close();
    }),
    { numRuns: 40 },
  );
  assert(failures > 0);
});

Deno.test("a disturbed answer is reported as the probe's, and the next operation works", async () => {
  for (const kind of ["drop", "short", "garbage"] as const) {
    const plan: FaultPlan = [{ kind, packet: 30 }];
    const { ap, probe } = await connect({ probe: { faults: new FaultInjector(plan) } });
    let failures = 0;
    for (let i = 0; i < 30; i++) {
      try {
        ap.write32(RAM, i);
        assertEquals(await ap.read32(RAM), i);
      } catch (error) {
        assert(error instanceof ProbeError, `${kind}: ${error}`);
        assertEquals(error.code, "probe-out-of-step");
        failures++;
      }
    }
    assertEquals(failures, 1);
    await probe.close();
  }
});

Deno.test("a probe that is unplugged or hangs is reported, and closing it works", async () => {
  for (const kind of ["gone", "hang"] as const) {
    const { ap, probe } = await connect({ probe: { faults: new FaultInjector([{ kind, packet: 25 }]) } });
    await assertRejects(async () => {
      for (let i = 0; i < 30; i++) await ap.read32(RAM);
    }, ProbeError);
    await probe.close();
  }
});

Deno.test("one of two debug ports on a shared wire is selected by TARGETSEL, and found again after silence", async () => {
  const chips = [0, 1].map((instance) => new FakeChip({ dpidr: 0x0bc1_2477, targetId: 0x0100_2927, instance }));
  const faults = new FaultInjector([{ kind: "no-ack", transfer: 60 }]);
  const link = new SimLink(new SimProbe(chips, { faults }));
  const probe = await CmsisDapProbe.open(link, { uniqueId: "shared" });
  const dp = new DebugPort(probe);
  await dp.connect({ targetSel: 0x1100_2927, useDormant: true });
  await dp.powerUp();
  assertEquals((await dp.readDp(0x34)) >>> 28, 1);
  const [ap] = await scanAccessPorts(dp, { apsels: [0] });
  assert(ap instanceof MemAp);
  let failures = 0;
  for (let i = 0; i < 20; i++) {
    try {
      ap.write32(RAM_BASE, 100 + i);
      await ap.flush();
      assertEquals(chips[1]!.bus.read(RAM_BASE, 4), 100 + i);
    } catch (error) {
      assert(error instanceof TransferError);
      failures++;
    }
  }
  assertEquals([failures, chips[0]!.bus.read(RAM_BASE, 4)], [1, 0]);
});

Deno.test("DebugPort.recover() finds the simulated target again after its debug power was cut", async () => {
  const { dp, ap, board } = await connect();
  board.powerCycle();
  await dp.recover(1000);
  ap.write32(RAM, 9);
  assertEquals(await ap.read32(RAM), 9);
});
