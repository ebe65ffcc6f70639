/**
 * How the parts of the simulated world meet: bus masters, access ports, the chip behind the debug port.
 *
 * The simulator imports `base` only and keeps its own register constants, so that a wrong table in the debugger cannot
 * hide behind the same mistake here.
 *
 * @module
 */

/** Width of one bus access in bytes. */
export type AccessSize = 1 | 2 | 4;

/** What {@linkcode BusMaster.read} returns when the bus answers with an error. */
export const BUS_ERROR: number = -1;

/** Something that can access an address space, such as the core's bus matrix seen by an AHB-AP. */
export interface BusMaster {
  /** Reads an unsigned value at a naturally aligned byte address, or {@linkcode BUS_ERROR}. */
  read(address: number, size: AccessSize): number;
  /** Writes at a naturally aligned byte address; false when the bus answers with an error. */
  write(address: number, size: AccessSize, value: number): boolean;
}

/** A peripheral mapped into an address space; offsets are in bytes from its base. */
export interface BusDevice {
  /** Reads an unsigned value, or {@linkcode BUS_ERROR}. */
  read(offset: number, size: AccessSize): number;
  /** Writes; false when the peripheral answers with a bus error. */
  write(offset: number, size: AccessSize, value: number): boolean;
}

/** How an access port answers the debug port. */
export type ApReply =
  | { readonly kind: "ok"; readonly value: number }
  | { readonly kind: "wait" }
  | { readonly kind: "fault" };

/** An access port as the debug port sees it; registers are byte offsets 0x00–0xFC, in steps of four. */
export interface SimAccessPort {
  /** Reads a register. */
  read(register: number): ApReply;
  /** Writes a register. */
  write(register: number, value: number): ApReply;
}

/** Everything behind the SWD or JTAG pins of one simulated board. */
export interface SimChip {
  /** Name of the board, such as `stm32f407`. */
  readonly name: string;
  /** DPIDR value of the debug port. */
  readonly dpidr: number;
  /** TARGETID value (DPv2), 0 when the debug port is older. */
  readonly targetId: number;
  /** Instance number for SWD multi-drop selection (DLPIDR.TINSTANCE). */
  readonly instance: number;
  /** Access ports by APSEL. */
  readonly accessPorts: ReadonlyMap<number, SimAccessPort>;
  /** Instructions executed by all cores since power-on. */
  readonly instructions: number;
  /** Lets `ns` nanoseconds of target time pass: cores run, timers count, flash stays busy or finishes. */
  advance(ns: number): void;
  /** Drives nRESET; while asserted the cores are held in reset and the debug port stays alive. */
  setReset(asserted: boolean): void;
  /** Whether nRESET reads low, driven by the probe or by the chip. */
  readonly resetAsserted: boolean;
  /** The debug power domain was switched on or off through CTRL/STAT. */
  setDebugPower(on: boolean): void;
  /** Bytes the SWO pin has shifted out since the last call. */
  takeSwo(): Uint8Array;
}
