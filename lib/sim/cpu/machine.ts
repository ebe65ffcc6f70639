/**
 * The programmer's model that instructions work on: registers, flags, memory, and the fetch-and-execute loop.
 *
 * @module
 */

import { type Bus, BusRegion, CODE_FLAG_SHIFT } from "../bus.ts";
import { type AccessSize, BUS_ERROR } from "../contracts.ts";
import { CodeCache } from "./code_cache.ts";
import { CFSR, EXCEPTION, Fault, usageFault } from "./fault.ts";
import { breakpointInsn, type Insn } from "./insn.ts";

/** Index in {@linkcode Machine.r} of the address of the next instruction. */
export const NEXT = 16;

/** CONTROL bits (DDI0403E B1.4.4). */
export const CONTROL = { nPriv: 1, spSel: 2, fpca: 4 } as const;

/** What instructions ask of the rest of the core. */
export interface SystemPort {
  /** SVC. */
  supervisorCall(): void;
  /** BKPT, or a match of the breakpoint unit. */
  breakpoint(): void;
  /** WFI. */
  waitForInterrupt(): void;
  /** WFE. */
  waitForEvent(): void;
  /** SEV. */
  sendEvent(): void;
  /** A branch to an EXC_RETURN value in Handler mode. */
  exceptionReturn(value: number): void;
  /** An FP instruction is about to run: checks CPACR and opens an FP context. */
  useFpu(): void;
  /** PPB access by software, unsigned or {@linkcode BUS_ERROR}. */
  ppbRead(address: number, size: AccessSize): number;
  /** PPB access by software; false is a bus error. */
  ppbWrite(address: number, size: AccessSize, value: number): boolean;
  /** A data access happened while watchpoints are on. */
  watch(address: number, size: AccessSize, write: boolean, value: number): void;
}

/** Whether an address lies in the Private Peripheral Bus. */
export function isPpb(address: number): boolean {
  return (address & 0xfff00000) === (0xe0000000 | 0);
}

const NO_REGION = new BusRegion("none", 0, 0, undefined, 0, undefined);

/** Registers, flags and memory of one core. Addresses are in bytes; register values are signed 32-bit numbers. */
export class Machine {
  /** R0–R12, the current SP, LR, PC as instructions read it, and the next instruction's address at {@linkcode NEXT}. */
  readonly r: Int32Array = new Int32Array(17);
  /** Single-precision registers. */
  readonly s: Float32Array = new Float32Array(32);
  /** The same registers as integers. */
  readonly si: Int32Array = new Int32Array(this.s.buffer);
  /** N is set when this is negative. */
  nf = 0;
  /** Z is set when this is zero. */
  zf = 1;
  /** Carry, 0 or 1. */
  c = 0;
  /** Overflow, 0 or 1. */
  v = 0;
  /** Saturation, 0 or 1. */
  q = 0;
  /** The four GE bits. */
  ge = 0;
  /** Carry out of the last shift. */
  shiftCarry = 0;
  /** ITSTATE. */
  it = 0;
  /** ITSTATE as it was when the current instruction started. */
  itBefore = 0;
  /** EPSR.T. */
  thumb = true;
  /** Number of the exception being handled, 0 in Thread mode. */
  ipsr = 0;
  /** PRIMASK, 0 or 1. */
  primask = 0;
  /** BASEPRI. */
  basepri = 0;
  /** FAULTMASK, 0 or 1. */
  faultmask = 0;
  /** CONTROL. */
  control = 0;
  /** The stack pointer that is not in R13. */
  otherSp = 0;
  /** Floating-point status. */
  fpscr = 0;
  /** Address tagged by a load-exclusive, -1 when none. */
  exclusive: number = -1;
  /** CCR.UNALIGN_TRP. */
  trapUnaligned = false;
  /** CCR.DIV_0_TRP. */
  trapDivide = false;
  /** Bit-band regions of SRAM and peripherals exist. */
  bitBand = false;
  /** Instructions left in the current batch. */
  left = 0;
  /** Cycle count at which the current batch ends. */
  end = 0;
  /** Addresses of enabled breakpoint comparators. */
  breakpoints: ReadonlySet<number> = new Set<number>();

