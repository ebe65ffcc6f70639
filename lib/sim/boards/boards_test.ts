import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import { boardNames, createBoard, type SimBoard } from "./mod.ts";

const DHCSR = 0xe000edf0, DEMCR = 0xe000edfc, AIRCR = 0xe000ed0c;
const KEY = 0xa05f0000, VC_CORERESET_TRCENA = 0x01000001;

/** The AHB-AP of a board, as a debugger uses it. */
function debugPort(board: SimBoard) {
  board.setDebugPower(true);
  const ap = board.accessPorts.get(0)!;
  const size = { 1: 0x23000050, 2: 0x23000051, 4: 0x23000052 } as const;
  const at = (address: number, width: 1 | 2 | 4) => {
    ap.write(0x00, size[width]);
    ap.write(0x04, address);
  };
  return {
    ap,
    read: (address: number, width: 1 | 2 | 4 = 4): number | string => {
      at(address, width);
      const reply = ap.read(0x0c);
      if (reply.kind !== "ok") return reply.kind;
      return width === 4 ? reply.value : (reply.value >>> ((address & 3) * 8)) & (2 ** (width * 8) - 1);
    },
    write: (address: number, value: number, width: 1 | 2 | 4 = 4): string => {
      at(address, width);
      return ap.write(0x0c, (value << ((address & 3) * 8)) >>> 0).kind;
    },
  };
}

/** A flash image: vector table, then Thumb code at 0x40. */
function firmware(base: number, code: readonly number[]): Uint8Array {
  const image = new Uint8Array(0x40 + code.length * 2);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, base + 0x41, true);
  code.forEach((half, i) => view.setUint16(0x40 + i * 2, half, true));
  return image;
}

const LOOP = 0xe7fe;

Deno.test("createBoard() refuses an unknown name and offers near ones", () => {
  const error = assertThrows(() => createBoard("stm32f4"), UsageError, "Cannot simulate board stm32f4");
  assertEquals(error.hint, "Near names: stm32f072, stm32f407");
  const other = assertThrows(() => createBoard("toString"), UsageError);
  assertEquals(other.hint, `Simulated boards: ${boardNames.join(", ")}`);
});

Deno.test("flashBytes() and loadFlash() refuse what is not flash", () => {
  const board = createBoard("stm32f072");
  assertThrows(() => board.flashBytes(0x08020000, 1), UsageError, "0x08020000");
  assertThrows(() => board.loadFlash(0x20000000, new Uint8Array(1)), UsageError, "0x20000000");
});

Deno.test("boards tell who they are", () => {
  const identity = (name: string, addresses: readonly number[]) => {
    const board = createBoard(name);
    const { ap, read, write } = debugPort(board);
    write(DEMCR, VC_CORERESET_TRCENA);
    const idr = ap.read(0xfc);
    return [board.dpidr, idr.kind === "ok" ? idr.value : idr.kind, ...addresses.map((address) => read(address))];
  };
  assertEquals(identity("stm32f407", [0xe0042000, 0xe00fffe0, 0xe00fffe8, 0xe0000fe0, 0xe0040fe0, 0x1fff7a20]), [
    0x2ba01477,
    0x24770011,
    0x10076413,
    0x13,
    0x0a,
    0x01,
    0xa1,
    1024 * 0x10000,
  ]);
  assertEquals(identity("stm32f072", [0x40015800, 0xe00fffe0, 0xe00fffe8, 0x1ffff7cc]), [
    0x0bb11477,
    0x04770021,
    0x20016448,
    0x48,
    0x0a,
    128,
  ]);
  assertEquals(identity("nrf52840", [0x10000010, 0x10000014, 0x10000100, 0xe00fffe0, 0xe00fffe8]), [
    0x2ba01477,
    0x24770011,
    0x1000,
    0x100,
    0x52840,
    0x08,
    0x0c,
  ]);
});

