/**
 * The System Control Space 0xE000E000–0xE000EFFF: SysTick, NVIC, system control block, MPU and FPU registers, debug
 * (DDI0403E B3.2–B3.5, DDI0419 B3.2).
 *
 * @module
 */

import { armComponentId } from "./component_id.ts";
import type { DebugUnit } from "./debug.ts";
import type { Exceptions } from "./exceptions.ts";
import { EXCEPTION } from "./fault.ts";
import { CONTROL, type Machine } from "./machine.ts";
import { setMode } from "./special.ts";
import type { SysTick } from "./systick.ts";

/** ID_PFR0 to ID_ISAR4 of Cortex-M4 (DDI0439B 4.1). */
const M4_FEATURES = [
  0x00000030,
  0x00000200,
  0x00100000,
  0x00000000,
  0x00000030,
  0x00000000,
  0x01000000,
  0x00000000,
  0x01141110,
  0x02112000,
  0x21232231,
  0x01111131,
  0x01310102,
] as const;

/** SHCSR bits with the exception they stand for: active, pended, enabled. */
const SHCSR_ACTIVE = [[0, 4], [1, 5], [3, 6], [7, 11], [8, 12], [10, 14], [11, 15]] as const;
const SHCSR_PENDED = [[12, 6], [13, 4], [14, 5], [15, 11]] as const;
const SHCSR_ENABLED = [[16, 4], [17, 5], [18, 6]] as const;

/** What resets the register space asks for. */
export interface ResetPort {
  /** AIRCR.SYSRESETREQ. */
  systemResetRequest(): void;
  /** AIRCR.VECTRESET. */
  coreReset(): void;
}

/** The registers of the SCS; every access is a whole word, narrower ones are merged by the caller. */
export class SystemControl {
  /** CPACR. */
  cpacr = 0;
  #mpuControl = 0;
  #mpuRegion = 0;
  #fpcar = 0;
  #mpuRegions = new Uint32Array(16);
  #actlr = 0;

  /** The register space of one core. */
  constructor(
    private readonly machine: Machine,
    private readonly exceptions: Exceptions,
    private readonly sysTick: SysTick,
    private readonly debug: DebugUnit,
    private readonly resets: ResetPort,
    private readonly fpu: boolean,
  ) {}

  /** System reset. */
  reset(): void {
    this.cpacr =
      this.#actlr =
      this.#mpuControl =
      this.#mpuRegion =
      this.#fpcar =
        0;
    this.#mpuRegions.fill(0);
  }

  /** Whether a register clears or sets bits written as one, so that a narrow write must not be merged. */
  isWriteOne(offset: number): boolean {
    return (offset >= 0x100 && offset < 0x300) || offset === 0xd28 || offset === 0xd2c || offset === 0xd30;
  }

  /** Reads the word at byte `offset`. */
  read(offset: number, byDebugger: boolean): number {
    const { exceptions, debug } = this;
    const { v7 } = this.machine;
    if (offset >= 0xfd0) return armComponentId(offset, v7 ? 0x00c : 0x008);
    if (offset >= 0x10 && offset < 0x20) return this.sysTick.read(offset, byDebugger);
    if (offset >= 0x100 && offset < 0x400) return this.#readNvic(offset);
    if (offset >= 0x400 && offset < 0x7f0) return this.#priorities(EXCEPTION.irq0 + offset - 0x400);
    if (offset >= 0xd40 && offset < 0xd74) return v7 ? M4_FEATURES[(offset - 0xd40) >>> 2]! : 0;
    switch (offset) {
      case 0x004:
        return v7 ? Math.max(0, Math.ceil((exceptions.pending.length - EXCEPTION.irq0) / 32) - 1) : 0;
      case 0x008:
        return this.#actlr;
      case 0xd00:
        return v7 ? 0x410fc241 : 0x410cc200;
      case 0xd04:
        return this.#readIcsr();
      case 0xd08:
        return exceptions.vtor;
      case 0xd0c:
        return 0xfa050000 | (exceptions.priGroup << 8);
      case 0xd10:
        return exceptions.scr;
      case 0xd14:
        return exceptions.ccr;
      case 0xd18:
        return v7 ? this.#priorities(4) : 0;
      case 0xd1c:
        return this.#priorities(8);
      case 0xd20:
        return this.#priorities(12);
      case 0xd24:
        return this.#readShcsr();
      case 0xd30:
        return debug.dfsr;
      case 0xdf0:
        return debug.readDhcsr(byDebugger);
      case 0xdf8:
        return debug.data;
      case 0xdfc:
        return debug.readDemcr();
    }
    return v7 ? this.#readV7(offset) : 0;
  }

