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
  #specs: Map<number, RegisterSpec>;
  #values = new Map<number, number>();

  /** A peripheral with these registers, in reset. */
  constructor(specs: readonly RegisterSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.offset, spec]));
    this.powerOn();
  }

  /** All registers to their reset values. */
  powerOn(): void {
    for (const spec of this.#specs.values()) this.set(spec.offset, spec.reset ?? 0);
  }

  /** Registers to their reset values, but for those only power-on resets. */
  reset(): void {
    for (const spec of this.#specs.values()) if (!spec.survivesReset) this.set(spec.offset, spec.reset ?? 0);
  }

  /** The stored value of the register at byte `offset`. */
  get(offset: number): number {
    return this.#values.get(offset) ?? 0;
  }

  /** Stores a value as hardware does, without mask or side effect. */
  set(offset: number, value: number): void {
    this.#values.set(offset, value >>> 0);
  }

  /** Reads a register. */
  read(offset: number, size: AccessSize): number {
    const register = offset & ~3;
    const stored = this.get(register);
    const spec = this.#specs.get(register);
    return readLane(spec?.onRead === undefined ? stored : spec.onRead(stored, this), offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    const spec = this.#specs.get(register);
    if (spec === undefined) return true;
    const mask = mergeLane(0, offset, size, 0xffffffff);
    const word = mergeLane(0, offset, size, value);
    const writable = (spec.writable ?? 0xffffffff) & mask;
    let next = (this.get(register) & ~writable) | (word & writable);
    for (const [cause, effect] of spec.follow ?? []) next = next & cause ? next | effect : next & ~effect;
    this.set(register, next);
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
  /** Size in bytes; one slot unless told. */
  readonly size?: number;
  /** What answers. */
  readonly device: BusDevice;
}

/** A stretch of peripheral space whose bus answers everywhere: between peripherals it reads 0 and ignores writes. */
export class PeripheralBus implements BusDevice {
  #slotSize: number;
  #slots: (Peripheral | undefined)[] = [];

  /** A bus with a peripheral per slot of `slotSize` bytes. */
  constructor(slotSize: number, peripherals: readonly Peripheral[]) {
    this.#slotSize = slotSize;
    for (const peripheral of peripherals) {
      const first = peripheral.offset / slotSize;
      const count = Math.ceil((peripheral.size ?? slotSize) / slotSize);
      for (let i = 0; i < count; i++) this.#slots[first + i] = peripheral;
    }
  }

  /** Reads from the peripheral at byte `offset`. */
  read(offset: number, size: AccessSize): number {
    const slot = this.#slots[Math.floor(offset / this.#slotSize)];
    return slot === undefined ? 0 : slot.device.read(offset - slot.offset, size);
  }

  /** Writes to the peripheral at byte `offset`. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const slot = this.#slots[Math.floor(offset / this.#slotSize)];
    return slot === undefined ? true : slot.device.write(offset - slot.offset, size, value);
  }
}