Deno.test("trace blocks are dead without DEMCR.TRCENA", () => {
  const { read, write } = debugPort(createBoard("stm32f407"));
  assertEquals([read(0xe0000ff0), read(0xe0040ff0)], [0, 0]);
  write(DEMCR, VC_CORERESET_TRCENA);
  assertEquals([read(0xe0000ff0), read(0xe0040ff0)], [0x0d, 0x0d]);
});

Deno.test("peripheral buses answer between peripherals, unmapped space does not", () => {
  const { read, write } = debugPort(createBoard("stm32f407"));
  assertEquals([read(0x40007c00), write(0x40007c00, 1)], [0, "ok"]);
  assertEquals([read(0x60000000), write(0x60000000, 1), read(0x08100000), read(0x20020000)], [
    "fault",
    "fault",
    "fault",
    "fault",
  ]);
});

Deno.test("ready flags follow their enable bits", () => {
  const f4 = debugPort(createBoard("stm32f407"));
  assertEquals(f4.read(0x40023800), 0x83);
  f4.write(0x40023800, 0x01010083);
  f4.write(0x40023808, 2);
  assertEquals([f4.read(0x40023800), f4.read(0x40023808)], [0x03030083, 0xa]);
  const nrf = debugPort(createBoard("nrf52840"));
  nrf.write(0x40000000, 1);
  assertEquals([nrf.read(0x40000100), nrf.read(0x4000040c)], [1, 0x10001]);
});

Deno.test("a board runs its image from the alias at 0 and counts instructions in time", () => {
  for (const [name, base, hz] of [["stm32f407", 0x08000000, 168e6], ["stm32f072", 0x08000000, 48e6]] as const) {
    const board = createBoard(name, { image: firmware(base, [LOOP]) });
    board.advance(1e6);
    assertEquals(board.cpu.pc, base + 0x40, name);
    assert(Math.abs(board.instructions - hz / 1000) <= 1, `${name}: ${board.instructions}`);
  }
});

Deno.test("nRESET holds the core, leaves the debug port alive, and vector catch stops at the reset handler", () => {
  const board = createBoard("stm32f407", { image: firmware(0x08000000, [LOOP]) });
  const { read, write } = debugPort(board);
  write(DHCSR, KEY | 1);
  write(DEMCR, 1);
  write(0x40023830, 0x1ff);
  board.setReset(true);
  assertEquals(board.resetAsserted, true);
  const before = board.instructions;
  board.advance(1e6);
  assertEquals(board.instructions, before);
  assertEquals([read(0xe0042000), read(0x40023830)], [0x10076413, 0x00100000]);
  board.setReset(false);
  board.advance(1e6);
  assertEquals([board.cpu.halted, board.cpu.pc, board.instructions], [true, 0x08000040, before]);
  assertEquals(read(0x40023874), 0x0e000000, "the pin adds no flag that power-on had not set");
});

Deno.test("SYSRESETREQ resets peripherals and says so in the reset flags", () => {
  const board = createBoard("stm32f407", { image: firmware(0x08000000, [LOOP]) });
  const { read, write } = debugPort(board);
  write(0x40023874, 1 << 24);
  assertEquals(read(0x40023874), 0);
  write(0x40023830, 0x1ff);
  write(0xe0042004, 7);
  write(AIRCR, 0x05fa0004);
  board.advance(1000);
  assertEquals([read(0x40023830), read(0x40023874), read(0xe0042004)], [0x00100000, 0x14000000, 7]);
});

Deno.test("the remap register changes what shows at 0", () => {
  const board = createBoard("stm32f407", { image: firmware(0x08000000, [LOOP]) });
  const { read, write } = debugPort(board);
  assertEquals(read(4), 0x08000041);
  write(0x40013800, 1);
  assertEquals(read(4), 0x1fff0009);
  write(0x40013800, 3);
  write(0x20000004, 0x12345678);
  assertEquals(read(4), 0x12345678);
  write(AIRCR, 0x05fa0004);
  assertEquals(read(4), 0x08000041);
});

