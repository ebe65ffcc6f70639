/**
 * Data-processing instructions (DDI0403E A5.2.1, A5.3.1, A5.3.3, A5.3.11).
 *
 * @module
 */

import type { Handler, Insn } from "./insn.ts";
import type { Machine } from "./machine.ts";

/** Shift types of DecodeImmShift; RRX is coded as a rotation by zero (DDI0403E A7.4.2). */
export const SHIFT = { lsl: 0, lsr: 1, asr: 2, ror: 3, rrx: 4 } as const;

/** Shift_C: shifts `value`, leaving the carry out in `shiftCarry` (DDI0403E A7.4.2). `amount` is 0–255. */
export function shift(cpu: Machine, value: number, type: number, amount: number): number {
  if (type === SHIFT.rrx) {
    cpu.shiftCarry = value & 1;
    return (value >>> 1) | (cpu.c << 31);
  }
  if (amount === 0) {
    cpu.shiftCarry = cpu.c;
    return value;
  }
  switch (type) {
    case SHIFT.lsl:
      cpu.shiftCarry = amount > 32 ? 0 : (value >>> (32 - amount)) & 1;
      return amount > 31 ? 0 : value << amount;
    case SHIFT.lsr:
      cpu.shiftCarry = amount > 32 ? 0 : (value >>> (amount - 1)) & 1;
      return amount > 31 ? 0 : (value >>> amount) | 0;
    case SHIFT.asr:
      cpu.shiftCarry = amount > 32 ? value >>> 31 : (value >> (amount - 1)) & 1;
      return value >> Math.min(amount, 31);
    default: {
      const by = amount & 31;
      const result = by === 0 ? value : (value >>> by) | (value << (32 - by));
      cpu.shiftCarry = result >>> 31;
      return result | 0;
    }
  }
}

/** The second operand: an immediate when `m` is negative, a shifted register otherwise. */
function operand(cpu: Machine, i: Insn): number {
  if (i.m < 0) {
    cpu.shiftCarry = i.x < 0 ? cpu.c : i.x;
    return i.imm;
  }
  return shift(cpu, cpu.r[i.m]!, i.x, i.imm);
}

function logicFlags(cpu: Machine, result: number): void {
  cpu.nf = cpu.zf = result;
  cpu.c = cpu.shiftCarry;
}

/** AddWithCarry with flags (DDI0403E A2.2.1). */
function addFlags(cpu: Machine, a: number, b: number, carry: number): number {
  const sum = (a >>> 0) + (b >>> 0) + carry;
  const result = sum | 0;
  cpu.nf = cpu.zf = result;
  cpu.c = sum > 0xffffffff ? 1 : 0;
  cpu.v = ((a ^ result) & (b ^ result)) >>> 31;
  return result;
}

type Logic = (a: number, b: number) => number;
const LOGIC: Record<"and" | "bic" | "orr" | "orn" | "eor", Logic> = {
  and: (a, b) => a & b,
  bic: (a, b) => a & ~b,
  orr: (a, b) => a | b,
  orn: (a, b) => a | ~b,
  eor: (a, b) => a ^ b,
};

/** The pair of handlers of an instruction that may set flags. */
export interface FlagPair {
  /** Leaves the flags alone. */
  readonly plain: Handler;
  /** Sets the flags. */
  readonly flags: Handler;
}

function logic(of: Logic): FlagPair {
  return {
    plain: (cpu, i) => {
      cpu.r[i.d] = of(cpu.r[i.n]!, operand(cpu, i));
    },
    flags: (cpu, i) => {
      const result = of(cpu.r[i.n]!, operand(cpu, i));
      cpu.r[i.d] = result;
      logicFlags(cpu, result);
    },
  };
}

const plainAdd: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.r[i.n]! + operand(cpu, i);
};
const plainSub: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.r[i.n]! - operand(cpu, i);
};

/** Arithmetic and logic; each takes Rn and the second operand (immediate or shifted register). */
export const ALU: Record<
  "and" | "bic" | "orr" | "orn" | "eor" | "mov" | "mvn" | "add" | "adc" | "sbc" | "sub" | "rsb",
  FlagPair
