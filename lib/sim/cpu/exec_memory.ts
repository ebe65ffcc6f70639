/**
 * Loads and stores (DDI0403E A5.2.4, A5.3.5–A5.3.10).
 *
 * @module
 */

import type { Handler, Insn } from "./insn.ts";
import { CONTROL, type Machine } from "./machine.ts";

/** Kinds of single access. */
export const ACCESS = { byte: 0, signedByte: 1, half: 2, signedHalf: 3, word: 4 } as const;

/** One of the numbers of {@linkcode ACCESS}. */
export type Access = (typeof ACCESS)[keyof typeof ACCESS];

function load(cpu: Machine, access: number, address: number): number {
  switch (access) {
    case ACCESS.byte:
      return cpu.read8(address);
    case ACCESS.signedByte:
      return (cpu.read8(address) << 24) >> 24;
    case ACCESS.half:
      return cpu.read16(address);
    case ACCESS.signedHalf:
      return (cpu.read16(address) << 16) >> 16;
    default:
      return cpu.read32(address);
  }
}

function store(cpu: Machine, access: number, address: number, value: number): void {
  if (access === ACCESS.word) cpu.write32(address, value);
  else if (access === ACCESS.half) cpu.write16(address, value);
  else cpu.write8(address, value);
}

/** LDR Rd, [Rn, #imm]. */
export const ldrImm: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.read32(cpu.r[i.n]! + i.imm);
};
/** LDR Rd, [Rn, Rm]. */
export const ldrReg: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.read32(cpu.r[i.n]! + cpu.r[i.m]!);
};
/** STR Rd, [Rn, #imm]. */
export const strImm: Handler = (cpu, i) => {
  cpu.write32(cpu.r[i.n]! + i.imm, cpu.r[i.d]!);
};
/** STR Rd, [Rn, Rm]. */
export const strReg: Handler = (cpu, i) => {
  cpu.write32(cpu.r[i.n]! + cpu.r[i.m]!, cpu.r[i.d]!);
};
/** LDRB Rd, [Rn, #imm]. */
export const ldrbImm: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.read8(cpu.r[i.n]! + i.imm);
};
/** STRB Rd, [Rn, #imm]. */
export const strbImm: Handler = (cpu, i) => {
  cpu.write8(cpu.r[i.n]! + i.imm, cpu.r[i.d]!);
};
/** Load with access kind `x` from [Rn, #imm]. */
export const loadImm: Handler = (cpu, i) => {
  cpu.r[i.d] = load(cpu, i.x, cpu.r[i.n]! + i.imm);
};
/** Store with access kind `x` to [Rn, #imm]. */
export const storeImm: Handler = (cpu, i) => {
  store(cpu, i.x, cpu.r[i.n]! + i.imm, cpu.r[i.d]!);
};
/** Load from [Rn, Rm, LSL #imm]. */
export const loadReg: Handler = (cpu, i) => {
  cpu.r[i.d] = load(cpu, i.x, cpu.r[i.n]! + (cpu.r[i.m]! << i.imm));
};
/** Store to [Rn, Rm, LSL #imm]. */
export const storeReg: Handler = (cpu, i) => {
  store(cpu, i.x, cpu.r[i.n]! + (cpu.r[i.m]! << i.imm), cpu.r[i.d]!);
};
/** Load from the literal address `imm`. */
export const loadLiteral: Handler = (cpu, i) => {
  cpu.r[i.d] = load(cpu, i.x, i.imm);
};
/** LDR from the literal address `imm`. */
export const ldrLiteral: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.read32(i.imm);
};
/** Load from [Rn, #imm]! */
export const loadPre: Handler = (cpu, i) => {
  const address = cpu.r[i.n]! + i.imm;
  const value = load(cpu, i.x, address);
  cpu.r[i.n] = address;
  cpu.r[i.d] = value;
};
/** Load from [Rn], #imm. */
export const loadPost: Handler = (cpu, i) => {
  const address = cpu.r[i.n]!;
  const value = load(cpu, i.x, address);
  cpu.r[i.n] = address + i.imm;
  cpu.r[i.d] = value;
};
/** Store to [Rn, #imm]! */
export const storePre: Handler = (cpu, i) => {
  const address = cpu.r[i.n]! + i.imm;
  store(cpu, i.x, address, cpu.r[i.d]!);
  cpu.r[i.n] = address;
};
/** Store to [Rn], #imm. */
export const storePost: Handler = (cpu, i) => {
  const address = cpu.r[i.n]!;
  store(cpu, i.x, address, cpu.r[i.d]!);
  cpu.r[i.n] = address + i.imm;
};

