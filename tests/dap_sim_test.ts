import { assert, assertEquals, assertRejects } from "@std/assert";
import { TransferError } from "../lib/base/errors.ts";
import { DebugPort } from "../lib/dap/debug_port.ts";
import { scanAccessPorts } from "../lib/dap/discovery.ts";
import { MemAp } from "../lib/dap/mem_ap.ts";
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
  console.log(connecting);
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
  console.log("write", ledger.since(before), ledger.since(before).modelMs / ideal);
  assert(ledger.since(before).modelMs <= ideal * 1.05);
  before = ledger.snapshot();
  const back = await ap.readWords(RAM, words.length);
  console.log("read", ledger.since(before), ledger.since(before).modelMs / ideal);
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
  console.log(ledger.since(before));
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
