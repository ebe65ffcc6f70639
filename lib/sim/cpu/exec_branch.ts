/**
 * Branches, IT, hints and the instructions that reach the special registers.
 *
 * @module
 */

import { CFSR, usageFault } from "./fault.ts";
import type { Handler } from "./insn.ts";
import { CONTROL, type Machine, NEXT } from "./machine.ts";
import { readSpecial, writeSpecial } from "./special.ts";

/** B with its target in `imm`. */
export const branch: Handler = (cpu, i) => {
  cpu.r[NEXT] = i.imm;
};
/** B with condition `x` and its target in `imm`. */
export const branchIf: Handler = (cpu, i) => {
  if (cpu.passed(i.x)) cpu.r[NEXT] = i.imm;
};
/** BNE, the commonest loop branch. */
export const branchNe: Handler = (cpu, i) => {
  if (cpu.zf !== 0) cpu.r[NEXT] = i.imm;
};
/** BEQ. */
export const branchEq: Handler = (cpu, i) => {
  if (cpu.zf === 0) cpu.r[NEXT] = i.imm;
};
/** BL with its target in `imm`. */
export const branchLink: Handler = (cpu, i) => {
  cpu.r[14] = cpu.r[NEXT]! | 1;
  cpu.r[NEXT] = i.imm;
};
/** BX. */
export const bx: Handler = (cpu, i) => {
  cpu.branchExchange(cpu.r[i.m]!);
};
/** BLX to a register. */
export const blx: Handler = (cpu, i) => {
  const target = cpu.r[i.m]!;
  cpu.r[14] = cpu.r[NEXT]! | 1;
  cpu.r[NEXT] = target & ~1;
  if ((target & 1) === 0) {
    cpu.thumb = false;
    cpu.breakOut();
  }
};
/** CBZ. */
export const cbz: Handler = (cpu, i) => {
  if (cpu.r[i.n] === 0) cpu.r[NEXT] = i.imm;
};
/** CBNZ. */
export const cbnz: Handler = (cpu, i) => {
  if (cpu.r[i.n] !== 0) cpu.r[NEXT] = i.imm;
};
/** TBB. */
export const tbb: Handler = (cpu, i) => {
  cpu.jump(cpu.r[15]! + 2 * cpu.read8(cpu.r[i.n]! + cpu.r[i.m]!));
};
/** TBH. */
export const tbh: Handler = (cpu, i) => {
  cpu.jump(cpu.r[15]! + 2 * cpu.read16(cpu.r[i.n]! + 2 * cpu.r[i.m]!));
};
/** IT: opens a block with ITSTATE `imm`. */
export const itBlock: Handler = (cpu, i) => {
  cpu.it = i.imm;
};
/** NOP, YIELD, DBG, the barriers, preload hints. */
export const nop: Handler = () => {};
/** CLREX. */
export const clrex: Handler = (cpu) => {
  cpu.exclusive = -1;
};
/** WFE. */
export const wfe: Handler = (cpu) => {
  cpu.system.waitForEvent();
};
/** WFI. */
export const wfi: Handler = (cpu) => {
  cpu.system.waitForInterrupt();
};
/** SEV. */
export const sev: Handler = (cpu) => {
  cpu.system.sendEvent();
};
/** SVC. */
export const svc: Handler = (cpu) => {
  cpu.system.supervisorCall();
};
/** BKPT. */
export const bkpt: Handler = (cpu) => {
  cpu.system.breakpoint();
};
/** UDF and every encoding that is not allocated. */
export const undefinedInsn: Handler = () => {
  throw usageFault(CFSR.undefinstr);
};
/** A coprocessor instruction for a coprocessor that is not there. */
export const noCoprocessor: Handler = () => {
  throw usageFault(CFSR.nocp);
};

/** Whether software runs privileged (DDI0403E B1.4.4). */
function privileged(cpu: Machine): boolean {
  return cpu.ipsr !== 0 || (cpu.control & CONTROL.nPriv) === 0;
}

/** CPS: `x` is 1 to disable, `imm` has bit 1 for I and bit 0 for F. Ignored when unprivileged. */
export const cps: Handler = (cpu, i) => {
  if (!privileged(cpu)) return;
  if ((i.imm & 2) !== 0) cpu.primask = i.x;
  if ((i.imm & 1) !== 0 && cpu.v7) writeSpecial(cpu, 19, i.x, 0);
  cpu.breakOut();
};
/** MRS from special register `imm`. */
export const mrs: Handler = (cpu, i) => {
  cpu.r[i.d] = readSpecial(cpu, i.imm, privileged(cpu));
};
/** MSR to special register `imm`, with the two mask bits of APSR writes in `x`. */
export const msr: Handler = (cpu, i) => {
  if (i.imm > 3 && !privileged(cpu)) return;
  writeSpecial(cpu, i.imm, cpu.r[i.n]!, i.x);
  cpu.breakOut();
};