Deno.test("a read of flash waits for the end of an erase", () => {
  const board = createBoard("stm32f407", { image: new Uint8Array(0x8000) });
  const { read, write } = debugPort(board);
  write(0x40023c04, 0x45670123);
  write(0x40023c04, 0xcdef89ab);
  write(0x40023c10, 0x10202);
  const begin = board.now;
  assertEquals(read(0x40023c0c), 0x10000);
  assertEquals([read(0x08000000), read(0x08004000)], [0xffffffff, 0]);
  assertEquals(board.now - begin, 250e6);
  assertEquals(read(0x40023c0c), 0);
});

Deno.test("code running from flash stands still while flash erases", () => {
  const board = createBoard("stm32f407", { image: firmware(0x08000000, [LOOP]) });
  const { write } = debugPort(board);
  board.advance(1000);
  write(0x40023c04, 0x45670123);
  write(0x40023c04, 0xcdef89ab);
  write(0x40023c10, 0x1020a);
  const before = board.instructions;
  board.advance(249e6);
  assert(board.instructions - before <= 4096, `${board.instructions - before}`);
  board.advance(2e6);
  assert(board.instructions - before > 100_000);
});

Deno.test("STM32 read-out protection closes flash to a debugger until power is cycled, but not to the chip", () => {
  for (const name of ["stm32f407", "stm32f072"]) {
    const board = createBoard(name, { locked: true, image: firmware(0x08000000, [LOOP]) });
    board.advance(1e6);
    assert(board.instructions > 1000);
    const { read } = debugPort(board);
    assertEquals([read(0x08000000), read(0), read(0x20000000)], ["fault", "fault", 0], name);
    board.setDebugPower(false);
    board.advance(1e6);
    assertEquals(board.cpu.lockedUp, true, name);
    board.powerCycle();
    board.advance(1e6);
    assertEquals([board.cpu.lockedUp, board.cpu.pc], [false, 0x08000040], name);
  }
});

Deno.test("taking STM32F0 protection away erases the chip and opens it", () => {
  const board = createBoard("stm32f072", { locked: true, timing: "fast", image: firmware(0x08000000, [LOOP]) });
  const { read, write } = debugPort(board);
  const FLASH = 0x40022000;
  for (const offset of [4, 8]) {
    write(FLASH + offset, 0x45670123);
    write(FLASH + offset, 0xcdef89ab);
  }
  write(FLASH + 0x10, 0x220);
  write(FLASH + 0x10, 0x260);
  board.advance(1e6);
  write(FLASH + 0x10, 0x210);
  assertEquals(write(0x1ffff800, 0xaa, 2), "ok");
  board.advance(1e6);
  write(FLASH + 0x10, 0x2200);
  assertEquals(read(0x08000000), 0xffffffff);
  assertEquals([read(0x40021024), read(0x1ffff800)], [0x0e000000, 0xffff55aa]);
});

Deno.test("taking STM32F4 protection away erases the chip and opens it at the next reset", () => {
  const board = createBoard("stm32f407", { locked: true, timing: "fast", image: firmware(0x08000000, [LOOP]) });
  const { read, write } = debugPort(board);
  const FLASH = 0x40023c00;
  write(FLASH + 0x08, 0x08192a3b);
  write(FLASH + 0x08, 0x4c5d6e7f);
  assertEquals(read(FLASH + 0x14), 0x0fff00ec);
  write(FLASH + 0x14, 0x0fffaaee);
  assertEquals(read(FLASH + 0x0c), 0x10000);
  board.advance(200e6);
  assertEquals([read(FLASH + 0x0c), read(0x08000000)], [0, "fault"]);
  board.setReset(true);
  board.setReset(false);
  assertEquals([read(0x08000000), read(0x1fffc000)], [0xffffffff, 0xffffaaec]);
});

