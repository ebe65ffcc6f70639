/**
 * Floating-point instructions of FPv4-SP (DDI0403E A7.7, A6).
 *
 * @module
 */

import {
  add,
  divide,
  FPSCR,
  fromHalf,
  fused,
  isNan,
  multiply,
  operandBits,
  round,
  squareRoot,
  toHalf,
  toInteger,
  toNumber,
} from "./float.ts";
import type { Handler } from "./insn.ts";
import type { Machine } from "./machine.ts";
import { readApsr, writeFlags } from "./special.ts";

const SIGN = 0x80000000;

/** VADD. */
export const vadd: Handler = (cpu, i) => {
  cpu.si[i.d] = add(cpu, cpu.si[i.n]!, cpu.si[i.m]!);
};
/** VSUB. */
export const vsub: Handler = (cpu, i) => {
  const m = cpu.si[i.m]!;
  cpu.si[i.d] = add(cpu, cpu.si[i.n]!, isNan(m) ? m : m ^ SIGN);
};
/** VMUL. */
export const vmul: Handler = (cpu, i) => {
  cpu.si[i.d] = multiply(cpu, cpu.si[i.n]!, cpu.si[i.m]!);
};
/** VNMUL. */
export const vnmul: Handler = (cpu, i) => {
  cpu.si[i.d] = multiply(cpu, cpu.si[i.n]!, cpu.si[i.m]!) ^ SIGN;
};
/** VDIV. */
export const vdiv: Handler = (cpu, i) => {
  cpu.si[i.d] = divide(cpu, cpu.si[i.n]!, cpu.si[i.m]!);
};

/** VMLA and relatives: two roundings; the masks flip the sign of the destination and of the product. */
function chained(flipDestination: number, flipProduct: number): Handler {
  return (cpu, i) => {
    const product = multiply(cpu, cpu.si[i.n]!, cpu.si[i.m]!) ^ flipProduct;
    cpu.si[i.d] = add(cpu, cpu.si[i.d]! ^ flipDestination, product);
  };
}
/** VMLA. */
export const vmla: Handler = chained(0, 0);
/** VMLS. */
export const vmls: Handler = chained(0, SIGN);
/** VNMLS. */
export const vnmls: Handler = chained(SIGN, 0);
/** VNMLA. */
export const vnmla: Handler = chained(SIGN, SIGN);

function fusedWith(flipDestination: number, flipProduct: number): Handler {
  return (cpu, i) => {
    cpu.si[i.d] = fused(cpu, cpu.si[i.d]! ^ flipDestination, cpu.si[i.n]! ^ flipProduct, cpu.si[i.m]!);
  };
}
/** VFMA. */
export const vfma: Handler = fusedWith(0, 0);
/** VFMS. */
export const vfms: Handler = fusedWith(0, SIGN);
/** VFNMS. */
export const vfnms: Handler = fusedWith(SIGN, 0);
/** VFNMA. */
export const vfnma: Handler = fusedWith(SIGN, SIGN);

/** VMOV of a constant. */
export const vmovImm: Handler = (cpu, i) => {
  cpu.si[i.d] = i.imm;
};
/** VMOV between FP registers. */
export const vmov: Handler = (cpu, i) => {
  cpu.si[i.d] = cpu.si[i.m]!;
};
/** VABS. */
export const vabs: Handler = (cpu, i) => {
  cpu.si[i.d] = cpu.si[i.m]! & 0x7fffffff;
};
/** VNEG. */
export const vneg: Handler = (cpu, i) => {
  cpu.si[i.d] = cpu.si[i.m]! ^ SIGN;
};
/** VSQRT. */
export const vsqrt: Handler = (cpu, i) => {
  cpu.si[i.d] = squareRoot(cpu, cpu.si[i.m]!);
};

function compare(cpu: Machine, aBits: number, bBits: number, quietToo: boolean): void {
  const a = operandBits(cpu, aBits), b = operandBits(cpu, bBits);
  const x = toNumber(a), y = toNumber(b);
  let flags = x === y ? 6 : x < y ? 8 : 2;
  if (isNan(a) || isNan(b)) {
    flags = 3;
    const signalling = [a, b].some((bits) => isNan(bits) && (bits & 0x400000) === 0);
    if (quietToo || signalling) cpu.fpscr |= FPSCR.ioc;
  }
  cpu.fpscr = (cpu.fpscr & 0x0fffffff) | (flags << 28);
}
/** VCMP and (`x` = 1) VCMPE. */
export const vcmp: Handler = (cpu, i) => {
  compare(cpu, cpu.si[i.d]!, cpu.si[i.m]!, i.x === 1);
};
/** VCMP and VCMPE with zero. */
export const vcmpZero: Handler = (cpu, i) => {
  compare(cpu, cpu.si[i.d]!, 0, i.x === 1);
};

