import { assertEquals } from "@std/assert";
import { Bench, CODE, STACK } from "./cpu_test_support.ts";

Deno.test("CortexM jumps through TBB and TBH tables", () => {
  // movs r0, #1; tbb [pc, r0]; table 2, 3; movs r1, #1 (skipped); movs r1, #2
  const bytes = new Bench("cortex-m4f", [0x2001, 0xe8df, 0xf000, 0x0201, 0x2101, 0x2102]);
  bytes.core.run(2);
  assertEquals(bytes.core.pc, CODE + 6 + 4);
  const halves = new Bench("cortex-m4f", [0x2001, 0xe8df, 0xf010, 0x0002, 0x0003, 0x2101, 0x2102]);
  halves.core.run(2);
  assertEquals(halves.core.pc, CODE + 6 + 6);
});

Deno.test("CortexM calls with BLX and returns with POP to PC", () => {
  // adr r0, sub; adds r0, #1; blx r0; movs r3, #7; b .; nop; sub: push {r4, lr}; movs r2, #9; pop {r4, pc}
  const code = [0xa002, 0x3001, 0x4780, 0x2307, 0xe7fe, 0xbf00, 0xb510, 0x2209, 0xbd10];
  for (const model of ["cortex-m0", "cortex-m4f"] as const) {
    const bench = new Bench(model, code);
    bench.core.run(7);
    assertEquals([bench.core.register(2), bench.core.register(3)], [9, 7]);
    assertEquals([bench.core.register(13), bench.core.pc], [STACK, CODE + 8]);
  }
});

Deno.test("CortexM loads PC from memory with LDR", () => {
  // ldr.w pc, [pc, #4]; two nops; literal CODE + 0x20 with the Thumb bit
  const bench = new Bench("cortex-m4f", [0xf8df, 0xf004, 0xbf00, 0xbf00, CODE + 0x21, 0]);
  bench.core.step();
  assertEquals(bench.core.pc, CODE + 0x20);
});

Deno.test("CortexM adds to and moves into PC without leaving Thumb state", () => {
  const bench = new Bench("cortex-m0", [0x2004, 0x4487, 0xbf00, 0xbf00, 0xbf00, 0x2101]); // add pc, r0
  bench.core.run(2);
  assertEquals(bench.core.pc, CODE + 2 + 4 + 4);
});

Deno.test("CortexM fails a store-exclusive after an exception return", () => {
  // r0 = 0x20000000; ldrex r1, [r0]; svc; strex r2, r1, [r0]
  const bench = new Bench("cortex-m4f", [0x2020, 0x0600, 0xe850, 0x1f00, 0xdf00, 0xe840, 0x1200], { 11: [0x4770] });
  bench.core.run(6);
  assertEquals(bench.core.register(2), 1);
});

Deno.test("CortexM runs code in two memories without decoding it again and again", () => {
  // r0 = 0x20000001; blx r0; b back; RAM: adds r4, #1; bx lr
  const bench = new Bench("cortex-m0", [0x2020, 0x0600, 0x3001, 0x4780, 0xe7fd]);
  new Uint16Array(bench.ram.buffer).set([0x3401, 0x4770]);
  bench.core.run(4003);
  assertEquals(bench.core.register(4), 1000);
});