> = {
  and: logic(LOGIC.and),
  bic: logic(LOGIC.bic),
  orr: logic(LOGIC.orr),
  orn: logic(LOGIC.orn),
  eor: logic(LOGIC.eor),
  mov: {
    plain: (cpu, i) => {
      cpu.r[i.d] = operand(cpu, i);
    },
    flags: (cpu, i) => {
      const result = operand(cpu, i);
      cpu.r[i.d] = result;
      logicFlags(cpu, result);
    },
  },
  mvn: {
    plain: (cpu, i) => {
      cpu.r[i.d] = ~operand(cpu, i);
    },
    flags: (cpu, i) => {
      const result = ~operand(cpu, i);
      cpu.r[i.d] = result;
      logicFlags(cpu, result);
    },
  },
  add: {
    plain: plainAdd,
    flags: (cpu, i) => {
      cpu.r[i.d] = addFlags(cpu, cpu.r[i.n]!, operand(cpu, i), 0);
    },
  },
  adc: {
    plain: (cpu, i) => {
      cpu.r[i.d] = cpu.r[i.n]! + operand(cpu, i) + cpu.c;
    },
    flags: (cpu, i) => {
      cpu.r[i.d] = addFlags(cpu, cpu.r[i.n]!, operand(cpu, i), cpu.c);
    },
  },
  sbc: {
    plain: (cpu, i) => {
      cpu.r[i.d] = cpu.r[i.n]! - operand(cpu, i) - 1 + cpu.c;
    },
    flags: (cpu, i) => {
      cpu.r[i.d] = addFlags(cpu, cpu.r[i.n]!, ~operand(cpu, i), cpu.c);
    },
  },
  sub: {
    plain: plainSub,
    flags: (cpu, i) => {
      cpu.r[i.d] = addFlags(cpu, cpu.r[i.n]!, ~operand(cpu, i), 1);
    },
  },
  rsb: {
    plain: (cpu, i) => {
      cpu.r[i.d] = operand(cpu, i) - cpu.r[i.n]!;
    },
    flags: (cpu, i) => {
      cpu.r[i.d] = addFlags(cpu, ~cpu.r[i.n]!, operand(cpu, i), 1);
    },
  },
};

/** TST. */
export const tst: Handler = (cpu, i) => {
  logicFlags(cpu, cpu.r[i.n]! & operand(cpu, i));
};
/** TEQ. */
export const teq: Handler = (cpu, i) => {
  logicFlags(cpu, cpu.r[i.n]! ^ operand(cpu, i));
};
/** CMN. */
export const cmn: Handler = (cpu, i) => {
  addFlags(cpu, cpu.r[i.n]!, operand(cpu, i), 0);
};
/** CMP (register or modified immediate). */
export const cmp: Handler = (cpu, i) => {
  addFlags(cpu, cpu.r[i.n]!, ~operand(cpu, i), 1);
};

/** ADDS with an immediate, the commonest form. */
export const addsImm: Handler = (cpu, i) => {
  const a = cpu.r[i.n]!;
  const result = (a + i.imm) | 0;
  cpu.r[i.d] = cpu.nf = cpu.zf = result;
  cpu.c = result >>> 0 < a >>> 0 ? 1 : 0;
  cpu.v = (~a & result) >>> 31;
};
/** SUBS with a small positive immediate, the commonest form. */
export const subsImm: Handler = (cpu, i) => {
  const a = cpu.r[i.n]!;
  const result = (a - i.imm) | 0;
  cpu.r[i.d] = cpu.nf = cpu.zf = result;
  cpu.c = a >>> 0 >= i.imm ? 1 : 0;
  cpu.v = (a & ~result) >>> 31;
};
/** CMP with a small positive immediate. */
export const cmpImm: Handler = (cpu, i) => {
  const a = cpu.r[i.n]!;
  const result = (a - i.imm) | 0;
  cpu.nf = cpu.zf = result;
  cpu.c = a >>> 0 >= i.imm ? 1 : 0;
  cpu.v = (a & ~result) >>> 31;
};
/** ADD of an immediate without flags; also ADDW, ADR and ADD SP. */
export const addImm: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.r[i.n]! + i.imm;
};
/** MOVS with an 8-bit immediate. */
export const movsImm: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.nf = cpu.zf = i.imm;
};
/** MOV of an immediate without flags: MOVW, and ADR with its address already known. */
export const movImm: Handler = (cpu, i) => {
  cpu.r[i.d] = i.imm;
};
/** MOV between registers without flags. */
export const movReg: Handler = (cpu, i) => {
  cpu.r[i.d] = cpu.r[i.m]!;
};
/** MOVT. */
export const movTop: Handler = (cpu, i) => {
  cpu.r[i.d] = (cpu.r[i.d]! & 0xffff) | (i.imm << 16);
};
/** ADD PC, Rm and MOV PC, Rm: a branch. `imm` is 1 for ADD. */
export const writePc: Handler = (cpu, i) => {
  cpu.jump(cpu.r[i.m]! + (i.imm === 1 ? cpu.r[15]! : 0));
};

/** LSL, LSR, ASR, ROR by a register; `x` is the shift type. */
export const shiftReg: FlagPair = {
  plain: (cpu, i) => {
    cpu.r[i.d] = shift(cpu, cpu.r[i.n]!, i.x, cpu.r[i.m]! & 0xff);
  },
  flags: (cpu, i) => {
    const result = shift(cpu, cpu.r[i.n]!, i.x, cpu.r[i.m]! & 0xff);
    cpu.r[i.d] = result;
    logicFlags(cpu, result);
  },
};

const rotate = (value: number, by: number): number => by === 0 ? value : (value >>> by) | (value << (32 - by));
const bytes16 = (value: number): number => value & 0x00ff00ff;
const signed16 = (value: number): number => (((value << 24) >> 24) & 0xffff) | (((value << 8) >> 24) << 16);
const addHalves = (a: number, b: number): number =>
  ((a + b) & 0xffff) | ((a & 0xffff0000) + (b & 0xffff0000) & 0xffff0000);

