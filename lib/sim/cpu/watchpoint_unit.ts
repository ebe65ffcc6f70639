/**
 * Data Watchpoint and Trace unit: comparators, cycle counter and PC sampling (DDI0403E C1.8, DDI0419 C1.7).
 *
 * @module
 */

import { armComponentId } from "./component_id.ts";
import type { AccessSize } from "../contracts.ts";

const MATCHED = 1 << 24;
const FUNCTION = { pc: 4, read: 5, write: 6, access: 7 } as const;

interface Comparator {
  comp: number;
  mask: number;
  control: number;
}

/** What the unit asks of the core. */
export interface WatchHost {
  /** Core cycles since power-on. */
  cycles(): number;
  /** Address for PC sampling, all ones when the core is halted or held in reset. */
  samplePc(): number;
  /** A comparator matched. */
  trap(): void;
  /** The set of active comparators may have changed. */
  changed(): void;
}

/** The comparators and counters. */
export class WatchpointUnit {
  /** DEMCR.TRCENA (DWTENA). */
  powered = false;
  #control = 0;
  #cycleBase = 0;
  #cycleHeld = 0;
  #comparators: Comparator[];

  /** Four comparators on ARMv7-M, two on ARMv6-M. */
  constructor(private readonly v7: boolean, private readonly host: WatchHost) {
    this.#comparators = Array.from({ length: v7 ? 4 : 2 }, () => ({ comp: 0, mask: 0, control: 0 }));
  }

  /** Power-on reset. */
  reset(): void {
    this.#control = this.#cycleHeld = 0;
    for (const each of this.#comparators) each.comp = each.mask = each.control = 0;
    this.host.changed();
  }

  /** Some comparator watches data. */
  get watchesData(): boolean {
    return this.powered && this.#comparators.some(({ control }) => (control & 15) > FUNCTION.pc);
  }

  /** Some comparator watches the PC. */
  get watchesPc(): boolean {
    return this.powered && this.#comparators.some(({ control }) => (control & 15) === FUNCTION.pc);
  }

  /** Follows DEMCR.TRCENA. */
  setPowered(on: boolean): void {
    if (on === this.powered) return;
    const count = this.#cycleCount();
    this.powered = on;
    this.#setCycleCount(count);
    this.host.changed();
  }

  /** Checks a data access of `size` bytes. */
  checkData(address: number, size: AccessSize, write: boolean): void {
    for (const each of this.#comparators) {
      const wanted = each.control & 15;
      if (wanted !== FUNCTION.access && wanted !== (write ? FUNCTION.write : FUNCTION.read)) continue;
      const bytes = 2 ** each.mask;
      const start = each.comp - each.comp % bytes;
      if (address < start + bytes && start < address + size) this.#match(each);
    }
  }

  /** Checks the address of an instruction that just executed. */
  checkPc(address: number): void {
    for (const each of this.#comparators) {
      if ((each.control & 15) !== FUNCTION.pc) continue;
      const bytes = 2 ** each.mask;
      const start = each.comp - each.comp % bytes;
      if (address >= start && address < start + Math.max(bytes, 2)) this.#match(each);
    }
  }

  #match(comparator: Comparator): void {
    comparator.control |= MATCHED;
    this.host.trap();
  }

  get #counting(): boolean {
    return this.powered && (this.#control & 1) !== 0;
  }

  #cycleCount(): number {
    return (this.#counting ? this.host.cycles() - this.#cycleBase : this.#cycleHeld) % 2 ** 32;
  }

  #setCycleCount(value: number): void {
    this.#cycleHeld = value;
    this.#cycleBase = this.host.cycles() - value;
  }

  /** Reads the register at byte `offset`. */
  read(offset: number): number {
    if (offset >= 0xfd0) return armComponentId(offset, this.v7 ? 0x002 : 0x00a, this.v7 ? 3 : 0);
    if (offset === 0) return (this.#comparators.length << 28) | this.#control;
    if (offset === 4) return this.v7 ? this.#cycleCount() : 0;
    if (offset === 0x1c) return this.host.samplePc();
    const comparator = this.#comparators[(offset - 0x20) >>> 4];
    if (comparator === undefined) return 0;
    const { comp, mask, control } = comparator;
    switch (offset & 15) {
      case 0:
        return comp;
      case 4:
        return mask;
      case 8:
        comparator.control &= ~MATCHED;
        return control;
      default:
        return 0;
    }
  }

  /** Writes the register at byte `offset`. */
  write(offset: number, value: number): void {
    if (offset === 0 && this.v7) {
      const count = this.#cycleCount();
      this.#control = value & 0x007f1fff;
      this.#setCycleCount(count);
    }
    if (offset === 4 && this.v7) this.#setCycleCount(value);
    const comparator = this.#comparators[(offset - 0x20) >>> 4];
    if (comparator === undefined) return;
    if ((offset & 15) === 0) comparator.comp = value;
    else if ((offset & 15) === 4) comparator.mask = value & 31;
    else if ((offset & 15) === 8) comparator.control = value & (this.v7 ? 0xfffaf : 0xf);
    this.host.changed();
  }
}
