/**
 * What flash holds after loading, for any image: the image's bytes where it has some, erased or kept bytes in the rest
 * of the sectors it touches, and everything else as it was.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { mergeRanges, overlaps } from "../lib/base/ranges.ts";
import { allSectors, type FlashBank, loadBanks } from "../lib/flash/bank.ts";
import { fakeChip } from "../lib/flash/fake_chip_test_support.ts";
import { pagesOf, planFlash, type PlanOptions } from "../lib/flash/plan.ts";
import { flashDevice, runPlan } from "../lib/flash/programmer.ts";
import type { ImageSegment } from "../lib/format/image.ts";
import { type BoardCase, BOARDS, needsData, openBench } from "./support/flash_bench.ts";

/** Segments inside `size` bytes from `start`, not overlapping, in any order. */
function images(start: number, size: number, longest: number): fc.Arbitrary<ImageSegment[]> {
  const segment = fc.record({
    offset: fc.integer({ min: 0, max: size - 1 }),
    data: fc.uint8Array({ minLength: 1, maxLength: longest, size: "max" }),
  });
  return fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => {
    const taken: { start: number; end: number }[] = [];
    return parts.flatMap(({ offset, data }) => {
      const range = { start: start + offset, end: start + Math.min(size, offset + data.length) };
      if (taken.some((other) => overlaps(range, other))) return [];
      taken.push(range);
      return [{ address: range.start, data: data.subarray(0, range.end - range.start) }];
    });
  });
}

const modes: fc.Arbitrary<PlanOptions> = fc.constantFrom<PlanOptions>(
  { erase: "sector" },
  { erase: "sector", keepUnwritten: true },
  { erase: "auto" },
  { erase: "auto", keepUnwritten: true },
  { erase: "chip" },
);

/** What `before` has to become. */
function expected(
  before: Uint8Array,
  base: number,
  bank: FlashBank,
  image: ImageSegment[],
  options: PlanOptions,
): Uint8Array {
  const after = before.slice();
  for (const sector of allSectors(bank)) {
    const range = { start: sector.start, end: sector.start + sector.size };
    const touched = image.some((s) => overlaps(range, { start: s.address, end: s.address + s.data.length }));
    if (options.erase === "chip" || (touched && !options.keepUnwritten)) {
      after.fill(bank.algorithm.erasedByte, range.start - base, range.end - base);
    }
  }
  for (const segment of image) after.set(segment.data, segment.address - base);
  return after;
}

Deno.test("property: a plan accounts for every byte of the chip", () => {
  const { map, bank } = fakeChip();
  const base = 0x08000000;
  fc.assert(
    fc.property(images(base, 0x300, 200), modes, (image, options) => {
      const [plan] = planFlash(image, map, [bank], options).banks;
      assert(plan !== undefined);
      const flash = new Uint8Array(0x300).fill(0x11);
      for (const { start, end } of plan.lost) flash.fill(0xff, start - base, end - base);
      for (const sector of plan.sectors) {
        for (const { start, end } of sector.image) flash.fill(0xff, start - base, end - base);
        for (const page of pagesOf(sector, bank.algorithm.pageSize, 0xff)) {
          page.data.forEach((byte, i) => flash[page.address - base + i]! &= byte);
        }
      }
      for (const { start, end } of plan.kept) flash.fill(0x11, start - base, end - base);
      assertEquals(flash, expected(new Uint8Array(0x300).fill(0x11), base, bank, image, options));
      const pieces = mergeRanges([...plan.lost, ...plan.kept, ...plan.sectors.flatMap((s) => s.image)]);
      const count = [...plan.lost, ...plan.kept, ...plan.sectors.flatMap((s) => s.image)]
        .reduce((sum, r) => sum + r.end - r.start, 0);
      assertEquals(count, pieces.reduce((sum, r) => sum + r.end - r.start, 0), "nothing is counted twice");
    }),
    { numRuns: 300 },
  );
});

Deno.test("property: auto never loses a byte that sector erase would not lose", () => {
  const { map, bank } = fakeChip();
  fc.assert(fc.property(images(0x08000000, 0x300, 0x300), (image) => {
    const lost = (erase: "auto" | "sector") => planFlash(image, map, [bank], { erase }).banks[0]?.lost;
    assertEquals(lost("auto"), lost("sector"));
  }));
});

/** The part of flash the property is tried on, in bytes: enough for sectors of different sizes, small enough to be quick. */
const WINDOW: Readonly<Record<string, number>> = { stm32f407: 0x14000, stm32f072: 0x3000, nrf52840: 0x4000 };
const RUNS: Readonly<Record<string, number>> = { stm32f407: 4, stm32f072: 8, nrf52840: 8 };

async function tryBoard(board: BoardCase, image: ImageSegment[], options: PlanOptions, smart: boolean): Promise<void> {
  const { start } = board.flash;
  const size = WINDOW[board.board]!;
  const before = Uint8Array.from({ length: size }, (_, i) => (i >> 10) % 3 === 0 ? 0xff : (i * 13) & 0xff);
  const bench = await openBench(board, { board: { image: before } });
  await bench.target.connect();
  const device = flashDevice(bench.target);
  const wanted = image.map((s) => ({ start: s.address, end: s.address + s.data.length }));
  const banks = await loadBanks(device.map, bench.target.description.algorithms, wanted);
  const plan = planFlash(image, device.map, banks, options);
  await runPlan(plan, device, { smart });
  const [bank] = banks;
  assert(bank !== undefined);
  const whole = bench.board.flashBytes(start, board.flash.size);
  const all = new Uint8Array(board.flash.size).fill(0xff);
  all.set(before);
  assertEquals(firstWrong(whole, expected(all, start, bank, image, options)), -1);
}

function firstWrong(actual: Uint8Array, wanted: Uint8Array): number {
  return actual.findIndex((byte, i) => byte !== wanted[i]);
}

for (const board of BOARDS) {
  Deno.test({
    ...needsData(`property: ${board.board} holds the image asked for and all else as documented`),
    fn: async () => {
      await fc.assert(
        fc.asyncProperty(
          images(board.flash.start, WINDOW[board.board]!, 3000),
          modes,
          fc.boolean(),
          (image, options, smart) => tryBoard(board, image, options, smart),
        ),
        { numRuns: RUNS[board.board]!, seed: 20, endOnFailure: true },
      );
    },
  });
}
