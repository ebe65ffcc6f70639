/**
 * Proof that the simulated boards are true to silicon: flash algorithms built by the chips' vendors run on them
 * unmodified, driven through the debug access port as a debugger would.
 */
import { assert, assertEquals } from "@std/assert";
import { viewOf } from "../lib/base/bytes.ts";
import { bytesSource } from "../lib/format/byte_source.ts";
import { ElfFile } from "../lib/format/elf.ts";
import { ZipReader } from "../lib/format/zip.ts";
import type { SimAccessPort } from "../lib/sim/contracts.ts";
import { createBoard, type SimBoard } from "../lib/sim/boards/mod.ts";

const DATA = new URL("../../shared/data/", import.meta.url);
const F0_DFP = "dfp/Keil.STM32F0xx_DFP.3.1.2-dev/CMSIS/Flash/";
const F4_DFP = "dfp/Keil.STM32F4xx_DFP.3.1.2-dev/CMSIS/Flash/";
const NORDIC_PACK = "packs/NordicSemiconductor.nRF_DeviceFamilyPack.8.44.1.pack";

const RAM = 0x20000000, STACK = 0x20003000, BUFFER = 0x20003000;
const DHCSR = 0xe000edf0, DCRSR = 0xe000edf4, DCRDR = 0xe000edf8, AIRCR = 0xe000ed0c;
const HALT = 0xa05f0003, RUN = 0xa05f0001, S_HALT = 1 << 17, S_REGRDY = 1 << 16, S_LOCKUP = 1 << 19;
const ERASE = 1, PROGRAM = 2;

/** A debugger reduced to what running a flash algorithm takes. */
class Debugger {
  readonly #ap: SimAccessPort;

  constructor(readonly board: SimBoard) {
    this.#ap = board.accessPorts.get(0)!;
    board.setDebugPower(true);
    this.#ap.write(0x00, 0x23000052);
  }

  read(address: number): number | "fault" | "wait" {
    this.#ap.write(0x04, address);
    const reply = this.#ap.read(0x0c);
    return reply.kind === "ok" ? reply.value : reply.kind;
  }

  word(address: number): number {
    const value = this.read(address);
    assert(typeof value === "number", `0x${address.toString(16)} answers ${value}`);
    return value;
  }

  write(address: number, value: number): string {
    this.#ap.write(0x04, address);
    return this.#ap.write(0x0c, value).kind;
  }

  load(address: number, bytes: Uint8Array): void {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    const view = viewOf(padded);
    for (let i = 0; i < padded.length; i += 4) assertEquals(this.write(address + i, view.getUint32(i, true)), "ok");
  }

  halt(): void {
    this.write(DHCSR, HALT);
    this.board.advance(1000);
    assert(this.word(DHCSR) & S_HALT, "the core halts");
  }

  setRegister(index: number, value: number): void {
    this.write(DCRDR, value);
    this.write(DCRSR, 0x10000 | index);
    assert(this.word(DHCSR) & S_REGRDY);
  }

  register(index: number): number {
    this.write(DCRSR, index);
    assert(this.word(DHCSR) & S_REGRDY);
    return this.word(DCRDR);
  }

  /** Resumes until the core halts by itself, for at most `limitMs` of target time. */
  runToHalt(limitMs: number): void {
    this.write(DHCSR, RUN);
    for (let ms = 0; ms < limitMs; ms++) {
      this.board.advance(1e6);
      if (this.word(DHCSR) & S_HALT) return;
    }
    throw new Error(`The core still runs after ${limitMs} ms of target time`);
  }
}

/** A flash algorithm loaded behind a BKPT at the start of RAM. */
class Algorithm {
  readonly #symbols = new Map<string, number>();
  readonly #staticBase: number;

  constructor(private readonly debug: Debugger, elf: ElfFile) {
    const base = RAM + 4;
    debug.write(RAM, 0xbe00be00);
    const code = elf.segments.find((segment) => segment.type === 1 && segment.virtualAddress === 0)!;
    const image = new Uint8Array(code.memorySize);
    image.set(elf.segmentData(code));
    debug.load(base, image);
    this.#staticBase = base + elf.section("PrgData")!.address;
    for (const symbol of elf.symbols()) this.#symbols.set(symbol.name, base + (symbol.value & ~1));
  }

