import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { Bus } from "./bus.ts";

function ram(bus: Bus, name: string, start: number, size = 64): Uint8Array {
  const bytes = new Uint8Array(size);
  bus.mapMemory({ name, start, bytes, writable: true });
  return bytes;
}

Deno.test("Bus refuses overlaps, doubled names and odd sizes", () => {
  const bus = new Bus();
  ram(bus, "a", 0x1000);
  assertThrows(() => ram(bus, "b", 0x103c), UsageError, "overlaps a");
  assertThrows(() => ram(bus, "a", 0x2000), UsageError, "name is taken");
  assertThrows(() => ram(bus, "c", 0x2000, 6), UsageError, "whole words");
  assertThrows(() => bus.unmap("z"), UsageError, "none of that name");
  assertThrows(() => bus.alias("d", 0x3000, "a", 32, 64), UsageError, "not memory of a");
});

Deno.test("Bus answers unmapped, misaligned and refused accesses with errors", () => {
  const bus = new Bus();
  ram(bus, "ram", 0x1000);
  bus.mapMemory({ name: "rom", start: 0x2000, bytes: new Uint8Array(4), writable: false });
  assertEquals([bus.read(0, 1), bus.read(0x1002, 4), bus.read(0x1040, 1)], [-1, -1, -1]);
  assertEquals([bus.write(0, 1, 0), bus.write(0x1001, 2, 0), bus.write(0x2000, 4, 0)], [false, false, false]);
});

Deno.test("Bus reaches the last word of the address space", () => {
  const bus = new Bus();
  ram(bus, "top", 0xffffffc0);
  assertEquals(bus.write(0xfffffffc, 4, 0x12345678), true);
  assertEquals(bus.read(0xfffffffe, 2), 0x1234);
});

Deno.test("Bus.alias shows the same bytes, and unmap takes them away", () => {
  const bus = new Bus();
  const bytes = ram(bus, "ram", 0x1000);
  bus.alias("mirror", 0x8000, "ram", 16, 16);
  bus.write(0x8004, 1, 0xab);
  assertEquals(bytes[20], 0xab);
  bus.unmap("mirror");
  assertEquals(bus.read(0x8004, 1), -1);
});

Deno.test("Bus hands stores to a memory's handler and accesses to devices", () => {
  const bus = new Bus();
  const seen: number[][] = [];
  const onWrite = (offset: number, size: number, value: number): boolean => seen.push([offset, size, value]) < 2;
  bus.mapMemory({ name: "flash", start: 0x1000, bytes: new Uint8Array(32), writable: false, onWrite });
  bus.alias("low", 0, "flash", 16);
  bus.mapDevice("uart", 0x4000, 16, {
    read: (offset, size) => offset * 10 + size,
    write: (offset) => offset === 0,
  });
  assertEquals([bus.write(0x1004, 2, 7), bus.write(4, 4, 9)], [true, false]);
  assertEquals(seen, [[4, 2, 7], [20, 4, 9]]);
  assertEquals([bus.read(0x4008, 2), bus.write(0x4000, 4, 1), bus.write(0x4004, 4, 1)], [82, true, false]);
});
