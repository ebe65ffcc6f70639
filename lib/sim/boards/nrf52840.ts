/**
 * nRF52840 (Product Specification): Cortex-M4F at 64 MHz, 1 MiB flash, 256 KiB RAM, CTRL-AP and access-port protection.
 *
 * @module
 */
import { Bus } from "../bus.ts";
import type { SimAccessPort } from "../contracts.ts";
import { CortexM } from "../cpu/cortex_m.ts";
import { AHB_AP_IDR, SimMemAp } from "../dp/mem_ap.ts";
import { Nrf52CtrlAp } from "../flash/nrf52_ctrl_ap.ts";
import { Nrf52Nvmc } from "../flash/nrf52_nvmc.ts";
import { type BoardOptions, type ResetCause, SimBoard } from "./board.ts";
import { BoardClock } from "./board_clock.ts";
import { FlashWindow } from "./flash_window.ts";
import { addM4Trace } from "./m4_trace.ts";
import { ficr, gpioPorts, POWER, powerAndClock, siliconId, uart } from "./nrf52_peripherals.ts";
import { PeripheralBus, type RegisterFile } from "./register_file.ts";
import { UartLog } from "./uart_log.ts";

const HZ = 64_000_000;
const UICR_BASE = 0x10001000, UICR_APPROTECT = 0x208;
const PROTECTED_OLD = 0x00, OPEN_NEW = 0x5a;
/** TRACECONFIG.TRACEMUX: 1 routes SWO to its pin. TRACEPORTSPEED: 32 MHz divided by 1, 2, 4 or 8. */
const TRACEMUX_MASK = 0x30000, TRACEMUX_SERIAL = 0x10000, TRACE_HZ = 32_000_000;

const RESETREAS: Readonly<Record<ResetCause, number>> = { power: 0, pin: 1 << 0, software: 1 << 2, options: 0 };

/** Makes an nRF52840 board; `revision` 3 has the access-port protection that is closed unless opened twice. */
export function createNrf52840(options: BoardOptions = {}): SimBoard {
  const revision = options.revision ?? 1;
  const bus = new Bus();
  const cpu = new CortexM({ model: "cortex-m4f", bus, hz: HZ, irqs: 48 });
  const clock = new BoardClock(cpu, HZ);
  const protection = new AccessPortProtection(revision);
  const power = powerAndClock();
  const isProtected = (): boolean => protection.isClosed(power.get(POWER.approtectDisable));
  const nvmc: Nrf52Nvmc = new Nrf52Nvmc({
    host: clock,
    timing: options.timing ?? "datasheet",
    onErase: (offset, length) => window.changed(offset, length),
    isProtected,
  });
  if (options.locked) nvmc.uicr[UICR_APPROTECT] = PROTECTED_OLD;
  const window = new FlashWindow(bus, {
    name: "flash",
    start: 0,
    bytes: nvmc.array,
    program: (offset, size, value) => nvmc.program(offset, size, value),
    isBusy: () => nvmc.busy,
    wait: () => nvmc.waitWhileBusy(),
  });
  const ram = new Uint8Array(0x40000);
  bus.mapMemory({ name: "ram", start: 0x20000000, bytes: ram, writable: true });
  bus.alias("code-ram", 0x00800000, "ram");
  bus.mapMemory({ name: "ficr", start: 0x10000000, bytes: ficr(revision), writable: false });
  bus.mapMemory({
    name: "uicr",
    start: UICR_BASE,
    bytes: nvmc.uicr,
    writable: false,
    onWrite: (offset, size, value) => nvmc.programUicr(offset, size, value),
  });

  const log = new UartLog();
  const serial = uart(log, bus);
  const gpio = gpioPorts();
  const files: readonly RegisterFile[] = [power, serial, gpio];
  bus.mapDevice(
    "apb",
    0x40000000,
    0x40000,
    new PeripheralBus(0x1000, [
      { offset: 0x00000, device: power },
      { offset: 0x02000, device: serial },
      { offset: 0x1e000, device: nvmc },
    ]),
  );
  bus.mapDevice("silicon-id", 0xf0000000, 0x1000, siliconId(revision));
  bus.mapDevice("ahb", 0x50000000, 0x1000, new PeripheralBus(0x1000, [{ offset: 0, device: gpio }]));
  const { itm, tpiu } = addM4Trace({
    cpu,
    clock,
    maker: { designer: 0x144, part: 0x008, revision: 0 },
    traceClockHz: () => TRACE_HZ >> (power.get(POWER.traceconfig) & 3),
    isPinOn: () => (power.get(POWER.traceconfig) & TRACEMUX_MASK) === TRACEMUX_SERIAL,
  });

  const reset = (cause: ResetCause): void => {
    const isPowerOn = cause === "power";
    for (const file of files) isPowerOn ? file.powerOn() : file.reset();
    power.set(POWER.resetreas, power.get(POWER.resetreas) | RESETREAS[cause]);
    if (cause === "pin") power.set(POWER.approtectDisable, 0);
    nvmc.reset();
    protection.reset(cause, nvmc.uicr[UICR_APPROTECT]!);
    if (isPowerOn) {
      itm.powerOn();
      tpiu.powerOn();
    }
    window.refresh();
  };
  const control = new Nrf52CtrlAp({
    isProtected,
    isErasing: () => nvmc.busy,
    eraseAll: () => {
      nvmc.eraseAll();
      ram.fill(0);
      bus.touched("ram", 0, ram.length);
      protection.erased();
    },
    setReset: (asserted) => {
      if (asserted) reset("software");
      cpu.setReset(asserted);
    },
  });
  const memory = new SimMemAp(cpu.debugBus, { idr: AHB_AP_IDR.CORTEX_M3, enabled: () => !isProtected() });

  return new SimBoard({
    name: "nrf52840",
    dpidr: 0x2ba01477,
    targetId: 0,
    cpu,
    bus,
    clock,
    accessPorts: new Map<number, SimAccessPort>([[0, memory], [1, control]]),
    backDoors: [
      { start: 0, bytes: nvmc.array, changed: (offset, length) => window.changed(offset, length) },
      {
        start: UICR_BASE,
        bytes: nvmc.uicr,
        changed: (offset, length) => bus.touched("uicr", offset, length),
      },
    ],
    reset,
    settle: () => window.refresh(),
    debugPower: () => undefined,
    takeSwo: () => tpiu.takeSwo(),
    takeUart: () => log.take(),
  }, options);
}

/**
 * Whether the AHB-AP is closed. Before revision 3 UICR.APPROTECT alone decides at reset. From revision 3 on it is open
 * only when UICR.APPROTECT and APPROTECT.DISABLE both hold 0x5A, or from the soft reset after an ERASEALL through the
 * CTRL-AP until the next power-on or pin reset.
 */
class AccessPortProtection {
  #isNew: boolean;
  #uicr = 0xff;
  #erase: "none" | "done" | "open" = "none";

  constructor(revision: number) {
    this.#isNew = revision >= 3;
  }

  isClosed(disable: number): boolean {
    if (this.#erase === "open") return false;
    return this.#isNew ? this.#uicr !== OPEN_NEW || disable !== OPEN_NEW : this.#uicr === PROTECTED_OLD;
  }

  erased(): void {
    this.#erase = "done";
  }

  reset(cause: ResetCause, uicr: number): void {
    this.#uicr = uicr;
    if (cause === "power" || cause === "pin") this.#erase = "none";
    else if (this.#erase === "done") this.#erase = "open";
  }
}
