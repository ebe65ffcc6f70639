/**
 * STM32F072RB (RM0091): Cortex-M0 at 48 MHz, 128 KiB flash, 16 KiB SRAM.
 *
 * @module
 */
import { Bus } from "../bus.ts";
import { CortexM } from "../cpu/cortex_m.ts";
import { AHB_AP_IDR, SimMemAp } from "../dp/mem_ap.ts";
import { Stm32F0Flash } from "../flash/stm32f0.ts";
import { CORTEX_M0_LINES, ROM_TABLE_BASE, romTable } from "../trace/rom_table.ts";
import { type BoardOptions, SimBoard } from "./board.ts";
import { BoardClock } from "./board_clock.ts";
import { FlashWindow } from "./flash_window.ts";
import { PeripheralBus, RegisterFile, registerRange } from "./register_file.ts";
import {
  bootRom,
  clockSwitch,
  flagReset,
  gpioPort,
  independentWatchdog,
  plainPeripheral,
  resetFlags,
  usartF0,
  windowWatchdog,
} from "./stm32_peripherals.ts";
import { UartLog } from "./uart_log.ts";

const HZ = 48_000_000;
const FLASH_BASE = 0x08000000, FLASH_SIZE = 0x20000, PAGE_SIZE = 0x800;
const OPTION_BYTES = 0x1ffff800, SYSTEM_ROM = 0x1fffc800, SYSTEM_ROM_SIZE = 0x2fa0;
const RCC_APB2ENR = 0x18, RCC_CSR = 0x24, DBGMCUEN = 1 << 22;

/** Words from 0x1FFFF7A0 on: unique id at 0x1FFFF7AC, flash size in KiB at 0x1FFFF7CC (RM0091 section 33). */
const ELECTRONIC_SIGNATURE = [
  0,
  0,
  0,
  0x00280033,
  0x4e4e4b15,
  0x20343251,
  0,
  0,
  0,
  0,
  0,
  128,
  ...Array<number>(12).fill(0),
];

/** Makes an STM32F072 board. */
export function createStm32f072(options: BoardOptions = {}): SimBoard {
  const bus = new Bus();
  const cpu = new CortexM({ model: "cortex-m0", bus, hz: HZ, irqs: 32 });
  const clock = new BoardClock(cpu, HZ);
  let isDebugged = false;
  let isLaunching = false;
  const isLockedOut = (): boolean => isDebugged && flash.protectionLevel !== 0;
  const flash: Stm32F0Flash = new Stm32F0Flash({
    size: FLASH_SIZE,
    pageSize: PAGE_SIZE,
    host: clock,
    timing: options.timing ?? "datasheet",
    onErase: (offset, length) => window.changed(offset, length),
    isLockedOut,
    onOptionLaunch: () => {
      isLaunching = true;
      cpu.onSystemReset?.();
      isLaunching = false;
    },
  });
  if (options.locked) flash.forceProtection(1);
  const window = new FlashWindow(bus, {
    name: "flash",
    start: FLASH_BASE,
    bytes: flash.array,
    program: (offset, size, value) => flash.program(offset, size, value),
    isBusy: () => flash.busy,
    wait: () => flash.waitWhileBusy(),
  });
  window.setAlias(0);

  bus.mapMemory({ name: "sram", start: 0x20000000, bytes: new Uint8Array(0x4000), writable: true });
  bus.mapMemory({
    name: "system-rom",
    start: SYSTEM_ROM,
    bytes: bootRom(SYSTEM_ROM, SYSTEM_ROM_SIZE),
    writable: false,
  });
  const signature = new Uint8Array(Uint32Array.from(ELECTRONIC_SIGNATURE).buffer);
  bus.mapMemory({ name: "signature", start: 0x1ffff7a0, bytes: signature, writable: false });
  bus.mapMemory({
    name: "option-bytes",
    start: OPTION_BYTES,
    bytes: flash.options,
    writable: false,
    onWrite: (offset, size, value) => flash.programOption(offset, size, value),
  });

  const uart = new UartLog();
  const files = peripherals(uart, remap);
  const { rcc } = files;
  bus.mapDevice(
    "apb1",
    0x40000000,
    0x8000,
    new PeripheralBus(0x400, [
      { offset: 0x0000, device: files.plain[0]! },
      { offset: 0x0400, device: files.plain[1]! },
      { offset: 0x2c00, device: files.wwdg },
      { offset: 0x3000, device: files.iwdg },
      { offset: 0x4400, device: files.usarts[1]! },
      { offset: 0x4800, device: files.usarts[2]! },
      { offset: 0x4c00, device: files.usarts[3]! },
      { offset: 0x7000, device: files.pwr },
    ]),
  );
  bus.mapDevice(
    "apb2",
    0x40010000,
    0x8000,
    new PeripheralBus(0x400, [
      { offset: 0x0000, device: files.syscfg },
      { offset: 0x0400, device: files.exti },
      { offset: 0x3800, device: files.usarts[0]! },
      { offset: 0x5800, device: files.dbgmcu },
    ]),
  );
  bus.mapDevice(
    "ahb1",
    0x40020000,
    0x4400,
    new PeripheralBus(0x400, [{ offset: 0x1000, device: rcc }, { offset: 0x2000, device: flash }]),
  );
  bus.mapDevice(
    "ahb2",
    0x48000000,
    0x1800,
    new PeripheralBus(0x400, files.gpios.map((device, i) => ({ offset: i * 0x400, device }))),
  );
  cpu.mapPpb(ROM_TABLE_BASE, 0x1000, romTable(CORTEX_M0_LINES, { designer: 0x020, part: 0x448, revision: 0 }));

  /** SYSCFG_CFGR1.MEM_MODE: what shows at address 0 (RM0091 section 9.1.1). */
  function remap(mode: number): void {
    for (const name of ["boot-rom", "boot-sram"]) if (bus.find(0)?.name === name) bus.unmap(name);
    window.setAlias(mode === 0 || mode === 2 ? 0 : undefined);
    if (mode === 1) bus.alias("boot-rom", 0, "system-rom");
    if (mode === 3) bus.alias("boot-sram", 0, "sram");
  }

  return new SimBoard({
    name: "stm32f072",
    dpidr: 0x0bb11477,
    targetId: 0,
    cpu,
    bus,
    clock,
    accessPorts: new Map([[
      0,
      new SimMemAp(cpu.debugBus, {
        idr: AHB_AP_IDR.CORTEX_M0,
        packed: false,
        enabled: () => flash.protectionLevel !== 2,
      }),
    ]]),
    backDoors: [
      { start: FLASH_BASE, bytes: flash.array, changed: (offset, length) => window.changed(offset, length) },
      { start: OPTION_BYTES, bytes: flash.options, changed: () => undefined },
    ],
    reset: (cause) => {
      const isPowerOn = cause === "power";
      for (const file of files.all) isPowerOn ? file.powerOn() : file.reset();
      flagReset(rcc, RCC_CSR, isLaunching ? "options" : cause);
      remap(0);
      if (isPowerOn) isDebugged = false;
      flash.reset();
      window.setClosed(isLockedOut());
    },
    settle: () => window.refresh(),
    debugPower: (on) => {
      isDebugged ||= on;
      window.setClosed(isLockedOut());
    },
    takeSwo: () => new Uint8Array(0),
    takeUart: () => uart.take(),
  }, options);
}

