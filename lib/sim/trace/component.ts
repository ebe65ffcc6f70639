/**
 * The identification registers at the end of every CoreSight component, and components that are nothing else.
 *
 * @module
 */
import type { AccessSize, BusDevice } from "../contracts.ts";
import { readLane } from "../flash/lanes.ts";

/** Component identification of a class 1 ROM table (ADIv5.2 D2.1). */
export const CIDR_ROM_TABLE = 0xb105100d;
/** Component identification of a class 9 debug component. */
export const CIDR_DEBUG = 0xb105900d;
/** Component identification of a class 14 generic IP component, as the blocks of a Cortex-M have. */
export const CIDR_GENERIC = 0xb105e00d;

/** What a component says about itself. */
export interface ComponentId {
  /** The four CIDR registers as one word, CIDR3 at the top. */
  readonly cidr: number;
  /** PIDR3 to PIDR0 as one word. */
  readonly pidr: number;
  /** PIDR4. */
  readonly pidr4: number;
}

/**
 * The identification register at byte `offset` (0xFD0–0xFFC) of a component's 4 KiB, 0 elsewhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CIDR_GENERIC, identification } from "./component.ts";
 *
 * const itm = { cidr: CIDR_GENERIC, pidr: 0x003bb001, pidr4: 4 };
 * assertEquals([0xfd0, 0xfe4, 0xff4].map((offset) => identification(itm, offset)), [0x04, 0xb0, 0xe0]);
 * ```
 */
export function identification(id: ComponentId, offset: number): number {
  if (offset === 0xfd0) return id.pidr4;
  const at = (offset & 0xc) * 2;
  if (offset >= 0xfe0 && offset < 0xff0) return (id.pidr >>> at) & 0xff;
  if (offset >= 0xff0) return (id.cidr >>> at) & 0xff;
  return 0;
}

/** The PIDR words of a component with a JEP106 `designer` (continuation count in bits 10–7, code in 6–0). */
export function peripheralId(designer: number, part: number, revision: number): { pidr: number; pidr4: number } {
  const code = designer & 0x7f;
  return { pidr: (revision << 20 | 1 << 19 | code << 12 | part) >>> 0, pidr4: (designer >>> 7) & 0xf };
}

/** A read-only component: identification plus `registers` by byte offset; what is not listed reads as 0. */
export class FixedComponent implements BusDevice {
  #id: ComponentId;
  #registers: ReadonlyMap<number, number>;

  /** A component that says `id`. */
  constructor(id: ComponentId, registers: Iterable<readonly [offset: number, value: number]> = []) {
    this.#id = id;
    this.#registers = new Map(registers);
  }

  /** Reads a register. */
  read(offset: number, size: AccessSize): number {
    const register = offset & ~3;
    return readLane(this.#registers.get(register) ?? identification(this.#id, register), offset, size);
  }

  /** Ignored. */
  write(): boolean {
    return true;
  }
}

/** A device that is dead (reads 0, ignores writes) while `isOn` says no, as trace blocks are without DEMCR.TRCENA. */
export function gated(device: BusDevice, isOn: () => boolean): BusDevice {
  return {
    read: (offset, size) => isOn() ? device.read(offset, size) : 0,
    write: (offset, size, value) => isOn() ? device.write(offset, size, value) : true,
  };
}
