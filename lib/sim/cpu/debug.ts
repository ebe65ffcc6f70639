/**
 * Halting debug: DHCSR, DCRSR, DCRDR, DEMCR, DFSR, and the halts they ask for (DDI0403E C1.6, DDI0419 C1.6).
 *
 * @module
 */

import type { Exceptions } from "./exceptions.ts";
import { CFSR, EXCEPTION } from "./fault.ts";
import { type Machine, NEXT } from "./machine.ts";
import { PRIORITY_MASK, readMsp, readPsp, readXpsr, setMode, writeMsp, writePsp, writeXpsr } from "./special.ts";

/** Control bits of DHCSR. */
export const DHCSR = { debugEn: 1, halt: 2, step: 4, maskInts: 8, snapStall: 32 } as const;
const STATUS = {
  regReady: 1 << 16,
  halt: 1 << 17,
  sleep: 1 << 18,
  lockUp: 1 << 19,
  retired: 1 << 24,
  reset: 1 << 25,
} as const;
/** Bits of DFSR. */
export const DFSR = { halted: 1, bkpt: 2, dwtTrap: 4, vCatch: 8, external: 16 } as const;
/** Bits of DEMCR. */
export const DEMCR = {
  vcCoreReset: 1,
  vcMmErr: 1 << 4,
  vcNoCpErr: 1 << 5,
  vcChkErr: 1 << 6,
  vcStatErr: 1 << 7,
  vcBusErr: 1 << 8,
  vcIntErr: 1 << 9,
  vcHardErr: 1 << 10,
  monEn: 1 << 16,
  monPend: 1 << 17,
  monBits: 0xf << 16,
  trcEna: 1 << 24,
} as const;

/** The part of the core's state that DHCSR reports. */
export interface RunState {
  /** Waiting in WFI or WFE. */
  isSleeping(): boolean;
  /** Held in reset. */
  isInReset(): boolean;
}

/** The debug side of one core. */
export class DebugUnit {
  /** Debug state: the core is halted. */
  halted = false;
  /** Sticky: an instruction retired since DHCSR was read. */
  retired = false;
  /** DEMCR. */
  demcr = 0;
  /** DFSR. */
  dfsr = 0;
  #control = 0;
  #resetSticky = true;
  #data = 0;
  #transfer: number | undefined;

  /** Debugs `machine`; `changed` runs when DHCSR or DEMCR changed. */
  constructor(
    private readonly machine: Machine,
    private readonly exceptions: Exceptions,
    private readonly state: RunState,
    private readonly changed: () => void,
  ) {}

