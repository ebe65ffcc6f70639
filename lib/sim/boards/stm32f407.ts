/**
 * STM32F407VG (RM0090): Cortex-M4F at 168 MHz, 1 MiB flash, 112 + 16 KiB SRAM and 64 KiB core-coupled RAM.
 *
 * @module
 */
import { Bus } from "../bus.ts";
import { CortexM } from "../cpu/cortex_m.ts";
import { AHB_AP_IDR, SimMemAp } from "../dp/mem_ap.ts";
import { Stm32F4Flash } from "../flash/stm32f4.ts";
import { type BoardOptions, SimBoard } from "./board.ts";
import { BoardClock } from "./board_clock.ts";
import { FlashWindow } from "./flash_window.ts";
import { addM4Trace } from "./m4_trace.ts";
import { PeripheralBus, RegisterFile, registerRange } from "./register_file.ts";
import {
  bootRom,
  clockSwitch,
  flagReset,
  gpioPort,
  independentWatchdog,
  plainPeripheral,
  resetFlags,
  usartF4,
  windowWatchdog,
} from "./stm32_peripherals.ts";
import { UartLog } from "./uart_log.ts";

const HZ = 168_000_000;
const FLASH_BASE = 0x08000000, SYSTEM_ROM = 0x1fff0000, SYSTEM_ROM_SIZE = 0x7800, OTP_BASE = 0x1fff7800;
const RCC_CSR = 0x74, BORRSTF = 1 << 25, DBGMCU_TRACE_IOEN = 1 << 5;

/** Bytes 0x1FFF7A10–0x1FFF7A2F: unique id, then flash size in KiB at 0x1FFF7A22 (RM0090 section 39). */
const ELECTRONIC_SIGNATURE = [0x0031003a, 0x31365118, 0x32363438, 0, 1024 << 16, 0, 0, 0];

