/**
 * Peripherals of the nRF52840: enough registers for start-up code and flash algorithms to run unmodified.
 *
 * @module
 */
import { BUS_ERROR, type BusDevice, type BusMaster } from "../contracts.ts";
import { CIDR_ROM_TABLE, FixedComponent } from "../trace/component.ts";
import { RegisterFile, registerRange, type RegisterSpec } from "./register_file.ts";
import type { UartLog } from "./uart_log.ts";

/** Byte offsets of POWER, CLOCK and APPROTECT registers, which share one peripheral. */
export const POWER = {
  /** Reset reasons. */
  resetreas: 0x400,
  /** APPROTECT.DISABLE, revision 3. */
  approtectDisable: 0x558,
  /** CLOCK.TRACECONFIG. */
  traceconfig: 0x55c,
} as const;

/** A task register: writing 1 calls `run`. */
function task(offset: number, run: (file: RegisterFile) => void): RegisterSpec {
  return {
    offset,
    writable: 0,
    onWrite: (value, file) => {
      if (value & 1) run(file);
    },
  };
}

/** INTENSET and INTENCLR at 0x304 and 0x308: one mask behind two registers. */
function interruptEnables(): RegisterSpec[] {
  const both = (file: RegisterFile, mask: number): void => {
    file.set(0x304, mask);
    file.set(0x308, mask);
  };
  return [
    { offset: 0x304, writable: 0, onWrite: (value, file) => both(file, file.get(0x304) | value) },
    { offset: 0x308, writable: 0, onWrite: (value, file) => both(file, file.get(0x304) & ~value) },
  ];
}

/** POWER and CLOCK at 0x40000000: clocks are ready as soon as they are started. */
export function powerAndClock(): RegisterFile {
  const HFCLKSTARTED = 0x100, LFCLKSTARTED = 0x104, CAL_DONE = 0x10c;
  const HFCLKRUN = 0x408, HFCLKSTAT = 0x40c, LFCLKRUN = 0x414, LFCLKSTAT = 0x418, LFCLKSRC = 0x518;
  const RUNNING = 1 << 16, CRYSTAL = 1;
  return new RegisterFile([
    task(0x000, (file) => {
      file.set(HFCLKRUN, 1);
      file.set(HFCLKSTAT, RUNNING | CRYSTAL);
      file.set(HFCLKSTARTED, 1);
    }),
    task(0x004, (file) => {
      file.set(HFCLKRUN, 0);
      file.set(HFCLKSTAT, RUNNING);
    }),
    task(0x008, (file) => {
      file.set(LFCLKRUN, 1);
      file.set(LFCLKSTAT, RUNNING | file.get(LFCLKSRC) & 3);
      file.set(LFCLKSTARTED, 1);
    }),
    task(0x00c, (file) => {
      file.set(LFCLKRUN, 0);
      file.set(LFCLKSTAT, 0);
    }),
    task(0x010, (file) => file.set(CAL_DONE, 1)),
    { offset: HFCLKSTARTED },
    { offset: LFCLKSTARTED },
    { offset: CAL_DONE },
    ...registerRange(0x108, 1),
    ...registerRange(0x110, 8),
    ...interruptEnables(),
    {
      offset: POWER.resetreas,
      writable: 0,
      survivesReset: true,
      onWrite: (value, file) => file.set(POWER.resetreas, file.get(POWER.resetreas) & ~value),
    },
    { offset: HFCLKRUN, writable: 0 },
    { offset: HFCLKSTAT, reset: RUNNING, writable: 0 },
    { offset: LFCLKRUN, writable: 0 },
    { offset: LFCLKSTAT, writable: 0 },
    { offset: 0x510, writable: 0x1f },
    { offset: LFCLKSRC, writable: 0x30003 },
    { offset: 0x51c, writable: 0xff, survivesReset: true },
    { offset: 0x520, writable: 0xff, survivesReset: true },
    { offset: 0x528, reset: 0x10 },
    { offset: 0x538, writable: 0x7f },
    { offset: 0x550 },
    { offset: POWER.approtectDisable, writable: 0xff, survivesReset: true },
    { offset: POWER.traceconfig, writable: 0x30003, survivesReset: true },
    { offset: 0x578, writable: 1 },
    { offset: 0x580, writable: 1 },
    ...Array.from({ length: 9 }, (_, ram) => ({ offset: 0x900 + ram * 16, reset: 0xffff })),
  ]);
}

