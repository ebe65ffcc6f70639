import { assertEquals, assertRejects } from "@std/assert";
import { TargetError } from "../base/errors.ts";
import { CortexM } from "./cortex_m.ts";
import { FakeCore } from "./testing/fake_core.ts";
import { readSecurityState, readStackLimits, setSecurityState } from "./v8m.ts";

const DSCSR = 0xe000ee08;

async function cortexM33(): Promise<{ fake: FakeCore; core: CortexM }> {
  const fake = new FakeCore({ cpuid: 0x410fd213, fpCtrl: 0x10000080 });
  fake.store(0xe000efbc, 0x47702a04);
  fake.store(0xe000ed44, 0x210);
  return { fake, core: await CortexM.create({ memory: fake, clock: fake.clock, index: 0 }) };
}

Deno.test("setSecurityState() says so when DSCSR does not change", async () => {
  const { fake } = await cortexM33();
  fake.onWrite.set(DSCSR, () => {});
  await assertRejects(() => setSecurityState(fake, "secure"), TargetError, "does not change");
});

Deno.test("setSecurityState() changes CDS with the key clear and keeps the bank selection", async () => {
  const { fake, core } = await cortexM33();
  fake.store(DSCSR, 0x20003);
  await setSecurityState(fake, "secure");
  assertEquals([fake.words.get(DSCSR), await readSecurityState(core)], [0x10003, "secure"]);
  await setSecurityState(fake, "nonsecure");
  assertEquals(await readSecurityState(core), "nonsecure");
});

Deno.test("readSecurityState() is undefined without the Security Extension", async () => {
  const fake = new FakeCore();
  const core = await CortexM.create({ memory: fake, clock: fake.clock, index: 0 });
  assertEquals(await readSecurityState(core), undefined);
  await core.halt();
  assertEquals(await readStackLimits(core), []);
});

Deno.test("readStackLimits() reads the limits of both states in one batch", async () => {
  const { fake, core } = await cortexM33();
  await core.halt();
  [28, 29, 30, 31].forEach((selector) => fake.registers.set(selector, selector * 8));
  const before = fake.batches;
  assertEquals(await readStackLimits(core), [
    { name: "msplim_s", limit: 224 },
    { name: "psplim_s", limit: 232 },
    { name: "msplim_ns", limit: 240 },
    { name: "psplim_ns", limit: 248 },
  ]);
  assertEquals(fake.batches - before, 1);
});
