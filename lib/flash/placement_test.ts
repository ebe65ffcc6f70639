import { assert, assertEquals, assertThrows } from "@std/assert";
import { FlashError } from "../base/errors.ts";
import { placeAlgorithm } from "./placement.ts";

const demo = (image: number, pageSize: number, staticBase = 0) => ({
  name: "demo.FLM",
  image: new Uint8Array(image),
  pageSize,
  staticBase,
});

Deno.test("placeAlgorithm() says how many bytes are missing", () => {
  const error = assertThrows(
    () => placeAlgorithm(demo(0x400, 0x400), { start: 0x20000000, size: 0x800 }),
    FlashError,
    "Cannot place flash algorithm demo.FLM in the 2048 bytes of RAM at 0x20000000: 80 bytes are missing",
  );
  assertEquals(error.fields.missing, 80);
  placeAlgorithm(demo(0x400, 0x400), { start: 0x20000000, size: 0x800 + 80 });
});

Deno.test("placeAlgorithm() gives up the second buffer before the stack", () => {
  const one = placeAlgorithm(demo(0x100, 0x400), { start: 0x20000000, size: 0x800 });
  assertEquals(one.buffers.length, 1);
  const two = placeAlgorithm(demo(0x100, 0x400), { start: 0x20000000, size: 0xb10 });
  assertEquals(two.buffers.length, 2);
  assertEquals(two.stackTop - two.stackLimit, 512);
});

Deno.test("placeAlgorithm() keeps every part apart, aligned and inside RAM, for any size", () => {
  for (let image = 1; image < 600; image += 37) {
    for (const pageSize of [1, 8, 100, 256, 1000]) {
      const ram = { start: 0x20000004, size: 0x1003 };
      const p = placeAlgorithm(demo(image, pageSize, 5), ram);
      assertEquals(p.stackTop % 8, 0);
      assertEquals(p.image % 16, 0);
      assertEquals(p.returnAddress % 4, 0);
      assertEquals(p.staticBase, p.image + 5);
      assert(p.start >= ram.start && p.stackLimit === p.start && p.stackLimit + 64 <= p.stackTop);
      let at = p.stackTop;
      for (const buffer of p.buffers) {
        assert(buffer >= at && buffer % 16 === 0);
        at = buffer + pageSize;
      }
      assert(at <= p.returnAddress && p.returnAddress + 4 <= p.image);
      assert(p.image + image <= p.end && p.end <= ram.start + ram.size);
    }
  }
});
