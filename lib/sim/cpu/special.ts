/**
 * xPSR, stack pointers, CONTROL and the mask registers, as MRS, MSR and the debugger see them.
 *
 * @module
 */

import { CONTROL, type Machine } from "./machine.ts";

/** APSR (DDI0403E B1.4.2). */
export function readApsr(cpu: Machine): number {
  const n = cpu.nf < 0 ? 1 : 0;
  const z = cpu.zf === 0 ? 1 : 0;
  const flags = (n << 31) | (z << 30) | (cpu.c << 29) | (cpu.v << 28);
  return cpu.v7 ? flags | (cpu.q << 27) | (cpu.ge << 16) : flags;
}

/** Sets N, Z, C, V from the top bits of `value`. */
export function writeFlags(cpu: Machine, value: number): void {
  cpu.nf = value | 0;
  cpu.zf = (value & (1 << 30)) !== 0 ? 0 : 1;
  cpu.c = (value >>> 29) & 1;
  cpu.v = (value >>> 28) & 1;
}

/** xPSR: APSR, IPSR and EPSR together. */
export function readXpsr(cpu: Machine, it = cpu.it): number {
  const state = ((it & 3) << 25) | ((it >>> 2) << 10);
  return readApsr(cpu) | state | (cpu.thumb ? 1 << 24 : 0) | cpu.ipsr;
}

/** Sets everything in xPSR but IPSR. */
export function writeXpsr(cpu: Machine, value: number): void {
  writeFlags(cpu, value);
  cpu.thumb = (value & (1 << 24)) !== 0;
  if (!cpu.v7) return;
  cpu.q = (value >>> 27) & 1;
  cpu.ge = (value >>> 16) & 15;
  cpu.it = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc);
}

/** Whether the process stack is the current one. */
function onProcessStack(cpu: Machine): boolean {
  return cpu.ipsr === 0 && (cpu.control & CONTROL.spSel) !== 0;
}

/** The main stack pointer. */
export function readMsp(cpu: Machine): number {
  return onProcessStack(cpu) ? cpu.otherSp : cpu.r[13]!;
}

/** The process stack pointer. */
export function readPsp(cpu: Machine): number {
  return onProcessStack(cpu) ? cpu.r[13]! : cpu.otherSp;
}

/** Sets the main stack pointer; bits 1 and 0 are always zero. */
export function writeMsp(cpu: Machine, value: number): void {
  if (onProcessStack(cpu)) cpu.otherSp = value & ~3;
  else cpu.r[13] = value & ~3;
}

/** Sets the process stack pointer; bits 1 and 0 are always zero. */
export function writePsp(cpu: Machine, value: number): void {
  if (onProcessStack(cpu)) cpu.r[13] = value & ~3;
  else cpu.otherSp = value & ~3;
}

/** Changes mode and CONTROL together, so that R13 holds the right stack pointer afterwards. */
export function setMode(cpu: Machine, ipsr: number, control: number): void {
  const before = onProcessStack(cpu);
  cpu.ipsr = ipsr;
  cpu.control = control;
  if (onProcessStack(cpu) === before) return;
  const sp = cpu.r[13]!;
  cpu.r[13] = cpu.otherSp;
  cpu.otherSp = sp;
}

/** MRS (DDI0403E B5.2.2); unprivileged reads of the stack pointers and masks give zero. */
export function readSpecial(cpu: Machine, register: number, privileged: boolean): number {
  if (register < 8) {
    const apsr = (register & 4) === 0 ? readApsr(cpu) : 0;
    return apsr | ((register & 1) !== 0 && privileged ? cpu.ipsr : 0);
  }
  if (register === 20) return cpu.control;
  if (!privileged) return 0;
  switch (register) {
    case 8:
      return readMsp(cpu);
    case 9:
      return readPsp(cpu);
    case 16:
      return cpu.primask;
    case 17:
    case 18:
      return cpu.v7 ? cpu.basepri : 0;
    case 19:
      return cpu.v7 ? cpu.faultmask : 0;
    default:
      return 0;
  }
}

/** Bits of BASEPRI that exist, as many as priority bits. */
export const PRIORITY_MASK = 0xf0;

/** MSR by privileged software (DDI0403E B5.2.3); `mask` has bit 1 for NZCVQ and bit 0 for GE. */
export function writeSpecial(cpu: Machine, register: number, value: number, mask: number): void {
  switch (register) {
    case 0:
    case 1:
    case 2:
    case 3:
      if ((mask & 2) !== 0) {
        writeFlags(cpu, value);
        if (cpu.v7) cpu.q = (value >>> 27) & 1;
      }
      if ((mask & 1) !== 0 && cpu.v7) cpu.ge = (value >>> 16) & 15;
      return;
    case 8:
      writeMsp(cpu, value);
      return;
    case 9:
      writePsp(cpu, value);
      return;
    case 16:
      cpu.primask = value & 1;
      return;
    case 17:
      if (cpu.v7) cpu.basepri = value & PRIORITY_MASK;
      return;
    case 18: {
      const wanted = value & PRIORITY_MASK;
      if (cpu.v7 && wanted !== 0 && (cpu.basepri === 0 || wanted < cpu.basepri)) cpu.basepri = wanted;
      return;
    }
    case 19: {
      const inHardFaultOrNmi = cpu.ipsr === 2 || cpu.ipsr === 3;
      if (cpu.v7 && !((value & 1) === 1 && inHardFaultOrNmi)) cpu.faultmask = value & 1;
      return;
    }
    case 20: {
      const spSel = cpu.ipsr === 0 ? value & CONTROL.spSel : cpu.control & CONTROL.spSel;
      const priv = cpu.v7 ? value & CONTROL.nPriv : 0;
      const fpca = cpu.v7 ? value & CONTROL.fpca : 0;
      setMode(cpu, cpu.ipsr, priv | spSel | fpca);
      return;
    }
  }
}
