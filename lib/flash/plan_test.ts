import { assertEquals, assertThrows } from "@std/assert";
import { FlashError, UsageError } from "../base/errors.ts";
import type { ImageSegment } from "../format/image.ts";
import { makeRegion } from "../target/memory_map.ts";
import { describePlan, pagesOf, planFlash, ranges } from "./plan.ts";
import { fakeChip } from "./fake_chip_test_support.ts";

const { map, bank } = fakeChip();
const segment = (address: number, length: number, name?: string): ImageSegment => {
  const data = new Uint8Array(length).fill(0x5a);
  return name === undefined ? { address, data } : { address, data, name };
};

Deno.test("planFlash() names the segment, its range and the nearest region when it lies outside memory", () => {
  assertThrows(
    () => planFlash([segment(0x08000300, 4, ".text")], map, [bank]),
    FlashError,
    "Cannot load segment .text 0x08000300-0x08000303: no memory at 0x08000300, " +
      "the nearest region is FLASH (flash, 0x08000000-0x080002ff)",
  );
});

Deno.test("planFlash() refuses a segment that starts inside and runs over the end of flash", () => {
  const error = assertThrows(() => planFlash([segment(0x080002f0, 0x20)], map, [bank]), FlashError);
  assertEquals([error.code, error.fields.address], ["image-outside-memory", 0x08000300]);
});

Deno.test("planFlash() refuses flash without an algorithm and memory that cannot be written", () => {
  assertThrows(() => planFlash([segment(0x1fff7000, 4)], map, [bank]), FlashError, "no flash algorithm serves it");
  assertThrows(() => planFlash([segment(0x1fff0000, 4)], map, [bank]), FlashError, "it cannot be written");
});

Deno.test("planFlash() refuses overlapping segments", () => {
  assertThrows(
    () => planFlash([segment(0x08000010, 8), segment(0x08000000, 0x11)], map, [bank]),
    FlashError,
    "Cannot load segment 0x08000010-0x08000017: it overlaps segment 0x08000000-0x08000010",
  );
});

Deno.test("planFlash() refuses to keep bytes and erase the chip", () => {
  assertThrows(
    () => planFlash([segment(0x08000000, 4)], map, [bank], { erase: "chip", keepUnwritten: true }),
    UsageError,
  );
});

Deno.test("planFlash() erases the touched sectors and says what they lose", () => {
  const plan = planFlash([segment(0x08000030, 0x20)], map, [bank]);
  const [only] = plan.banks;
  assertEquals(only?.erase, "sectors");
  assertEquals(only?.sectors.map((s) => s.start), [0x08000000, 0x08000040]);
  assertEquals(ranges(only?.lost ?? []), "0x08000000-0x0800002f, 0x08000050-0x0800007f");
  assertEquals(only?.kept, []);
});

Deno.test("planFlash() with keepUnwritten keeps what sector erase would lose", () => {
  const [only] = planFlash([segment(0x08000030, 0x20)], map, [bank], { keepUnwritten: true }).banks;
  assertEquals(ranges(only?.kept ?? []), "0x08000000-0x0800002f, 0x08000050-0x0800007f");
  assertEquals(only?.lost, []);
});

Deno.test("planFlash() with auto erases the chip only when nothing more is lost", () => {
  const mode = (length: number) => planFlash([segment(0x08000000, length)], map, [bank], { erase: "auto" }).banks[0];
  assertEquals(mode(0x200)?.erase, "sectors");
  assertEquals(mode(0x201)?.erase, "chip");
  assertEquals(ranges(mode(0x201)?.lost ?? []), "0x08000201-0x080002ff");
});

Deno.test("planFlash() with auto never chooses chip when the algorithm reaches another region", () => {
  const wide = fakeChip({ size: 0x20000000 });
  const plan = planFlash([segment(0x08000000, 0x300)], wide.map, [wide.bank], { erase: "auto" });
  assertEquals(plan.banks[0]?.erase, "sectors");
});

Deno.test("planFlash() with auto never chooses chip beside flash of another algorithm", () => {
  const algorithm = map.byKind("flash").find((region) => region.algorithm)!.algorithm!;
  const beside = map.with(makeRegion("UICR", "flash", 0x10001000, 0x1000, { algorithm }));
  const plan = planFlash([segment(0x08000000, 0x300)], beside, [bank], { erase: "auto" });
  assertEquals(plan.banks[0]?.erase, "sectors");
});

Deno.test("planFlash() with chip says that all the rest is lost, and falls back to sectors without EraseChip", () => {
  const chip = planFlash([segment(0x08000000, 0x40)], map, [bank], { erase: "chip" }).banks[0];
  assertEquals([chip?.erase, ranges(chip?.lost ?? [])], ["chip", "0x08000040-0x080002ff"]);
  const entry = { init: 0, uninit: 4, eraseSector: 8, programPage: 12 };
  const without = fakeChip({ entry });
  const plan = planFlash([segment(0x08000000, 0x40)], without.map, [without.bank], { erase: "chip" }).banks[0];
  assertEquals([plan?.erase, ranges(plan?.lost ?? [])], ["sectors", "0x08000040-0x080002ff"]);
  assertEquals(plan?.alsoErased.length, 5);
});

Deno.test("planFlash() writes RAM segments plainly and drops empty ones", () => {
  const plan = planFlash([segment(0x20000010, 4), segment(0x20000020, 0)], map, [bank]);
  assertEquals(plan.banks, []);
  assertEquals(plan.ram.map((w) => [w.address, w.data.length, w.region]), [[0x20000010, 4, "SRAM"]]);
});

Deno.test("pagesOf() skips erased pages and shortens the last page", () => {
  const content = new Uint8Array(40).fill(0xff);
  content[39] = 0;
  assertEquals(pagesOf({ start: 0x100, content }, 16, 0xff).map((p) => [p.address, p.data.length]), [[0x120, 8]]);
});

Deno.test("describePlan() says what is erased, programmed and lost", () => {
  assertEquals(describePlan(planFlash([segment(0x08000000, 0x30), segment(0x20000000, 4)], map, [bank])), [
    "FLASH: flash algorithm fake.FLM",
    "  erase 1 sector: 0x08000000-0x0800003f",
    "  program 3 pages: 0x08000000-0x0800002f",
    "  lose 16 bytes outside the image: 0x08000030-0x0800003f",
    "SRAM: write 4 bytes at 0x20000000",
  ]);
});
