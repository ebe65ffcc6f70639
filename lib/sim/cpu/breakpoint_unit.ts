/**
 * Flash Patch and Breakpoint unit, version 1, and the Breakpoint Unit of ARMv6-M (DDI0403E C1.11, DDI0419 C1.8).
 *
 * @module
 */

import { armComponentId } from "./component_id.ts";

const KEY = 2;
const LITERAL_COMPARATORS = 2;

/** The comparators; matching itself happens where instructions are fetched. */
export class BreakpointUnit {
  #enable = 0;
  #remap = 0;
  #comparators: Uint32Array;

  /** `changed` runs whenever the set of addresses may have changed. */
  constructor(private readonly v7: boolean, private readonly changed: () => void) {
    this.#comparators = new Uint32Array(v7 ? 6 + LITERAL_COMPARATORS : 4);
  }

  /** Power-on reset. */
  reset(): void {
    this.#enable = this.#remap = 0;
    this.#comparators.fill(0);
    this.changed();
  }

  /** Addresses that break; replacing code or literals through FP_REMAP has no effect in this model. */
  addresses(): ReadonlySet<number> {
    const found = new Set<number>();
    if (this.#enable === 0) return found;
    const codes = this.v7 ? this.#comparators.length - LITERAL_COMPARATORS : this.#comparators.length;
    for (const comparator of this.#comparators.subarray(0, codes)) {
      if ((comparator & 1) === 0) continue;
      const address = comparator & 0x1ffffffc;
      const where = comparator >>> 30;
      if ((where & 1) !== 0) found.add(address);
      if ((where & 2) !== 0) found.add(address + 2);
    }
    return found;
  }

  /** Reads the register at byte `offset`. */
  read(offset: number): number {
    if (offset >= 0xfd0) return armComponentId(offset, this.v7 ? 0x003 : 0x00b, this.v7 ? 2 : 0);
    if (offset === 0) return (this.v7 ? 0x260 : 0x40) | this.#enable;
    if (offset === 4) return this.v7 ? this.#remap : 0;
    return this.#comparators[(offset - 8) >>> 2] ?? 0;
  }

  /** Writes the register at byte `offset`. */
  write(offset: number, value: number): void {
    const index = (offset - 8) >>> 2;
    if (offset === 0) {
      if ((value & KEY) === 0) return;
      this.#enable = value & 1;
    } else if (offset === 4) this.#remap = value & 0x1fffffe0;
    else if (index < this.#comparators.length) this.#comparators[index] = value & 0xdffffffd;
    else return;
    this.changed();
  }
}
