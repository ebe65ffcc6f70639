/**
 * Multiplies, divides and saturation (DDI0403E A5.3.16, A5.3.17).
 *
 * @module
 */

import { CFSR, usageFault } from "./fault.ts";
import type { Handler } from "./insn.ts";
import type { Machine } from "./machine.ts";
import { shift } from "./exec_data.ts";

/** Upper word of the unsigned product of two words. */
export function highUnsigned(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle % 0x10000);
  return a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
}

/** Upper word of the signed product of two words. */
export function highSigned(a: number, b: number): number {
  return (highUnsigned(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

/** Adds the 64-bit number high:low to the registers `d` (low) and `a` (high). */
function accumulate(cpu: Machine, low: number, high: number, lowRegister: number, highRegister: number): void {
  const sum = (cpu.r[lowRegister]! >>> 0) + (low >>> 0);
  cpu.r[highRegister] = cpu.r[highRegister]! + high + (sum > 0xffffffff ? 1 : 0);
  cpu.r[lowRegister] = sum;
}

/** Sum of a signed 64-bit accumulator in registers `d` (low) and `a` (high) and a small signed number. */
function accumulateSmall(cpu: Machine, value: number, lowRegister: number, highRegister: number): void {
  accumulate(cpu, value % 0x100000000, Math.floor(value / 0x100000000), lowRegister, highRegister);
}

/** MUL without flags. */
export const mul: Handler = (cpu, i) => {
  cpu.r[i.d] = Math.imul(cpu.r[i.n]!, cpu.r[i.m]!);
};
/** MULS: N and Z only. */
export const muls: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.nf = cpu.zf = Math.imul(cpu.r[i.n]!, cpu.r[i.m]!);
};
/** MLA. */
export const mla: Handler = (cpu, i) => {
  cpu.r[i.d] = Math.imul(cpu.r[i.n]!, cpu.r[i.m]!) + cpu.r[i.a]!;
};
/** MLS. */
export const mls: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.r[i.a]! - Math.imul(cpu.r[i.n]!, cpu.r[i.m]!);
};
/** SMULL: low word to `d`, high word to `a`. */
export const smull: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  cpu.r[i.d] = Math.imul(n, m);
  cpu.r[i.a] = highSigned(n, m);
};
/** UMULL. */
export const umull: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  cpu.r[i.d] = Math.imul(n, m);
  cpu.r[i.a] = highUnsigned(n, m);
};
/** SMLAL. */
export const smlal: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  accumulate(cpu, Math.imul(n, m), highSigned(n, m), i.d, i.a);
};
/** UMLAL. */
export const umlal: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  accumulate(cpu, Math.imul(n, m), highUnsigned(n, m), i.d, i.a);
};
/** UMAAL: n × m + low + high, which always fits 64 bits. */
export const umaal: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  const sum = (Math.imul(n, m) >>> 0) + (cpu.r[i.d]! >>> 0) + (cpu.r[i.a]! >>> 0);
  cpu.r[i.a] = highUnsigned(n, m) + Math.floor(sum / 0x100000000);
  cpu.r[i.d] = sum;
};

function divideByZero(cpu: Machine): number {
  if (cpu.trapDivide) throw usageFault(CFSR.divbyzero);
  return 0;
}
/** SDIV. */
export const sdiv: Handler = (cpu, i) => {
  const m = cpu.r[i.m]!;
  cpu.r[i.d] = m === 0 ? divideByZero(cpu) : cpu.r[i.n]! / m;
};
/** UDIV. */
export const udiv: Handler = (cpu, i) => {
  const m = cpu.r[i.m]! >>> 0;
  cpu.r[i.d] = m === 0 ? divideByZero(cpu) : (cpu.r[i.n]! >>> 0) / m;
};

/** Top (1) or bottom (0) half of a word, signed. */
function half(value: number, top: number): number {
  return top === 0 ? (value << 16) >> 16 : value >> 16;
}

/** `value` modulo 2^32, with Q set when it did not fit a signed word. */
function noteOverflow(cpu: Machine, value: number): number {
  if (value !== (value | 0)) cpu.q = 1;
  return value | 0;
}

/** SMULxy: `x` bit 1 is the half of Rn, bit 0 the half of Rm. */
export const smulHalves: Handler = (cpu, i) => {
  cpu.r[i.d] = half(cpu.r[i.n]!, i.x >> 1) * half(cpu.r[i.m]!, i.x & 1);
};
/** SMLAxy. */
export const smlaHalves: Handler = (cpu, i) => {
  const product = half(cpu.r[i.n]!, i.x >> 1) * half(cpu.r[i.m]!, i.x & 1);
  cpu.r[i.d] = noteOverflow(cpu, product + cpu.r[i.a]!);
};
/** SMLALxy. */
export const smlalHalves: Handler = (cpu, i) => {
  accumulateSmall(cpu, half(cpu.r[i.n]!, i.x >> 1) * half(cpu.r[i.m]!, i.x & 1), i.d, i.a);
};

