/**
 * Single-precision arithmetic of FPv4-SP: default and propagated NaNs, flush-to-zero, cumulative exception flags
 * (DDI0403E A2.5). Rounding is to nearest in every mode but the conversions to integers, which truncate when asked.
 *
 * @module
 */

import type { Machine } from "./machine.ts";

/** FPSCR bits. */
export const FPSCR = {
  ioc: 1,
  dzc: 2,
  ofc: 4,
  ufc: 8,
  ixc: 16,
  idc: 128,
  fz: 1 << 24,
  dn: 1 << 25,
} as const;

const DEFAULT_NAN = 0x7fc00000;
const QUIET = 0x00400000;

/** Whether the bits are a NaN. */
export function isNan(bits: number): boolean {
  return (bits & 0x7fffffff) > 0x7f800000;
}

function isSignalling(bits: number): boolean {
  return isNan(bits) && (bits & QUIET) === 0;
}

/** The NaN that comes out of an operation on these operands (FPProcessNaNs), undefined when none is a NaN. */
export function propagateNan(cpu: Machine, operands: readonly number[]): number | undefined {
  const found = operands.find(isSignalling) ?? operands.find(isNan);
  if (found === undefined) return undefined;
  if (isSignalling(found)) cpu.fpscr |= FPSCR.ioc;
  return (cpu.fpscr & FPSCR.dn) !== 0 ? DEFAULT_NAN : found | QUIET;
}

/** Invalid operation: the default NaN. */
export function invalid(cpu: Machine): number {
  cpu.fpscr |= FPSCR.ioc;
  return DEFAULT_NAN;
}

const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

/** The number that single-precision bits stand for. */
export function toNumber(bits: number): number {
  scratchBits[0] = bits;
  return scratch[0]!;
}

/** An operand, flushed to zero when it is denormal and FPSCR.FZ is set. */
export function operandBits(cpu: Machine, bits: number): number {
  if ((cpu.fpscr & FPSCR.fz) === 0 || (bits & 0x7f800000) !== 0 || (bits & 0x7fffff) === 0) return bits;
  cpu.fpscr |= FPSCR.idc;
  return bits & 0x80000000;
}

const SMALLEST_NORMAL = 2 ** -126;

/**
 * Rounds a double to single precision and notes what was lost. The double is exact, rounded to odd, or the quotient or
 * root of singles, which is never within a double's error of another single.
 */
export function round(cpu: Machine, exact: number, inexact = false): number {
  if (exact !== 0 && Math.abs(exact) < SMALLEST_NORMAL && (cpu.fpscr & FPSCR.fz) !== 0) {
    cpu.fpscr |= FPSCR.ufc;
    return exact < 0 ? 0x80000000 | 0 : 0;
  }
  scratch[0] = exact;
  const result = scratchBits[0]!;
  const lost = inexact || scratch[0] !== exact;
  if (lost) cpu.fpscr |= FPSCR.ixc;
  if (lost && !Number.isFinite(scratch[0]!)) cpu.fpscr |= FPSCR.ofc;
  if (lost && Math.abs(exact) < SMALLEST_NORMAL) cpu.fpscr |= FPSCR.ufc;
  return result;
}

const wide = new Float64Array(1);
const wideBits = new BigInt64Array(wide.buffer);

/** Sum of two doubles rounded to odd, so that rounding again to single precision is right. */
function addToOdd(a: number, b: number): { sum: number; inexact: boolean } {
  const sum = a + b;
  if (!Number.isFinite(sum)) return { sum, inexact: false };
  const part = sum - a;
  const error = (a - (sum - part)) + (b - part);
  if (error === 0) return { sum, inexact: false };
  wide[0] = sum;
  if ((wideBits[0]! & 1n) === 0n) wideBits[0]! += (error > 0) === (sum > 0) ? 1n : -1n;
  return { sum: wide[0]!, inexact: true };
}

/** Addition; subtraction flips the sign of `b` first. */
export function add(cpu: Machine, aBits: number, bBits: number): number {
  const a = operandBits(cpu, aBits), b = operandBits(cpu, bBits);
  const nan = propagateNan(cpu, [a, b]);
  if (nan !== undefined) return nan;
  const { sum, inexact } = addToOdd(toNumber(a), toNumber(b));
  return Number.isNaN(sum) ? invalid(cpu) : round(cpu, sum, inexact);
}

/** Multiplication. */
export function multiply(cpu: Machine, aBits: number, bBits: number): number {
  const a = operandBits(cpu, aBits), b = operandBits(cpu, bBits);
  const nan = propagateNan(cpu, [a, b]);
  if (nan !== undefined) return nan;
  const product = toNumber(a) * toNumber(b);
  return Number.isNaN(product) ? invalid(cpu) : round(cpu, product);
}

