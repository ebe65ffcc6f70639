import { assertEquals, assertThrows } from "@std/assert";
import { FlashError, UsageError } from "../base/errors.ts";
import { parseEraseSpec, planErase } from "./erase_spec.ts";
import { fakeChip } from "./fake_chip_test_support.ts";

const { map, bank } = fakeChip();

Deno.test("parseEraseSpec() refuses what is not an address or a range", () => {
  for (const bad of ["", "x", "0x", "0x10-", "0x10+zz", "1-2-3", "-4", "0o9", "1.5"]) {
    assertThrows(() => parseEraseSpec(bad), UsageError, `Cannot erase ${bad}`);
  }
  assertThrows(() => parseEraseSpec("0x20-0x20"), UsageError, "is empty");
  assertThrows(() => parseEraseSpec("0x20+0"), UsageError, "is empty");
  assertThrows(() => parseEraseSpec("0xffffffff+2"), UsageError, "beyond 4 GB");
});

Deno.test("parseEraseSpec() reads C-style numbers with separators and spaces", () => {
  assertEquals(parseEraseSpec(" 0x0800_0000 - 0x0800_0400 "), { start: 0x08000000, end: 0x08000400 });
  assertEquals(parseEraseSpec("0b1000+0o10"), { start: 8, end: 16 });
});

Deno.test("planErase() refuses an address outside flash and says that nothing was erased", () => {
  const error = assertThrows(
    () => planErase([{ start: 0x08000000, end: 0x08000040 }, { start: 0x20000000, end: 0x20000001 }], map, [bank]),
    FlashError,
    "Cannot erase at 0x20000000: SRAM (ram, 0x20000000-0x20000fff) is not flash",
  );
  assertEquals(error.hint, "Nothing was erased");
  assertThrows(() => planErase([{ start: 0, end: 1 }], map, [bank]), FlashError, "the nearest region is FLASH");
});

Deno.test("planErase() covers the range by sectors, each once, and names what was not asked for", () => {
  const plan = planErase([{ start: 0x08000030, end: 0x08000050 }, { start: 0x08000100, end: 0x08000101 }], map, [bank]);
  assertEquals(plan.jobs.map((job) => job.sectors.map((s) => s.start)), [[0x08000000, 0x08000040, 0x08000100]]);
  assertEquals(plan.unasked, [
    { start: 0x08000000, end: 0x08000030 },
    { start: 0x08000050, end: 0x08000080 },
    { start: 0x08000101, end: 0x08000200 },
  ]);
});

Deno.test("parseEraseSpec() takes lengths in k and M, and says what is wrong with a range", () => {
  assertEquals(parseEraseSpec("0x08000000+128k"), { start: 0x08000000, end: 0x08020000 });
  assertEquals(parseEraseSpec("0+1MiB"), { start: 0, end: 0x100000 });
  assertThrows(() => parseEraseSpec("0x100-0x50"), UsageError, "ends before it starts");
  assertThrows(() => parseEraseSpec("0x100-1k"), UsageError, "not an address or a range");
});
