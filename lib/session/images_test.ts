import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ByteWriter } from "../base/bytes.ts";
import { FormatError, UsageError } from "../base/errors.ts";
import { configureLog, silenceLog } from "../base/log.ts";
import { writeIntelHex } from "../format/ihex.ts";
import { makeRegion, MemoryMap } from "../target/memory_map.ts";
import { readImageFile, segmentsOf, splitFileAddress } from "./images.ts";

const NO_MAP = new MemoryMap([]);

async function withFiles(files: Readonly<Record<string, string>>, work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, text);
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const segment = (address: number, length: number) => ({ address, data: new Uint8Array(length).fill(1) });

/** What is warned about meanwhile. */
async function warnings(work: () => Promise<unknown>): Promise<string[]> {
  const logged: string[] = [];
  await configureLog({ level: "warning", sink: ({ message }) => void logged.push(message) });
  try {
    await work();
  } finally {
    await silenceLog();
  }
  return logged;
}

Deno.test("readImageFile() refuses what is not there, and what it cannot place", async () => {
  await withFiles({ "a.bin": "abc" }, async (baseDir) => {
    await assertRejects(() => readImageFile("none.bin", { baseDir }), UsageError, "it does not exist");
    await assertRejects(() => readImageFile("a.bin@here", { baseDir }), UsageError, "is not an address");
    const file = await readImageFile("a.bin", { baseDir });
    assertThrows(() => file.place(NO_MAP), FormatError, "does not say where it belongs");
  });
});

Deno.test("readImageFile() places a binary file by @, then by the base address, then in boot memory", async () => {
  await withFiles({ "a.bin": "abc" }, async (baseDir) => {
    const map = new MemoryMap([makeRegion("Flash", "flash", 0x08000000, 0x1000, { isBoot: true })]);
    const addressOf = async (operand: string, baseAddress?: number) =>
      (await readImageFile(operand, { baseDir, baseAddress })).place(map).segments[0]!.address;
    assertEquals(await addressOf("a.bin"), 0x08000000);
    assertEquals(await addressOf("a.bin", 0x100), 0x100);
    assertEquals(await addressOf("a.bin@0x200", 0x100), 0x200);
  });
});

Deno.test("splitFileAddress() leaves a file alone that has an @ in its name, and expands ~", async () => {
  await withFiles({ "v@2": "x" }, async (baseDir) => {
    assertEquals(await splitFileAddress("v@2", { baseDir }), { path: `${baseDir}/v@2`, address: undefined });
    assertEquals(await splitFileAddress("w@2", { baseDir }), { path: `${baseDir}/w`, address: 2 });
    assertEquals((await splitFileAddress("~/w", { baseDir, home: "/home/me" })).path, "/home/me/w");
    assertEquals((await splitFileAddress("/abs/w", { baseDir })).path, "/abs/w");
  });
});

Deno.test("segmentsOf() names segments by their file", async () => {
  await withFiles({ "a.bin": "abc" }, async (baseDir) => {
    const image = (await readImageFile("a.bin@4", { baseDir })).place(NO_MAP);
    assertEquals(segmentsOf([image]).map(({ name, address }) => [name, address]), [["a.bin", 4]]);
  });
});

Deno.test("readImageFile() takes the part of a universal file that fits the flash, and says what it leaves out", async () => {
  const first = [":0400000A9900C0DEBB", ":0400000001020304F2"];
  const second = [":0400000A9903C0DEB8", ":0400000D05060708D5"];
  await withFiles({ "u.hex": [...first, ...second, ":00000001FF"].join("\n") }, async (baseDir) => {
    const file = await readImageFile("u.hex", { baseDir });
    for (const [size, data, other] of [[0x40000, [1, 2, 3, 4], "0x9903"], [0x80000, [5, 6, 7, 8], "0x9900"]] as const) {
      const map = new MemoryMap([makeRegion("Flash", "flash", 0, size, { isBoot: true })]);
      const logged = await warnings(() => {
        assertEquals(file.place(map).segments, [{ address: 0, data: Uint8Array.from(data) }]);
        return Promise.resolve();
      });
      assertEquals(logged.length, 1);
      assertStringIncludes(logged[0]!, `left out the data for board ${other}`);
    }
  });
});

/** A UF2 file of one block of 4 bytes. */
function uf2(family: number, address: number, fill: number): Uint8Array {
  return new ByteWriter(512).u32(0x0a324655).u32(0x9e5d5157).u32(0x2000).u32(address).u32(4).u32(0).u32(1).u32(family)
    .bytes(new Uint8Array(476).fill(fill)).u32(0x0ab16f30).done();
}

