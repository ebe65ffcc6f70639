/**
 * Parallel addition and subtraction, and sums of absolute differences (DDI0403E A5.3.13–A5.3.15).
 *
 * @module
 */

import type { Handler } from "./insn.ts";

/** Operations by the op1 field of the encoding: ADD8, ADD16, ASX, SUB8 (4), SUB16 (5); SAX (6) takes the free slot 3. */
const LANES: readonly { readonly width: 8 | 16; readonly subtract: readonly boolean[]; readonly cross: boolean }[] = [
  { width: 8, subtract: [false, false, false, false], cross: false },
  { width: 16, subtract: [false, false], cross: false },
  { width: 16, subtract: [true, false], cross: true },
  { width: 16, subtract: [false, true], cross: true },
  { width: 8, subtract: [true, true, true, true], cross: false },
  { width: 16, subtract: [true, true], cross: false },
];

const KIND = { modulo: 0, saturate: 1, halve: 2 } as const;

/**
 * The six lane operations: `a` is the lane pattern, `x` the kind (0 modulo with GE, 1 saturating, 2 halving), and
 * `imm` is 1 for unsigned lanes.
 */
export const parallel: Handler = (cpu, i) => {
  const { width, subtract, cross } = LANES[i.a]!;
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  const signed = i.imm === 0;
  const mask = width === 8 ? 0xff : 0xffff;
  const geBits = width === 8 ? 1 : 3;
  let result = 0;
  let ge = 0;
  for (let lane = 0; lane < subtract.length; lane++) {
    const at = lane * width;
    const from = cross ? width - at : at;
    const a = signed ? ((n >>> at) << (32 - width)) >> (32 - width) : (n >>> at) & mask;
    const b = signed ? ((m >>> from) << (32 - width)) >> (32 - width) : (m >>> from) & mask;
    const minus = subtract[lane]!;
    let value = minus ? a - b : a + b;
    if (i.x === KIND.halve) value >>= 1;
    else if (i.x === KIND.modulo) {
      const set = signed || minus ? value >= 0 : value > mask;
      if (set) ge |= geBits << (at >>> 3);
    } else if (signed) value = Math.max(-(mask + 1) / 2, Math.min((mask - 1) / 2, value));
    else value = Math.max(0, Math.min(mask, value));
    result |= (value & mask) << at;
  }
  cpu.r[i.d] = result;
  if (i.x === KIND.modulo) cpu.ge = ge;
};

/** USAD8 and USADA8; `a` = 15 means no accumulator. */
export const usad8: Handler = (cpu, i) => {
  const n = cpu.r[i.n]!, m = cpu.r[i.m]!;
  let sum = i.a === 15 ? 0 : cpu.r[i.a]!;
  for (let at = 0; at < 32; at += 8) sum += Math.abs(((n >>> at) & 0xff) - ((m >>> at) & 0xff));
  cpu.r[i.d] = sum;
};
