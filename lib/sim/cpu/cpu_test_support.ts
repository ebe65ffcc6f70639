/**
 * A bench for core tests: flash at 0 with a vector table, RAM at 0x20000000, hand-assembled half-words.
 *
 * @module
 */

import { Bus } from "../bus.ts";
import { type CoreModel, CortexM } from "./cortex_m.ts";

/** Address of the code that runs after reset. */
export const CODE = 0x100;
/** Initial main stack pointer. */
export const STACK = 0x20001000;

/** Addresses of the registers the tests use. */
export const REG = {
  icsr: 0xe000ed04,
  aircr: 0xe000ed0c,
  scr: 0xe000ed10,
  ccr: 0xe000ed14,
  shcsr: 0xe000ed24,
  cfsr: 0xe000ed28,
  hfsr: 0xe000ed2c,
  dfsr: 0xe000ed30,
  bfar: 0xe000ed38,
  cpacr: 0xe000ed88,
  dhcsr: 0xe000edf0,
  dcrsr: 0xe000edf4,
  dcrdr: 0xe000edf8,
  demcr: 0xe000edfc,
  iser: 0xe000e100,
  ipr: 0xe000e400,
  sysTick: 0xe000e010,
} as const;

/** DHCSR values with their key. */
export const DHCSR = { enable: 0xa05f0001, halt: 0xa05f0003, step: 0xa05f0005, stepMasked: 0xa05f000d } as const;

/** Where the handler of an exception starts. */
export function handlerAddress(exception: number): number {
  return 0x200 + 0x20 * exception;
}

/** One core with its memories. */
export class Bench {
  /** The address space. */
  readonly bus = new Bus();
  /** The core, started. */
  readonly core: CortexM;
  /** Content of the flash. */
  readonly flash = new Uint8Array(0x1000);
  /** Content of the RAM. */
  readonly ram = new Uint8Array(0x1000);

  /** Starts `code`; handlers that are not given loop for ever. */
  constructor(model: CoreModel, code: readonly number[], handlers: Readonly<Record<number, readonly number[]>> = {}) {
    const words = new Uint32Array(this.flash.buffer);
    const halves = new Uint16Array(this.flash.buffer);
    words.set([STACK, CODE | 1]);
    for (let n = 2; n < 32; n++) {
      words[n] = handlerAddress(n) | 1;
      halves.set(handlers[n] ?? [0xe7fe], handlerAddress(n) / 2);
    }
    halves.set([...code, 0xe7fe], CODE / 2);
    this.bus.mapMemory({ name: "flash", start: 0, bytes: this.flash, writable: false });
    this.bus.mapMemory({ name: "ram", start: 0x20000000, bytes: this.ram, writable: true });
    this.core = new CortexM({ model, bus: this.bus, hz: 1_000_000, bitBand: true });
    this.core.powerOnReset();
  }

  /** Reads a word as the debugger. */
  read(address: number): number {
    return this.core.debugBus.read(address, 4);
  }

  /** Writes a word as the debugger. */
  write(address: number, value: number): void {
    this.core.debugBus.write(address, 4, value);
  }

  /** Reads a core register through DCRSR. */
  readRegister(selector: number): number {
    this.write(REG.dcrsr, selector);
    return this.read(REG.dcrdr);
  }

  /** Writes a core register through DCRSR. */
  writeRegister(selector: number, value: number): void {
    this.write(REG.dcrdr, value);
    this.write(REG.dcrsr, 0x10000 | selector);
  }

  /** Halts, and says which exception is being handled. */
  haltedIpsr(): number {
    this.write(REG.dhcsr, DHCSR.halt);
    return this.readRegister(16) & 0x1ff;
  }
}