  /** Sets the registers up for a call. */
  prepare(name: string, args: readonly number[]): void {
    const { debug } = this;
    const entry = this.#symbols.get(name);
    assert(entry !== undefined, `${name} is in the algorithm`);
    args.forEach((value, i) => debug.setRegister(i, value));
    debug.setRegister(9, this.#staticBase);
    debug.setRegister(13, STACK);
    debug.setRegister(14, RAM | 1);
    debug.setRegister(15, entry);
    debug.setRegister(16, 0x01000000);
  }

  /** Calls a function and returns its R0. */
  call(name: string, args: readonly number[], limitMs: number): number {
    this.prepare(name, args);
    this.debug.runToHalt(limitMs);
    assertEquals(this.debug.register(15), RAM, `${name} returns`);
    return this.debug.register(0);
  }

  program(address: number, bytes: Uint8Array, limitMs: number): number {
    this.debug.load(BUFFER, bytes);
    return this.call("ProgramPage", [address, bytes.length, BUFFER], limitMs);
  }
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 0xff);
}

async function readElf(path: string): Promise<ElfFile> {
  return new ElfFile(await Deno.readFile(new URL(path, DATA)), path);
}

async function readNordicElf(name: string): Promise<ElfFile> {
  const pack = await ZipReader.open(bytesSource(await Deno.readFile(new URL(NORDIC_PACK, DATA))), NORDIC_PACK);
  return new ElfFile(await pack.read(name), name);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, DATA));
    return true;
  } catch {
    return false;
  }
}

function testWith(path: string, name: string, fn: () => Promise<void>): void {
  const isMissing = !exists(path);
  Deno.test({ name: isMissing ? `${name} (needs ${path})` : name, ignore: isMissing, fn });
}

function start(board: SimBoard, elf: ElfFile): { debug: Debugger; algorithm: Algorithm } {
  const debug = new Debugger(board);
  debug.halt();
  return { debug, algorithm: new Algorithm(debug, elf) };
}

const F0 = F0_DFP + "STM32F0xx_128_2K.FLM";
const F0_OPTIONS = F0_DFP + "STM32F0xx_OPT.FLM";
const F4 = F4_DFP + "STM32F4xx_1024.FLM";
const F4_OPTIONS = F4_DFP + "STM32F40xxx_41xxx_OPT.FLM";
const F4_OTP = F4_DFP + "STM32F4xx_OTP.FLM";

testWith(F0, "ST's STM32F0 algorithm erases, programs and meets PGERR on the simulated stm32f072", async () => {
  const image = pattern(0x1800, 1);
  const board = createBoard("stm32f072", { timing: "fast", image });
  const { algorithm } = start(board, await readElf(F0));
  assertEquals(algorithm.call("Init", [0x08000000, 48e6, ERASE], 10), 0);
  assertEquals(algorithm.call("EraseSector", [0x08000800], 100), 0);
  assertEquals(algorithm.call("UnInit", [ERASE], 10), 0);
  assertEquals(board.flashBytes(0x08000000, 0x800), image.slice(0, 0x800));
  assertEquals(board.flashBytes(0x08000800, 0x800), new Uint8Array(0x800).fill(0xff));
  assertEquals(board.flashBytes(0x08001000, 0x800), image.slice(0x1000));

  const page = pattern(0x400, 2);
  assertEquals(algorithm.call("Init", [0x08000000, 48e6, PROGRAM], 10), 0);
  assertEquals(algorithm.program(0x08000800, page, 100), 0);
  assertEquals(board.flashBytes(0x08000800, 0x400), page);
  assertEquals(algorithm.program(0x08000800, pattern(0x400, 3), 100), 1);
  assertEquals(board.flashBytes(0x08000800, 0x400), page);
  assertEquals(algorithm.call("UnInit", [PROGRAM], 10), 0);
  assertEquals(algorithm.program(0x08000c00, page, 100), 0);
  assertEquals(board.flashBytes(0x08000c00, 1)[0], 0xff, "a locked controller programs nothing");
});

testWith(F0, "a wrong key keeps ST's STM32F0 algorithm out until a reset", async () => {
  const board = createBoard("stm32f072", { timing: "fast", image: new Uint8Array(0x800) });
  const { debug, algorithm } = start(board, await readElf(F0));
  assertEquals(debug.write(0x40022004, 0x11111111), "fault");
  algorithm.prepare("Init", [0x08000000, 48e6, ERASE]);
  debug.write(DHCSR, RUN);
  board.advance(1e6);
  assert(debug.word(DHCSR) & S_LOCKUP, "the key write ends in a bus error, and there is no handler");
  assertEquals(board.flashBytes(0x08000000, 1)[0], 0);

  debug.halt();
  debug.write(AIRCR, 0x05fa0004);
  board.advance(1000);
  debug.halt();
  assertEquals(algorithm.call("Init", [0x08000000, 48e6, ERASE], 10), 0);
  assertEquals(algorithm.call("EraseSector", [0x08000000], 100), 0);
  assertEquals(board.flashBytes(0x08000000, 1)[0], 0xff);
});

