/**
 * Peripherals, registers and fields of a chip as plain data.
 *
 * @module
 */

/** Who may do what: `read-only`, `write-only`, `read-write`, `writeOnce`, `read-writeOnce`. */
export type SvdAccess = "read-only" | "write-only" | "read-write" | "writeOnce" | "read-writeOnce";

/** A named value of a field. */
export interface SvdValue {
  /** Name. */
  readonly name: string;
  /** Value; undefined for the one that stands for all others. */
  readonly value?: bigint;
  /** What it means. */
  readonly description: string;
}

/** Some bits of a register. */
export interface SvdField {
  /** Name. */
  readonly name: string;
  /** What it is. */
  readonly description: string;
  /** Lowest bit. */
  readonly low: number;
  /** Number of bits. */
  readonly width: number;
  /** Who may do what. */
  readonly access: SvdAccess;
  /** Named values. */
  readonly values: readonly SvdValue[];
}

/** A register. */
export interface SvdRegister {
  /** Name; inside clusters, their names come first, joined by dots. */
  readonly name: string;
  /** What it is. */
  readonly description: string;
  /** Byte address. */
  readonly address: number;
  /** Size in bits: 8, 16, 32 or 64. */
  readonly size: number;
  /** Who may do what. */
  readonly access: SvdAccess;
  /** Value after reset, when told. */
  readonly resetValue?: bigint;
  /** Whether reading it changes something (`readAction`). */
  readonly hasReadEffect: boolean;
  /** Fields, lowest bit first. */
  readonly fields: readonly SvdField[];
}

/** An interrupt of a peripheral. */
export interface SvdInterrupt {
  /** Name. */
  readonly name: string;
  /** External interrupt number. */
  readonly value: number;
}

/** A peripheral. */
export interface SvdPeripheral {
  /** Name. */
  readonly name: string;
  /** What it is. */
  readonly description: string;
  /** Group it belongs to. */
  readonly group?: string;
  /** Base byte address. */
  readonly base: number;
  /** Interrupts. */
  readonly interrupts: readonly SvdInterrupt[];
  /** Registers by address. */
  readonly registers: readonly SvdRegister[];
}

/** A chip. */
export interface SvdDevice {
  /** Name. */
  readonly name: string;
  /** What it is. */
  readonly description: string;
  /** Peripherals in the order of the file. */
  readonly peripherals: readonly SvdPeripheral[];
}
