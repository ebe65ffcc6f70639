/**
 * The exception model: priorities, entry, return, fault escalation and lock-up (DDI0403E B1.5, DDI0419 B1.5).
 *
 * @module
 */

import { BUS_ERROR } from "../contracts.ts";
import { CFSR, EXCEPTION, Fault } from "./fault.ts";
import { CONTROL, type Machine, NEXT } from "./machine.ts";
import { readMsp, readPsp, readXpsr, setMode, writeMsp, writePsp, writeXpsr } from "./special.ts";

/** HFSR bits (DDI0403E B3.2.16). */
export const HFSR = { vectTbl: 1 << 1, forced: 1 << 30, debugEvt: 1 << 31 } as const;
/** CCR bits that this model acts on (DDI0403E B3.2.8). */
export const CCR = { nonBaseThrdEna: 1, unalignTrp: 8, div0Trp: 16, stkAlign: 0x200 } as const;
/** SCR bits (DDI0403E B3.2.7). */
export const SCR = { sleepOnExit: 2, sevOnPend: 16 } as const;

/** What the exception model tells the core. */
export interface ExceptionListener {
  /** An exception was entered because of `status` (CFSR bits, 0 for interrupts); for vector catch. */
  entered(exception: number, status: number, duringEntryOrReturn: boolean): void;
  /** A return to Thread mode with SLEEPONEXIT set. */
  sleepOnExit(): void;
  /** The event register was set. */
  event(): void;
}

const NO_PRIORITY = 256;

/** Exceptions of one core: what is pending, enabled and active, and the moves between them. */
export class Exceptions {
  /** Pending, by exception number. */
  readonly pending: Uint8Array;
  /** Active, by exception number. */
  readonly active: Uint8Array;
  /** Enabled, by exception number; system exceptions other than the configurable faults always are. */
  readonly enabled: Uint8Array;
  /** Priority bytes, by exception number. */
  readonly priority: Uint8Array;
  /** Level of each interrupt line, by exception number. */
  readonly level: Uint8Array;
  /** CFSR. */
  cfsr = 0;
  /** HFSR. */
  hfsr = 0;
  /** MMFAR. */
  mmfar = 0;
  /** BFAR. */
  bfar = 0;
  /** AIRCR.PRIGROUP. */
  priGroup = 0;
  /** VTOR. */
  vtor = 0;
  /** CCR. */
  ccr = 0;
  /** SCR. */
  scr = 0;
  /** FPCCR. */
  fpccr = 0;
  /** FPDSCR. */
  fpdscr = 0;
  /** The core is locked up. */
  lockedUp = false;
  /** Interrupts other than NMI are held off by the debugger (C_MASKINTS). */
  masked = false;

  /** Exceptions of `machine` with `irqs` interrupt lines. */
  constructor(
    private readonly machine: Machine,
    irqs: number,
    private readonly listener: ExceptionListener,
  ) {
    const count = EXCEPTION.irq0 + irqs;
    this.pending = new Uint8Array(count);
    this.active = new Uint8Array(count);
    this.enabled = new Uint8Array(count);
    this.priority = new Uint8Array(count);
    this.level = new Uint8Array(count);
    this.reset();
  }

  /** System reset. */
  reset(): void {
    const { v7 } = this.machine;
    this.pending.fill(0);
    this.active.fill(0);
    this.priority.fill(0);
    this.enabled.fill(0);
    this.enabled.fill(1, 0, EXCEPTION.irq0);
    if (v7) this.enabled.fill(0, EXCEPTION.memManage, EXCEPTION.usageFault + 1);
    this.cfsr =
      this.hfsr =
      this.mmfar =
      this.bfar =
      this.priGroup =
      this.vtor =
      this.scr =
      this.fpdscr =
        0;
    this.fpccr = 0xc0000000;
    this.setCcr(v7 ? CCR.stkAlign : CCR.stkAlign | CCR.unalignTrp);
    this.lockedUp = false;
  }

  /** Sets CCR and what the instructions see of it. */
  setCcr(value: number): void {
    this.ccr = value;
    this.machine.trapUnaligned = (value & CCR.unalignTrp) !== 0;
    this.machine.trapDivide = (value & CCR.div0Trp) !== 0;
  }

  /** Makes an exception pending. */
  pend(exception: number): void {
    if (this.pending[exception] === 1) return;
    this.pending[exception] = 1;
    if ((this.scr & SCR.sevOnPend) !== 0) this.listener.event();
    this.machine.breakOut();
  }