  /** C_DEBUGEN. */
  get enabled(): boolean {
    return (this.#control & DHCSR.debugEn) !== 0;
  }

  /** The next instruction is to be stepped. */
  get stepping(): boolean {
    return (this.#control & DHCSR.step) !== 0;
  }

  /** C_HALT was asked for while the core could not halt. */
  get haltRequested(): boolean {
    return (this.#control & DHCSR.halt) !== 0;
  }

  /** The vector-catch bits are in force. */
  catches(bits: number): boolean {
    return this.enabled && (this.demcr & bits) !== 0;
  }

  /** Power-on reset of the debug registers. */
  powerOnReset(): void {
    this.#control =
      this.demcr =
      this.dfsr =
      this.#data =
        0;
    this.#transfer = undefined;
    this.systemReset();
  }

  /** System reset: the core leaves Debug state; the debugger's settings stay. */
  systemReset(): void {
    this.halted = false;
    this.#control &= ~DHCSR.halt;
    this.demcr &= ~DEMCR.monBits;
    this.#resetSticky = true;
    this.#applyMask();
    this.changed();
  }

  /** Enters Debug state for a reason in DFSR. */
  halt(reason: number): void {
    this.dfsr |= reason;
    this.#control |= DHCSR.halt;
    this.halted = true;
    this.machine.breakOut();
    if (this.#transfer !== undefined) this.#runTransfer(this.#transfer);
    this.changed();
  }

  /** A breakpoint or watchpoint hit: halts, or pends DebugMonitor; false when debug is off altogether. */
  event(reason: number): boolean {
    if (this.enabled) {
      this.halt(reason);
      return true;
    }
    if ((this.demcr & DEMCR.monEn) === 0) return false;
    this.dfsr |= reason;
    this.exceptions.pend(EXCEPTION.debugMonitor);
    return true;
  }

  /** Halts at the first instruction of a handler when vector catch asks for it (DDI0403E C1.6.5, table C1-18). */
  vectorCatch(exception: number, status: number, duringEntryOrReturn: boolean): void {
    if (exception < EXCEPTION.hardFault || exception > EXCEPTION.usageFault) return;
    let wanted: number = exception === EXCEPTION.hardFault ? DEMCR.vcHardErr : 0;
    if (duringEntryOrReturn) wanted |= DEMCR.vcIntErr;
    if (exception === EXCEPTION.memManage) wanted |= DEMCR.vcMmErr;
    if (exception === EXCEPTION.busFault) wanted |= DEMCR.vcBusErr;
    if (exception === EXCEPTION.usageFault) {
      if ((status & CFSR.nocp) !== 0) wanted |= DEMCR.vcNoCpErr;
      else if ((status & (CFSR.unaligned | CFSR.divbyzero)) !== 0) wanted |= DEMCR.vcChkErr;
      else wanted |= DEMCR.vcStatErr;
    }
    if (this.catches(wanted)) this.halt(DFSR.vCatch);
  }

  /** DHCSR; a debugger's read clears the sticky bits. */
  readDhcsr(byDebugger: boolean): number {
    const sleeping = this.state.isSleeping();
    const inReset = this.state.isInReset();
    let value = this.#control;
    if (this.#transfer === undefined && !inReset) value |= STATUS.regReady;
    if (this.halted) value |= STATUS.halt;
    if (sleeping) value |= STATUS.sleep;
    if (this.exceptions.lockedUp && !this.halted) value |= STATUS.lockUp;
    if (this.retired) value |= STATUS.retired;
    if (this.#resetSticky) value |= STATUS.reset;
    if (byDebugger) {
      this.retired = false;
      this.#resetSticky = inReset;
    }
    return value;
  }

  /** DHCSR with its key in the upper half; software cannot change C_DEBUGEN. */
  writeDhcsr(value: number, byDebugger: boolean): void {
    if (value >>> 16 !== 0xa05f) return;
    let control = value & 0x2f;
    if (!byDebugger) control = (control & ~DHCSR.debugEn) | (this.#control & DHCSR.debugEn);
    if ((control & DHCSR.debugEn) === 0) control = 0;
    this.#control = control;
    this.#applyMask();
    this.changed();
    const wantsHalt = (control & DHCSR.halt) !== 0;
    if (wantsHalt && !this.halted && !this.state.isInReset()) this.halt(DFSR.halted);
    else if (!wantsHalt && this.halted) this.halted = false;
    this.machine.breakOut();
  }

  #applyMask(): void {
    this.exceptions.masked = this.enabled && (this.#control & DHCSR.maskInts) !== 0;
  }

  /** DEMCR; MON_PEND is the pending state of DebugMonitor. */
  writeDemcr(value: number): void {
    const mask = this.machine.v7 ? 0x010f07f1 : 0x01000401;
    this.demcr = value & mask;
    if (this.machine.v7) {
      if ((value & DEMCR.monPend) !== 0) this.exceptions.pend(EXCEPTION.debugMonitor);
      else this.exceptions.pending[EXCEPTION.debugMonitor] = 0;
    }
    this.changed();
  }

  /** DEMCR as read. */
  readDemcr(): number {
    const pending = this.exceptions.pending[EXCEPTION.debugMonitor] === 1 ? DEMCR.monPend : 0;
    return (this.demcr & ~DEMCR.monPend) | pending;
  }

  /** DCRDR. */
  get data(): number {
    return this.#data;
  }
  set data(value: number) {
    this.#data = value;
  }

  /** DCRSR: starts a register transfer; it waits, S_REGRDY clear, until the core halts. */
  writeDcrsr(value: number): void {
    if (this.state.isInReset()) return;
    this.#transfer = value;
    if (this.halted) this.#runTransfer(value);
  }

  #runTransfer(value: number): void {
    const selector = value & 0x7f;
    if ((value & 0x10000) !== 0) this.#writeRegister(selector, this.#data);
    else this.#data = this.#readRegister(selector) >>> 0;
    this.#transfer = undefined;
  }

  #readRegister(selector: number): number {
    const { machine } = this;
    if (selector < 15) return machine.r[selector]!;
    if (selector >= 64 && selector < 96) return machine.v7 ? machine.si[selector - 64]! : 0;
    switch (selector) {
      case 15:
        return machine.r[NEXT]!;
      case 16:
        return readXpsr(machine);
      case 17:
        return readMsp(machine);
      case 18:
        return readPsp(machine);
      case 20:
        return (machine.control << 24) | (machine.faultmask << 16) | (machine.basepri << 8) | machine.primask;
      case 33:
        return machine.fpscr;
      default:
        return 0;
    }
  }

  #writeRegister(selector: number, value: number): void {
    const { machine } = this;
    if (selector < 15) {
      machine.r[selector] = selector === 13 ? value & ~3 : value;
      return;
    }
    if (selector >= 64 && selector < 96) {
      machine.si[selector - 64] = value;
      return;
    }
    switch (selector) {
      case 15:
        machine.r[NEXT] = value & ~1;
        this.exceptions.lockedUp = false;
        return;
      case 16:
        writeXpsr(machine, value);
        setMode(machine, value & 0x1ff, machine.control);
        return;
      case 17:
        writeMsp(machine, value);
        return;
      case 18:
        writePsp(machine, value);
        return;
      case 20:
        machine.primask = value & 1;
        if (machine.v7) {
          machine.basepri = (value >>> 8) & PRIORITY_MASK;
          machine.faultmask = (value >>> 16) & 1;
        }
        setMode(machine, machine.ipsr, (value >>> 24) & (machine.v7 ? 7 : 2));
        return;
      case 33:
        machine.fpscr = value & 0xf7c0009f;
        return;
    }
  }
}