/** GPIO ports P0 and P1 at 0x50000000; P1's registers follow P0's at 0x300. */
export function gpioPorts(): RegisterFile {
  return new RegisterFile([...gpioPort(0), ...gpioPort(0x300)]);
}

function gpioPort(base: number): RegisterSpec[] {
  const OUT = base + 0x504, DIR = base + 0x514;
  const setAndClear = (offset: number, of: number): RegisterSpec[] => {
    const common = { writable: 0, onRead: (_stored: number, file: RegisterFile) => file.get(of) };
    return [
      { ...common, offset, onWrite: (value, file) => file.set(of, file.get(of) | value) },
      { ...common, offset: offset + 4, onWrite: (value, file) => file.set(of, file.get(of) & ~value) },
    ];
  };
  return [
    { offset: OUT },
    ...setAndClear(base + 0x508, OUT),
    { offset: base + 0x510, writable: 0, onRead: (_stored, file) => (file.get(OUT) & file.get(DIR)) >>> 0 },
    { offset: DIR },
    ...setAndClear(base + 0x518, DIR),
    ...registerRange(base + 0x520, 2),
    ...registerRange(base + 0x700, 32, { reset: 2 }),
  ];
}

/** UART0 and UARTE0 at 0x40002000: what they send goes to `log`; DMA reads through `memory`. */
export function uart(log: UartLog, memory: BusMaster): RegisterFile {
  const TXDRDY = 0x11c, ENDTX = 0x120, TXSTARTED = 0x150, TXSTOPPED = 0x158, ENABLE = 0x500;
  const TXD_PTR = 0x544, TXD_MAXCNT = 0x548, TXD_AMOUNT = 0x54c, LEGACY = 4, DMA = 8;
  return new RegisterFile([
    task(0x008, (file) => {
      if (file.get(ENABLE) !== DMA) return;
      const count = file.get(TXD_MAXCNT);
      for (let i = 0; i < count; i++) {
        const byte = memory.read(file.get(TXD_PTR) + i, 1);
        if (byte !== BUS_ERROR) log.push(byte);
      }
      file.set(TXD_AMOUNT, count);
      for (const event of [TXSTARTED, TXDRDY, ENDTX]) file.set(event, 1);
    }),
    task(0x00c, (file) => file.set(TXSTOPPED, 1)),
    ...registerRange(0x100, 32),
    ...registerRange(0x200, 1),
    ...interruptEnables(),
    { offset: 0x480 },
    { offset: ENABLE, writable: 0xf },
    ...registerRange(0x508, 4, { reset: 0xffffffff }),
    {
      offset: 0x51c,
      writable: 0,
      onWrite: (value, file) => {
        if (file.get(ENABLE) !== LEGACY) return;
        log.push(value);
        file.set(TXDRDY, 1);
      },
    },
    { offset: 0x524, reset: 0x04000000 },
    ...registerRange(0x534, 2),
    { offset: TXD_PTR },
    { offset: TXD_MAXCNT, writable: 0xffff },
    { offset: TXD_AMOUNT, writable: 0 },
    { offset: 0x56c },
  ]);
}

/** Factory information configuration registers (FICR) of a QIAA part; what is not listed reads as ones. */
export function ficr(revision: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(0x1000).fill(0xff);
  const view = new DataView(bytes.buffer);
  const words: Readonly<Record<number, number>> = {
    0x010: 0x1000,
    0x014: 0x100,
    0x060: 0x5bd5a9c2,
    0x064: 0x1f0e7c83,
    0x0a0: 1,
    0x0a4: 0x9a1c44e7,
    0x0a8: 0x0000d3b2,
    0x100: 0x52840,
    0x104: revision >= 3 ? 0x41414630 : 0x41414330,
    0x108: 0x2004,
    0x10c: 0x100,
    0x110: 0x400,
    // Silicon family and revision, which start-up code looks up errata by.
    0x130: 0x08,
    0x134: revision >= 3 ? 0x05 : 0x02,
  };
  for (const [offset, value] of Object.entries(words)) view.setUint32(Number(offset), value, true);
  return bytes;
}

/** The silicon's own identity at 0xF0000000, which older start-up code looks errata up by. */
export function siliconId(revision: number): BusDevice {
  return new FixedComponent({ cidr: CIDR_ROM_TABLE, pidr: (revision >= 3 ? 0x30 : 0x20) << 16 | 0x08, pidr4: 0 });
}
