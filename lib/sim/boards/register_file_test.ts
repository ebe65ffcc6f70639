import { assertEquals } from "@std/assert";
import { PeripheralBus, RegisterFile, registerRange } from "./register_file.ts";

Deno.test("RegisterFile ignores offsets that are not in its table", () => {
  const file = new RegisterFile([{ offset: 4, reset: 7 }]);
  assertEquals([file.write(0, 4, 1), file.write(0x100, 4, 1)], [true, true]);
  assertEquals([file.read(0, 4), file.read(0x100, 4), file.read(4, 4)], [0, 0, 7]);
});

Deno.test("RegisterFile writes only writable bits of the lanes accessed", () => {
  const file = new RegisterFile([{ offset: 0, reset: 0x11223344, writable: 0x00ffff00 }]);
  file.write(1, 1, 0xaa);
  assertEquals(file.read(0, 4), 0x1122aa44);
  file.write(2, 2, 0xbbcc);
  assertEquals([file.read(0, 4), file.read(2, 2), file.read(1, 1)], [0x11ccaa44, 0x11cc, 0xaa]);
});

Deno.test("RegisterFile drops a ready flag with its enable bit", () => {
  const file = new RegisterFile([{ offset: 0, writable: 1, follow: [[1, 2]] }]);
  file.write(0, 4, 1);
  assertEquals(file.read(0, 4), 3);
  file.write(0, 4, 0);
  assertEquals(file.read(0, 4), 0);
});

Deno.test("RegisterFile keeps through reset what only power-on resets", () => {
  const file = new RegisterFile([{ offset: 0, survivesReset: true }, ...registerRange(4, 2, { reset: 5 })]);
  for (const offset of [0, 4, 8]) file.write(offset, 4, 9);
  file.reset();
  assertEquals([0, 4, 8].map((offset) => file.read(offset, 4)), [9, 5, 5]);
  file.powerOn();
  assertEquals(file.read(0, 4), 0);
});

Deno.test("RegisterFile tells onWrite the value and its lanes", () => {
  const seen: number[][] = [];
  const file = new RegisterFile([{
    offset: 0,
    writable: 0,
    onWrite: (value, _file, mask) => seen.push([value, mask]),
  }]);
  file.write(2, 1, 0x1ab);
  assertEquals([seen, file.read(0, 4)], [[[0x00ab0000, 0x00ff0000]], 0]);
});

Deno.test("PeripheralBus reads 0 and ignores writes between peripherals", () => {
  const file = new RegisterFile([{ offset: 8 }]);
  const bus = new PeripheralBus(0x400, [{ offset: 0x800, device: file }]);
  assertEquals([bus.write(0x808, 4, 3), bus.write(0x408, 4, 4)], [true, true]);
  assertEquals([bus.read(0x808, 4), bus.read(0x408, 4), bus.read(0xc08, 4)], [3, 0, 0]);
});
