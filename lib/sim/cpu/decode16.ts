/**
 * Decoder of the 16-bit Thumb encodings (DDI0403E A5.2, DDI0419 A5.2).
 *
 * @module
 */

import * as data from "./exec_data.ts";
import * as flow from "./exec_branch.ts";
import * as memory from "./exec_memory.ts";
import { mul, muls } from "./exec_multiply.ts";
import { type Handler, type Insn, insn, signExtend } from "./insn.ts";

const { ALU } = data;
const { ACCESS } = memory;

/** Flags outside an IT block, none inside. */
function pair(of: data.FlagPair, fields: Partial<Insn>): Insn {
  return insn(2, of.flags, { ...fields, inIt: of.plain });
}

/** Decodes the half-word `op` at byte `address`; `v7` allows CBZ, IT and the v7 hints. */
export function decode16(op: number, address: number, v7: boolean): Insn {
  const low = op & 7;
  const mid = (op >>> 3) & 7;
  const high = (op >>> 8) & 7;
  const imm5 = (op >>> 6) & 31;
  const imm8 = op & 0xff;
  switch (op >>> 11) {
    case 0:
    case 1:
    case 2: {
      const type = op >>> 11;
      const imm = imm5 === 0 && type !== 0 ? 32 : imm5;
      return pair(ALU.mov, { d: low, m: mid, x: type, imm });
    }
    case 3: {
      const third = (op >>> 6) & 7;
      const of = (op & 0x200) === 0 ? ALU.add : ALU.sub;
      if ((op & 0x400) === 0) return pair(of, { d: low, n: mid, m: third });
      const flags = (op & 0x200) === 0 ? data.addsImm : data.subsImm;
      return insn(2, flags, { inIt: of.plain, d: low, n: mid, imm: third });
    }
    case 4:
      return insn(2, data.movsImm, { inIt: data.movImm, d: high, imm: imm8 });
    case 5:
      return insn(2, data.cmpImm, { n: high, imm: imm8 });
    case 6:
      return insn(2, data.addsImm, { inIt: ALU.add.plain, d: high, n: high, imm: imm8 });
    case 7:
      return insn(2, data.subsImm, { inIt: ALU.sub.plain, d: high, n: high, imm: imm8 });
    case 8:
      return (op & 0x400) === 0 ? dataProcessing(op, low, mid) : special(op, low);
    case 9:
      return insn(2, memory.ldrLiteral, { d: high, imm: ((address + 4) & ~3) + imm8 * 4 });
    case 10:
    case 11:
      return loadStoreRegister(op, low, mid);
    case 12:
      return insn(2, memory.strImm, { d: low, n: mid, imm: imm5 * 4 });
    case 13:
      return insn(2, memory.ldrImm, { d: low, n: mid, imm: imm5 * 4 });
    case 14:
      return insn(2, memory.strbImm, { d: low, n: mid, imm: imm5 });
    case 15:
      return insn(2, memory.ldrbImm, { d: low, n: mid, imm: imm5 });
    case 16:
      return insn(2, memory.storeImm, { d: low, n: mid, imm: imm5 * 2, x: ACCESS.half });
    case 17:
      return insn(2, memory.loadImm, { d: low, n: mid, imm: imm5 * 2, x: ACCESS.half });
    case 18:
      return insn(2, memory.strImm, { d: high, n: 13, imm: imm8 * 4 });
    case 19:
      return insn(2, memory.ldrImm, { d: high, n: 13, imm: imm8 * 4 });
    case 20:
      return insn(2, data.movImm, { d: high, imm: ((address + 4) & ~3) + imm8 * 4 });
    case 21:
      return insn(2, data.addImm, { d: high, n: 13, imm: imm8 * 4 });
    case 22:
    case 23:
      return miscellaneous(op, address, v7);
    case 24:
      return insn(2, memory.storeMultiple, { n: high, imm: imm8, x: 2 });
    case 25:
      return insn(2, memory.loadMultiple, { n: high, imm: imm8, x: (imm8 & (1 << high)) !== 0 ? 0 : 2 });
    case 26:
    case 27:
      return conditional(op, address);
    case 28:
      return insn(2, flow.branch, { imm: (address + 4 + signExtend(op & 0x7ff, 11) * 2) | 0 });
    default:
      return insn(2, flow.undefinedInsn);
  }
}

function dataProcessing(op: number, d: number, m: number): Insn {
  const same = { d, n: d, m };
  switch ((op >>> 6) & 15) {
    case 0:
      return pair(ALU.and, same);
    case 1:
      return pair(ALU.eor, same);
    case 2:
      return pair(data.shiftReg, { ...same, x: data.SHIFT.lsl });
    case 3:
      return pair(data.shiftReg, { ...same, x: data.SHIFT.lsr });
    case 4:
      return pair(data.shiftReg, { ...same, x: data.SHIFT.asr });
    case 5:
      return pair(ALU.adc, same);
    case 6:
      return pair(ALU.sbc, same);
    case 7:
      return pair(data.shiftReg, { ...same, x: data.SHIFT.ror });
    case 8:
      return insn(2, data.tst, same);
    case 9:
      return pair(ALU.rsb, { d, n: m, imm: 0, x: -1 });
    case 10:
      return insn(2, data.cmp, same);
    case 11:
      return insn(2, data.cmn, same);
    case 12:
      return pair(ALU.orr, same);
    case 13:
      return insn(2, muls, { inIt: mul, ...same });
    case 14:
      return pair(ALU.bic, same);
    default:
      return pair(ALU.mvn, same);
  }
}

