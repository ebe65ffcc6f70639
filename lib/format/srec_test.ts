import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FormatError } from "../base/errors.ts";
import type { ImageSegment } from "./image.ts";
import { looksLikeSrec, parseSrec, writeSrec } from "./srec.ts";

const parse = (...lines: string[]) => parseSrec(new TextEncoder().encode(lines.join("\n")), "a.s19");
const plain = (segments: readonly ImageSegment[]) => segments.map((s) => [s.address, ...s.data]);

function fails(lines: string[], reason: string): void {
  assertThrows(() => parse(...lines), FormatError, `Cannot read a.s19${reason}`);
}

Deno.test("parseSrec() names file and line of a bad record", () => {
  fails(["S1041000AA41", "hello"], ":2: the record does not begin with S and a digit");
  fails(["S4030000FC"], ":1: the record does not begin with S and a digit from 0 to 9 other than 4");
  fails(["S10G"], ":1: the record is not an even number of hexadecimal digits");
  fails(["S10000"], ":1: the record is too short");
  fails(["S1051000AA40"], ":1: 5 bytes are declared, 4 are there");
  fails(["S1041000AA42"], ":1: checksum is 0x42, should be 0x41");
  fails(["S1041000AA41", "S5030002FA"], ":2: the count record says 2 data records, there are 1");
  fails(["S306FFFFFFFF00FD", "S307FFFFFFFF0000FC"], ":2: the data leaves the address space");
});

Deno.test("parseSrec() names both records that overlap", () => {
  fails(["S1051000AABB85", "S1041001CC1E"], ": data from line 1 (0x00001000 to 0x00001001) and data from line 2");
});

Deno.test("parseSrec() reads all address sizes, header, count and start", () => {
  const { segments, header, entry } = parse(
    "S00600004844521B",
    "S1041000AA41",
    "S205100000BB2F",
    "S30610000000CC1D",
    "S5030003F9",
    "S70510000100E9",
  );
  assertEquals(plain(segments), [[0x1000, 0xaa], [0x100000, 0xbb], [0x10000000, 0xcc]]);
  assertEquals([header, entry], ["HDR", 0x10000100]);
});

Deno.test("looksLikeSrec() goes by the first record", () => {
  const looks = (text: string) => looksLikeSrec(new TextEncoder().encode(text));
  assertEquals([looks("S9030000FC\n"), looks("Sorry"), looks(":00000001FF"), looks("")], [true, false, false, false]);
});

Deno.test("writeSrec() is the inverse of parseSrec()", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffff00 }),
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      (address, data) => {
        const back = parseSrec(new TextEncoder().encode(writeSrec([{ address, data }], 0x1235, "tapir")), "a.s37");
        assertEquals(plain(back.segments), [[address, ...data]]);
        assertEquals([back.entry, back.header], [0x1235, "tapir"]);
      },
    ),
    { numRuns: 60 },
  );
});