Deno.test("readImageFile() takes the families of a UF2 file that are for the chip, and refuses those of others", async () => {
  const [f4, nrf, code, data, absolute] = [0x57755a57, 0xada52840, 0xe48bff59, 0xe48bff58, 0xe48bff57];
  const dir = await Deno.makeTempDir();
  const place = async (blocks: Uint8Array[], chip: string, family?: number): Promise<number[]> => {
    await Deno.writeFile(`${dir}/a.uf2`, Uint8Array.from(blocks.flatMap((block) => [...block])));
    const { segments } = (await readImageFile("a.uf2", { baseDir: dir, family })).place(NO_MAP, chip);
    return segments.flatMap((each) => [each.address, each.data[0]!]);
  };
  const both = [uf2(f4, 0x08000000, 1), uf2(nrf, 0, 2)];
  const pico = [uf2(absolute, 0x10010000, 1), uf2(code, 0x10000000, 2), uf2(data, 0x10020000, 3)];
  try {
    await assertRejects(
      () => place([uf2(nrf, 0, 2)], "STM32F407VGTx"),
      FormatError,
      "it is for NRF52840 (0xada52840), and the target is STM32F407VGTx",
    );
    assertEquals(await place([uf2(nrf, 0, 2)], "STM32F407VGTx", nrf), [0, 2]);
    assertEquals(await place([uf2(nrf, 0, 2)], "cortex_m"), [0, 2]);
    assertEquals(await place([uf2(0x12345678, 0, 2)], "STM32F407VGTx"), [0, 2]);
    assertEquals(await place(both, "stm32f407vg"), [0x08000000, 1]);
    assertEquals(await place(both, "nRF52840_xxAA"), [0, 2]);
    await assertRejects(() => place(both, "cortex_m"), FormatError, "it holds data for several families: STM32F4");
    assertEquals(await place(pico, "RP2350"), [0x10000000, 2, 0x10010000, 1, 0x10020000, 3]);
    await assertRejects(() => place(pico, "RP2040"), FormatError, "and the target is RP2040");
    await assertRejects(() => place([...both, new Uint8Array(512)], "stm32f407vg"), FormatError, "block 2 lacks");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("readImageFile() takes the part of a universal file by the chip's name or the board that was asked for", async () => {
  const text = [
    ":0400000A9900C0DEBB",
    ":0400000001020304F2",
    ":0400000A9903C0DEB8",
    ":0400000D05060708D5",
    ":00000001FF",
  ];
  await withFiles({ "u.hex": text.join("\n") }, async (baseDir) => {
    const first = async (chip: string, board?: number) =>
      (await readImageFile("u.hex", { baseDir, board })).place(NO_MAP, chip).segments[0]!.data[0];
    assertEquals([await first("nRF51822_xxAA"), await first("nRF52833_xxAA"), await first("cortex_m")], [1, 5, 1]);
    assertEquals([await first("nRF52833_xxAA", 0x9900), await first("cortex_m", 0x9903)], [1, 5]);
  });
});

Deno.test("readImageFile() leaves out what only PSoC programmers need, where the chip has no such memory", async () => {
  const code = segment(0, 4);
  const extra = [segment(0x90300000, 2), segment(0x90400000, 8), segment(0x90500000, 12), segment(0x90600000, 1)];
  const flash = makeRegion("Flash", "flash", 0, 0x1000);
  const map = new MemoryMap([flash]);
  const files = {
    "psoc.hex": writeIntelHex([code, ...extra]),
    "other.hex": writeIntelHex([code, ...extra.slice(0, 2)]),
  };
  await withFiles(files, async (baseDir) => {
    const addressesOf = async (name: string, place: MemoryMap) =>
      (await readImageFile(name, { baseDir })).place(place).segments.map(({ address }) => address);
    const logged = await warnings(async () => assertEquals(await addressesOf("psoc.hex", map), [0]));
    assertEquals(logged.length, 1);
    assertStringIncludes(logged[0]!, "(0x90300000, 0x90400000, 0x90500000, 0x90600000), protection settings included");
    assertEquals(await addressesOf("other.hex", map), [0, 0x90300000, 0x90400000]);
    const external = new MemoryMap([flash, makeRegion("OSPI", "flash", 0x90000000, 0x1000000)]);
    assertEquals((await addressesOf("psoc.hex", external)).length, 5);
  });
});
