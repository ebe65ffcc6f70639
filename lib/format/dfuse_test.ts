import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter, concatBytes } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { crc32 } from "./crc32.ts";
import { parseDfuSe } from "./dfuse.ts";
import { readImage } from "./read_image.ts";

type Element = readonly [address: number, data: readonly number[]];
interface TargetSpec {
  readonly elements: readonly Element[];
  readonly name?: string;
  readonly count?: number;
  readonly size?: number;
  readonly mark?: string;
}

const text = (value: string) => new TextEncoder().encode(value);

function target({ elements, name = "", count, size, mark = "Target" }: TargetSpec): Uint8Array {
  const content = new ByteWriter();
  for (const [address, data] of elements) content.u32(address).u32(data.length).bytes(Uint8Array.from(data));
  const bytes = content.done();
  return new ByteWriter().bytes(text(mark)).u8(0).u32(name === "" ? 0 : 1).bytes(text(name.padEnd(255, "\0")))
    .u32(size ?? bytes.length).u32(count ?? elements.length).bytes(bytes).done();
}

/** A prefix, targets, and a suffix whose CRC is that of the DFU specification. */
function dfu(specs: readonly TargetSpec[], more: { size?: number; version?: number; tail?: Uint8Array } = {}) {
  const targets = concatBytes([...specs.map(target), more.tail ?? new Uint8Array(0)]);
  const head = new ByteWriter().bytes(text("DfuSe")).u8(more.version ?? 1).u32(more.size ?? 11 + targets.length)
    .u8(specs.length).bytes(targets).done();
  return withSuffix(head);
}

function withSuffix(head: Uint8Array): Uint8Array {
  const all = new ByteWriter().bytes(head).u16(0).u16(0xdf11).u16(0x0483).u16(0x011a).bytes(text("UFD")).u8(16).done();
  return new ByteWriter().bytes(all).u32(~crc32(all) >>> 0).done();
}

const FLASH: TargetSpec = { elements: [[0x08000000, [1, 2, 3]], [0x08004000, [4]]], name: "@Internal Flash" };

function fails(bytes: Uint8Array, reason: string): void {
  assertThrows(() => parseDfuSe(bytes, "a.dfu"), FormatError, `Cannot read a.dfu: ${reason}`);
}

Deno.test("parseDfuSe() refuses files that are cut off, damaged, or of other makers", () => {
  const good = dfu([FLASH]);
  fails(good.subarray(0, 10), "it does not end as DFU files do; it may be cut off");
  fails(good.subarray(0, good.length - 1), "it does not end as DFU files do");
  fails(good.with(300, good[300]! ^ 1), "it is damaged: its CRC is 0x");
  fails(withSuffix(Uint8Array.of(1, 2, 3)), "it does not say where its bytes belong");
  fails(dfu([FLASH], { version: 2 }), "its version 2 of the format is not known");
  fails(dfu([FLASH], { size: 99 }), "it declares 99 bytes and has 305; it may be cut off");
});

Deno.test("parseDfuSe() refuses sizes and counts that do not fit", () => {
  const { elements } = FLASH;
  fails(dfu([{ elements, mark: "Tarjet" }]), "target 0 does not begin as one");
  fails(dfu([{ elements, size: 21 }]), "target 0 declares 21 bytes, 20 are left");
  fails(dfu([{ elements, size: 11 }]), "element 1 of target 0 is cut off");
  fails(dfu([{ elements, size: 19 }]), "element 1 of target 0 declares 1 bytes, 0 are left");
  fails(dfu([{ elements, count: 0xffffffff }]), "element 2 of target 0 is cut off");
  fails(dfu([{ elements, count: 1 }]), "9 bytes follow the last element of target 0");
  fails(dfu([FLASH], { tail: new Uint8Array(5) }), "5 bytes follow its last target");
  fails(
    dfu([{ elements: [[0xfffffffe, [1, 2, 3]]] }]),
    "element 0 of target 0 at 0xfffffffe leaves the 32-bit address",
  );
  fails(dfu([{ elements: [[8, [1, 2]], [9, [3]]] }]), "");
});

Deno.test("readImage() knows DfuSe files by their beginning, and takes all their targets", () => {
  const image = readImage(dfu([FLASH, { elements: [[0x1fff7800, [5]]] }]), { fileName: "firmware.bin" });
  assertEquals(image.format, "dfu");
  assertEquals(image.segments.map(({ address, data }) => [address, ...data]), [
    [0x08000000, 1, 2, 3],
    [0x08004000, 4],
    [0x1fff7800, 5],
  ]);
  assertEquals(image.notes, ["firmware.bin has 2 parts: @Internal Flash, setting 0"]);
  assertEquals(readImage(dfu([FLASH]), { fileName: "a.dfu" }).notes, []);
  assertThrows(() => readImage(dfu([]), { fileName: "a.dfu" }), FormatError, "it holds nothing to load");
});

Deno.test("parseDfuSe() takes the CRC of the specification: not inverted at the end", () => {
  // Four zero bytes leave 0x2144df1c with the inversion of CRC-32.
  assertEquals(~crc32(new Uint8Array(4)) >>> 0, 0xdebb20e3);
  const bytes = dfu([FLASH]);
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 4, ~view.getUint32(bytes.length - 4, true), true);
  fails(bytes, "it is damaged");
});