/** VCVTB and (`x` = 1) VCVTT from half precision. */
export const vcvtFromHalf: Handler = (cpu, i) => {
  cpu.si[i.d] = fromHalf(cpu, (cpu.si[i.m]! >>> (16 * i.x)) & 0xffff);
};
/** VCVTB and (`x` = 1) VCVTT to half precision. */
export const vcvtToHalf: Handler = (cpu, i) => {
  const at = 16 * i.x;
  cpu.si[i.d] = (cpu.si[i.d]! & ~(0xffff << at)) | (toHalf(cpu, cpu.si[i.m]!) << at);
};
/** VCVT from a signed integer. */
export const vcvtFromSigned: Handler = (cpu, i) => {
  cpu.si[i.d] = round(cpu, cpu.si[i.m]!);
};
/** VCVT from an unsigned integer. */
export const vcvtFromUnsigned: Handler = (cpu, i) => {
  cpu.si[i.d] = round(cpu, cpu.si[i.m]! >>> 0);
};
/** VCVT and VCVTR to an integer: `x` bit 0 signed, bit 1 truncates. */
export const vcvtToInteger: Handler = (cpu, i) => {
  cpu.si[i.d] = toInteger(cpu, cpu.si[i.m]!, (i.x & 1) === 1, 32, 0, (i.x & 2) === 0);
};
/** VCVT to a fixed-point number with `imm` fraction bits: `x` bit 0 signed, bit 1 whole word. */
export const vcvtToFixed: Handler = (cpu, i) => {
  cpu.si[i.d] = toInteger(cpu, cpu.si[i.d]!, (i.x & 1) === 1, (i.x & 2) === 0 ? 16 : 32, i.imm, false);
};
/** VCVT from a fixed-point number. */
export const vcvtFromFixed: Handler = (cpu, i) => {
  const bits = cpu.si[i.d]!;
  const signed = (i.x & 1) === 1;
  const whole = (i.x & 2) !== 0 ? (signed ? bits : bits >>> 0) : signed ? (bits << 16) >> 16 : bits & 0xffff;
  cpu.si[i.d] = round(cpu, whole / 2 ** i.imm);
};

/** VMOV to a core register. */
export const vmovToCore: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.si[i.n]!;
};
/** VMOV from a core register. */
export const vmovFromCore: Handler = (cpu, i) => {
  cpu.si[i.n] = cpu.r[i.d]!;
};
/** VMOV of two registers to core registers. */
export const vmovPairToCore: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.si[i.m]!;
  cpu.r[i.a] = cpu.si[i.m + 1] ?? 0;
};
/** VMOV of two core registers to registers. */
export const vmovPairFromCore: Handler = (cpu, i) => {
  cpu.si[i.m] = cpu.r[i.d]!;
  if (i.m < 31) cpu.si[i.m + 1] = cpu.r[i.a]!;
};

/** VMRS; to APSR_nzcv when the register is PC. */
export const vmrs: Handler = (cpu, i) => {
  if (i.d === 15) writeFlags(cpu, (readApsr(cpu) & 0x0fffffff) | (cpu.fpscr & 0xf0000000));
  else cpu.r[i.d] = cpu.fpscr;
};
/** VMSR. */
export const vmsr: Handler = (cpu, i) => {
  cpu.fpscr = cpu.r[i.d]! & 0xf7c0009f;
};

/** VLDR of `x` words. */
export const vldr: Handler = (cpu, i) => {
  const base = i.n === 15 ? cpu.r[15]! & ~3 : cpu.r[i.n]!;
  const address = base + i.imm;
  cpu.checkAligned(address, 4);
  const first = cpu.read32(address);
  if (i.x === 2) cpu.si[i.d + 1] = cpu.read32(address + 4);
  cpu.si[i.d] = first;
};
/** VSTR of `x` words. */
export const vstr: Handler = (cpu, i) => {
  const address = cpu.r[i.n]! + i.imm;
  cpu.checkAligned(address, 4);
  for (let word = 0; word < i.x; word++) cpu.write32(address + 4 * word, cpu.si[i.d + word]!);
};
/** VLDM and VPOP of `a` words, base moving by `imm`: `x` bit 0 decrement-before, bit 1 writes back. */
export const vldm: Handler = (cpu, i) => {
  const base = cpu.r[i.n]!;
  const start = (i.x & 1) !== 0 ? base - i.imm : base;
  cpu.checkAligned(start, 4);
  for (let word = 0; word < i.a; word++) cpu.si[i.d + word] = cpu.read32(start + 4 * word);
  if ((i.x & 2) !== 0) cpu.r[i.n] = (i.x & 1) !== 0 ? start : base + i.imm;
};
/** VSTM and VPUSH. */
export const vstm: Handler = (cpu, i) => {
  const base = cpu.r[i.n]!;
  const start = (i.x & 1) !== 0 ? base - i.imm : base;
  cpu.checkAligned(start, 4);
  for (let word = 0; word < i.a; word++) cpu.write32(start + 4 * word, cpu.si[i.d + word]!);
  if ((i.x & 2) !== 0) cpu.r[i.n] = (i.x & 1) !== 0 ? start : base + i.imm;
};
