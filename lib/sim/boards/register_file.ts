/**
 * Peripherals from tables: registers with reset values, and buses that answer between them.
 *
 * @module
 */
import type { AccessSize, BusDevice } from "../contracts.ts";
import { mergeLane, readLane } from "../flash/lanes.ts";

/** One 32-bit register of a {@linkcode RegisterFile}. */
export interface RegisterSpec {
  /** Byte offset. */
  readonly offset: number;
  /** Value after reset; 0 unless told. */
  readonly reset?: number;
  /** Bits that writes change; all unless told. */
  readonly writable?: number;
  /** Bits that follow others at once: when the first is set, so is the second, as ready flags do. */
  readonly follow?: readonly (readonly [cause: number, effect: number])[];
  /** Replaces the value read; `stored` is what the table holds. */
  readonly onRead?: (stored: number, file: RegisterFile) => number;
  /** Called after a write, with the value as written and `mask` of the byte lanes it covered. */
  readonly onWrite?: (value: number, file: RegisterFile, mask: number) => void;
  /** Whether only power-on resets it. */
  readonly survivesReset?: boolean;
}

/**
 * A peripheral made of a table; offsets not in the table read 0 and ignore writes.
 *
 * @example A ready flag follows its enable bit
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RegisterFile } from "./register_file.ts";
 *
 * const rcc = new RegisterFile([{ offset: 0, reset: 0x83, writable: 1 << 16, follow: [[1 << 16, 1 << 17]] }]);
 * rcc.write(0, 4, 0x10000);
 * assertEquals(rcc.read(0, 4), 0x30083);
 * ```
 */
export class RegisterFile implements BusDevice {
  /** By word, with holes: polling loops of flash algorithms read these millions of times. */
  #specs: (RegisterSpec | undefined)[] = [];
  #values: Uint32Array;

  /** A peripheral with these registers, in reset. */
  constructor(specs: readonly RegisterSpec[]) {
    for (const spec of specs) this.#specs[spec.offset >> 2] = spec;
    this.#values = new Uint32Array(this.#specs.length);
    this.powerOn();
  }

  /** All registers to their reset values. */
  powerOn(): void {
    for (const spec of this.#specs) if (spec !== undefined) this.set(spec.offset, spec.reset ?? 0);
  }

  /** Registers to their reset values, but for those only power-on resets. */
  reset(): void {
    for (const spec of this.#specs) {
      if (spec !== undefined && !spec.survivesReset) this.set(spec.offset, spec.reset ?? 0);
    }
  }

  /** The stored value of the register at byte `offset`. */
  get(offset: number): number {
    return this.#values[offset >> 2] ?? 0;
  }

  /** Stores a value as hardware does, without mask or side effect. */
  set(offset: number, value: number): void {
    this.#values[offset >> 2] = value;
  }

  /** Reads a register. */
  read(offset: number, size: AccessSize): number {
    const stored = this.get(offset);
    const spec = this.#specs[offset >> 2];
    return readLane(spec?.onRead === undefined ? stored : spec.onRead(stored, this), offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const spec = this.#specs[offset >> 2];
    if (spec === undefined) return true;
    const mask = mergeLane(0, offset, size, 0xffffffff);
    const word = mergeLane(0, offset, size, value);
    const writable = (spec.writable ?? 0xffffffff) & mask;
    let next = (this.get(offset) & ~writable) | (word & writable);
    if (spec.follow !== undefined) {
      for (const [cause, effect] of spec.follow) next = next & cause ? next | effect : next & ~effect;
    }
    this.set(offset, next);
    spec.onWrite?.(word, this, mask);
    return true;
  }
}

/** Registers at consecutive offsets with the same properties. */
export function registerRange(first: number, count: number, spec: Omit<RegisterSpec, "offset"> = {}): RegisterSpec[] {
  return Array.from({ length: count }, (_, i) => ({ ...spec, offset: first + i * 4 }));
}

/** A peripheral on a {@linkcode PeripheralBus}. */
export interface Peripheral {
  /** Byte offset from the start of the bus, a multiple of the slot size. */
  readonly offset: number;
  /** What answers. */
  readonly device: BusDevice;
}

/** A stretch of peripheral space whose bus answers everywhere: between peripherals it reads 0 and ignores writes. */
export class PeripheralBus implements BusDevice {
  #shift: number;
  #slots: (Peripheral | undefined)[] = [];

  /** A bus with a peripheral per slot of `slotSize` bytes, a power of two. */
  constructor(slotSize: number, peripherals: readonly Peripheral[]) {
    this.#shift = Math.log2(slotSize);
    for (const peripheral of peripherals) this.#slots[peripheral.offset >>> this.#shift] = peripheral;
  }

  /** Reads from the peripheral at byte `offset`. */
  read(offset: number, size: AccessSize): number {
    const slot = this.#slots[offset >>> this.#shift];
    return slot === undefined ? 0 : slot.device.read(offset - slot.offset, size);
  }

  /** Writes to the peripheral at byte `offset`. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const slot = this.#slots[offset >>> this.#shift];
    return slot === undefined ? true : slot.device.write(offset - slot.offset, size, value);
  }
}
