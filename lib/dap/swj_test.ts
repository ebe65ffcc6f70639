import { assertEquals } from "@std/assert";
import { hexBytes } from "../base/bytes.ts";
import { lineReset, selectProtocol, targetSelect } from "./swj.ts";

/** The bits as text, in the order they appear on the wire. */
function wire({ count, bits }: { count: number; bits: Uint8Array }): string {
  return Array.from({ length: count }, (_, i) => (bits[i >> 3]! >> (i & 7)) & 1).join("");
}

const RESET = "1".repeat(51);
/** The selection alert as the specification prints it: least significant bit first, from 0x49CF9046. */
const ALERT = [0x49cf9046, 0xa9b4a161, 0x97f5bbc7, 0x45703d98].map((word) => word.toString(2).padStart(32, "0")).join(
  "",
);

Deno.test("selectProtocol() uses the 16-bit codes", () => {
  assertEquals(wire(selectProtocol("swd", false)), `${RESET}0111100111100111${RESET}00000000`);
  assertEquals(wire(selectProtocol("jtag", false)), `${RESET}0011110011100111${"1".repeat(8)}1111110`);
});

Deno.test("selectProtocol() goes through dormant with the selection alert and the activation code", () => {
  const swd = wire(selectProtocol("swd", true));
  assertEquals(swd.slice(51 + 39), `11111111${ALERT}000001011000${RESET}00`);
  const jtag = wire(selectProtocol("jtag", true));
  assertEquals(jtag.slice(51, 51 + 16), "0011110111000111");
  assertEquals(jtag.slice(51 + 16), `11111111${ALERT}000001010000${"1".repeat(8)}1111110`);
});

Deno.test("lineReset() leaves the protocol alone", () => {
  assertEquals(wire(lineReset("swd")), `${RESET}00000000`);
  assertEquals(wire(lineReset("jtag")), "1111110");
});

Deno.test("targetSelect() writes TARGETSEL with its parity, listening to nobody", () => {
  const [request, turn, data] = targetSelect(0x0100_2927);
  assertEquals(request, { bits: 8, output: Uint8Array.of(0x99) });
  assertEquals(turn, { bits: 5 });
  assertEquals(data && "output" in data && hexBytes(data.output), "2729000100");
  const odd = targetSelect(1)[2];
  assertEquals(odd && "output" in odd && hexBytes(odd.output), "0100000001");
});
