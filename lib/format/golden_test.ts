/**
 * Real files of many makers: what is in them has to agree with what is known of them otherwise.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { firstDifference } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { ElfFile } from "./elf.ts";
import type { Image } from "./image.ts";
import { readImage, type ReadImageOptions } from "./read_image.ts";
import { parseSvd } from "./svd.ts";
import { writeImage } from "./write_image.ts";

const DATA = new URL("../../../shared/data/", import.meta.url);

function present(): boolean {
  try {
    return Deno.statSync(DATA).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const ignore = !present();

function golden(name: string, fn: () => void): void {
  Deno.test({ name: ignore ? `${name} (ignored: ../shared/data is absent)` : name, ignore, fn });
}

const bytesOf = (path: string): Uint8Array => Deno.readFileSync(new URL(path, DATA));
const image = (path: string, options: Partial<ReadImageOptions> = {}): Image =>
  readImage(bytesOf(path), { fileName: path, ...options });
const flat = (path: string, options: Partial<ReadImageOptions> = {}, fill = 0xff): Uint8Array =>
  writeImage(image(path, options).segments, "bin", fill);

/** Offset and length of the parts of an image that its maker filled: all of a HEX file, the sections of an ELF file. */
function filledParts(path: string, start: number): { from: number; data: Uint8Array }[] {
  if (path.endsWith(".hex")) return image(path).segments.map((s) => ({ from: s.address - start, data: s.data }));
  const file = new ElfFile(bytesOf(path), path);
  return file.segments.filter((segment) => segment.type === 1).flatMap((segment) =>
    file.sections.filter((section) =>
      section.type !== 8 && (section.flags & 2) !== 0 && section.offset >= segment.offset &&
      section.offset + section.size <= segment.offset + segment.fileSize
    ).map((section) => ({
      from: segment.physicalAddress + section.offset - segment.offset - start,
      data: file.sectionData(section),
    }))
  );
}

/** Checks that a binary file holds what the image does; what tools put into gaps is their affair. */
function agrees(path: string, binPath: string): void {
  const { segments } = image(path);
  const bin = bytesOf(binPath);
  const start = segments[0]!.address;
  const last = segments.at(-1)!;
  const parts = filledParts(path, start);
  assertEquals(last.address + last.data.length - start, bin.length, path);
  assert(parts.reduce((n, part) => n + part.data.length, 0) > bin.length / 2, path);
  for (const { from, data } of parts) {
    assertEquals(firstDifference(data, bin.subarray(from, from + data.length)), -1, path);
    const flatPart = flat(path).subarray(from, from + data.length);
    assertEquals(firstDifference(data, flatPart), -1, path);
  }
}

golden("readImage() reads ELF files of GCC, IAR and Keil as their tools' own binaries", () => {
  const directory = "hex/bincopy/elf";
  for (const [elf, bin] of [["gcc.elf", "gcc.bin"], ["iar.out", "iar.bin"], ["keil.out", "keil.bin"]]) {
    agrees(`${directory}/${elf}`, `${directory}/${bin}`);
  }
  agrees("elf/ambiq/apollo1_evb.itm_printf.gcc.axf", "elf/ambiq/apollo1_evb.itm_printf.gcc.bin");
});

golden("readImage() finds the same bytes in ELF, Intel HEX and binary files of one program", () => {
  const zephyr = "elf/zephyr-nrf52dk-blinky/zephyr";
  agrees(`${zephyr}.elf`, `${zephyr}.bin`);
  agrees(`${zephyr}.hex`, `${zephyr}.bin`);
  const bl2 = "elf/trustzone/bl2_target_mps3_corstone-300_ethos-u55_bl2";
  agrees(`${bl2}.axf`, `${bl2}.bin`);
  agrees(`${bl2}.hex`, `${bl2}.bin`);
});

golden("readImage() finds the same bytes in Intel HEX and UF2 of one SoftDevice", () => {
  const base = "hex/adafruit+Adafruit_nRF52_Bootloader/s140_nrf52_6.1.1_softdevice";
  const hex = flat(`${base}.hex`);
  // UF2 files end with a whole block of 256 bytes.
  assertEquals(flat(`${base}.uf2`).subarray(0, hex.length), hex);
});