  #map: BusRegion[] = new Array<BusRegion>(256).fill(NO_REGION);
  #watching = false;
  #code: CodeCache;
  #caches = new Map<BusRegion, CodeCache>();
  #none: CodeCache;

  /** A core of ARMv7E-M when `v7`, of ARMv6-M otherwise, on `bus`. */
  constructor(
    /** Whether this is ARMv7-M rather than ARMv6-M. */
    readonly v7: boolean,
    /** The chip's address space. */
    readonly bus: Bus,
    /** The rest of the core. */
    readonly system: SystemPort,
    /** Decodes the instruction at an address. */
    private readonly decode: (address: number, first: number, second: () => number) => Insn,
  ) {
    this.#none = new CodeCache(NO_REGION);
    this.#code = this.#none;
    bus.onRemap(() => this.#forget());
  }

  /** Cycles since power-on. */
  get cycles(): number {
    return this.end - this.left;
  }

  /** Ends the batch after the current instruction, so that the outer loop looks at exceptions and debug. */
  breakOut(): void {
    this.end -= this.left;
    this.left = 0;
  }

  /** Makes every data access visible to {@linkcode SystemPort.watch}. */
  set watching(on: boolean) {
    this.#watching = on;
    this.#map.fill(NO_REGION);
  }

  /** Replaces the set of breakpoint addresses. */
  setBreakpoints(addresses: ReadonlySet<number>): void {
    for (const set of [this.breakpoints, addresses]) {
      for (const address of set) for (const cache of this.#caches.values()) cache.dropAddress(address);
    }
    this.breakpoints = addresses;
  }

  #forget(): void {
    this.#map.fill(NO_REGION);
    for (const [region, cache] of this.#caches) region.block?.watchers.delete(cache);
    this.#caches.clear();
    this.#code = this.#none;
  }

  /** Runs until {@linkcode left} is used up. @throws {Fault} by the instruction at R15 - 4 */
  execute(): void {
    const r = this.r;
    while (this.left > 0) {
      const pc = r[NEXT]!;
      const offset = (pc - this.#code.start) >>> 0;
      let insn: Insn | undefined;
      if (offset < this.#code.size) insn = this.#code.pages[offset >>> 12]?.[(offset & 0xfff) >>> 1];
      r[15] = pc + 4;
      this.left--;
      if (insn === undefined) {
        this.itBefore = this.it;
        insn = this.#fetch(pc >>> 0);
      }
      r[NEXT] = pc + insn.size;
      if (this.it === 0) {
        this.itBefore = 0;
        insn.run(this, insn);
      } else {
        this.#runInIt(insn);
      }
    }
  }

  #runInIt(insn: Insn): void {
    const it = this.it;
    this.itBefore = it;
    this.it = (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
    if (insn.always || this.passed(it >>> 4)) insn.inIt(this, insn);
  }

  #fetch(pc: number): Insn {
    const top = pc >>> 29;
    if (top === 2 || top >= 5) throw new Fault(EXCEPTION.memManage, CFSR.iaccviol);
    if (this.breakpoints.has(pc)) return breakpointInsn;
    const region = this.bus.find(pc);
    const known = region === undefined ? undefined : this.#caches.get(region);
    const cached = known?.get(pc - known.start);
    if (known !== undefined && cached !== undefined) {
      this.#code = known;
      return cached;
    }
    const first = region === undefined ? BUS_ERROR : this.bus.read(pc, 2);
    if (region === undefined || first === BUS_ERROR) throw new Fault(EXCEPTION.busFault, CFSR.ibuserr);
    const insn = this.decode(pc, first, () => {
      const second = this.bus.read(pc + 2, 2);
      if (second === BUS_ERROR) throw new Fault(EXCEPTION.busFault, CFSR.ibuserr);
      return second;
    });
    const offset = pc - region.start;
    if (region.block === undefined || offset + insn.size > region.size) return insn;
    let cache = this.#caches.get(region);
    if (cache === undefined) {
      cache = new CodeCache(region);
      this.#caches.set(region, cache);
      region.block.watchers.add(cache);
    }
    this.#code = cache;
    cache.put(offset, insn);
    return insn;
  }

  /** Whether condition `cond` (0–15) holds (DDI0403E A7.3). */
  passed(cond: number): boolean {
    let yes: boolean;
    switch (cond >>> 1) {
      case 0:
        yes = this.zf === 0;
        break;
      case 1:
        yes = this.c === 1;
        break;
      case 2:
        yes = this.nf < 0;
        break;
      case 3:
        yes = this.v === 1;
        break;
      case 4:
        yes = this.c === 1 && this.zf !== 0;
        break;
      case 5:
        yes = (this.nf < 0) === (this.v === 1);
        break;
      case 6:
        yes = this.zf !== 0 && (this.nf < 0) === (this.v === 1);
        break;
      default:
        return true;
    }
    return (cond & 1) === 0 ? yes : !yes;
  }

  /** Branches without a change of instruction set; `address` may have bit 0 set. */
  jump(address: number): void {
    this.r[NEXT] = address & ~1;
  }

  /** BXWritePC and LoadWritePC (DDI0403E A2.3.1). */
  branchExchange(address: number): void {
    if (address >>> 28 === 15 && this.ipsr !== 0) {
      this.system.exceptionReturn(address >>> 0);
      return;
    }
    this.r[NEXT] = address & ~1;
    if ((address & 1) === 0) {
      this.thumb = false;
      this.breakOut();
    }
  }

  /** Reads a word; the address need not be aligned on ARMv7-M. @throws {Fault} */
  read32(address: number): number {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.size && (offset & 3) === 0) return region.words[offset >>> 2]!;
    return this.#readSlow(address >>> 0, 4) | 0;
  }

  /** Reads a half-word, unsigned. @throws {Fault} */
  read16(address: number): number {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.size && (offset & 1) === 0) return region.halves[offset >>> 1]!;
    return this.#readSlow(address >>> 0, 2);
  }

  /** Reads a byte, unsigned. @throws {Fault} */
  read8(address: number): number {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.size) return region.bytes[offset]!;
    return this.#readSlow(address >>> 0, 1);
  }