  #group(priority: number): number {
    return this.machine.v7 ? priority & ~((2 << this.priGroup) - 1) : priority;
  }

  #priorityOf(exception: number): number {
    return exception <= EXCEPTION.hardFault ? exception - 4 : this.priority[exception]!;
  }

  /** The priority that software runs at (DDI0403E B1.5.4); `ignoreMask` leaves PRIMASK out, as WFI does. */
  executionPriority(ignoreMask = false): number {
    const { basepri, primask, faultmask } = this.machine;
    let lowest = NO_PRIORITY;
    for (let n = EXCEPTION.nmi; n < this.active.length; n++) {
      if (this.active[n] === 0) continue;
      const priority = n <= EXCEPTION.hardFault ? n - 4 : this.#group(this.priority[n]!);
      if (priority < lowest) lowest = priority;
    }
    if (basepri !== 0) lowest = Math.min(lowest, this.#group(basepri));
    if (primask !== 0 && !ignoreMask) lowest = Math.min(lowest, 0);
    return faultmask !== 0 ? Math.min(lowest, -1) : lowest;
  }

  /** The pending, enabled exception of highest priority, 0 when none. */
  highestPending(): number {
    let best = 0;
    let bestPriority = NO_PRIORITY;
    for (let n = EXCEPTION.nmi; n < this.pending.length; n++) {
      if (this.pending[n] === 0 || this.enabled[n] === 0) continue;
      if (this.masked && n >= EXCEPTION.pendSv) continue;
      const priority = this.#priorityOf(n);
      if (priority < bestPriority) {
        best = n;
        bestPriority = priority;
      }
    }
    return best;
  }

  #groupPriorityOf(exception: number): number {
    return exception <= EXCEPTION.hardFault ? exception - 4 : this.#group(this.priority[exception]!);
  }

  /** Whether something pending would preempt; `forWake` leaves PRIMASK out. */
  preempts(forWake = false): boolean {
    const n = this.highestPending();
    return n !== 0 && this.#groupPriorityOf(n) < this.executionPriority(forWake);
  }

  /** Enters the pending exception of highest priority if it preempts; true when one was entered. */
  takePending(): boolean {
    if (!this.preempts()) return false;
    const n = this.highestPending();
    this.lockedUp = false;
    this.#enter(n, this.machine.r[NEXT]!, 0);
    return true;
  }

  /** Turns a fault of the current instruction into an exception. */
  fault(fault: Fault): void {
    const { machine } = this;
    machine.it = machine.itBefore;
    machine.r[NEXT] = machine.r[15]! - 4;
    this.#record(fault);
    this.raise(fault.exception, machine.r[NEXT]!, fault.status, HFSR.forced);
  }

  #record(fault: Fault): void {
    if (!this.machine.v7) return;
    this.cfsr |= fault.status;
    if ((fault.status & CFSR.bfarvalid) !== 0) this.bfar = fault.address ?? 0;
    if ((fault.status & CFSR.mmarvalid) !== 0) this.mmfar = fault.address ?? 0;
  }

  /** Takes a synchronous exception now, or HardFault in its place, or locks up. `why` goes to HFSR on escalation. */
  raise(exception: number, returnAddress: number, status: number, why: number): void {
    const target = this.#escalated(exception, why);
    if (target === 0) this.lockUp();
    else this.#enter(target, returnAddress, status);
  }

  /** The exception that is really taken, 0 for lock-up. */
  #escalated(exception: number, why: number): number {
    const now = this.executionPriority();
    const isFault = exception >= EXCEPTION.hardFault && exception <= EXCEPTION.usageFault;
    const target = isFault && !this.machine.v7 ? EXCEPTION.hardFault : exception;
    if (target > EXCEPTION.hardFault && this.enabled[target] === 1 && this.#groupPriorityOf(target) < now) {
      return target;
    }
    if (target !== EXCEPTION.hardFault) this.hfsr |= why;
    return now > -1 ? EXCEPTION.hardFault : 0;
  }

  /** Locks the core up (DDI0403E B1.5.15). */
  lockUp(): void {
    this.lockedUp = true;
    this.machine.r[NEXT] = 0xfffffffe;
    this.machine.breakOut();
  }

  #enter(exception: number, returnAddress: number, status: number): void {
    const { machine } = this;
    const fp = (machine.control & CONTROL.fpca) !== 0;
    const mode = machine.ipsr !== 0 ? 1 : (machine.control & CONTROL.spSel) !== 0 ? 13 : 9;
    const link = (fp ? 0xffffffe0 : 0xfffffff0) | mode;
    try {
      this.#push(returnAddress, fp);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.cfsr |= CFSR.stkerr;
      const derived = this.#escalated(EXCEPTION.busFault, HFSR.forced);
      if (derived === 0) this.lockUp();
      else this.#take(derived, link, CFSR.stkerr, true);
      return;
    }
    this.#take(exception, link, status, false);
  }

  #push(returnAddress: number, fp: boolean): void {
    const { machine } = this;
    const { r } = machine;
    const sp = r[13]!;
    const force = fp || (this.ccr & CCR.stkAlign) !== 0;
    const padded = force && (sp & 4) !== 0;
    const frame = sp - (fp ? 0x68 : 0x20) - (padded ? 4 : 0);
    const words = [r[0]!, r[1]!, r[2]!, r[3]!, r[12]!, r[14]!, returnAddress, readXpsr(machine) | (padded ? 0x200 : 0)];
    r[13] = frame;
    for (let i = 0; i < words.length; i++) machine.write32(frame + 4 * i, words[i]!);
    if (!fp) return;
    for (let i = 0; i < 16; i++) machine.write32(frame + 0x20 + 4 * i, machine.si[i]!);
    machine.write32(frame + 0x60, machine.fpscr);
  }

  /** ExceptionTaken: switches to Handler mode and to the vector. */
  #take(exception: number, link: number, status: number, derived: boolean): void {
    const { machine } = this;
    setMode(machine, exception, machine.control & CONTROL.nPriv);
    machine.r[14] = link;
    machine.it = 0;
    machine.exclusive = -1;
    this.active[exception] = 1;
    this.pending[exception] = 0;
    this.listener.event();
    machine.breakOut();
    const vector = machine.bus.read((this.vtor + 4 * exception) >>> 0, 4);
    if (vector === BUS_ERROR) {
      this.hfsr |= HFSR.vectTbl;
      this.active[exception] = 0;
      if (this.executionPriority() <= -1 || exception === EXCEPTION.hardFault) this.lockUp();
      else this.#take(EXCEPTION.hardFault, link, CFSR.ibuserr, true);
      return;
    }
    machine.jump(vector);
    machine.thumb = (vector & 1) !== 0;
    this.listener.entered(exception, status, derived);
  }

  /** Returns from the current exception through EXC_RETURN `value` (DDI0403E B1.5.8). */
  exceptionReturn(value: number): void {
    const { machine } = this;
    const returning = machine.ipsr;
    const kind = value & 15;
    let others = 0;
    for (let n = EXCEPTION.nmi; n < this.active.length; n++) if (n !== returning) others += this.active[n]!;
    const toThread = kind === 9 || kind === 13;
    const nestingOk = toThread ? others === 0 || (this.ccr & CCR.nonBaseThrdEna) !== 0 : others > 0;
    const known = toThread || kind === 1;
    const reserved = machine.v7 && (value & 0x0fffffe0) !== 0x0fffffe0;
    const bad = !known || !nestingOk || this.active[returning] === 0 || reserved;
    this.active[returning] = 0;
    if (returning !== EXCEPTION.nmi) machine.faultmask = 0;
    if (returning >= EXCEPTION.irq0 && this.level[returning] === 1) this.pending[returning] = 1;
    machine.breakOut();
    if (bad) {
      this.#badReturn(value);
      return;
    }
    try {
      this.#pop(value, toThread, kind === 13);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.cfsr |= CFSR.unstkerr;
      const derived = this.#escalated(EXCEPTION.busFault, HFSR.forced);
      if (derived === 0) this.lockUp();
      else this.#take(derived, value, CFSR.unstkerr, true);
      return;
    }
    this.listener.event();
    if (toThread && others === 0 && (this.scr & SCR.sleepOnExit) !== 0) this.listener.sleepOnExit();
  }

  #badReturn(value: number): void {
    if (this.machine.v7) this.cfsr |= CFSR.invpc;
    const target = this.#escalated(EXCEPTION.usageFault, HFSR.forced);
    if (target === 0) this.lockUp();
    else this.#take(target, value | 0xf0000000, CFSR.invpc, true);
  }

  #pop(value: number, toThread: boolean, process: boolean): void {
    const { machine } = this;
    const { r } = machine;
    machine.exclusive = -1;
    const fp = machine.v7 && (value & 0x10) === 0;
    const frame = process ? readPsp(machine) : readMsp(machine);
    const words: number[] = [];
    for (let i = 0; i < 8; i++) words.push(machine.read32(frame + 4 * i));
    if (fp) {
      for (let i = 0; i < 16; i++) machine.si[i] = machine.read32(frame + 0x20 + 4 * i);
      machine.fpscr = machine.read32(frame + 0x60);
    }
    const xpsr = words[7]!;
    const force = fp || (this.ccr & CCR.stkAlign) !== 0;
    const after = frame + (fp ? 0x68 : 0x20) + (force && (xpsr & 0x200) !== 0 ? 4 : 0);
    if (process) writePsp(machine, after);
    else writeMsp(machine, after);
    const stacked = xpsr & 0x1ff;
    const control = (machine.control & CONTROL.nPriv) | (process ? CONTROL.spSel : 0) | (fp ? CONTROL.fpca : 0);
    setMode(machine, toThread ? 0 : stacked, control);
    for (let i = 0; i < 4; i++) r[i] = words[i]!;
    r[12] = words[4]!;
    r[14] = words[5]!;
    machine.jump(words[6]!);
    writeXpsr(machine, xpsr);
    if (machine.v7 && toThread !== (stacked === 0)) throw new Fault(EXCEPTION.usageFault, CFSR.invpc);
  }
}