/** Makes an STM32F407 board. */
export function createStm32f407(options: BoardOptions = {}): SimBoard {
  const bus = new Bus();
  const cpu = new CortexM({ model: "cortex-m4f", bus, hz: HZ, irqs: 82, bitBand: true });
  const clock = new BoardClock(cpu, HZ);
  let isDebugged = false;
  const isLockedOut = (): boolean => isDebugged && flash.protectionLevel !== 0;
  const flash: Stm32F4Flash = new Stm32F4Flash({
    host: clock,
    timing: options.timing ?? "datasheet",
    onErase: (offset, length) => window.changed(offset, length),
    isLockedOut,
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

  const map = (name: string, start: number, bytes: Uint8Array, writable: boolean): void =>
    bus.mapMemory({ name, start, bytes, writable });
  map("sram", 0x20000000, new Uint8Array(0x20000), true);
  map("ccm", 0x10000000, new Uint8Array(0x10000), true);
  map("system-rom", SYSTEM_ROM, bootRom(SYSTEM_ROM, SYSTEM_ROM_SIZE), false);
  bus.mapMemory({
    name: "otp",
    start: OTP_BASE,
    bytes: flash.otp,
    writable: false,
    onWrite: (offset, size, value) => flash.programOtp(offset, size, value),
  });
  map("signature", 0x1fff7a10, new Uint8Array(Uint32Array.from(ELECTRONIC_SIGNATURE).buffer), false);
  map("option-bytes", 0x1fffc000, flash.options, false);

  const uart = new UartLog();
  const files = peripherals(uart, remap);
  const { rcc, dbgmcu } = files;
  bus.mapDevice(
    "apb1",
    0x40000000,
    0x8000,
    new PeripheralBus(0x400, [
      ...[0, 0x400, 0x800, 0xc00, 0x1000, 0x1400].map((offset) => ({ offset, device: files.plain[offset / 0x400]! })),
      { offset: 0x2c00, device: files.wwdg },
      { offset: 0x3000, device: files.iwdg },
      ...[0x4400, 0x4800, 0x4c00, 0x5000].map((offset, i) => ({ offset, device: files.usarts[i]! })),
      { offset: 0x7000, device: files.pwr },
    ]),
  );
  bus.mapDevice(
    "apb2",
    0x40010000,
    0x5800,
    new PeripheralBus(0x400, [
      { offset: 0x1000, device: files.usarts[4]! },
      { offset: 0x1400, device: files.usarts[5]! },
      { offset: 0x3800, device: files.syscfg },
      { offset: 0x3c00, device: files.exti },
    ]),
  );
  bus.mapDevice(
    "ahb1",
    0x40020000,
    0x60000,
    new PeripheralBus(0x400, [
      ...files.gpios.map((device, i) => ({ offset: i * 0x400, device })),
      { offset: 0x3800, device: rcc },
      { offset: 0x3c00, device: flash },
    ]),
  );
  bus.mapDevice("ahb2", 0x50000000, 0x60c00, new PeripheralBus(0x400, []));
  cpu.mapPpb(0xe0042000, 0x400, dbgmcu);

  const { itm, tpiu } = addM4Trace({
    cpu,
    clock,
    maker: { designer: 0x020, part: 0x413, revision: 0 },
    traceClockHz: () => HZ,
    isPinOn: () => (dbgmcu.get(4) & 0xe0) === DBGMCU_TRACE_IOEN,
  });

  /** SYSCFG_MEMRMP: what shows at address 0 (RM0090 section 9.2.1); external memory is not fitted. */
  function remap(mode: number): void {
    for (const name of ["boot-rom", "boot-sram"]) if (bus.find(0)?.name === name) bus.unmap(name);
    window.setAlias(mode === 0 ? 0 : undefined);
    if (mode === 1) bus.alias("boot-rom", 0, "system-rom");
    if (mode === 3) bus.alias("boot-sram", 0, "sram", 0, 0x1c000);
  }

  return new SimBoard({
    name: "stm32f407",
    dpidr: 0x2ba01477,
    targetId: 0,
    cpu,
    bus,
    clock,
    accessPorts: new Map([[
      0,
      new SimMemAp(cpu.debugBus, { idr: AHB_AP_IDR.CORTEX_M3, enabled: () => flash.protectionLevel !== 2 }),
    ]]),
    backDoors: [
      { start: FLASH_BASE, bytes: flash.array, changed: (offset, length) => window.changed(offset, length) },
      { start: OTP_BASE, bytes: flash.otp, changed: (offset, length) => bus.touched("otp", offset, length) },
    ],
    reset: (cause) => {
      const isPowerOn = cause === "power";
      for (const file of files.all) isPowerOn ? file.powerOn() : file.reset();
      flagReset(rcc, RCC_CSR, cause);
      remap(0);
      if (isPowerOn) {
        rcc.set(RCC_CSR, rcc.get(RCC_CSR) | BORRSTF);
        itm.powerOn();
        tpiu.powerOn();
        isDebugged = false;
      }
      flash.reset();
      window.setClosed(isLockedOut());
    },
    settle: () => window.refresh(),
    debugPower: (on) => {
      isDebugged ||= on;
      window.setClosed(isLockedOut());
    },
    takeSwo: () => tpiu.takeSwo(),
    takeUart: () => uart.take(),
  }, options);
}

function peripherals(uart: UartLog, remap: (mode: number) => void) {
  const rcc = new RegisterFile([
    {
      offset: 0x00,
      reset: 0x83,
      writable: 0x050d00f9,
      follow: [[1 << 0, 1 << 1], [1 << 16, 1 << 17], [1 << 24, 1 << 25], [1 << 26, 1 << 27]],
    },
    { offset: 0x04, reset: 0x24003010 },
    clockSwitch(0x08),
    { offset: 0x0c, writable: 0x7f00 },
    ...registerRange(0x10, 3),
    ...registerRange(0x20, 2),
    { offset: 0x30, reset: 0x00100000 },
    ...registerRange(0x34, 2),
    ...registerRange(0x40, 2),
    { offset: 0x50, reset: 0x7e6791ff },
    { offset: 0x54, reset: 0xf1 },
    { offset: 0x58, reset: 1 },
    { offset: 0x60, reset: 0x36fec9ff },
    { offset: 0x64, reset: 0x00075f33 },
    { offset: 0x70, writable: 0x18305, follow: [[1, 2]], survivesReset: true },
    resetFlags(RCC_CSR),
    { offset: 0x80 },
    { offset: 0x84, reset: 0x20003000 },
  ]);
  const pwr = new RegisterFile([{ offset: 0, reset: 0x4000 }, { offset: 4, reset: 0x4000, writable: 0x300 }]);
  const syscfg = new RegisterFile([
    { offset: 0, writable: 3, onWrite: (value) => remap(value & 3) },
    ...registerRange(4, 5),
    { offset: 0x20, reset: 0x100, writable: 1 },
  ]);
  const exti = new RegisterFile(registerRange(0, 6));
  const dbgmcu = new RegisterFile([
    { offset: 0, reset: 0x10076413, writable: 0 },
    { offset: 4, writable: 0xe7, survivesReset: true },
    { offset: 8, survivesReset: true },
    { offset: 12, survivesReset: true },
  ]);
  const gpios = [
    gpioPort({ mode: 0xa8000000, speed: 0x0c000000, pull: 0x64000000 }),
    gpioPort({ mode: 0x280, speed: 0xc0, pull: 0x100 }),
    ...Array.from({ length: 7 }, () => gpioPort()),
  ];
  const usarts = Array.from({ length: 6 }, () => usartF4(uart));
  const plain = Array.from({ length: 6 }, () => plainPeripheral(0x15));
  const iwdg = independentWatchdog();
  const wwdg = windowWatchdog();
  const all = [rcc, pwr, syscfg, exti, dbgmcu, ...gpios, ...usarts, ...plain, iwdg, wwdg];
  return { rcc, pwr, syscfg, exti, dbgmcu, gpios, usarts, plain, iwdg, wwdg, all };
}
