/**
 * Data Watchpoint and Trace unit: register layout, watchpoint comparators, cycle counter.
 *
 * Armv6-M (DDI 0419) C1.8, Armv7-M (DDI 0403) C1.8, Armv8-M (DDI 0553) D1.2 DWT_CTRL and DWT_FUNCTIONn.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Where the architecture puts the unit, in bytes. */
export const DWT_ADDRESS = 0xe0001000;

const DWT_CTRL = 0x00;
const DWT_CYCCNT = 0x04;
const DWT_COMP0 = 0x20;
const DWT_MASK0 = 0x24;
const DWT_FUNCTION0 = 0x28;
const DWT_DEVARCH = 0xfbc;
const STRIDE = 0x10;
const CYCCNTENA = 1 << 0;
const NOCYCCNT_BIT = 25;
const ARCHID_DWT_V2 = 0x1a02;
const FUNCTION_MATCHED = 1 << 24;
/** DWT_FUNCTION.ID of version 2: this bit says the comparator can watch data addresses. */
const ID_DATA_ADDRESS = 0b01000;
const V2_ACTION_HALT = 1 << 4;

/** What a comparator reacts to. */
export type DwtAccess = "read" | "write" | "access";

/** A comparator that is in use. */
export interface DwtWatch {
  /** Byte address, aligned to `size`. */
  readonly address: number;
  /** Bytes watched, a power of two. */
  readonly size: number;
  /** What it reacts to. */
  readonly access: DwtAccess;
}

const V1_FUNCTION: Readonly<Record<DwtAccess, number>> = { read: 5, write: 6, access: 7 };
const V2_MATCH: Readonly<Record<DwtAccess, number>> = { read: 6, write: 5, access: 4 };

/**
 * DWT_FUNCTIONn value that halts the core on a data access.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeDwtFunction } from "./dwt.ts";
 *
 * assertEquals(encodeDwtFunction(1, "write", 4), 6);
 * assertEquals(encodeDwtFunction(2, "write", 4), 0x815);
 * ```
 */
export function encodeDwtFunction(version: 1 | 2, access: DwtAccess, size: number): number {
  if (version === 1) return V1_FUNCTION[access];
  return V2_MATCH[access] | V2_ACTION_HALT | (Math.log2(size) << 10);
}

interface Comparator {
  /** Largest number of bytes it can watch; 0 when it cannot watch data at all. */
  readonly maxSize: number;
  watch: DwtWatch | undefined;
}

/** The unit of one core. Changes are queued like memory writes. DEMCR.TRCENA has to be set before {@linkcode init}. */
export class Dwt {
  readonly #memory: MemoryInterface;
  readonly #base: number;
  #comparators: Comparator[] = [];
  #version: 1 | 2 = 1;
  #hasCycleCounter = false;

  /** Drives the unit at byte address `base`; {@linkcode init} reads how much of it there is. */
  constructor(memory: MemoryInterface, base: number = DWT_ADDRESS) {
    this.#memory = memory;
    this.#base = base;
  }