  /** Writes a word. @throws {Fault} */
  write32(address: number, value: number): void {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.storeLimit && (offset & 3) === 0) {
      region.words[offset >>> 2] = value;
      const at = region.offset + offset;
      if (region.block!.code[at >>> CODE_FLAG_SHIFT] !== 0) region.block!.changed(at, 4);
      return;
    }
    this.#writeSlow(address >>> 0, 4, value >>> 0);
  }

  /** Writes a half-word. @throws {Fault} */
  write16(address: number, value: number): void {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.storeLimit && (offset & 1) === 0) {
      region.halves[offset >>> 1] = value;
      const at = region.offset + offset;
      if (region.block!.code[at >>> CODE_FLAG_SHIFT] !== 0) region.block!.changed(at, 2);
      return;
    }
    this.#writeSlow(address >>> 0, 2, value & 0xffff);
  }

  /** Writes a byte. @throws {Fault} */
  write8(address: number, value: number): void {
    const region = this.#map[address >>> 24]!;
    const offset = (address - region.start) >>> 0;
    if (offset < region.storeLimit) {
      region.bytes[offset] = value;
      const at = region.offset + offset;
      if (region.block!.code[at >>> CODE_FLAG_SHIFT] !== 0) region.block!.changed(at, 1);
      return;
    }
    this.#writeSlow(address >>> 0, 1, value & 0xff);
  }

  /** Refuses an address that is not a multiple of `size`, for accesses that must be aligned. @throws {Fault} */
  checkAligned(address: number, size: AccessSize): void {
    if ((address & (size - 1)) !== 0) throw usageFault(CFSR.unaligned);
  }

  #readSlow(address: number, size: AccessSize): number {
    if ((address & (size - 1)) !== 0) {
      if (!this.v7 || this.trapUnaligned) throw usageFault(CFSR.unaligned);
      let value = 0;
      for (let i = 0; i < size; i++) value |= this.#readSlow((address + i) >>> 0, 1) << (8 * i);
      return value >>> 0;
    }
    let value: number;
    if (isPpb(address)) {
      const open = (this.control & CONTROL.nPriv) === 0 || this.ipsr !== 0;
      value = open ? this.system.ppbRead(address, size) : BUS_ERROR;
    } else {
      value = this.busRead(address, size);
      this.#remember(address);
    }
    if (value === BUS_ERROR) throw new Fault(EXCEPTION.busFault, CFSR.preciserr | CFSR.bfarvalid, address);
    if (this.#watching) this.system.watch(address, size, false, value);
    return value;
  }

  #writeSlow(address: number, size: AccessSize, value: number): void {
    if ((address & (size - 1)) !== 0) {
      if (!this.v7 || this.trapUnaligned) throw usageFault(CFSR.unaligned);
      for (let i = 0; i < size; i++) this.#writeSlow((address + i) >>> 0, 1, (value >>> (8 * i)) & 0xff);
      return;
    }
    let done: boolean;
    if (isPpb(address)) {
      const open = (this.control & CONTROL.nPriv) === 0 || this.ipsr !== 0;
      done = open && this.system.ppbWrite(address, size, value);
    } else {
      done = this.busWrite(address, size, value);
      this.#remember(address);
    }
    if (!done) throw new Fault(EXCEPTION.busFault, CFSR.preciserr | CFSR.bfarvalid, address);
    if (this.#watching) this.system.watch(address, size, true, value);
  }

  #remember(address: number): void {
    if (this.#watching) return;
    const region = this.bus.find(address);
    if (region?.block !== undefined) this.#map[address >>> 24] = region;
  }

  /** An aligned access outside the PPB, through the bit-band aliases where the chip has them. */
  busRead(address: number, size: AccessSize): number {
    return this.#isBitBand(address) ? this.#readBit(address) : this.bus.read(address, size);
  }

  /** See {@linkcode busRead}. */
  busWrite(address: number, size: AccessSize, value: number): boolean {
    return this.#isBitBand(address) ? this.#writeBit(address, value) : this.bus.write(address, size, value);
  }

  #isBitBand(address: number): boolean {
    return this.bitBand && ((address & 0xfe000000) === 0x22000000 || (address & 0xfe000000) === 0x42000000);
  }

  /** Bit-band alias: word n of 0x22000000 or 0x42000000 is bit n of 0x20000000 or 0x40000000 (DDI0439B 3.7). */
  #readBit(address: number): number {
    const value = this.bus.read(bitBandTarget(address), 1);
    return value === BUS_ERROR ? BUS_ERROR : (value >>> ((address >>> 2) & 7)) & 1;
  }

  #writeBit(address: number, bit: number): boolean {
    const target = bitBandTarget(address) & ~3;
    const at = target >>> 0;
    const value = this.bus.read(at, 4);
    if (value === BUS_ERROR) return false;
    const mask = 1 << ((address >>> 2) & 31);
    return this.bus.write(at, 4, ((bit & 1) === 0 ? value & ~mask : value | mask) >>> 0);
  }
}

function bitBandTarget(address: number): number {
  return ((address & 0xe0000000) | ((address & 0x1ffffff) >>> 5)) >>> 0;
}
