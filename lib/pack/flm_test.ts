import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";
import { buildElf, type ElfSectionSpec, type ElfSymbolSpec } from "../format/testing.ts";
import { parseFlm } from "./flm.ts";

interface DeviceSpec {
  readonly size?: number;
  readonly pageSize?: number;
  readonly sectors?: readonly number[];
}

/** A FlashDevice structure at 0x08000000. */
function flashDevice(spec: DeviceSpec = {}): Uint8Array {
  const out = new ByteWriter().u16(0x101).bytes(new TextEncoder().encode("Test Flash".padEnd(128, "\0"))).u16(1);
  out.u32(0x08000000).u32(spec.size ?? 0x20000).u32(spec.pageSize ?? 0x400).u32(0).u8(0xff).u8(0).u8(0).u8(0);
  out.u32(100).u32(6000);
  for (const word of spec.sectors ?? [0x1000, 0, 0xffffffff, 0xffffffff]) out.u32(word);
  return out.done();
}

const FUNCTIONS: readonly ElfSymbolSpec[] = [
  ["Init", 0x1, 1],
  ["UnInit", 0x5, 1],
  ["EraseSector", 0x9, 1],
  ["ProgramPage", 0xd, 1],
];

const CODE: ElfSectionSpec = { name: "PrgCode", data: Uint8Array.from({ length: 16 }, (_, i) => i + 1) };

function flm(
  spec: DeviceSpec = {},
  symbols: readonly ElfSymbolSpec[] = FUNCTIONS,
  data: readonly ElfSectionSpec[] = [{ name: "PrgData", address: 16, data: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd) }],
): Uint8Array {
  const sections = [CODE, ...data, { name: "DevDscr", address: 0x100, data: flashDevice(spec) }];
  return buildElf(sections, [...symbols, ["FlashDevice", 0x100, sections.length]]);
}

function fails(bytes: Uint8Array, reason: string): void {
  assertThrows(() => parseFlm(bytes, "Flash/x.FLM"), PackError, `Cannot use flash algorithm Flash/x.FLM: ${reason}`);
}

Deno.test("parseFlm() says what is missing", () => {
  fails(new Uint8Array(0), "Cannot read Flash/x.FLM: it is not an ELF file");
  fails(buildElf([]), "it has no section PrgCode");
  fails(flm({}, FUNCTIONS.filter(([name]) => name !== "EraseSector")), "it has no function EraseSector");
  fails(buildElf([CODE], FUNCTIONS), "it has no FlashDevice structure");
  fails(flm().subarray(0, 300), "Cannot read Flash/x.FLM: the file is cut off");
});

Deno.test("parseFlm() refuses layouts that make no sense", () => {
  fails(flm({}, [["Init", 0x101, 1], ...FUNCTIONS.slice(1)]), "Init lies outside of PrgCode");
  const twice = [{ name: "PrgData", address: 16, data: new Uint8Array(4) }];
  fails(flm({}, FUNCTIONS, [...twice, ...twice]), "it has several PrgData sections of one kind");
  fails(flm({}, FUNCTIONS, [{ name: "PrgData", type: 8, address: 16, size: 0x40000000 }]), "it would take");
});

Deno.test("parseFlm() refuses devices that make no sense", () => {
  fails(flm({ pageSize: 0 }), "its FlashDevice says pages have no bytes");
  fails(flm({ size: 0 }), "its FlashDevice serves 0 bytes at 0x08000000");
  fails(
    flm({ size: 0xff000000 }),
    "its FlashDevice serves 4278190080 bytes at 0x08000000, which is not a range of memory",
  );
  fails(flm({ sectors: [] }), "its table of sectors has no end");
  fails(flm({ sectors: [0, 0, 0xffffffff, 0xffffffff] }), "its table of sectors has one of no bytes");
  assertEquals(parseFlm(flm({ sectors: [0x4000, 0, 0, 0] }), "x.FLM").sectors, [
    { start: 0x08000000, size: 0x4000, count: 8 },
  ]);
  fails(flm({ sectors: [0xffffffff, 0xffffffff] }), "its table of sectors is empty");
  fails(
    flm({ sectors: [0, 0x10, 0xffffffff, 0xffffffff] }),
    "its table of sectors has one of no bytes at offset 0x00000010",
  );
  const bytes = buildElf([CODE, { name: "DevDscr", data: new Uint8Array(20) }], FUNCTIONS);
  fails(bytes, "its FlashDevice structure is cut off");
});

Deno.test("parseFlm() lays out code, data and zeros as linked", () => {
  const data = [
    { name: "PrgData", address: 16, data: Uint8Array.of(0xaa, 0xbb) },
    { name: "PrgData", type: 8, address: 20, size: 6 },
  ];
  const algorithm = parseFlm(flm({}, [...FUNCTIONS, ["EraseChip", 0x3, 1], ["Verify", 0x7, 1]], data), "x.FLM");
  assertEquals(algorithm.staticBase, 16);
  assertEquals(algorithm.image.length, 28);
  assertEquals([...algorithm.image.subarray(14)], [15, 16, 0xaa, 0xbb, ...Array(10).fill(0)]);
  assertEquals(algorithm.entry, {
    init: 0,
    uninit: 4,
    eraseSector: 8,
    programPage: 12,
    eraseChip: 2,
    verify: 6,
  });
});

Deno.test("parseFlm() takes an algorithm that has nothing but EraseSector", () => {
  const algorithm = parseFlm(flm({}, FUNCTIONS.filter(([name]) => name === "EraseSector")), "x.FLM");
  assertEquals(algorithm.entry, { eraseSector: 8 });
});

Deno.test("parseFlm() moves data that was linked in front of the code behind it", () => {
  const code = { ...CODE, address: 0x20000004 };
  const data = { name: "PrgData", address: 0x10000000, data: Uint8Array.of(0xaa) };
  const symbols = FUNCTIONS.map(([name, value, section]) => [name, value + 0x20000004, section] as const);
  const device = { name: "DevInfo", data: flashDevice() };
  const algorithm = parseFlm(buildElf([code, data, device], symbols), "x.FLM");
  assertEquals([algorithm.entry.init, algorithm.entry.programPage], [0, 12]);
  assertEquals(algorithm.image[algorithm.staticBase], 0xaa);
  assertEquals(algorithm.staticBase >= 16, true);
});

Deno.test("parseFlm() turns the table of sectors into runs at absolute addresses", () => {
  const sectors = [0x4000, 0, 0x10000, 0x10000, 0x20000, 0x20000, 0xffffffff, 0xffffffff];
  const algorithm = parseFlm(flm({ size: 0x50000, sectors }), "x.FLM");
  assertEquals(algorithm.sectors, [
    { start: 0x08000000, size: 0x4000, count: 4 },
    { start: 0x08010000, size: 0x10000, count: 1 },
    { start: 0x08020000, size: 0x20000, count: 2 },
  ]);
  for (const address of [0x08000000, 0x01ff8000]) {
    const { sectors } = parseFlm(flm({ sectors: [0x1000, address, 0xffffffff, 0xffffffff] }), "x.FLM");
    assertEquals(sectors, [{ start: 0x08000000, size: 0x1000, count: 32 }]);
  }
  assertEquals([algorithm.deviceName, algorithm.pageSize, algorithm.erasedByte], ["Test Flash", 0x400, 0xff]);
  assertEquals([algorithm.programTimeoutMs, algorithm.eraseTimeoutMs], [100, 6000]);
});