testWith(F0, "ST's STM32F0 algorithm takes the time of the data sheet when asked to", async () => {
  const board = createBoard("stm32f072", { image: new Uint8Array(0x800) });
  const { algorithm } = start(board, await readElf(F0));
  algorithm.call("Init", [0x08000000, 48e6, ERASE], 10);
  const before = board.now;
  assertEquals(algorithm.call("EraseSector", [0x08000000], 100), 0);
  const ms = (board.now - before) / 1e6;
  assert(ms >= 30 && ms < 33, `${ms} ms`);
});

testWith(F4, "ST's STM32F4 algorithm erases and programs sectors of the simulated stm32f407", async () => {
  const image = pattern(0x24000, 4);
  const board = createBoard("stm32f407", { timing: "fast", image });
  const { algorithm } = start(board, await readElf(F4));
  assertEquals(algorithm.call("Init", [0x08000000, 168e6, ERASE], 10), 0);
  assertEquals(algorithm.call("EraseSector", [0x08010000], 100), 0);
  assertEquals(algorithm.call("UnInit", [ERASE], 10), 0);
  assertEquals(board.flashBytes(0x0800c000, 0x4000), image.slice(0xc000, 0x10000));
  assertEquals(board.flashBytes(0x08010000, 0x10000), new Uint8Array(0x10000).fill(0xff));
  assertEquals(board.flashBytes(0x08020000, 0x4000), image.slice(0x20000));

  const page = pattern(0x400, 5);
  assertEquals(algorithm.call("Init", [0x08000000, 168e6, PROGRAM], 10), 0);
  assertEquals(algorithm.program(0x08010000, page, 100), 0);
  assertEquals(board.flashBytes(0x08010000, 0x400), page);
  const second = pattern(0x400, 6);
  assertEquals(algorithm.program(0x08010000, second, 100), 0);
  assertEquals(board.flashBytes(0x08010000, 0x400), page.map((byte, i) => byte & second[i]!), "bits only go to 0");
  assertEquals(algorithm.call("UnInit", [PROGRAM], 10), 0);
  assertEquals(algorithm.program(0x08010400, page, 100), 1, "PGSERR once locked");
});

testWith(F4, "ST's STM32F4 algorithm erases the whole simulated stm32f407", async () => {
  const board = createBoard("stm32f407", { timing: "fast", image: pattern(0x100000, 7) });
  const { algorithm } = start(board, await readElf(F4));
  algorithm.call("Init", [0x08000000, 168e6, ERASE], 10);
  assertEquals(algorithm.call("EraseChip", [], 400), 0);
  assert(board.flashBytes(0x08000000, 0x100000).every((byte) => byte === 0xff));
});

testWith(
  NORDIC_PACK,
  "Nordic's nRF52 algorithm erases, programs and finds used words on the simulated nrf52840",
  async () => {
    const image = pattern(0x3000, 8);
    const board = createBoard("nrf52840", { timing: "fast", image });
    const { algorithm } = start(board, await readNordicElf("Flash/nrf52xxx.flm"));
    assertEquals(algorithm.call("Init", [0, 64e6, ERASE], 10), 0);
    assertEquals(algorithm.call("EraseSector", [0x1000], 100), 0);
    assertEquals(algorithm.call("UnInit", [ERASE], 10), 0);
    assertEquals(board.flashBytes(0, 0x1000), image.slice(0, 0x1000));
    assertEquals(board.flashBytes(0x1000, 0x1000), new Uint8Array(0x1000).fill(0xff));
    assertEquals(board.flashBytes(0x2000, 0x1000), image.slice(0x2000));

    const page = pattern(0x1000, 9);
    assertEquals(algorithm.call("Init", [0, 64e6, PROGRAM], 10), 0);
    assertEquals(algorithm.program(0x1000, page, 100), 0);
    assertEquals(board.flashBytes(0x1000, 0x1000), page);
    assertEquals(algorithm.program(0x1000, pattern(0x1000, 10), 100), 104, "the word is in use");
    assertEquals(algorithm.call("EraseSector", [0x100000], 100), 102, "past the end");
  },
);

testWith(NORDIC_PACK, "Nordic's UICR algorithm erases and programs the UICR of the simulated nrf52840", async () => {
  const board = createBoard("nrf52840", { timing: "fast" });
  board.loadFlash(0x10001080, Uint8Array.of(1, 2, 3, 4));
  const { algorithm } = start(board, await readNordicElf("Flash/nrf52xxx_uicr.flm"));
  assertEquals(algorithm.call("Init", [0x10001000, 64e6, ERASE], 10), 0);
  assertEquals(algorithm.call("EraseSector", [0x10001000], 100), 0);
  assertEquals(board.flashBytes(0x10001080, 4), new Uint8Array(4).fill(0xff));
  assertEquals(algorithm.call("UnInit", [ERASE], 10), 0);
});

