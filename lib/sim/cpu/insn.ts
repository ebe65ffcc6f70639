/**
 * A decoded instruction and the operand arithmetic that decoding needs.
 *
 * @module
 */

import type { Machine } from "./machine.ts";

/** Executes a decoded instruction. */
export type Handler = (cpu: Machine, insn: Insn) => void;

/** A decoded instruction; what the operand fields mean is up to the handler. */
export interface Insn {
  /** Executes it outside an IT block. */
  run: Handler;
  /** Executes it inside an IT block, where most 16-bit encodings leave the flags alone. */
  inIt: Handler;
  /** Bytes, 2 or 4. */
  size: number;
  /** Destination or transfer register. */
  d: number;
  /** First operand register or base register. */
  n: number;
  /** Second operand register, -1 when the operand is `imm`. */
  m: number;
  /** Accumulator or second transfer register. */
  a: number;
  /** Immediate, offset, shift amount or register list. */
  imm: number;
  /** Shift type, carry of an immediate (-1 none), or a variant. */
  x: number;
  /** Runs even when the IT condition fails (BKPT). */
  always: boolean;
}

/** Makes an instruction; `fields` are merged over zeros. */
export function insn(size: 2 | 4, run: Handler, fields: Partial<Insn> = {}): Insn {
  const { inIt = run, d = 0, n = 0, m = -1, a = 0, imm = 0, x = 0, always = false } = fields;
  return { run, inIt, size, d, n, m, a, imm, x, always };
}

/** What the breakpoint unit puts in place of an instruction. */
export const breakpointInsn: Insn = insn(2, (cpu) => cpu.system.breakpoint(), { always: true });

/** `value` with its low `width` bits sign-extended. */
export function signExtend(value: number, width: number): number {
  return (value << (32 - width)) >> (32 - width);
}

/** ThumbExpandImm_C (DDI0403E A5.3.2): the constant, and its carry or -1 when the carry is unchanged. */
export function expandImmediate(imm12: number): { imm: number; x: number } {
  const byte = imm12 & 0xff;
  if (imm12 >>> 10 === 0) {
    const patterns = [byte, byte | (byte << 16), (byte << 8) | (byte << 24), Math.imul(byte, 0x01010101)];
    return { imm: patterns[(imm12 >>> 8) & 3]! | 0, x: -1 };
  }
  const amount = imm12 >>> 7;
  const value = 0x80 | (imm12 & 0x7f);
  const imm = (value >>> amount) | (value << (32 - amount));
  return { imm: imm | 0, x: imm >>> 31 };
}