function peripherals(uart: UartLog, remap: (mode: number) => void) {
  const rcc: RegisterFile = new RegisterFile([
    {
      offset: 0x00,
      reset: 0x83,
      writable: 0x010d00f9,
      follow: [[1 << 0, 1 << 1], [1 << 16, 1 << 17], [1 << 24, 1 << 25]],
    },
    clockSwitch(0x04),
    { offset: 0x08, writable: 0x7f00 },
    ...registerRange(0x0c, 2),
    { offset: 0x14, reset: 0x14 },
    ...registerRange(0x18, 2),
    { offset: 0x20, writable: 0x1831d, follow: [[1, 2]], survivesReset: true },
    resetFlags(RCC_CSR),
    ...registerRange(0x28, 3),
    { offset: 0x34, reset: 0x80, writable: 0x100fd, follow: [[1 << 0, 1 << 1], [1 << 16, 1 << 17]] },
  ]);
  const pwr = new RegisterFile(registerRange(0, 2));
  const syscfg = new RegisterFile([
    { offset: 0, onWrite: (value, _file, mask) => mask & 3 && remap(value & 3) },
    ...registerRange(8, 5),
  ]);
  const exti = new RegisterFile(registerRange(0, 6));
  const isClocked = (): boolean => (rcc.get(RCC_APB2ENR) & DBGMCUEN) !== 0;
  const dbgmcuFile = new RegisterFile([
    { offset: 0, reset: 0x20016448, writable: 0 },
    ...registerRange(4, 3, { survivesReset: true }),
  ]);
  // The block keeps its registers without its clock, and takes no writes.
  const dbgmcu = {
    read: (offset: number, size: 1 | 2 | 4) => dbgmcuFile.read(offset, size),
    write: (offset: number, size: 1 | 2 | 4, value: number) =>
      isClocked() ? dbgmcuFile.write(offset, size, value) : true,
  };
  const gpios = [
    gpioPort({ mode: 0x28000000, speed: 0x0c000000, pull: 0x24000000 }),
    ...Array.from({ length: 5 }, () => gpioPort()),
  ];
  const usarts = Array.from({ length: 4 }, () => usartF0(uart));
  const plain = Array.from({ length: 2 }, () => plainPeripheral(0x15));
  const iwdg = independentWatchdog();
  const wwdg = windowWatchdog();
  const all = [rcc, pwr, syscfg, exti, dbgmcuFile, ...gpios, ...usarts, ...plain, iwdg, wwdg];
  return { rcc, pwr, syscfg, exti, dbgmcu, gpios, usarts, plain, iwdg, wwdg, all };
}
