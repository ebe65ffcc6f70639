import { assertEquals, assertThrows } from "@std/assert";
import type { FlashAlgorithm, FlashAlgorithmSource } from "../target/description.ts";
import { makeRegion, MemoryMap } from "../target/memory_map.ts";
import { allSectors, loadBanks } from "./bank.ts";
import { fakeAlgorithm } from "./fake_chip_test_support.ts";
import { planFlash } from "./plan.ts";

const BASE = 0x08000000;
const EVERYTHING = [{ start: 0, end: 0x1_0000_0000 }];

/** A source declared for `size` bytes of an algorithm. */
function source(algorithm: FlashAlgorithm, size: number, more: Partial<FlashAlgorithmSource> = {}) {
  const { name, start } = algorithm;
  return { name, start, size, isDefault: true, load: () => Promise.resolve(algorithm), ...more };
}

const brief = (banks: Awaited<ReturnType<typeof loadBanks>>): string[] =>
  banks.map(({ name, algorithm, ranges }) =>
    `${name} ${algorithm.name} ${ranges.map(({ start, end }) => `${start - BASE}-${end - BASE}`).join(" ")}`
  );

Deno.test("loadBanks() leaves out what the algorithm's sectors do not reach, so that the rest can be erased", async () => {
  const short = source(fakeAlgorithm([{ start: BASE, size: 64, count: 4 }]), 0x400);
  const map = new MemoryMap([makeRegion("FLASH", "flash", BASE, 0x400, { algorithm: short })]);
  const banks = await loadBanks(map, [short], EVERYTHING);
  assertEquals(brief(banks), ["FLASH fake.FLM 0-256"]);
  assertEquals(banks.flatMap(allSectors).length, 4);
  const beyond = [{ address: BASE + 0x100, data: new Uint8Array(4) }];
  assertThrows(() => planFlash(beyond, map, banks), Error, "no flash algorithm serves it");
});

Deno.test("loadBanks() lets an algorithm go as far as its sectors reach, after those declared for the rest", async () => {
  const first = source(fakeAlgorithm([{ start: BASE, size: 64, count: 16 }]), 0x100);
  const alone = new MemoryMap([makeRegion("FLASH", "flash", BASE, 0x400, { algorithm: first })]);
  assertEquals(brief(await loadBanks(alone, [first], EVERYTHING)), ["FLASH fake.FLM 0-1024"]);
  const second = source(fakeAlgorithm([{ start: BASE + 0x200, size: 64, count: 8 }], { name: "second.FLM" }), 0x100);
  assertEquals(brief(await loadBanks(alone, [first, second], EVERYTHING)), [
    "FLASH fake.FLM 0-512 768-1024",
    "FLASH second.FLM 512-768",
  ]);
});

Deno.test("loadBanks() keeps two regions of one algorithm in one bank", async () => {
  const whole = source(fakeAlgorithm([{ start: BASE, size: 64, count: 16 }]), 0x400, {
    ram: { start: 0x20000000, size: 0x1000 },
  });
  const map = new MemoryMap([
    makeRegion("A", "flash", BASE, 0x200, { algorithm: whole }),
    makeRegion("B", "flash", BASE + 0x200, 0x200, { algorithm: whole }),
  ]);
  const banks = await loadBanks(map, [whole], EVERYTHING);
  assertEquals(brief(banks), ["A, B fake.FLM 0-1024"]);
  assertEquals(banks[0]?.algorithm.ram, { start: 0x20000000, size: 0x1000 });
});
