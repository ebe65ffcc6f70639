/**
 * Decoder of the 32-bit register data-processing, multiply and divide encodings (DDI0403E A5.3.12–A5.3.17).
 *
 * @module
 */

import * as data from "./exec_data.ts";
import * as multiply from "./exec_multiply.ts";
import { undefinedInsn } from "./exec_branch.ts";
import { parallel, usad8 } from "./exec_parallel.ts";
import { type Handler, type Insn, insn } from "./insn.ts";

const UNDEFINED: Insn = insn(4, undefinedInsn);

/** 0xFA00–0xFAFF: register shifts, extension, parallel arithmetic, saturating arithmetic, reversal. */
export function decodeRegister(first: number, second: number): Insn {
  if ((second & 0xf000) !== 0xf000) return UNDEFINED;
  const op1 = (first >>> 4) & 15;
  const op2 = (second >>> 4) & 15;
  const n = first & 15;
  const d = (second >>> 8) & 15;
  const m = second & 15;
  if (op1 < 8) {
    if (op2 === 0) {
      const of = (op1 & 1) === 0 ? data.shiftReg.plain : data.shiftReg.flags;
      return insn(4, of, { d, n, m, x: op1 >>> 1 });
    }
    return op2 >= 8 ? extend(op1, { d, n, m, imm: (op2 & 3) * 8 }) : UNDEFINED;
  }
  if (op2 < 8) {
    const lanes = op1 & 7;
    const kind = op2 & 3;
    if (lanes === 3 || lanes === 7 || kind === 3) return UNDEFINED;
    return insn(4, parallel, { d, n, m, a: lanes === 6 ? 3 : lanes, x: kind, imm: op2 >>> 2 });
  }
  return miscellaneous(op1 & 3, op1, op2 & 3, op2, { d, n, m });
}

function extend(op1: number, fields: Partial<Insn>): Insn {
  const { sxth, sxtah, uxth, uxtah, sxtb16, sxtab16, uxtb16, uxtab16, sxtb, sxtab, uxtb, uxtab } = data.EXTEND;
  const alone: readonly Handler[] = [sxth, uxth, sxtb16, uxtb16, sxtb, uxtb];
  const added: readonly Handler[] = [sxtah, uxtah, sxtab16, uxtab16, sxtab, uxtab];
  const of = (fields.n === 15 ? alone : added)[op1];
  return of === undefined ? UNDEFINED : insn(4, of, fields);
}

function miscellaneous(group: number, op1: number, which: number, op2: number, fields: Partial<Insn>): Insn {
  if (op1 >= 12 || op2 >= 12) return UNDEFINED;
  const { rev, rev16, rbit, revsh, clz } = data.REVERSE;
  switch (group) {
    case 0:
      // QADD, QDADD, QSUB, QDSUB: bit 0 doubles, bit 1 subtracts, just as the handler wants it.
      return insn(4, multiply.saturatingAdd, { ...fields, x: which });
    case 1:
      return insn(4, [rev, rev16, rbit, revsh][which]!, fields);
    case 2:
      return which === 0 ? insn(4, data.sel, fields) : UNDEFINED;
    default:
      return which === 0 ? insn(4, clz, fields) : UNDEFINED;
  }
}

/** 0xFB00–0xFBFF: multiplies and divides. */
export function decodeMultiply(first: number, second: number): Insn {
  const n = first & 15;
  const a = (second >>> 12) & 15;
  const d = (second >>> 8) & 15;
  const m = second & 15;
  const op2 = (second >>> 4) & 15;
  const fields = { d, n, m, a };
  if ((first & 0x80) !== 0) return long((first >>> 4) & 7, op2, { d: a, n, m, a: d });
  if (op2 >= 4) return UNDEFINED;
  const alone = a === 15;
  const variant = op2 & 1;
  switch ((first >>> 4) & 7) {
    case 0:
      if (op2 === 0) return insn(4, alone ? multiply.mul : multiply.mla, fields);
      return op2 === 1 ? insn(4, multiply.mls, fields) : UNDEFINED;
    case 1:
      return insn(4, alone ? multiply.smulHalves : multiply.smlaHalves, { ...fields, x: op2 });
    case 2:
      return op2 < 2 ? insn(4, alone ? multiply.smuad : multiply.smlad, { ...fields, x: variant }) : UNDEFINED;
    case 3:
      return op2 < 2 ? insn(4, alone ? multiply.smulw : multiply.smlaw, { ...fields, x: variant }) : UNDEFINED;
    case 4:
      return op2 < 2 ? insn(4, alone ? multiply.smuad : multiply.smlad, { ...fields, x: variant | 2 }) : UNDEFINED;
    case 5:
      return op2 < 2 ? insn(4, multiply.smm, { ...fields, x: variant }) : UNDEFINED;
    case 6:
      return op2 < 2 ? insn(4, multiply.smm, { ...fields, x: variant | 2 }) : UNDEFINED;
    default:
      return op2 === 0 ? insn(4, usad8, fields) : UNDEFINED;
  }
}

function long(op1: number, op2: number, fields: Partial<Insn>): Insn {
  const { smull, umull, smlal, umlal, umaal, smlalHalves, smlald, sdiv, udiv } = multiply;
  switch (op1) {
    case 0:
      return op2 === 0 ? insn(4, smull, fields) : UNDEFINED;
    case 1:
      return op2 === 15 ? insn(4, sdiv, { ...fields, d: fields.a! }) : UNDEFINED;
    case 2:
      return op2 === 0 ? insn(4, umull, fields) : UNDEFINED;
    case 3:
      return op2 === 15 ? insn(4, udiv, { ...fields, d: fields.a! }) : UNDEFINED;
    case 4:
      if (op2 === 0) return insn(4, smlal, fields);
      if ((op2 & 12) === 8) return insn(4, smlalHalves, { ...fields, x: op2 & 3 });
      return (op2 & 14) === 12 ? insn(4, smlald, { ...fields, x: op2 & 1 }) : UNDEFINED;
    case 5:
      return (op2 & 14) === 12 ? insn(4, smlald, { ...fields, x: (op2 & 1) | 2 }) : UNDEFINED;
    case 6:
      if (op2 === 0) return insn(4, umlal, fields);
      return op2 === 6 ? insn(4, umaal, fields) : UNDEFINED;
    default:
      return UNDEFINED;
  }
}