  #readV7(offset: number): number {
    const { exceptions, fpu } = this;
    if (offset >= 0xd9c && offset < 0xdbc) return this.#mpuWindow(offset);
    switch (offset) {
      case 0xd28:
        return exceptions.cfsr;
      case 0xd2c:
        return exceptions.hfsr;
      case 0xd34:
        return exceptions.mmfar;
      case 0xd38:
        return exceptions.bfar;
      case 0xd88:
        return this.cpacr;
      case 0xd90:
        return 0x800;
      case 0xd94:
        return this.#mpuControl;
      case 0xd98:
        return this.#mpuRegion;
      case 0xf34:
        return fpu ? exceptions.fpccr : 0;
      case 0xf38:
        return fpu ? this.#fpcar : 0;
      case 0xf3c:
        return exceptions.fpdscr;
      case 0xf40:
        return fpu ? 0x10110021 : 0;
      case 0xf44:
        return fpu ? 0x11000011 : 0;
      default:
        return 0;
    }
  }

  /** Writes the word at byte `offset`. */
  write(offset: number, value: number, byDebugger: boolean): void {
    const { exceptions, debug, machine } = this;
    if (offset >= 0x10 && offset < 0x20) return this.#timer(offset, value);
    if (offset >= 0x100 && offset < 0x300) return this.#writeNvic(offset, value);
    if (offset >= 0x400 && offset < 0x7f0) return this.#setPriorities(EXCEPTION.irq0 + offset - 0x400, value);
    machine.breakOut();
    switch (offset) {
      case 0x008:
        this.#actlr = machine.v7 ? value & 0x307 : 0;
        return;
      case 0xd04:
        return this.#writeIcsr(value);
      case 0xd08:
        exceptions.vtor = machine.v7 ? (value & 0xffffff80) >>> 0 : 0;
        return;
      case 0xd0c:
        return this.#writeAircr(value);
      case 0xd10:
        exceptions.scr = value & 0x16;
        return;
      case 0xd14:
        if (machine.v7) exceptions.setCcr(value & 0x31b);
        return;
      case 0xd18:
        if (machine.v7) this.#setPriorities(4, value);
        return;
      case 0xd1c:
        return this.#setPriorities(8, value);
      case 0xd20:
        return this.#setPriorities(12, value);
      case 0xd24:
        return this.#writeShcsr(value);
      case 0xd30:
        debug.dfsr &= ~value;
        return;
      case 0xdf0:
        return debug.writeDhcsr(value, byDebugger);
      case 0xdf4:
        return debug.writeDcrsr(value);
      case 0xdf8:
        debug.data = value >>> 0;
        return;
      case 0xdfc:
        return debug.writeDemcr(value);
    }
    if (machine.v7) this.#writeV7(offset, value);
  }

  #writeV7(offset: number, value: number): void {
    const { exceptions } = this;
    if (offset >= 0xd9c && offset < 0xdbc) return this.#setMpuWindow(offset, value);
    switch (offset) {
      case 0xd28:
        exceptions.cfsr &= ~value;
        return;
      case 0xd2c:
        exceptions.hfsr &= ~value;
        return;
      case 0xd34:
        exceptions.mmfar = value;
        return;
      case 0xd38:
        exceptions.bfar = value;
        return;
      case 0xd88:
        this.cpacr = this.fpu ? value & 0x00f00000 : 0;
        return;
      case 0xd94:
        this.#mpuControl = value & 7;
        return;
      case 0xd98:
        this.#mpuRegion = value & 7;
        return;
      case 0xf00:
        if (EXCEPTION.irq0 + (value & 0x1ff) < exceptions.pending.length) {
          exceptions.pend(EXCEPTION.irq0 + (value & 0x1ff));
        }
        return;
      case 0xf34:
        exceptions.fpccr = value & 0xc000017b;
        return;
      case 0xf38:
        this.#fpcar = value & ~7;
        return;
      case 0xf3c:
        exceptions.fpdscr = value & 0x07c00000;
        return;
    }
  }

  #timer(offset: number, value: number): void {
    this.sysTick.write(offset, value);
    this.machine.breakOut();
  }

  #bits(states: Uint8Array, offset: number): number {
    const first = EXCEPTION.irq0 + (offset & 0x7f) * 8;
    let value = 0;
    for (let i = 0; i < 32; i++) if (states[first + i] === 1) value |= 1 << i;
    return value;
  }

  #readNvic(offset: number): number {
    const { enabled, pending, active } = this.exceptions;
    if (offset < 0x200) return this.#bits(enabled, offset);
    return this.#bits(offset < 0x300 ? pending : active, offset);
  }

  #writeNvic(offset: number, value: number): void {
    const { enabled, pending, level } = this.exceptions;
    const states = offset < 0x200 ? enabled : pending;
    const set = (offset & 0x80) === 0;
    const first = EXCEPTION.irq0 + (offset & 0x7f) * 8;
    for (let i = 0; i < 32; i++) {
      const n = first + i;
      if ((value & (1 << i)) === 0 || n >= states.length) continue;
      if (set && states === pending) this.exceptions.pend(n);
      // A line that is still high makes the interrupt pending again at once.
      else states[n] = set || (states === pending && level[n] === 1) ? 1 : 0;
    }
    this.machine.breakOut();
  }

  #priorities(first: number): number {
    const { priority } = this.exceptions;
    let value = 0;
    for (let i = 0; i < 4; i++) value |= (priority[first + i] ?? 0) << (8 * i);
    return value;
  }

  #setPriorities(first: number, value: number): void {
    const { priority } = this.exceptions;
    const { v7 } = this.machine;
    for (let i = 0; i < 4; i++) {
      const n = first + i;
      const fixed = n < EXCEPTION.irq0 && (n === 7 || n === 13 || (n >= 8 && n <= 10) || (n === 12 && !v7));
      if (n < priority.length && !fixed) priority[n] = (value >>> (8 * i)) & (v7 ? 0xf0 : 0xc0);
    }
    this.machine.breakOut();
  }

  #readIcsr(): number {
    const { exceptions, machine } = this;
    const { pending, active } = exceptions;
    let value = machine.ipsr;
    let activeCount = 0;
    for (const each of active) activeCount += each;
    if (machine.v7 && activeCount <= 1) value |= 1 << 11;
    value |= exceptions.highestPending() << 12;
    if (pending.subarray(EXCEPTION.irq0).includes(1)) value |= 1 << 22;
    if (pending[EXCEPTION.sysTick] === 1) value |= 1 << 26;
    if (pending[EXCEPTION.pendSv] === 1) value |= 1 << 28;
    return pending[EXCEPTION.nmi] === 1 ? value | (1 << 31) : value;
  }

  #writeIcsr(value: number): void {
    const { exceptions } = this;
    if ((value & (1 << 31)) !== 0) exceptions.pend(EXCEPTION.nmi);
    if ((value & (1 << 28)) !== 0) exceptions.pend(EXCEPTION.pendSv);
    else if ((value & (1 << 27)) !== 0) exceptions.pending[EXCEPTION.pendSv] = 0;
    if ((value & (1 << 26)) !== 0) exceptions.pend(EXCEPTION.sysTick);
    else if ((value & (1 << 25)) !== 0) exceptions.pending[EXCEPTION.sysTick] = 0;
  }

  #writeAircr(value: number): void {
    if (value >>> 16 !== 0x05fa) return;
    const { exceptions, machine, debug } = this;
    if (machine.v7) exceptions.priGroup = (value >>> 8) & 7;
    if ((value & 2) !== 0 && debug.halted) {
      exceptions.active.fill(0);
      setMode(machine, 0, machine.control);
    }
    if ((value & 4) !== 0) this.resets.systemResetRequest();
    else if ((value & 1) !== 0 && machine.v7 && debug.halted) this.resets.coreReset();
  }

  #readShcsr(): number {
    const { active, pending, enabled } = this.exceptions;
    if (!this.machine.v7) return pending[EXCEPTION.svCall] === 1 ? 1 << 15 : 0;
    let value = 0;
    for (const [bit, n] of SHCSR_ACTIVE) value |= active[n]! << bit;
    for (const [bit, n] of SHCSR_PENDED) value |= pending[n]! << bit;
    for (const [bit, n] of SHCSR_ENABLED) value |= enabled[n]! << bit;
    return value;
  }

  #writeShcsr(value: number): void {
    const { active, pending, enabled } = this.exceptions;
    if (!this.machine.v7) {
      pending[EXCEPTION.svCall] = (value >>> 15) & 1;
      return;
    }
    for (const [bit, n] of SHCSR_ACTIVE) active[n] = (value >>> bit) & 1;
    for (const [bit, n] of SHCSR_PENDED) pending[n] = (value >>> bit) & 1;
    for (const [bit, n] of SHCSR_ENABLED) enabled[n] = (value >>> bit) & 1;
  }

  /** MPU_RBAR, MPU_RASR and their three aliases; the regions are stored, not enforced. */
  #mpuWindow(offset: number): number {
    const region = this.#mpuRegion;
    return (offset & 4) !== 0 ? this.#mpuRegions[region * 2]! | region : this.#mpuRegions[region * 2 + 1]!;
  }

  #setMpuWindow(offset: number, value: number): void {
    if ((offset & 4) === 0) {
      this.#mpuRegions[this.#mpuRegion * 2 + 1] = value & 0x173fff3f;
      return;
    }
    if ((value & 16) !== 0) this.#mpuRegion = value & 7;
    this.#mpuRegions[this.#mpuRegion * 2] = value & ~31;
  }

  /** Whether software may use the FPU now (DDI0403E B3.2.20). */
  fpuAllowed(): boolean {
    const access = (this.cpacr >>> 20) & 3;
    return access === 3 || (access === 1 && (this.machine.ipsr !== 0 || (this.machine.control & CONTROL.nPriv) === 0));
  }
}
