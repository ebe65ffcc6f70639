import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FormatError } from "../base/errors.ts";
import { looksLikeIntelHex, parseIntelHex, writeIntelHex } from "./ihex.ts";
import type { ImageSegment } from "./image.ts";

const END = ":00000001FF";
const parse = (lines: string[], boardId?: number) =>
  parseIntelHex(new TextEncoder().encode(lines.join("\n")), "a.hex", boardId === undefined ? {} : { boardId });
const plain = (segments: readonly ImageSegment[]) => segments.map((s) => [s.address, ...s.data]);

function fails(lines: string[], reason: string): void {
  assertThrows(() => parse(lines), FormatError, `Cannot read a.hex${reason}`);
}

/** A record with the right checksum. */
function record(type: number, offset: number, ...data: number[]): string {
  const bytes = [data.length, offset >> 8, offset & 0xff, type, ...data];
  const sum = -bytes.reduce((a, b) => a + b, 0) & 0xff;
  return ":" + [...bytes, sum].map((b) => b.toString(16).padStart(2, "0")).join("");
}

Deno.test("parseIntelHex() names file and line of a bad record", () => {
  fails([record(0, 0, 1), "hello", END], ":2: the record does not begin with a colon");
  fails([record(0, 0, 1), ":0G", END], ":2: the record is not an even number of hexadecimal digits");
  fails([":000", END], ":1: the record is not an even number of hexadecimal digits");
  fails([":0000", END], ":1: the record is too short");
  fails([":0400000001FB", END], ":1: 4 data bytes are declared, 1 are there");
  fails([":0100000001FF", END], ":1: checksum is 0xff, should be 0xfe");
  fails([record(6, 0), END], ":1: record type 0x06 is not known");
  fails([record(4, 0, 1), END], ":1: a record of type 4 takes 2 bytes, not 1");
  fails([record(5, 0, 1, 2), END], ":1: a record of type 5 takes 4 bytes, not 2");
  fails([record(10, 0, 1), END], ":1: the block start names no board");
});

Deno.test("parseIntelHex() refuses files without an end, or with text behind it", () => {
  fails([record(0, 0, 1)], ":1: the end record is missing; the file may be cut off");
  fails([], ":1: the end record is missing");
  fails([END, "", record(0, 0, 1)], ":3: there is text after the end record");
});

Deno.test("parseIntelHex() names both records that overlap", () => {
  fails(
    [record(0, 0x10, 1, 2, 3, 4), record(0, 0x12, 9), END],
    ": data from line 1 (0x00000010 to 0x00000013) and data from line 2 (0x00000012 to 0x00000012) overlap",
  );
});

Deno.test("parseIntelHex() joins what goes on, and sorts the rest", () => {
  const { segments } = parse([record(0, 0x12, 3), record(0, 0x10, 1, 2), record(0, 0x20, 7), record(0, 0x21, 8), END]);
  assertEquals(plain(segments), [[0x10, 1, 2], [0x12, 3], [0x20, 7, 8]]);
});

Deno.test("parseIntelHex() wraps within a segment, and at the end of linear memory", () => {
  const segmented = parse([record(2, 0, 0x10, 0x00), record(0, 0xffff, 1, 2), END]);
  assertEquals(plain(segmented.segments), [[0x10000, 2], [0x1ffff, 1]]);
  const linear = parse([record(4, 0, 0, 1), record(0, 0xffff, 1, 2), END]);
  assertEquals(plain(linear.segments), [[0x1ffff, 1, 2]]);
  const top = parse([record(4, 0, 0xff, 0xff), record(0, 0xffff, 1, 2), END]);
  assertEquals(plain(top.segments), [[0, 2], [0xffffffff, 1]]);
});

Deno.test("parseIntelHex() reads both kinds of start address", () => {
  assertEquals(parse([record(5, 0, 0x08, 0, 1, 0x9d), END]).entry, 0x0800019d);
  assertEquals(parse([record(3, 0, 0x12, 0x34, 0x56, 0x78), END]).entry, 0x12340 + 0x5678);
  assertEquals(parse([END]).entry, undefined);
});

Deno.test("parseIntelHex() takes any line end, blank lines and lower case", () => {
  const bytes = new TextEncoder().encode(`\r\n  ${record(0, 0, 0xab)}\t\r\r${END}\n\n`);
  assertEquals(plain(parseIntelHex(bytes, "a.hex").segments), [[0, 0xab]]);
});

Deno.test("parseIntelHex() takes boards of one generation for each other, and says when a board is missing", () => {
  const lines = [
    ":0400000A9900C0DEBB",
    ":0400000001020304F2",
    ":0400000A9903C0DEB8",
    ":0400000D05060708D5",
    ":00000001FF",
  ];
  assertEquals(parse(lines, 0x9905).segments[0]!.data[0], 5);
  assertEquals(parse(lines, 0x9901).segments[0]!.data[0], 1);
  assertThrows(() => parse(lines, 0x9920), FormatError, "it holds nothing for board 0x9920, only for 0x9900, 0x9903");
  assertEquals(parse([":0400000001020304F2", ":00000001FF"], 0x9903).segments[0]!.data[0], 1);
});

Deno.test("parseIntelHex() reads the plain part of a universal file, or the one asked for, and says so", () => {
  const lines = [
    record(4, 0, 0, 0),
    record(10, 0, 0x99, 0x00, 0xc0, 0xde),
    record(0, 0, 1),
    record(12, 0, 0xff, 0xff),
    record(11, 0),
    record(10, 0, 0x99, 0x03, 0xc0, 0xde),
    record(13, 0, 2),
    record(14, 0, 3),
    END,
  ];
  const first = parse(lines);
  assertEquals(plain(first.segments), [[0, 1]]);
  assertEquals(first.notes, ["a.hex is a micro:bit universal HEX file; left out the data for board 0x9903"]);
  const second = parse(lines, 0x9903);
  assertEquals(plain(second.segments), [[0, 2]]);
  assertEquals(second.notes, ["a.hex is a micro:bit universal HEX file; left out the data for board 0x9900"]);
});

Deno.test("looksLikeIntelHex() goes by the first record", () => {
  const looks = (text: string) => looksLikeIntelHex(new TextEncoder().encode(text));
  assertEquals([looks(`\n${END}\n`), looks(":hello"), looks(":00"), looks("S0"), looks("")], [
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("writeIntelHex() is the inverse of parseIntelHex()", () => {
  const segment = fc.record({
    gap: fc.integer({ min: 1, max: 0x20000 }),
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xfff00000 }), fc.array(segment, { maxLength: 6 }), (start, parts) => {
      let at = start;
      const segments = parts.map(({ gap, data }) => {
        const address = at + gap;
        at = address + data.length;
        return { address, data };
      });
      const text = writeIntelHex(segments, 0xdeadbeef);
      const back = parseIntelHex(new TextEncoder().encode(text), "a.hex");
      assertEquals(plain(back.segments), plain(segments));
      assertEquals(back.entry, 0xdeadbeef);
    }),
    { numRuns: 60 },
  );
});

Deno.test("parseIntelHex() takes the mark of UTF-8 in front, and zeros or a Control-Z behind", () => {
  const plain = ":020000040800F2\r\n:02000000AABB99\r\n:00000001FF\r\n";
  for (const text of [`\ufeff${plain}`, `${plain}\x1a`, `${plain}\0\0\0`]) {
    const { segments } = parseIntelHex(new TextEncoder().encode(text), "a.hex");
    assertEquals(segments, [{ address: 0x08000000, data: Uint8Array.of(0xaa, 0xbb) }]);
  }
});