testWith(F0_OPTIONS, "ST's STM32F0 option algorithm write-protects pages, which then refuse to be erased", async () => {
  const board = createBoard("stm32f072", { timing: "fast", image: new Uint8Array(0x2000) });
  const { debug, algorithm } = start(board, await readElf(F0_OPTIONS));
  assertEquals(algorithm.call("Init", [0x1ffff800, 48e6, ERASE], 10), 0);
  assertEquals(algorithm.call("EraseSector", [0x1ffff800], 100), 0);
  assertEquals(board.flashBytes(0x1ffff800, 16), new Uint8Array(16).fill(0xff));
  const options = Uint8Array.of(0xaa, 0x55, 0xff, 0, 0x12, 0xed, 0xff, 0, 0xfe, 1, 0xff, 0, 0xff, 0, 0xff, 0);
  assertEquals(algorithm.program(0x1ffff800, options, 100), 0);
  assertEquals(board.flashBytes(0x1ffff800, 16), options);
  assertEquals(algorithm.program(0x1ffff800, options, 100), 1, "PGERR over programmed option bytes");
  assertEquals(algorithm.call("UnInit", [ERASE], 10), 0);
  debug.write(AIRCR, 0x05fa0004);
  board.advance(1000);
  debug.halt();
  const array = new Algorithm(debug, await readElf(F0));
  assertEquals(array.call("Init", [0x08000000, 48e6, ERASE], 10), 0);
  assertEquals(array.call("EraseSector", [0x08000800], 100), 1);
  assertEquals(array.call("EraseSector", [0x08001000], 100), 0);
  assertEquals([0, 0x800, 0x1000].map((page) => board.flashBytes(0x08000000 + page, 1)[0]), [0, 0, 0xff]);
});

testWith(
  F4_OPTIONS,
  "ST's STM32F4 option algorithm write-protects a sector, which then refuses to be erased",
  async () => {
    const board = createBoard("stm32f407", { timing: "fast", image: new Uint8Array(0x8000) });
    const { debug, algorithm } = start(board, await readElf(F4_OPTIONS));
    assertEquals(algorithm.call("Init", [0x1fffc000, 168e6, PROGRAM], 10), 0);
    assertEquals(algorithm.program(0x1fffc000, Uint8Array.of(0xec, 0xaa, 0xfe, 0x0f), 100), 0);
    assertEquals(algorithm.call("UnInit", [PROGRAM], 10), 0);
    assertEquals(debug.word(0x40023c14), 0x0ffeaaed);
    const array = new Algorithm(debug, await readElf(F4));
    assertEquals(array.call("Init", [0x08000000, 168e6, ERASE], 10), 0);
    assertEquals(array.call("EraseSector", [0x08000000], 100), 1);
    assertEquals(array.call("EraseSector", [0x08004000], 100), 0);
    assertEquals([0, 0x4000].map((sector) => board.flashBytes(0x08000000 + sector, 1)[0]), [0, 0xff]);
  },
);

testWith(F4_OTP, "ST's STM32F4 OTP algorithm programs the one-time-programmable area", async () => {
  const board = createBoard("stm32f407", { timing: "fast" });
  const { debug, algorithm } = start(board, await readElf(F4_OTP));
  assertEquals(algorithm.call("Init", [0x1fff7800, 168e6, PROGRAM], 10), 0);
  assertEquals(algorithm.program(0x1fff7820, pattern(32, 11), 100), 0);
  assertEquals(board.flashBytes(0x1fff7820, 32), pattern(32, 11));
  assertEquals(debug.word(0x1fff7840), 0xffffffff);
});

const ZEPHYR = "elf/zephyr-nrf52dk-blinky/zephyr.elf";

testWith(
  ZEPHYR,
  "start-up code of Nordic and Zephyr runs unmodified on the simulated nrf52840 until it sleeps",
  async () => {
    const elf = await readElf(ZEPHYR);
    const board = createBoard("nrf52840");
    for (const segment of elf.segments) {
      if (segment.type === 1 && segment.fileSize > 0) {
        board.loadFlash(
          segment.physicalAddress,
          elf.segmentData(segment),
        );
      }
    }
    board.powerCycle();
    board.advance(10e6);
    assertEquals([board.cpu.lockedUp, board.cpu.sleeping], [false, true]);
    assert(board.instructions > 5000);
  },
);