/** Keeps the two low bits of SP zero after `of` wrote it. */
export function aligningSp(of: Handler): Handler {
  return (cpu, i) => {
    of(cpu, i);
    cpu.r[13] = cpu.r[13]! & ~3;
  };
}

function special(op: number, low: number): Insn {
  const m = (op >>> 3) & 15;
  const d = low | ((op >>> 4) & 8);
  switch ((op >>> 8) & 3) {
    case 0:
      if (d === 15) return insn(2, data.writePc, { m, imm: 1 });
      return insn(2, d === 13 ? aligningSp(ALU.add.plain) : ALU.add.plain, { d, n: d, m });
    case 1:
      return insn(2, data.cmp, { n: d, m });
    case 2:
      if (d === 15) return insn(2, data.writePc, { m });
      return insn(2, d === 13 ? aligningSp(data.movReg) : data.movReg, { d, m });
    default:
      return insn(2, (op & 0x80) === 0 ? flow.bx : flow.blx, { m });
  }
}

function loadStoreRegister(op: number, d: number, n: number): Insn {
  const fields = { d, n, m: (op >>> 6) & 7 };
  switch ((op >>> 9) & 7) {
    case 0:
      return insn(2, memory.strReg, fields);
    case 1:
      return insn(2, memory.storeReg, { ...fields, x: ACCESS.half });
    case 2:
      return insn(2, memory.storeReg, { ...fields, x: ACCESS.byte });
    case 3:
      return insn(2, memory.loadReg, { ...fields, x: ACCESS.signedByte });
    case 4:
      return insn(2, memory.ldrReg, fields);
    case 5:
      return insn(2, memory.loadReg, { ...fields, x: ACCESS.half });
    case 6:
      return insn(2, memory.loadReg, { ...fields, x: ACCESS.byte });
    default:
      return insn(2, memory.loadReg, { ...fields, x: ACCESS.signedHalf });
  }
}

function miscellaneous(op: number, address: number, v7: boolean): Insn {
  const d = op & 7;
  const m = (op >>> 3) & 7;
  const spOffset = (op & 0x7f) * 4;
  switch ((op >>> 8) & 15) {
    case 0:
      return insn(2, data.addImm, { d: 13, n: 13, imm: (op & 0x80) === 0 ? spOffset : -spOffset });
    case 1:
    case 3:
    case 9:
    case 11: {
      if (!v7) break;
      const offset = ((op >>> 2) & 0x3e) | ((op >>> 3) & 0x40);
      return insn(2, (op & 0x800) === 0 ? flow.cbz : flow.cbnz, { n: d, imm: (address + 4 + offset) | 0 });
    }
    case 2: {
      const { sxth, sxtb, uxth, uxtb } = data.EXTEND;
      return insn(2, [sxth, sxtb, uxth, uxtb][(op >>> 6) & 3]!, { d, m });
    }
    case 4:
    case 5:
      return insn(2, memory.storeMultiple, { n: 13, imm: (op & 0xff) | ((op & 0x100) << 6), x: 3 });
    case 6:
      if ((op & 0xe8) === 0x60) return insn(2, flow.cps, { x: (op >>> 4) & 1, imm: op & 3 });
      break;
    case 10: {
      const { rev, rev16, revsh } = data.REVERSE;
      const of = [rev, rev16, undefined, revsh][(op >>> 6) & 3];
      if (of !== undefined) return insn(2, of, { d, m });
      break;
    }
    case 12:
    case 13:
      return insn(2, memory.loadMultiple, { n: 13, imm: (op & 0xff) | ((op & 0x100) << 7), x: 2 });
    case 14:
      return insn(2, flow.bkpt, { imm: op & 0xff, always: true });
    case 15:
      if ((op & 15) === 0) return hint((op >>> 4) & 15);
      if (v7) return insn(2, flow.itBlock, { imm: op & 0xff });
      break;
  }
  return insn(2, flow.undefinedInsn);
}

/** NOP and its relatives; hints without a meaning here are NOPs (DDI0403E A5.2.5). */
function hint(number: number): Insn {
  const handlers: readonly Handler[] = [flow.nop, flow.nop, flow.wfe, flow.wfi, flow.sev];
  return insn(2, handlers[number] ?? flow.nop);
}

function conditional(op: number, address: number): Insn {
  const x = (op >>> 8) & 15;
  if (x === 15) return insn(2, flow.svc, { imm: op & 0xff });
  if (x === 14) return insn(2, flow.undefinedInsn);
  const imm = (address + 4 + signExtend(op & 0xff, 8) * 2) | 0;
  const of = x === 0 ? flow.branchEq : x === 1 ? flow.branchNe : flow.branchIf;
  return insn(2, of, { x, imm });
}
