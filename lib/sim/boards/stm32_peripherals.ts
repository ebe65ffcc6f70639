/**
 * Peripherals that the STM32 boards share: enough registers for start-up code and flash algorithms to run unmodified.
 *
 * @module
 */
import type { ResetCause } from "./board.ts";
import { RegisterFile, registerRange, type RegisterSpec } from "./register_file.ts";
import type { UartLog } from "./uart_log.ts";

const CSR_RMVF = 1 << 24;
const PINRSTF = 1 << 26;
/** Flags of RCC_CSR by reset cause (RM0090 section 7.3.21, RM0091 section 6.4.10). */
const CAUSE_BITS: Readonly<Record<ResetCause, number>> = {
  power: PINRSTF | 1 << 27,
  pin: PINRSTF,
  software: PINRSTF | 1 << 28,
  options: PINRSTF | 1 << 25,
};

/** RCC_CSR at `offset`: LSI and the reset flags, which add up until RMVF clears them. */
export function resetFlags(offset: number): RegisterSpec {
  return {
    offset,
    writable: 1,
    follow: [[1, 2]],
    survivesReset: true,
    onWrite: (value, file) => {
      if (value & CSR_RMVF) file.set(offset, file.get(offset) & 3);
    },
  };
}

/** Adds the flags of `cause` to the RCC_CSR of `rcc` at `offset`. */
export function flagReset(rcc: RegisterFile, offset: number, cause: ResetCause): void {
  rcc.set(offset, (rcc.get(offset) & ~3) | CAUSE_BITS[cause]);
}

/** RCC_CFGR at `offset`: the clock in use follows the clock asked for. */
export function clockSwitch(offset: number): RegisterSpec {
  return { offset, writable: ~0xc, follow: [[1, 4], [2, 8]] };
}

/** A GPIO port: outputs read back, inputs read their pull-ups. */
export function gpioPort(reset: { mode?: number; speed?: number; pull?: number } = {}): RegisterFile {
  const MODER = 0x00, PUPDR = 0x0c, ODR = 0x14;
  return new RegisterFile([
    { offset: MODER, reset: reset.mode ?? 0 },
    { offset: 0x04, writable: 0xffff },
    { offset: 0x08, reset: reset.speed ?? 0 },
    { offset: PUPDR, reset: reset.pull ?? 0 },
    {
      offset: 0x10,
      writable: 0,
      onRead: (_stored, port) => {
        let pins = 0;
        for (let pin = 0; pin < 16; pin++) {
          const isOutput = ((port.get(MODER) >>> (pin * 2)) & 3) === 1;
          const isPulledUp = ((port.get(PUPDR) >>> (pin * 2)) & 3) === 1;
          const level = isOutput ? (port.get(ODR) >>> pin) & 1 : Number(isPulledUp);
          pins |= level << pin;
        }
        return pins;
      },
    },
    { offset: ODR, writable: 0xffff },
    {
      offset: 0x18,
      writable: 0,
      onWrite: (value, file) => file.set(ODR, (file.get(ODR) & ~(value >>> 16) | value & 0xffff) & 0xffff),
    },
    { offset: 0x1c, writable: 0x1ffff },
    { offset: 0x20 },
    { offset: 0x24 },
    { offset: 0x28, writable: 0, onWrite: (value, file) => file.set(ODR, file.get(ODR) & ~value & 0xffff) },
  ]);
}

/** Independent watchdog; it never bites, so that a halted target stays as it is. */
export function independentWatchdog(): RegisterFile {
  return new RegisterFile([
    { offset: 0x00, writable: 0 },
    { offset: 0x04, writable: 7 },
    {
      offset: 0x08,
      reset: 0xfff,
      writable: 0xfff,
    },
    { offset: 0x0c, writable: 0 },
    { offset: 0x10, reset: 0xfff, writable: 0xfff },
  ]);
}

/** Window watchdog; it never bites. */
export function windowWatchdog(): RegisterFile {
  return new RegisterFile([
    { offset: 0x00, reset: 0x7f, writable: 0xff },
    { offset: 0x04, reset: 0x7f, writable: 0x3ff },
    { offset: 0x08, writable: 0 },
  ]);
}

/** A timer or another peripheral that only stores what it is told. */
export function plainPeripheral(words: number): RegisterFile {
  return new RegisterFile(registerRange(0, words));
}

/** Transmitter always ready. */
const TX_READY = 0xc0;

/** USART of the STM32F4 (RM0090 section 30.6): bytes written to DR while UE and TE are set go to `log`. */
export function usartF4(log: UartLog): RegisterFile {
  const CR1 = 0x0c, ENABLED = 1 << 13 | 1 << 3;
  return new RegisterFile([
    { offset: 0x00, reset: TX_READY, writable: 0 },
    {
      offset: 0x04,
      writable: 0,
      onWrite: (value, file) => {
        if ((file.get(CR1) & ENABLED) === ENABLED) log.push(value);
      },
    },
    { offset: 0x08, writable: 0xffff },
    { offset: CR1, writable: 0xbfff },
    { offset: 0x10, writable: 0x7fef },
    { offset: 0x14, writable: 0xfff },
    { offset: 0x18, writable: 0xffff },
  ]);
}

/** USART of the STM32F0 (RM0091 section 27.8): bytes written to TDR while UE and TE are set go to `log`. */
export function usartF0(log: UartLog): RegisterFile {
  const CR1 = 0x00, ISR = 0x1c, ENABLED = 1 << 0 | 1 << 3, TEACK = 1 << 21, REACK = 1 << 22;
  return new RegisterFile([
    {
      offset: CR1,
      onWrite: (_value, file) => {
        const cr1 = file.get(CR1);
        const on = (bit: number, flag: number): number => cr1 & 1 && cr1 & bit ? flag : 0;
        file.set(ISR, TX_READY | on(1 << 3, TEACK) | on(1 << 2, REACK));
      },
    },
    ...registerRange(0x04, 5),
    { offset: 0x18, writable: 0 },
    { offset: ISR, reset: TX_READY, writable: 0 },
    { offset: 0x20, writable: 0 },
    { offset: 0x24, writable: 0 },
    {
      offset: 0x28,
      writable: 0,
      onWrite: (value, file) => {
        if ((file.get(CR1) & ENABLED) === ENABLED) log.push(value);
      },
    },
  ]);
}

/** A boot ROM of `size` bytes: a vector table whose reset handler waits for ever, as a boot loader without a host does. */
export function bootRom(start: number, size: number): Uint8Array<ArrayBuffer> {
  const rom = new Uint8Array(size);
  const view = new DataView(rom.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, start + 9, true);
  const BRANCH_TO_SELF = 0xe7fe;
  view.setUint16(8, BRANCH_TO_SELF, true);
  return rom;
}
