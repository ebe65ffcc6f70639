/**
 * Decoder of the floating-point encodings of FPv4-SP (DDI0403E A6.4–A6.7).
 *
 * @module
 */

import * as fp from "./exec_fp.ts";
import { type Handler, type Insn, insn } from "./insn.ts";

/** A four-bit register field and its extra low bit: a single-precision register number. */
function single(high: number, low: number): number {
  return high * 2 + low;
}

/** Checks the FPU is open to software before the instruction runs. */
function guarded(of: Handler, fields: Partial<Insn>): Insn {
  const run: Handler = (cpu, i) => {
    cpu.system.useFpu();
    of(cpu, i);
  };
  return insn(4, run, fields);
}

/** Decodes a coprocessor 10 or 11 encoding; undefined when it is not allocated. */
export function decodeFp(first: number, second: number): Insn | undefined {
  if ((first & 0x1000) !== 0) return undefined;
  if ((first & 0xf00) === 0xe00) return (second & 0x10) === 0 ? processing(first, second) : transfer(first, second);
  if ((first & 0xfe0) === 0xc40) return transfer64(first, second);
  return loadStore(first, second);
}

function processing(first: number, second: number): Insn | undefined {
  if ((second & 0x100) !== 0) return undefined;
  const d = single((second >>> 12) & 15, (first >>> 6) & 1);
  const n = single(first & 15, (second >>> 7) & 1);
  const m = single(second & 15, (second >>> 5) & 1);
  const fields = { d, n, m };
  const op = (second >>> 6) & 1;
  switch (((first >>> 4) & 3) | ((first >>> 5) & 4)) {
    case 0:
      return guarded(op === 0 ? fp.vmla : fp.vmls, fields);
    case 1:
      return guarded(op === 0 ? fp.vnmls : fp.vnmla, fields);
    case 2:
      return guarded(op === 0 ? fp.vmul : fp.vnmul, fields);
    case 3:
      return guarded(op === 0 ? fp.vadd : fp.vsub, fields);
    case 4:
      return op === 0 ? guarded(fp.vdiv, fields) : undefined;
    case 5:
      return guarded(op === 0 ? fp.vfnms : fp.vfnma, fields);
    case 6:
      return guarded(op === 0 ? fp.vfma : fp.vfms, fields);
    default:
      if (op === 0) return guarded(fp.vmovImm, { d, imm: expandFp(((first & 15) << 4) | (second & 15)) });
      return unary(first, second, { d, m });
  }
}

/** VFPExpandImm for single precision (DDI0403E A6.4.1). */
function expandFp(imm8: number): number {
  const exponent = (imm8 & 0x40) !== 0 ? 0x3e000000 : 0x40000000;
  return ((imm8 & 0x80) << 24) | exponent | ((imm8 & 0x3f) << 19);
}

function unary(first: number, second: number, fields: { d: number; m: number }): Insn | undefined {
  const high = (second & 0x80) !== 0;
  switch (first & 15) {
    case 0:
      return guarded(high ? fp.vabs : fp.vmov, fields);
    case 1:
      return guarded(high ? fp.vsqrt : fp.vneg, fields);
    case 2:
      return guarded(fp.vcvtFromHalf, { ...fields, x: high ? 1 : 0 });
    case 3:
      return guarded(fp.vcvtToHalf, { ...fields, x: high ? 1 : 0 });
    case 4:
      return guarded(fp.vcmp, { ...fields, x: high ? 1 : 0 });
    case 5:
      return guarded(fp.vcmpZero, { ...fields, x: high ? 1 : 0 });
    case 8:
      return guarded(high ? fp.vcvtFromSigned : fp.vcvtFromUnsigned, fields);
    case 12:
    case 13:
      return guarded(fp.vcvtToInteger, { ...fields, x: (first & 1) | (high ? 2 : 0) });
    case 10:
    case 11:
    case 14:
    case 15: {
      const wide = high;
      const imm5 = ((second & 15) << 1) | ((second >>> 5) & 1);
      const imm = (wide ? 32 : 16) - imm5;
      if (imm < 0) return undefined;
      const x = ((first & 1) === 0 ? 1 : 0) | (wide ? 2 : 0);
      return guarded((first & 4) === 0 ? fp.vcvtFromFixed : fp.vcvtToFixed, { d: fields.d, imm, x });
    }
    default:
      return undefined;
  }
}

function transfer(first: number, second: number): Insn | undefined {
  const t = (second >>> 12) & 15;
  const toCore = (first & 0x10) !== 0;
  const n = single(first & 15, (second >>> 7) & 1);
  if ((second & 0x100) === 0) {
    if ((first & 0xe0) === 0) return guarded(toCore ? fp.vmovToCore : fp.vmovFromCore, { d: t, n });
    if ((first & 0xef) !== 0xe1) return undefined;
    return guarded(toCore ? fp.vmrs : fp.vmsr, { d: t });
  }
  if ((first & 0xc0) !== 0 || (second & 0x60) !== 0) return undefined;
  // One half of a double-word register: D in bit 7 must be 0 in a core with 16 of them.
  const word = (first & 15) * 2 + ((first >>> 5) & 1);
  return guarded(toCore ? fp.vmovToCore : fp.vmovFromCore, { d: t, n: word });
}

function transfer64(first: number, second: number): Insn | undefined {
  if ((second & 0xd0) !== 0x10) return undefined;
  const m = (second & 0x100) === 0 ? single(second & 15, (second >>> 5) & 1) : (second & 15) * 2;
  const fields = { d: (second >>> 12) & 15, a: first & 15, m };
  return guarded((first & 0x10) !== 0 ? fp.vmovPairToCore : fp.vmovPairFromCore, fields);
}

function loadStore(first: number, second: number): Insn | undefined {
  const double = (second & 0x100) !== 0;
  const n = first & 15;
  const load = (first & 0x10) !== 0;
  const up = (first & 0x80) !== 0;
  const before = (first & 0x100) !== 0;
  const writeBack = (first & 0x20) !== 0;
  const offset = (second & 0xff) * 4;
  const top = (first >>> 6) & 1;
  const d = double ? ((second >>> 12) & 15) * 2 : single((second >>> 12) & 15, top);
  if (before && !writeBack) {
    return guarded(load ? fp.vldr : fp.vstr, { d, n, imm: up ? offset : -offset, x: double ? 2 : 1 });
  }
  if (before === up || (before && !writeBack)) return undefined;
  const count = double ? (second & 0xfe) : second & 0xff;
  if (count === 0 || d + count > 32) return undefined;
  const x = (before ? 1 : 0) | (writeBack ? 2 : 0);
  return guarded(load ? fp.vldm : fp.vstm, { d, n, a: count, imm: offset, x });
}
