/**
 * Decoder of the 32-bit Thumb encodings (DDI0403E A5.3, DDI0419 A5.3).
 *
 * @module
 */

import * as flow from "./exec_branch.ts";
import { aligningSp } from "./decode16.ts";
import { decodeFp } from "./decode_fp.ts";
import { decodeMultiply, decodeRegister } from "./decode_register.ts";
import { decodeLoadStore } from "./decode_memory.ts";
import * as data from "./exec_data.ts";
import { ssat, ssat16, usat, usat16 } from "./exec_multiply.ts";
import { expandImmediate, type Handler, type Insn, insn, signExtend } from "./insn.ts";

const { ALU } = data;

/** An unallocated 32-bit encoding. */
const UNDEFINED: Insn = insn(4, flow.undefinedInsn);

/** What {@linkcode decode32} needs to know about the core. */
export interface Features {
  /** ARMv7E-M; otherwise ARMv6-M. */
  readonly v7: boolean;
  /** Single-precision FPU. */
  readonly fpu: boolean;
}

/** Decodes the half-words `first` and `second` at byte `address`. */
export function decode32(first: number, second: number, address: number, features: Features): Insn {
  if (!features.v7) return decodeV6(first, second, address);
  switch ((first >>> 11) & 3) {
    case 1:
      if ((first & 0x400) !== 0) return coprocessor(first, second, features);
      return (first & 0x200) === 0 ? decodeLoadStore(first, second, address) : shiftedRegister(first, second);
    case 2:
      if ((second & 0x8000) !== 0) return branchOrMisc(first, second, address);
      return (first & 0x200) === 0 ? modifiedImmediate(first, second) : plainImmediate(first, second, address);
    default:
      if ((first & 0x400) !== 0) return coprocessor(first, second, features);
      if ((first & 0x200) === 0) return decodeLoadStore(first, second, address);
      return (first & 0x100) === 0 ? decodeRegister(first, second) : decodeMultiply(first, second);
  }
}

/** ARMv6-M has BL, the special-register moves and the barriers only. */
function decodeV6(first: number, second: number, address: number): Insn {
  if (first >>> 11 !== 0x1e || (second & 0x8000) === 0) return UNDEFINED;
  return branchOrMisc(first, second, address, true);
}

function coprocessor(first: number, second: number, features: Features): Insn {
  const number = (second >>> 8) & 15;
  if ((number & 14) === 10 && features.fpu) return decodeFp(first, second) ?? UNDEFINED;
  return (first & 0x300) === 0x300 && (first & 0x1000) !== 0 ? UNDEFINED : insn(4, flow.noCoprocessor);
}

/** The sixteen data-processing operations by their op field; undefined ones are not allocated. */
function operation(op: number, setFlags: boolean, d: number, n: number): Handler | undefined {
  const pick = (of: data.FlagPair): Handler => setFlags ? of.flags : of.plain;
  const compare = d === 15 && setFlags;
  switch (op) {
    case 0:
      return compare ? data.tst : pick(ALU.and);
    case 1:
      return pick(ALU.bic);
    case 2:
      return pick(n === 15 ? ALU.mov : ALU.orr);
    case 3:
      return pick(n === 15 ? ALU.mvn : ALU.orn);
    case 4:
      return compare ? data.teq : pick(ALU.eor);
    case 8:
      return compare ? data.cmn : pick(ALU.add);
    case 10:
      return pick(ALU.adc);
    case 11:
      return pick(ALU.sbc);
    case 13:
      return compare ? data.cmp : pick(ALU.sub);
    case 14:
      return pick(ALU.rsb);
    default:
      return undefined;
  }
}

/** Refuses PC as a destination where only comparisons may name it; keeps SP aligned. */
function finish(of: Handler | undefined, fields: Partial<Insn>): Insn {
  const { d = 0 } = fields;
  const compares = of === data.tst || of === data.teq || of === data.cmn || of === data.cmp;
  if (of === undefined || (d === 15 && !compares)) return UNDEFINED;
  return insn(4, d === 13 ? aligningSp(of) : of, fields);
}

function modifiedImmediate(first: number, second: number): Insn {
  const n = first & 15;
  const d = (second >>> 8) & 15;
  const imm12 = ((first & 0x400) << 1) | ((second >>> 4) & 0x700) | (second & 0xff);
  const of = operation((first >>> 5) & 15, (first & 0x10) !== 0, d, n);
  return finish(of, { d, n, ...expandImmediate(imm12) });
}