golden("readImage() agrees on Intel HEX and S-record twins, in whatever order their records stand", () => {
  const directory = "hex/bincopy";
  for (const [a, b] of [["convert.hex", "convert.s19"], ["out.hex", "out.s19"], ["empty_main.hex", "empty_main.s19"]]) {
    assertEquals(flat(`${directory}/${a}`), flat(`${directory}/${b}`), a);
  }
  const rearranged = flat(`${directory}/empty_main_rearranged.s19`);
  assertEquals(rearranged, flat(`${directory}/empty_main.s19`));
  assertEquals(
    flat(`${directory}/non_sorted_segments.s19`),
    flat(`${directory}/non_sorted_segments_merged_and_sorted.s19`),
  );
  assertEquals(flat(`${directory}/in.hex`), flat(`${directory}/in_blank_lines.hex`));
});

golden("readImage() names the line of a wrong checksum, and refuses files of other machines", () => {
  const fails = (path: string, reason: string): void => {
    assertThrows(() => image(path), FormatError, reason);
  };
  fails("hex/bincopy/bad_crc.s19", "bad_crc.s19:1: checksum is 0x22, should be 0x25");
  fails("hex/bincopy/elf.out", "it is for x86-64, not for Arm");
  fails("hex/bincopy/in_16bits_word.s19", "overlap");
  fails("hex/bincopy/empty_main.pretty.hex", ":1: ");
  fails("elf/pyelftools/simple_armeb_gcc.o.elf", "it is big-endian");
  fails("elf/pyelftools/reloc_arm_gcc.o.elf", "it holds nothing to load");
});

golden("readImage() reads start addresses of records 3 and 5", () => {
  assertEquals(image("hex/python-intelhex/hex_rectype3_2.hex").entry, 0x12340 + 0x5678);
  assertEquals(image("hex/python-intelhex/hex_rectype5_3.hex").entry, 0x12345678);
});

golden("readImage() reads the part of a universal file that is asked for", () => {
  const path = "hex/microbit-universal/combined-32-sections-1-9901-2-9903.hex";
  const [first, second] = [image(path), image(path, { boardId: 0x9903 })];
  assertEquals(first.segments[0]?.address, 0);
  assertEquals(first.notes?.length, 1);
  assert(second.segments.length > 0);
  assert(first.segments[0]?.data.some((byte, i) => byte !== second.segments[0]?.data[i]), "both parts are equal");
});

golden("ElfFile reads symbols as readelf does", () => {
  const file = new ElfFile(bytesOf("elf/pyocd/gdb_test.elf"), "gdb_test.elf");
  assertEquals([file.type, file.entry & ~1], [2, 0]);
  const zephyr = new ElfFile(bytesOf("elf/zephyr-nrf52dk-blinky/zephyr.elf"), "zephyr.elf");
  const main = zephyr.symbol("main");
  assertEquals([main?.type, main?.binding, main && main.value & 1], [2, 1, 1]);
  assertEquals(zephyr.section("rom_start")?.address, 0);
});

golden("parseSvd() reads real descriptions of several vendors", () => {
  const counts = ["ARM_SAMPLE.CMSDK_CM3", "Atmel.ATSAMD21G15A", "Nordic.nrf51", "Toshiba.M367"].map((name) => {
    const { peripherals } = parseSvd(bytesOf(`svd/${name}.svd`), name);
    return [peripherals.length, peripherals.reduce((n, p) => n + p.registers.length, 0)];
  });
  assertEquals(counts, [[14, 116], [34, 1258], [31, 680], [54, 663]]);
  const nrf51 = parseSvd(bytesOf("svd/Nordic.nrf51.svd"), "nrf51.svd");
  const out = nrf51.peripherals.find((p) => p.name === "GPIO")?.registers.find((r) => r.name === "OUT");
  assertEquals([out?.address, out?.fields.length, out?.fields[31]?.low], [0x50000504, 32, 31]);
});
