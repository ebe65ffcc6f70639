import { assertEquals, assertRejects } from "@std/assert";
import { FlashError } from "../base/errors.ts";
import { compareMemory, verifyMemory } from "./verify.ts";

const BASE = 0x08000000;

/** Memory that holds `data` at {@linkcode BASE}. */
function memoryOf(data: Uint8Array) {
  return {
    readBytes: (address: number, length: number) =>
      Promise.resolve(data.slice(address - BASE, address - BASE + length)),
  };
}

Deno.test("verifyMemory() finds a difference in any place, chunk edges and the last byte included", async () => {
  const data = Uint8Array.from({ length: 50_001 }, (_, i) => (i * 7) & 0xff);
  for (const at of [0, 1, 16_383, 16_384, 32_767, 32_768, 50_000]) {
    const present = data.slice();
    present[at]! ^= 0x80;
    const error = await assertRejects(() => verifyMemory(memoryOf(present), [{ address: BASE, data }]), FlashError);
    assertEquals([error.fields["address"], error.fields["expected"]], [BASE + at, data[at]]);
  }
});

Deno.test("compareMemory() goes through every part, and says how much it has read", async () => {
  const data = new Uint8Array(40_000).fill(3);
  const parts = [{ address: BASE, data: data.subarray(0, 20_000) }, {
    address: BASE + 20_000,
    data: data.subarray(20_000),
  }];
  let read = 0;
  assertEquals(await compareMemory(memoryOf(data), parts, (bytes) => void (read += bytes)), undefined);
  assertEquals(read, 40_000);
  const last = data.slice();
  last[39_999] = 4;
  assertEquals(await compareMemory(memoryOf(last), parts), { address: BASE + 39_999, expected: 3, actual: 4 });
});