/** The 32×16 products of SMULWy and SMLAWy: bits 47 to 16. */
function wide(n: number, m: number, top: number): number {
  return Math.floor((n * half(m, top)) / 0x10000);
}
/** SMULWy. */
export const smulw: Handler = (cpu, i) => {
  cpu.r[i.d] = wide(cpu.r[i.n]!, cpu.r[i.m]!, i.x & 1);
};
/** SMLAWy. */
export const smlaw: Handler = (cpu, i) => {
  cpu.r[i.d] = noteOverflow(cpu, wide(cpu.r[i.n]!, cpu.r[i.m]!, i.x & 1) + cpu.r[i.a]!);
};

/** Both half-word products of SMUAD and relatives: `x` bit 0 swaps the halves of Rm, bit 1 subtracts. */
function dualProduct(n: number, m: number, x: number): number {
  const first = half(n, 0) * half(m, x & 1);
  const second = half(n, 1) * half(m, 1 - (x & 1));
  return (x & 2) === 0 ? first + second : first - second;
}
/** SMUAD and SMUSD. */
export const smuad: Handler = (cpu, i) => {
  cpu.r[i.d] = noteOverflow(cpu, dualProduct(cpu.r[i.n]!, cpu.r[i.m]!, i.x));
};
/** SMLAD and SMLSD. */
export const smlad: Handler = (cpu, i) => {
  cpu.r[i.d] = noteOverflow(cpu, dualProduct(cpu.r[i.n]!, cpu.r[i.m]!, i.x) + cpu.r[i.a]!);
};
/** SMLALD and SMLSLD. */
export const smlald: Handler = (cpu, i) => {
  accumulateSmall(cpu, dualProduct(cpu.r[i.n]!, cpu.r[i.m]!, i.x), i.d, i.a);
};

/** SMMUL, SMMLA and (`x` bit 1) SMMLS; `x` bit 0 rounds, `a` = 15 means no accumulator. */
export const smm: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  const base = i.a === 15 ? 0 : cpu.r[i.a]!;
  const low = Math.imul(n, m) >>> 0;
  const high = highSigned(n, m);
  let word = base + high;
  let rest = low;
  if ((i.x & 2) !== 0) {
    word = base - high - (low === 0 ? 0 : 1);
    rest = low === 0 ? 0 : 0x100000000 - low;
  }
  cpu.r[i.d] = word + ((i.x & 1) !== 0 && rest >= 0x80000000 ? 1 : 0);
};

/** Saturates to a signed number of `width` bits, setting Q. */
export function saturateSigned(cpu: Machine, value: number, width: number): number {
  const limit = 2 ** (width - 1);
  if (value >= limit || value < -limit) cpu.q = 1;
  return Math.max(-limit, Math.min(limit - 1, value));
}

/** Saturates to an unsigned number of `width` bits, setting Q. */
export function saturateUnsigned(cpu: Machine, value: number, width: number): number {
  const limit = 2 ** width - 1;
  if (value > limit || value < 0) cpu.q = 1;
  return Math.max(0, Math.min(limit, value));
}

/** SSAT: width in `a`. */
export const ssat: Handler = (cpu, i) => {
  cpu.r[i.d] = saturateSigned(cpu, shift(cpu, cpu.r[i.n]!, i.x, i.imm), i.a);
};
/** USAT. */
export const usat: Handler = (cpu, i) => {
  cpu.r[i.d] = saturateUnsigned(cpu, shift(cpu, cpu.r[i.n]!, i.x, i.imm), i.a);
};
/** SSAT16. */
export const ssat16: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!;
  cpu.r[i.d] = (saturateSigned(cpu, half(n, 1), i.a) << 16) | (saturateSigned(cpu, half(n, 0), i.a) & 0xffff);
};
/** USAT16. */
export const usat16: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!;
  cpu.r[i.d] = (saturateUnsigned(cpu, half(n, 1), i.a) << 16) | saturateUnsigned(cpu, half(n, 0), i.a);
};
/** QADD, QSUB, QDADD, QDSUB: Rm ± Rn; `x` bit 0 doubles Rn, bit 1 subtracts. */
export const saturatingAdd: Handler = (cpu, i) => {
  const n = (i.x & 1) === 0 ? cpu.r[i.n]! : saturateSigned(cpu, cpu.r[i.n]! * 2, 32);
  const m = cpu.r[i.m]!;
  cpu.r[i.d] = saturateSigned(cpu, (i.x & 2) === 0 ? m + n : m - n, 32);
};