/** Sign and zero extension with rotation by `imm` bits; the added forms take Rn. */
export const EXTEND: Record<
  | "sxtb"
  | "uxtb"
  | "sxth"
  | "uxth"
  | "sxtb16"
  | "uxtb16"
  | "sxtab"
  | "uxtab"
  | "sxtah"
  | "uxtah"
  | "sxtab16"
  | "uxtab16",
  Handler
> = {
  sxtb: (cpu, i) => cpu.r[i.d] = (rotate(cpu.r[i.m]!, i.imm) << 24) >> 24,
  uxtb: (cpu, i) => cpu.r[i.d] = rotate(cpu.r[i.m]!, i.imm) & 0xff,
  sxth: (cpu, i) => cpu.r[i.d] = (rotate(cpu.r[i.m]!, i.imm) << 16) >> 16,
  uxth: (cpu, i) => cpu.r[i.d] = rotate(cpu.r[i.m]!, i.imm) & 0xffff,
  sxtb16: (cpu, i) => cpu.r[i.d] = signed16(rotate(cpu.r[i.m]!, i.imm)),
  uxtb16: (cpu, i) => cpu.r[i.d] = bytes16(rotate(cpu.r[i.m]!, i.imm)),
  sxtab: (cpu, i) => cpu.r[i.d] = cpu.r[i.n]! + ((rotate(cpu.r[i.m]!, i.imm) << 24) >> 24),
  uxtab: (cpu, i) => cpu.r[i.d] = cpu.r[i.n]! + (rotate(cpu.r[i.m]!, i.imm) & 0xff),
  sxtah: (cpu, i) => cpu.r[i.d] = cpu.r[i.n]! + ((rotate(cpu.r[i.m]!, i.imm) << 16) >> 16),
  uxtah: (cpu, i) => cpu.r[i.d] = cpu.r[i.n]! + (rotate(cpu.r[i.m]!, i.imm) & 0xffff),
  sxtab16: (cpu, i) => cpu.r[i.d] = addHalves(cpu.r[i.n]!, signed16(rotate(cpu.r[i.m]!, i.imm))),
  uxtab16: (cpu, i) => cpu.r[i.d] = addHalves(cpu.r[i.n]!, bytes16(rotate(cpu.r[i.m]!, i.imm))),
};

function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  return reverseBytes(v);
}

function reverseBytes(v: number): number {
  return (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
}

/** Byte and bit reversal, CLZ. */
export const REVERSE: Record<"rev" | "rev16" | "rbit" | "revsh" | "clz", Handler> = {
  rev: (cpu, i) => cpu.r[i.d] = reverseBytes(cpu.r[i.m]!),
  rev16: (cpu, i) => {
    const v = cpu.r[i.m]!;
    cpu.r[i.d] = ((v & 0x00ff00ff) << 8) | ((v >>> 8) & 0x00ff00ff);
  },
  rbit: (cpu, i) => cpu.r[i.d] = reverseBits(cpu.r[i.m]!),
  revsh: (cpu, i) => {
    const v = cpu.r[i.m]!;
    cpu.r[i.d] = ((v << 24) >> 16) | ((v >>> 8) & 0xff);
  },
  clz: (cpu, i) => cpu.r[i.d] = Math.clz32(cpu.r[i.m]!),
};

/** SBFX, UBFX: `imm` is the lowest bit, `x` the width. */
export const sbfx: Handler = (cpu, i) => {
  cpu.r[i.d] = (cpu.r[i.n]! << (32 - i.x - i.imm)) >> (32 - i.x);
};
/** See {@linkcode sbfx}. */
export const ubfx: Handler = (cpu, i) => {
  cpu.r[i.d] = (cpu.r[i.n]! << (32 - i.x - i.imm)) >>> (32 - i.x);
};
/** BFI and, when `n` is negative, BFC: `imm` is the lowest bit, `x` the width. */
export const bfi: Handler = (cpu, i) => {
  const mask = (0xffffffff >>> (32 - i.x)) << i.imm;
  const source = i.n < 0 ? 0 : cpu.r[i.n]! << i.imm;
  cpu.r[i.d] = (cpu.r[i.d]! & ~mask) | (source & mask);
};

/** PKHBT (`a` = 0) and PKHTB (`a` = 1). */
export const pkh: Handler = (cpu, i) => {
  const first = cpu.r[i.n]!;
  const second = operand(cpu, i);
  cpu.r[i.d] = i.a === 1 ? (first & 0xffff0000) | (second & 0xffff) : (second & 0xffff0000) | (first & 0xffff);
};

/** SEL. */
export const sel: Handler = (cpu, i) => {
  let mask = 0;
  for (let byte = 0; byte < 4; byte++) if ((cpu.ge & (1 << byte)) !== 0) mask |= 0xff << (8 * byte);
  cpu.r[i.d] = (cpu.r[i.n]! & mask) | (cpu.r[i.m]! & ~mask);
};
