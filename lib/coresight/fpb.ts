/**
 * Flash Patch and Breakpoint unit (Breakpoint Unit on Armv6-M): register layout and comparator allocation.
 *
 * Armv6-M (DDI 0419) C1.9, Armv7-M (DDI 0403) C1.11, Armv8-M (DDI 0553) D1.2 FP_CTRL and FP_COMPn.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Where the architecture puts the unit, in bytes. */
export const FPB_ADDRESS = 0xe0002000;

const FP_CTRL = 0x00;
const FP_COMP0 = 0x08;
const CTRL_KEY_ENABLE = 0x3;
const CTRL_KEY_DISABLE = 0x2;
/** Version 1 compares addresses of the code region only. */
const V1_LIMIT = 0x20000000;
/** Bits 31:30 of a version 1 comparator: which halves of the word it matches. */
const V1_HALVES = 0xc0000000;

/** FP_CTRL taken apart. */
export interface FpbControl {
  /** 1 for comparators of 29-bit word addresses, 2 for full half-word addresses. */
  readonly version: 1 | 2;
  /** Instruction comparators. */
  readonly codeComparators: number;
  /** Literal comparators, which do not make breakpoints. */
  readonly literalComparators: number;
  /** Whether the unit is switched on. */
  readonly enabled: boolean;
}

/**
 * Decodes FP_CTRL.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeFpControl } from "./fpb.ts";
 *
 * assertEquals(decodeFpControl(0x261), { version: 1, codeComparators: 6, literalComparators: 2, enabled: true });
 * ```
 */
export function decodeFpControl(value: number): FpbControl {
  return {
    version: bits(value, 31, 28) === 0 ? 1 : 2,
    codeComparators: (bits(value, 14, 12) << 4) | bits(value, 7, 4),
    literalComparators: bits(value, 11, 8),
    enabled: (value & 1) !== 0,
  };
}

/**
 * FP_COMPn value that breaks on the instruction at an even address. Version 1 names the word and which half of it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeFpComparator } from "./fpb.ts";
 *
 * assertEquals(encodeFpComparator(1, 0x08000102), 0x88000101);
 * assertEquals(encodeFpComparator(2, 0x20000102), 0x20000103);
 * ```
 */
export function encodeFpComparator(version: 1 | 2, address: number): number {
  if (version === 2) return (address | 1) >>> 0;
  const half = (address & 2) === 0 ? 0x40000000 : 0x80000000;
  return ((address & 0x1ffffffc) | half | 1) >>> 0;
}

/** The unit of one core. Changes are queued like memory writes; the state kept here says what they amount to. */
export class Fpb {
  readonly #memory: MemoryInterface;
  readonly #base: number;
  #control: FpbControl = { version: 1, codeComparators: 0, literalComparators: 0, enabled: false };
  #comparators: number[] = [];

  /** Drives the unit at byte address `base`; {@linkcode init} reads how much of it there is. */
  constructor(memory: MemoryInterface, base: number = FPB_ADDRESS) {
    this.#memory = memory;
    this.#base = base;
  }

  /** Reads FP_CTRL, and queues the clearing of every comparator a former debugger may have left set. */
  async init(): Promise<void> {
    this.#control = decodeFpControl(await this.#memory.read32(this.#base + FP_CTRL));
    this.#comparators = new Array<number>(this.#control.codeComparators).fill(0);
    this.restore();
  }

  /** Instruction comparators the unit has. */
  get count(): number {
    return this.#comparators.length;
  }

  /** Comparators in use. */
  get used(): number {
    return this.#comparators.filter((value) => value !== 0).length;
  }

  /** Version of the comparators. */
  get version(): 1 | 2 {
    return this.#control.version;
  }

  /** Whether a comparator can match this byte address at all. */
  reaches(address: number): boolean {
    return this.#control.version === 2 || address < V1_LIMIT;
  }

  /**
   * Queues a breakpoint at an even address. Two halves of one word share a version 1 comparator.
   *
   * @returns false when the unit cannot reach the address or has no comparator left
   */
  set(address: number): boolean {
    if (!this.reaches(address)) return false;
    const value = encodeFpComparator(this.version, address);
    const slot = this.#slotFor(value);
    if (slot < 0) return false;
    this.#write(slot, (this.#comparators[slot]! | value) >>> 0);
    this.#memory.write32(this.#base + FP_CTRL, CTRL_KEY_ENABLE);
    return true;
  }

  /** Queues the removal of the breakpoint at an even address; nothing happens when there is none. */
  clear(address: number): void {
    if (!this.reaches(address)) return;
    const value = encodeFpComparator(this.version, address);
    for (const [slot, present] of this.#comparators.entries()) {
      if (this.version === 2 && present === value) this.#write(slot, 0);
      if (this.version === 1 && sameWord(present, value) && (present & value & V1_HALVES) !== 0) {
        const rest = (present & ~(value & V1_HALVES)) >>> 0;
        this.#write(slot, (rest & V1_HALVES) === 0 ? 0 : rest);
      }
    }
  }

  /** Queues the writing of all comparators, as after a reset that cleared them. */
  restore(): void {
    for (let slot = 0; slot < this.#comparators.length; slot++) this.#write(slot, this.#comparators[slot]!);
    const control = this.used > 0 ? CTRL_KEY_ENABLE : CTRL_KEY_DISABLE;
    if (this.count > 0) this.#memory.write32(this.#base + FP_CTRL, control);
  }

  #slotFor(value: number): number {
    if (this.version === 1) {
      const shared = this.#comparators.findIndex((present) => sameWord(present, value));
      if (shared >= 0) return shared;
    }
    const present = this.#comparators.indexOf(value);
    if (present >= 0) return present;
    return this.#comparators.indexOf(0);
  }

  #write(slot: number, value: number): void {
    this.#comparators[slot] = value;
    this.#memory.write32(this.#base + FP_COMP0 + slot * 4, value);
  }
}

/** Whether two version 1 comparators are switched on and name the same word. */
function sameWord(a: number, b: number): boolean {
  return (a & ~V1_HALVES) === (b & ~V1_HALVES);
}