Deno.test("nRF52 APPROTECT leaves only the CTRL-AP, whose ERASEALL and RESET open the chip", () => {
  const board = createBoard("nrf52840", { locked: true, timing: "fast", image: firmware(0, [LOOP]) });
  const { ap, read } = debugPort(board);
  const control = board.accessPorts.get(1)!;
  const value = (register: number) => {
    const reply = control.read(register);
    return reply.kind === "ok" ? reply.value : reply.kind;
  };
  const csw = ap.read(0);
  assertEquals([read(0), csw.kind === "ok" && csw.value & 0x40, value(0x0c)], ["fault", 0, 0]);
  control.write(4, 1);
  assertEquals(value(8), 1);
  board.advance(2e6);
  assertEquals([value(8), value(0x0c)], [0, 0]);
  control.write(0, 1);
  control.write(0, 0);
  control.write(4, 0);
  assertEquals([value(0x0c), read(0), read(0x10001208)], [1, 0xffffffff, 0xffffffff]);
  board.powerCycle();
  assertEquals(read(0), 0xffffffff);
});

Deno.test("nRF52840 revision 3 is closed from the factory and closes again at a hard reset", () => {
  const board = createBoard("nrf52840", { revision: 3, timing: "fast" });
  const { read, write } = debugPort(board);
  const control = board.accessPorts.get(1)!;
  assertEquals(read(0), "fault");
  control.write(4, 1);
  board.advance(2e6);
  control.write(0, 1);
  control.write(0, 0);
  assertEquals(read(0), 0xffffffff);
  write(AIRCR, 0x05fa0004);
  assertEquals(read(0), 0xffffffff, "a soft reset leaves it open");
  write(0x4001e504, 1);
  assertEquals(write(0x10001208, 0xffffff5a), "ok");
  board.setReset(true);
  board.setReset(false);
  assertEquals(read(0), "fault", "firmware has to open it too");
});

Deno.test("nRF52840 revision 3 opens when UICR and firmware agree", () => {
  // ldr r0, =0x40000558; movs r1, #0x5a; str r1, [r0]; b .
  const image = firmware(0, [0x4802, 0x215a, 0x6001, LOOP, LOOP, LOOP, 0x0558, 0x4000]);
  const board = createBoard("nrf52840", { revision: 3, image });
  board.loadFlash(0x10001208, Uint8Array.of(0x5a));
  board.powerCycle();
  const { read } = debugPort(board);
  assertEquals(read(0), "fault");
  board.advance(1e6);
  assertEquals(read(0), 0x20001000);
});

Deno.test("text written to a stimulus port comes out of the SWO pin", () => {
  for (
    const [name, acpr, route] of [["stm32f407", 83, [0xe0042004, 0x20]], ["nrf52840", 15, [
      0x4000055c,
      0x10000,
    ]]] as const
  ) {
    const board = createBoard(name, { image: firmware(name === "nrf52840" ? 0 : 0x08000000, [LOOP]) });
    const { write } = debugPort(board);
    write(DEMCR, VC_CORERESET_TRCENA);
    write(route[0], route[1]);
    write(0xe0040010, acpr);
    write(0xe00400f0, 2);
    write(0xe0040304, 0x100);
    write(0xe0000fb0, 0xc5acce55);
    write(0xe0000e00, 1);
    write(0xe0000e80, 1);
    for (const char of new TextEncoder().encode("Hi")) write(0xe0000000, char, 1);
    assertEquals(board.takeSwo().length, 0, name);
    board.advance(1e6);
    assertEquals(board.takeSwo(), Uint8Array.of(1, 0x48, 1, 0x69), name);
  }
});

Deno.test("UARTs record what firmware sends", () => {
  const f4 = createBoard("stm32f407");
  const port = debugPort(f4);
  port.write(0x40004404, 0x21);
  port.write(0x4000440c, 0x2008);
  port.write(0x40004404, 0x41);
  assertEquals([port.read(0x40004400), f4.takeUart()], [0xc0, Uint8Array.of(0x41)]);
  const nrf = createBoard("nrf52840");
  const other = debugPort(nrf);
  other.write(0x20000000, 0x00434241);
  other.write(0x40002500, 8);
  other.write(0x40002544, 0x20000000);
  other.write(0x40002548, 3);
  other.write(0x40002008, 1);
  assertEquals([other.read(0x40002120), nrf.takeUart()], [1, Uint8Array.of(0x41, 0x42, 0x43)]);
});
