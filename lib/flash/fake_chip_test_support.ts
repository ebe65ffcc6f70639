/**
 * Small made-up chips for this room's tests.
 *
 * @module
 */
import type { FlashAlgorithm, MemoryRegion, SectorRun } from "../target/description.ts";
import { makeRegion, MemoryMap, ramRegion } from "../target/memory_map.ts";
import type { FlashBank } from "./bank.ts";

/** An algorithm over `sectors`, without code. */
export function fakeAlgorithm(sectors: readonly SectorRun[], more: Partial<FlashAlgorithm> = {}): FlashAlgorithm {
  const start = sectors[0]?.start ?? 0;
  const last = sectors.at(-1);
  return {
    name: "fake.FLM",
    deviceName: "fake",
    image: new Uint8Array(64),
    staticBase: 60,
    entry: { init: 0, uninit: 4, eraseSector: 8, programPage: 12, eraseChip: 16 },
    start,
    size: last === undefined ? 0 : last.start + last.size * last.count - start,
    pageSize: 16,
    erasedByte: 0xff,
    programTimeoutMs: 100,
    eraseTimeoutMs: 1000,
    sectors,
    ...more,
  };
}

/** A chip with 4 sectors of 64 bytes and 2 of 256 at 0x08000000, and 4 KB of RAM at 0x20000000. */
export function fakeChip(more: Partial<FlashAlgorithm> = {}): {
  readonly map: MemoryMap;
  readonly bank: FlashBank;
  readonly flash: MemoryRegion;
} {
  const algorithm = fakeAlgorithm([
    { start: 0x08000000, size: 64, count: 4 },
    { start: 0x08000100, size: 256, count: 2 },
  ], more);
  const source = {
    name: algorithm.name,
    start: algorithm.start,
    size: algorithm.size,
    isDefault: true,
    load: () => Promise.resolve(algorithm),
  };
  const flash = makeRegion("FLASH", "flash", 0x08000000, 0x300, { isBoot: true, algorithm: source });
  const map = new MemoryMap([
    flash,
    makeRegion("ROM", "rom", 0x1fff0000, 0x1000),
    makeRegion("OTP", "flash", 0x1fff7000, 0x100),
    ramRegion("SRAM", 0x20000000, 0x1000),
  ]);
  return { map, flash, bank: { name: "FLASH", algorithm, ranges: [{ start: 0x08000000, end: 0x08000300 }] } };
}
