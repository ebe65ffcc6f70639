import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import type { UsbReply } from "../../sim/usb/device.ts";
import { createServedProbe, type ServedProbe } from "./served_probe.ts";

function answers(probe: ServedProbe, request: readonly number[]): UsbReply[] {
  const replies: UsbReply[] = [];
  probe.device.in(0x81, { length: 512, done: (reply) => replies.push(reply) });
  probe.device.out(0x01, Uint8Array.from(request));
  return replies;
}

Deno.test("createServedProbe() refuses unknown boards and settings", () => {
  assertThrows(() => createServedProbe("nothing", "1"), UsageError);
  assertThrows(() => createServedProbe("stm32f407?colour=red", "1"), UsageError);
  assertThrows(() => createServedProbe("stm32f407?flash=a.bin", "1"), UsageError, "Cannot keep the flash");
});

Deno.test("createServedProbe() carries out packet faults", () => {
  const probe = createServedProbe("stm32f407?faults=drop@0,short@1x1,hang@3", "1");
  assertEquals(answers(probe, [0, 0xfe]), []);
  assertEquals(answers(probe, [0, 0xfe]), []);
  const late = createServedProbe("stm32f407?faults=short@0x1,gone@1", "1");
  assertEquals(answers(late, [0, 0xfe]), [Uint8Array.of(0)]);
  assertEquals([late.device.unplugged, answers(late, [0, 0xfe]).length, late.device.unplugged], [false, 1, true]);
  const mute = createServedProbe("stm32f407?faults=hang@1", "1");
  assertEquals([answers(mute, [0, 0xfe]).length, answers(mute, [0, 0xfe]).length], [1, 0]);
});

Deno.test("createServedProbe() shows requests as they come", () => {
  const seen: number[][] = [];
  const probe = createServedProbe("stm32f407", "1", { onPacket: (packet) => seen.push([...packet]) });
  answers(probe, [0, 0xfe]);
  assertEquals(seen, [[0, 0xfe]]);
});

Deno.test("ServedProbe.tick() follows the wall clock, but never spends long on it", () => {
  let now = 0;
  const probe = createServedProbe("stm32f407", "1", { now: () => now });
  now = 30;
  probe.tick();
  assertEquals(Math.round(probe.board.now / 1e6), 30);
  now = 10_000;
  probe.tick();
  assertEquals(Math.round(probe.board.now / 1e6), 130);
  let calls = 0;
  const slow = createServedProbe("stm32f407", "1", { now: () => calls++ * 5 });
  slow.tick();
  assertEquals(slow.board.now / 1e6 < 1, true);
});