/** Division. */
export function divide(cpu: Machine, aBits: number, bBits: number): number {
  const a = operandBits(cpu, aBits), b = operandBits(cpu, bBits);
  const nan = propagateNan(cpu, [a, b]);
  if (nan !== undefined) return nan;
  const x = toNumber(a), y = toNumber(b);
  const quotient = x / y;
  if (Number.isNaN(quotient)) return invalid(cpu);
  if (y === 0 && Number.isFinite(x)) cpu.fpscr |= FPSCR.dzc;
  return round(cpu, quotient);
}

/** Square root. */
export function squareRoot(cpu: Machine, bits: number): number {
  const a = operandBits(cpu, bits);
  const nan = propagateNan(cpu, [a]);
  if (nan !== undefined) return nan;
  const x = toNumber(a);
  if (x < 0) return invalid(cpu);
  return round(cpu, Math.sqrt(x));
}

/** Fused `addend` + a × b with one rounding. */
export function fused(cpu: Machine, addend: number, aBits: number, bBits: number): number {
  const a = operandBits(cpu, aBits), b = operandBits(cpu, bBits), c = operandBits(cpu, addend);
  const x = toNumber(a), y = toNumber(b), z = toNumber(c);
  const infinityTimesZero = (x === 0 && Math.abs(y) === Infinity) || (y === 0 && Math.abs(x) === Infinity);
  if (infinityTimesZero && isNan(c) && !isSignalling(c)) return invalid(cpu);
  const nan = propagateNan(cpu, [c, a, b]);
  if (nan !== undefined) return nan;
  const { sum, inexact } = addToOdd(x * y, z);
  return Number.isNaN(sum) ? invalid(cpu) : round(cpu, sum, inexact);
}

/** A number to an integer of `bits` bits scaled by 2^`fraction`, truncated or rounded to even, saturated. */
export function toInteger(
  cpu: Machine,
  source: number,
  signed: boolean,
  bits: number,
  fraction: number,
  even: boolean,
): number {
  const value = toNumber(operandBits(cpu, source)) * 2 ** fraction;
  if (Number.isNaN(value)) {
    cpu.fpscr |= FPSCR.ioc;
    return 0;
  }
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  let whole = Math.trunc(value);
  if (even) {
    const floor = Math.floor(value);
    const rest = value - floor;
    whole = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  }
  if (whole < low || whole > high) {
    cpu.fpscr |= FPSCR.ioc;
    return whole < low ? low : high;
  }
  if (whole !== value) cpu.fpscr |= FPSCR.ixc;
  return whole;
}

/** Bits of a single-precision number from half-precision bits. */
export function fromHalf(cpu: Machine, half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  const alternative = (cpu.fpscr & (1 << 26)) !== 0;
  if (exponent === 31 && !alternative) {
    if (fraction === 0) return sign | 0x7f800000;
    return propagateNan(cpu, [sign | 0x7f800000 | (fraction << 13)])!;
  }
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  scratch[0] = size;
  return scratchBits[0]! | sign;
}

/** Half-precision bits of a single-precision number, rounded to nearest even. */
export function toHalf(cpu: Machine, source: number): number {
  const bits = operandBits(cpu, source);
  const sign = (bits >>> 16) & 0x8000;
  const alternative = (cpu.fpscr & (1 << 26)) !== 0;
  if (isNan(bits)) {
    const nan = propagateNan(cpu, [bits])!;
    if (!alternative) return ((nan >>> 16) & 0x8000) | 0x7e00 | ((nan >>> 13) & 0x1ff);
    cpu.fpscr |= FPSCR.ioc;
    return sign;
  }
  const size = Math.abs(toNumber(bits));
  const limit = alternative ? 131008 : 65504;
  if (size === Infinity && !alternative) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.min(16, Math.floor(Math.log2(size))));
  const unit = 2 ** (exponent - 10);
  const scaled = size / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor) * unit;
  if (rounded > limit) {
    cpu.fpscr |= alternative ? FPSCR.ioc : FPSCR.ofc | FPSCR.ixc;
    return sign | (alternative ? 0x7fff : 0x7c00);
  }
  if (rounded !== size) cpu.fpscr |= FPSCR.ixc | (size < 2 ** -14 ? FPSCR.ufc : 0);
  if (rounded < 2 ** -14) return sign | (rounded * 2 ** 24);
  const top = Math.floor(Math.log2(rounded));
  return sign | ((top + 15) << 10) | (rounded / 2 ** (top - 10) - 1024);
}