function shiftedRegister(first: number, second: number): Insn {
  const n = first & 15;
  const d = (second >>> 8) & 15;
  const amount = ((second >>> 10) & 0x1c) | ((second >>> 6) & 3);
  const type = (second >>> 4) & 3;
  const fields = { d, n, m: second & 15, ...decodeShift(type, amount) };
  const op = (first >>> 5) & 15;
  if (op === 6) {
    return (type & 1) !== 0 || (first & 0x10) !== 0 ? UNDEFINED : finish(data.pkh, { ...fields, a: type >>> 1 });
  }
  return finish(operation(op, (first & 0x10) !== 0, d, n), fields);
}

/** DecodeImmShift (DDI0403E A7.4.2). */
export function decodeShift(type: number, amount: number): { x: number; imm: number } {
  if (amount !== 0 || type === data.SHIFT.lsl) return { x: type, imm: amount };
  return type === data.SHIFT.ror ? { x: data.SHIFT.rrx, imm: 1 } : { x: type, imm: 32 };
}

function plainImmediate(first: number, second: number, address: number): Insn {
  const n = first & 15;
  const d = (second >>> 8) & 15;
  const imm12 = ((first & 0x400) << 1) | ((second >>> 4) & 0x700) | (second & 0xff);
  const imm16 = (n << 12) | imm12;
  const amount = ((second >>> 10) & 0x1c) | ((second >>> 6) & 3);
  const field = second & 31;
  switch ((first >>> 4) & 31) {
    case 0:
    case 10: {
      const signed = (first & 0x80) === 0 ? imm12 : -imm12;
      if (n === 15) return finish(data.movImm, { d, imm: (((address + 4) & ~3) + signed) | 0 });
      return finish(data.addImm, { d, n, imm: signed });
    }
    case 4:
      return finish(data.movImm, { d, imm: imm16 });
    case 12:
      return finish(data.movTop, { d, imm: imm16 });
    case 16:
    case 18:
      if ((first & 0x20) !== 0 && amount === 0) return finish(ssat16, { d, n, a: (field & 15) + 1 });
      return finish(ssat, { d, n, a: field + 1, ...decodeShift((first >>> 4) & 2, amount) });
    case 24:
    case 26:
      if ((first & 0x20) !== 0 && amount === 0) return finish(usat16, { d, n, a: field & 15 });
      return finish(usat, { d, n, a: field, ...decodeShift((first >>> 4) & 2, amount) });
    case 20:
      return amount + field > 31 ? UNDEFINED : finish(data.sbfx, { d, n, imm: amount, x: field + 1 });
    case 28:
      return amount + field > 31 ? UNDEFINED : finish(data.ubfx, { d, n, imm: amount, x: field + 1 });
    case 22:
      return field < amount
        ? UNDEFINED
        : finish(data.bfi, { d, n: n === 15 ? -1 : n, imm: amount, x: field - amount + 1 });
    default:
      return UNDEFINED;
  }
}

function branchOrMisc(first: number, second: number, address: number, v6 = false): Insn {
  const s = (first >>> 10) & 1;
  const j1 = (second >>> 13) & 1;
  const j2 = (second >>> 11) & 1;
  if ((second & 0x1000) !== 0) {
    const i1 = 1 - (j1 ^ s);
    const i2 = 1 - (j2 ^ s);
    const offset = (s << 24) | (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1);
    const imm = (address + 4 + signExtend(offset, 25)) | 0;
    if ((second & 0x4000) !== 0) return insn(4, flow.branchLink, { imm });
    return v6 ? UNDEFINED : insn(4, flow.branch, { imm });
  }
  if ((second & 0x4000) !== 0) return UNDEFINED;
  if ((first & 0x380) !== 0x380) {
    if (v6) return UNDEFINED;
    const offset = (s << 20) | (j2 << 19) | (j1 << 18) | ((first & 0x3f) << 12) | ((second & 0x7ff) << 1);
    return insn(4, flow.branchIf, { x: (first >>> 6) & 15, imm: (address + 4 + signExtend(offset, 21)) | 0 });
  }
  switch ((first >>> 4) & 0x7f) {
    case 0x38:
    case 0x39:
      return insn(4, flow.msr, { n: first & 15, imm: second & 0xff, x: v6 ? 2 : (second >>> 10) & 3 });
    case 0x3a:
      return v6 ? UNDEFINED : hint(second & 0xff);
    case 0x3b:
      return barrier((second >>> 4) & 15, v6);
    case 0x3e:
    case 0x3f:
      return finish(flow.mrs, { d: (second >>> 8) & 15, imm: second & 0xff });
    default:
      return UNDEFINED;
  }
}

function hint(number: number): Insn {
  const handlers: readonly Handler[] = [flow.nop, flow.nop, flow.wfe, flow.wfi, flow.sev];
  return insn(4, handlers[number] ?? flow.nop);
}

function barrier(number: number, v6: boolean): Insn {
  if (number === 2) return v6 ? UNDEFINED : insn(4, flow.clrex);
  return number >= 4 && number <= 6 ? insn(4, flow.nop) : UNDEFINED;
}