/** LDR PC: `a` picks the addressing mode (see {@linkcode PC_MODE}); the address must be a whole word. */
export const ldrPc: Handler = (cpu, i) => {
  const base = cpu.r[i.n]!;
  let address = base + i.imm;
  if (i.a === PC_MODE.register) address = base + (cpu.r[i.m]! << i.imm);
  else if (i.a === PC_MODE.post) address = base;
  else if (i.a === PC_MODE.literal) address = i.imm;
  const value = cpu.read32(address);
  if (i.a === PC_MODE.pre || i.a === PC_MODE.post) cpu.r[i.n] = base + i.imm;
  cpu.branchExchange(value);
};

/** Addressing modes of {@linkcode ldrPc}. */
export const PC_MODE = { offset: 0, register: 1, pre: 2, post: 3, literal: 4 } as const;

/** Wraps an unprivileged load or store (LDRT and friends). */
export function unprivileged(of: Handler): Handler {
  return (cpu, i) => {
    const { control, ipsr } = cpu;
    // Unprivileged accesses matter to the PPB only, which looks at these two fields.
    cpu.control = control | CONTROL.nPriv;
    cpu.ipsr = 0;
    try {
      of(cpu, i);
    } finally {
      cpu.control = control;
      cpu.ipsr = ipsr;
    }
  };
}

/** LDRD and STRD: `x` bit 0 pre-indexed, bit 1 writes back, bit 2 store; second register in `a`. */
export const dual: Handler = (cpu, i) => {
  const base = i.n === 15 ? cpu.r[15]! & ~3 : cpu.r[i.n]!;
  const moved = base + i.imm;
  const address = (i.x & 1) !== 0 ? moved : base;
  cpu.checkAligned(address, 4);
  if ((i.x & 4) !== 0) {
    cpu.write32(address, cpu.r[i.d]!);
    cpu.write32(address + 4, cpu.r[i.a]!);
    if ((i.x & 2) !== 0) cpu.r[i.n] = moved;
    return;
  }
  const first = cpu.read32(address);
  const second = cpu.read32(address + 4);
  if ((i.x & 2) !== 0) cpu.r[i.n] = moved;
  cpu.r[i.d] = first;
  cpu.r[i.a] = second;
};

const exclusiveSize = (i: Insn): 1 | 2 | 4 => i.x === ACCESS.word ? 4 : i.x === ACCESS.half ? 2 : 1;

/** LDREX, LDREXB, LDREXH. */
export const loadExclusive: Handler = (cpu, i) => {
  const address = cpu.r[i.n]! + i.imm;
  cpu.checkAligned(address, exclusiveSize(i));
  cpu.r[i.d] = load(cpu, i.x, address);
  cpu.exclusive = address >>> 0;
};

/**
 * STREX, STREXB, STREXH; the status goes to `a`. The local monitor of these cores tags no address: any store-exclusive
 * after a load-exclusive succeeds (DDI0403E A3.4.1 leaves that to the implementation).
 */
export const storeExclusive: Handler = (cpu, i) => {
  const address = cpu.r[i.n]! + i.imm;
  cpu.checkAligned(address, exclusiveSize(i));
  if (cpu.exclusive < 0) {
    cpu.r[i.a] = 1;
    return;
  }
  store(cpu, i.x, address, cpu.r[i.d]!);
  cpu.exclusive = -1;
  cpu.r[i.a] = 0;
};

function countBits(list: number): number {
  let count = 0;
  for (let rest = list; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const loaded = new Int32Array(16);

/** LDM, LDMDB, POP: registers in `imm`, `x` bit 0 decrement-before, bit 1 writes back. */
export const loadMultiple: Handler = (cpu, i) => {
  const base = cpu.r[i.n]!;
  const bytes = 4 * countBits(i.imm);
  const start = (i.x & 1) !== 0 ? base - bytes : base;
  cpu.checkAligned(start, 4);
  let address = start;
  for (let register = 0; register < 16; register++) {
    if ((i.imm & (1 << register)) === 0) continue;
    loaded[register] = cpu.read32(address);
    address += 4;
  }
  if ((i.x & 2) !== 0) cpu.r[i.n] = (i.x & 1) !== 0 ? start : base + bytes;
  for (let register = 0; register < 15; register++) {
    if ((i.imm & (1 << register)) !== 0) cpu.r[register] = loaded[register]!;
  }
  if ((i.imm & 0x8000) !== 0) cpu.branchExchange(loaded[15]!);
};

/** STM, STMDB, PUSH: like {@linkcode loadMultiple}. */
export const storeMultiple: Handler = (cpu, i) => {
  const base = cpu.r[i.n]!;
  const bytes = 4 * countBits(i.imm);
  const start = (i.x & 1) !== 0 ? base - bytes : base;
  cpu.checkAligned(start, 4);
  let address = start;
  for (let register = 0; register < 15; register++) {
    if ((i.imm & (1 << register)) === 0) continue;
    cpu.write32(address, cpu.r[register]!);
    address += 4;
  }
  if ((i.x & 2) !== 0) cpu.r[i.n] = (i.x & 1) !== 0 ? start : base + bytes;
};
