/**
 * Decoder of the 32-bit load and store encodings (DDI0403E A5.3.5–A5.3.10).
 *
 * @module
 */

import { aligningSp } from "./decode16.ts";
import { nop, tbb, tbh, undefinedInsn } from "./exec_branch.ts";
import * as memory from "./exec_memory.ts";
import { type Handler, type Insn, insn } from "./insn.ts";

const { ACCESS, PC_MODE } = memory;
const UNDEFINED: Insn = insn(4, undefinedInsn);

/** 0xE800–0xE9FF (multiple, dual, exclusive, table branch) and 0xF800–0xF9FF (single). */
export function decodeLoadStore(first: number, second: number, address: number): Insn {
  if ((first & 0x1000) !== 0) return single(first, second, address);
  return (first & 0x40) === 0 ? multiple(first, second) : dualOrExclusive(first, second);
}

function multiple(first: number, second: number): Insn {
  const op = (first >>> 7) & 3;
  const n = first & 15;
  const writeBack = (first & 0x20) !== 0;
  const load = (first & 0x10) !== 0;
  if (op === 0 || op === 3 || n === 15) return UNDEFINED;
  // Writing back a base that is in the list is UNPREDICTABLE; silicon keeps the loaded value.
  const keep = load && (second & (1 << n)) !== 0;
  const x = (op === 2 ? 1 : 0) | (writeBack && !keep ? 2 : 0);
  const imm = load ? second & 0xdfff : second & 0x5fff;
  return insn(4, load ? memory.loadMultiple : memory.storeMultiple, { n, imm, x });
}

function dualOrExclusive(first: number, second: number): Insn {
  const op1 = (first >>> 7) & 3;
  const op2 = (first >>> 4) & 3;
  const n = first & 15;
  const d = (second >>> 12) & 15;
  const a = (second >>> 8) & 15;
  const offset = (second & 0xff) * 4;
  if ((op1 & 2) !== 0 || (op2 & 2) !== 0) {
    const up = (first & 0x80) !== 0;
    const x = ((first >>> 8) & 1) | ((first >>> 4) & 2) | ((op2 & 1) === 0 ? 4 : 0);
    return insn(4, memory.dual, { d, a, n, imm: up ? offset : -offset, x });
  }
  if (op1 === 0) {
    const fields = { d, a, n, imm: offset, x: ACCESS.word };
    return insn(4, op2 === 0 ? memory.storeExclusive : memory.loadExclusive, fields);
  }
  const op3 = (second >>> 4) & 15;
  const m = second & 15;
  const x = (op3 & 1) === 0 ? ACCESS.byte : ACCESS.half;
  if ((op3 & 14) === 4) {
    if (op2 === 0) return insn(4, memory.storeExclusive, { d, a: m, n, x });
    return insn(4, memory.loadExclusive, { d, n, x });
  }
  return (op3 & 14) === 0 && op2 === 1 ? insn(4, op3 === 0 ? tbb : tbh, { n, m }) : UNDEFINED;
}

function single(first: number, second: number, address: number): Insn {
  const size = (first >>> 5) & 3;
  const load = (first & 0x10) !== 0;
  const signed = (first & 0x100) !== 0;
  const n = first & 15;
  const d = (second >>> 12) & 15;
  if (size === 3 || (signed && (size === 2 || !load)) || (!load && n === 15)) return UNDEFINED;
  const access = size === 2 ? ACCESS.word : size * 2 + (signed ? 1 : 0);
  const addressing = decodeAddressing(first, second, address);
  if (addressing === undefined) return UNDEFINED;
  const { mode, user, imm, m } = addressing;
  const fields = { d, n, m, imm, x: access };
  if (load && d === 15) {
    if (access !== ACCESS.word) return mode === PC_MODE.pre || mode === PC_MODE.post ? UNDEFINED : insn(4, nop);
    return insn(4, memory.ldrPc, { ...fields, a: mode });
  }
  const word = access === ACCESS.word;
  const loads: readonly Handler[] = [
    word ? memory.ldrImm : memory.loadImm,
    memory.loadReg,
    memory.loadPre,
    memory.loadPost,
    memory.loadLiteral,
  ];
  const stores = [word ? memory.strImm : memory.storeImm, memory.storeReg, memory.storePre, memory.storePost];
  let of = (load ? loads : stores)[mode]!;
  if (user) of = memory.unprivileged(of);
  const touchesSp = (load && d === 13) || (n === 13 && (mode === PC_MODE.pre || mode === PC_MODE.post));
  return insn(4, touchesSp ? aligningSp(of) : of, fields);
}

interface Addressing {
  readonly mode: number;
  readonly user: boolean;
  readonly imm: number;
  readonly m: number;
}

function decodeAddressing(first: number, second: number, address: number): Addressing | undefined {
  const imm12 = second & 0xfff;
  const plain = { user: false, m: -1 };
  if ((first & 15) === 15) {
    const offset = (first & 0x80) !== 0 ? imm12 : -imm12;
    return { ...plain, mode: PC_MODE.literal, imm: (((address + 4) & ~3) + offset) | 0 };
  }
  if ((first & 0x80) !== 0) return { ...plain, mode: PC_MODE.offset, imm: imm12 };
  const imm8 = second & 0xff;
  if ((second & 0x800) === 0) {
    if ((second & 0x7c0) !== 0) return undefined;
    return { mode: PC_MODE.register, user: false, imm: (second >>> 4) & 3, m: second & 15 };
  }
  const imm = (second & 0x200) !== 0 ? imm8 : -imm8;
  switch ((second >>> 8) & 7) {
    case 4:
      return { ...plain, mode: PC_MODE.offset, imm };
    case 6:
      return { ...plain, mode: PC_MODE.offset, user: true, imm };
    case 5:
    case 7:
      return { ...plain, mode: PC_MODE.pre, imm };
    case 1:
    case 3:
      return { ...plain, mode: PC_MODE.post, imm };
    default:
      return undefined;
  }
}
