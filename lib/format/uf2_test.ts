import { assertEquals, assertThrows } from "@std/assert";
import { type Bytes, ByteWriter, concatBytes } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { looksLikeUf2, parseUf2 } from "./uf2.ts";

interface BlockSpec {
  readonly flags?: number;
  readonly family?: number;
  readonly size?: number;
  readonly end?: number;
}

function block(number: number, total: number, address: number, fill: number, spec: BlockSpec = {}): Bytes {
  const flags = (spec.flags ?? 0) | (spec.family === undefined ? 0 : 0x2000);
  return new ByteWriter(512).u32(0x0a324655).u32(0x9e5d5157).u32(flags).u32(address).u32(spec.size ?? 4)
    .u32(number).u32(total).u32(spec.family ?? 0).bytes(new Uint8Array(476).fill(fill)).u32(spec.end ?? 0x0ab16f30)
    .done();
}

const parse = (blocks: Bytes[], ...families: number[]) =>
  parseUf2(concatBytes(blocks), "a.uf2", families.length === 0 ? {} : { families });
const plain = (blocks: Bytes[], ...families: number[]) =>
  parse(blocks, ...families).segments.map((s) => [s.address, ...s.data]);

function fails(blocks: Bytes[], reason: string, ...families: number[]): void {
  assertThrows(() => parse(blocks, ...families), FormatError, `Cannot read a.uf2: ${reason}`);
}

Deno.test("parseUf2() refuses damaged files", () => {
  fails([], "its 0 bytes are not a whole number of 512-byte blocks");
  fails([block(0, 1, 0, 1).subarray(0, 500)], "its 500 bytes are not a whole number");
  fails([block(0, 1, 0, 1, { end: 0 })], "block 0 lacks the marks of a UF2 block");
  fails([block(0, 1, 0, 1), new Uint8Array(512)], "block 1 lacks the marks");
  fails([block(0, 1, 0, 1, { size: 477 })], "block 0 declares 477 bytes, at most 476 fit");
});

Deno.test("parseUf2() refuses missing, doubled and contradicting blocks", () => {
  fails([block(0, 3, 0, 1), block(2, 3, 8, 1)], "block 1 of 3 is missing");
  fails([block(0, 2, 0, 1), block(0, 2, 4, 1)], "blocks 0 and 1 both claim to be number 0");
  fails([block(0, 2, 0, 1), block(1, 5, 4, 1)], "block 1 counts as 1 of 5, others as of 2");
  fails([block(0, 2, 0, 1), block(1, 2, 2, 1)], "block 0 (0x00000000 to 0x00000003) and block 1");
});

Deno.test("parseUf2() sorts blocks, joins neighbours, keeps gaps and drops repeats", () => {
  const blocks = [block(2, 3, 0x100, 3), block(1, 3, 4, 2), block(0, 3, 0, 1), block(1, 3, 4, 2)];
  assertEquals(plain(blocks), [[0, 1, 1, 1, 1, 2, 2, 2, 2], [0x100, 3, 3, 3, 3]]);
});

Deno.test("parseUf2() asks which family when there are several", () => {
  const blocks = [block(0, 1, 0, 1, { family: 0x11 }), block(0, 1, 0, 2, { family: 0x22 })];
  fails(blocks, "it holds data for several families: 0x00000011, 0x00000022");
  fails(blocks, "it holds nothing for family 0x00000033, only for 0x00000011, 0x00000022", 0x33);
  assertEquals(plain(blocks, 0x22), [[0, 2, 2, 2, 2]]);
  assertEquals(parse(blocks, 0x22).notes, ["a.uf2: left out 1 blocks of other families"]);
});

Deno.test("parseUf2() leaves out what is not for flash, and the block that only RP2350's boot ROM reads", () => {
  const blocks = [
    block(0, 2, 0x10ffff00, 9, { family: 0xe48bff57 }),
    block(0, 1, 0x10000000, 1, { family: 0xe48bff59 }),
  ];
  assertEquals(plain(blocks), [[0x10000000, 1, 1, 1, 1]]);
  assertEquals(parse(blocks).families, [0xe48bff59]);
  const file = parse([block(0, 1, 0, 1), block(0, 1, 0, 2, { flags: 1 }), block(0, 1, 0, 2, { flags: 0x1000 })]);
  assertEquals(file.notes, ["a.uf2: left out 2 blocks that are not meant for flash memory"]);
});

Deno.test("parseUf2() reads several files in one, of one family or of families that were chosen together", () => {
  const twice = [block(0, 2, 0, 1), block(1, 2, 4, 2), block(0, 1, 0x100, 3), block(0, 1, 0x200, 4)];
  assertEquals(plain(twice), [[0, 1, 1, 1, 1, 2, 2, 2, 2], [0x100, 3, 3, 3, 3], [0x200, 4, 4, 4, 4]]);
  fails([...twice.slice(1), block(0, 2, 8, 3)], "block 1 counts as 0 of 1, others as of 2");
  fails([...twice, block(1, 2, 8, 5)], "block 0 of 2 is missing");
  const families = [
    block(0, 1, 0x10010000, 1, { family: 0xe48bff57 }),
    block(0, 1, 0x10000000, 2, { family: 0xe48bff59 }),
    block(0, 1, 0x10020000, 3, { family: 0xe48bff58 }),
  ];
  fails(families, "it holds data for several families: RP2XXX_ABSOLUTE (0xe48bff57), RP2350_ARM_S (0xe48bff59), ");
  assertEquals(plain(families, 0xe48bff59, 0xe48bff58).map(([address]) => address), [0x10000000, 0x10020000]);
});

Deno.test("looksLikeUf2() goes by the first two marks", () => {
  assertEquals([looksLikeUf2(block(0, 1, 0, 0)), looksLikeUf2(new Uint8Array(512)), looksLikeUf2(new Uint8Array(3))], [
    true,
    false,
    false,
  ]);
});
