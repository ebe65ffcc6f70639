import { assertEquals } from "@std/assert";
import { disassemble } from "./disassemble.ts";

Deno.test("disassemble() goes on after what does not decode, and leaves out half an instruction", async () => {
  const code = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x80, 0xb6, 0x00, 0xbf, 0x10, 0xf0);
  assertEquals(await disassemble(code, 0x100), [
    { address: 0x100, size: 4, text: ".short 0xffff, 0xffff" },
    { address: 0x104, size: 2, text: ".short 0xb680" },
    { address: 0x106, size: 2, text: "nop" },
  ]);
});

Deno.test("disassemble() knows floating-point and M-profile system instructions", async () => {
  const code = Uint8Array.of(0x20, 0xee, 0x00, 0x0a, 0xef, 0xf3, 0x08, 0x80);
  assertEquals((await disassemble(code, 0)).map((line) => line.text), ["vmul.f32 s0, s0, s0", "mrs r0, msp"]);
});

Deno.test("disassemble() of nothing is nothing", async () => {
  assertEquals(await disassemble(new Uint8Array(1), 0), []);
});