  /** Finds out what the comparators can do, queues their clearing and the start of the cycle counter. */
  async init(): Promise<void> {
    const [control, devarch] = await Promise.all([
      this.#memory.read32(this.#base + DWT_CTRL),
      this.#memory.read32(this.#base + DWT_DEVARCH),
    ]);
    const count = bits(control, 31, 28);
    this.#version = bits(devarch, 15, 0) === ARCHID_DWT_V2 ? 2 : 1;
    if (!bit(control, NOCYCCNT_BIT)) this.#memory.write32(this.#base + DWT_CTRL, (control | CYCCNTENA) >>> 0);
    const [enabled, ...sizes] = await Promise.all([
      this.#memory.read32(this.#base + DWT_CTRL),
      ...Array.from({ length: count }, (_, index) => this.#clearAndProbe(index)),
    ]);
    // Armv6-M has no counter but reads NOCYCCNT as zero; there the enable bit does not stick.
    this.#hasCycleCounter = (enabled & CYCCNTENA) !== 0;
    this.#comparators = sizes.map((maxSize) => ({ maxSize, watch: undefined }));
  }

  /** Comparators the unit has. */
  get count(): number {
    return this.#comparators.length;
  }

  /** Version of the comparators: 2 from Armv8-M on. */
  get version(): 1 | 2 {
    return this.#version;
  }

  /** What is watched now. */
  get watches(): readonly DwtWatch[] {
    return this.#comparators.flatMap((comparator) => comparator.watch ? [comparator.watch] : []);
  }

  /** Largest number of bytes one comparator can watch. */
  get maxSize(): number {
    return Math.max(0, ...this.#comparators.map((comparator) => comparator.maxSize));
  }

  /**
   * Queues a watchpoint; setting the same one again does nothing.
   *
   * @returns false when no free comparator can watch that many bytes
   */
  set(watch: DwtWatch): boolean {
    if (this.#find(watch) >= 0) return true;
    const index = this.#comparators.findIndex((c) => c.watch === undefined && c.maxSize >= watch.size);
    if (index < 0) return false;
    this.#comparators[index]!.watch = watch;
    this.#write(index);
    return true;
  }

  /** Queues the removal of a watchpoint; nothing happens when it is not set. */
  clear(watch: DwtWatch): void {
    const index = this.#find(watch);
    if (index < 0) return;
    this.#comparators[index]!.watch = undefined;
    this.#write(index);
  }

  /** Queues the writing of all comparators, as after a reset that cleared them. */
  restore(): void {
    for (let index = 0; index < this.count; index++) this.#write(index);
  }

  /** The watchpoint that matched since the last call; reading clears what the unit remembers. */
  async matched(): Promise<DwtWatch | undefined> {
    const used = this.#comparators.flatMap((c, index) => c.watch ? [{ watch: c.watch, index }] : []);
    const functions = await Promise.all(used.map(({ index }) => this.#memory.read32(this.#at(index, DWT_FUNCTION0))));
    return used.find((_, at) => (functions[at]! & FUNCTION_MATCHED) !== 0)?.watch;
  }

  /** Value of the cycle counter (CYCCNT), or undefined when the core has none. */
  async cycleCount(): Promise<number | undefined> {
    return this.#hasCycleCounter ? await this.#memory.read32(this.#base + DWT_CYCCNT) : undefined;
  }

  /** Queues a new value of the cycle counter. */
  setCycleCount(value: number): void {
    if (this.#hasCycleCounter) this.#memory.write32(this.#base + DWT_CYCCNT, value);
  }

  #at(index: number, register: number): number {
    return this.#base + register + index * STRIDE;
  }

  #find(watch: DwtWatch): number {
    return this.#comparators.findIndex((c) =>
      c.watch?.address === watch.address && c.watch.size === watch.size && c.watch.access === watch.access
    );
  }

  /** DWT_MASKn keeps only the bits it implements, so writing ones shows the largest size. */
  async #clearAndProbe(index: number): Promise<number> {
    this.#memory.write32(this.#at(index, DWT_FUNCTION0), 0);
    if (this.#version === 2) {
      const id = bits(await this.#memory.read32(this.#at(index, DWT_FUNCTION0)), 31, 27);
      return (id & ID_DATA_ADDRESS) !== 0 ? 4 : 0;
    }
    this.#memory.write32(this.#at(index, DWT_MASK0), 0x1f);
    const mask = this.#memory.read32(this.#at(index, DWT_MASK0));
    this.#memory.write32(this.#at(index, DWT_MASK0), 0);
    return 2 ** bits(await mask, 4, 0);
  }

  #write(index: number): void {
    const watch = this.#comparators[index]!.watch;
    // The function goes off first: changing the address of a live comparator has unpredictable results.
    this.#memory.write32(this.#at(index, DWT_FUNCTION0), 0);
    if (watch === undefined) return;
    this.#memory.write32(this.#at(index, DWT_COMP0), watch.address);
    if (this.#version === 1) this.#memory.write32(this.#at(index, DWT_MASK0), Math.log2(watch.size));
    const value = encodeDwtFunction(this.#version, watch.access, watch.size);
    this.#memory.write32(this.#at(index, DWT_FUNCTION0), value);
  }
}
