/**
 * The probe's side of JTAG: scans of a chain of devices, as DAP_Transfer and DAP_JTAG_IDCODE make them.
 *
 * @module
 */
import { INSTRUCTION, JTAG_ACK } from "../dp/jtag_tap.ts";
import { ACK } from "../dp/swd_target.ts";
import type { Wire, WireResult } from "./wire.ts";

/** Scans one device of a chain; between scans the chain rests in Run-Test/Idle. */
export class JtagScanner {
  /** Instruction register length of each device, device 0 next to TDO. */
  lengths: readonly number[] = [];
  /** The device that scans address. */
  device = 0;
  #wire: Wire;

  /** Scans over `wire`. */
  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Loads `instruction` into the device and BYPASS into all others. */
  instruction(instruction: number): void {
    const wire = this.#wire;
    for (const tms of [1, 1, 0, 0] as const) wire.jtagClock(tms, 1);
    const bits: (0 | 1)[] = [];
    this.lengths.forEach((length, index) => {
      for (let i = 0; i < length; i++) bits.push(index === this.device ? ((instruction >>> i) & 1) as 0 | 1 : 1);
    });
    bits.forEach((bit, i) => wire.jtagClock(i === bits.length - 1 ? 1 : 0, bit));
    this.#leave();
  }

  #enterShiftDr(): void {
    for (const tms of [1, 0, 0] as const) this.#wire.jtagClock(tms, 1);
    for (let i = 0; i < this.device; i++) this.#wire.jtagClock(0, 1);
  }

  /** Shifts `bits` of the device's register while in Shift-DR; `last` leaves for Exit1-DR, past the bypass bits. */
  #shift(value: number, count: number, last: boolean): number {
    let out = 0;
    const after = last ? this.lengths.length - this.device - 1 : 0;
    for (let i = 0; i < count; i++) {
      const exit = last && after === 0 && i === count - 1 ? 1 : 0;
      out |= this.#wire.jtagClock(exit, ((value >>> i) & 1) as 0 | 1) << i;
    }
    for (let i = 0; i < after; i++) this.#wire.jtagClock(i === after - 1 ? 1 : 0, 1);
    return out >>> 0;
  }

  /** From Exit1 through Update to Run-Test/Idle. */
  #leave(): void {
    this.#wire.jtagClock(1, 1);
    this.#wire.jtagClock(0, 1);
    this.#wire.settle();
  }

  /** Reads the 32-bit register selected by IDCODE. */
  idcode(): number {
    this.instruction(INSTRUCTION.IDCODE);
    this.#enterShiftDr();
    const value = this.#shift(0, 32, true);
    this.#leave();
    return value;
  }

  /** Writes the ABORT register. */
  abort(value: number): void {
    this.instruction(INSTRUCTION.ABORT);
    this.#enterShiftDr();
    this.#shift(0, 3, false);
    this.#shift(value, 32, true);
    this.#leave();
  }

  /** One DPACC or APACC scan, whichever instruction is loaded, with idle clocks after it. */
  transfer(request: number, data: number): WireResult {
    this.#wire.injectFaults();
    this.#wire.transfers++;
    const result = this.#scan(request, data);
    if (result.ack === ACK.OK) { for (let i = 0; i < this.#wire.idleClocks; i++) this.#wire.jtagClock(0, 1); }
    return result;
  }

  #scan(request: number, data: number): WireResult {
    this.#enterShiftDr();
    const raw = this.#shift((request >>> 1) & 7, 3, false);
    if (raw !== JTAG_ACK.OK_FAULT) {
      this.#wire.jtagClock(1, 1);
      this.#leave();
      return { ack: raw === JTAG_ACK.WAIT ? ACK.WAIT : ACK.NONE, value: 0 };
    }
    const value = this.#shift(data, 32, true);
    this.#leave();
    return { ack: ACK.OK, value };
  }
}
