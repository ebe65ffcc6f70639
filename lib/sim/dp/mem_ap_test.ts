import { assertEquals } from "@std/assert";
import type { ApReply } from "../contracts.ts";
import { FakeBus } from "../probe/fake_chip_test_support.ts";
import { AHB_AP_IDR, type MemApOptions, SimMemAp } from "./mem_ap.ts";

const SIZE = { byte: 0, half: 1, word: 2 } as const;
const SINGLE = 0x10;
const PACKED = 0x20;

function portOver(bus: FakeBus, options: Partial<MemApOptions> = {}): SimMemAp {
  return new SimMemAp(bus, { idr: AHB_AP_IDR.CORTEX_M3, ...options });
}

function valueOf(reply: ApReply): number | string {
  return reply.kind === "ok" ? reply.value : reply.kind;
}

Deno.test("SimMemAp faults on a bus error and leaves TAR where it was", () => {
  const ap = portOver(new FakeBus());
  ap.write(0x00, SIZE.word | SINGLE);
  ap.write(0x04, 0x40000000);
  assertEquals([valueOf(ap.read(0x0c)), valueOf(ap.write(0x0c, 1)), valueOf(ap.read(0x10))], [
    "fault",
    "fault",
    "fault",
  ]);
  assertEquals(ap.read(0x04), { kind: "ok", value: 0x40000000 });
});

Deno.test("SimMemAp that is disabled shows DeviceEn clear and faults every access", () => {
  let enabled = false;
  const ap = portOver(new FakeBus(), { enabled: () => enabled });
  ap.write(0x04, 0x20000000);
  assertEquals(valueOf(ap.read(0x00)), 0x23000002);
  assertEquals([valueOf(ap.read(0x0c)), valueOf(ap.write(0x0c, 0)), valueOf(ap.read(0x14))], [
    "fault",
    "fault",
    "fault",
  ]);
  assertEquals(valueOf(ap.read(0xfc)), 0x24770011);
  enabled = true;
  assertEquals([valueOf(ap.read(0x00)), valueOf(ap.read(0x0c))], [0x23000042, 0]);
});

Deno.test("SimMemAp puts bytes and halfwords on their lanes", () => {
  const bus = new FakeBus();
  const ap = portOver(bus);
  ap.write(0x00, SIZE.byte | SINGLE);
  ap.write(0x04, 0x20000001);
  ap.write(0x0c, 0xddccbbaa);
  ap.write(0x0c, 0xddccbbaa);
  assertEquals([...bus.ram.subarray(0, 4)], [0, 0xbb, 0xcc, 0]);
  assertEquals(valueOf(ap.read(0x04)), 0x20000003);
  ap.write(0x00, SIZE.half);
  ap.write(0x04, 0x20000002);
  assertEquals(valueOf(ap.read(0x0c)), 0x00cc0000);
  assertEquals(valueOf(ap.read(0x04)), 0x20000002, "no increment");
});

Deno.test("SimMemAp moves several units per access when packed", () => {
  const bus = new FakeBus();
  const ap = portOver(bus);
  ap.write(0x00, SIZE.byte | PACKED);
  ap.write(0x04, 0x20000002);
  ap.write(0x0c, 0x44332211);
  assertEquals([...bus.ram.subarray(0, 6)], [0, 0, 0x33, 0x44, 0x11, 0x22], "lanes follow the address");
  assertEquals(valueOf(ap.read(0x04)), 0x20000006);
  ap.write(0x00, SIZE.half | PACKED);
  ap.write(0x04, 0x20000002);
  assertEquals(valueOf(ap.read(0x0c)), 0x44332211);
});

Deno.test("SimMemAp wraps TAR inside 1 KiB", () => {
  const bus = new FakeBus();
  const ap = portOver(bus);
  ap.write(0x00, SIZE.word | SINGLE);
  ap.write(0x04, 0x200007fc);
  ap.write(0x0c, 0xffffffff);
  assertEquals(valueOf(ap.read(0x04)), 0x20000400);
  ap.write(0x04, 0x200007fc);
  assertEquals(valueOf(ap.read(0x0c)), 0xffffffff, "unsigned");
});

Deno.test("SimMemAp reaches 16 bytes through BD0 to BD3 without moving TAR", () => {
  const bus = new FakeBus();
  const ap = portOver(bus);
  ap.write(0x00, SIZE.word | SINGLE);
  ap.write(0x04, 0x20000014);
  ap.write(0x1c, 0x01020304);
  assertEquals([...bus.ram.subarray(0x1c, 0x20)], [4, 3, 2, 1]);
  assertEquals([valueOf(ap.read(0x1c)), valueOf(ap.read(0x04))], [0x01020304, 0x20000014]);
});

Deno.test("SimMemAp keeps CSW fields that are asked for something it lacks", () => {
  const ap = portOver(new FakeBus(), { packed: false, sizes: [4], idr: AHB_AP_IDR.CORTEX_M0_PLUS });
  ap.write(0x00, 0x23000000 | SIZE.byte | SINGLE);
  ap.write(0x00, 0x23000000 | SIZE.half | PACKED);
  assertEquals(valueOf(ap.read(0x00)), 0x23000052);
  ap.write(0x00, 0xffffffff);
  assertEquals(valueOf(ap.read(0x00)), 0x7f000052);
});
