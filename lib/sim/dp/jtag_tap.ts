/**
 * The JTAG side of a debug port: TAP controller (IEEE 1149.1), 4-bit instruction register and the scan chains of a
 * JTAG-DP (IHI 0031 chapter B3).
 *
 * @module
 */
import { CTRL, type DpRegisters } from "./registers.ts";

/** JTAG-DP instructions (IHI 0031 B3.2.1). */
export const INSTRUCTION = { ABORT: 0x8, DPACC: 0xa, APACC: 0xb, IDCODE: 0xe, BYPASS: 0xf } as const;

/** Acknowledge values in bits 2:0 of DPACC and APACC (IHI 0031 B3.2.3). */
export const JTAG_ACK = { OK_FAULT: 0b010, WAIT: 0b001 } as const;

/** The states of an IEEE 1149.1 TAP controller, each with where TMS = 0 and TMS = 1 lead. */
export const TAP_TRANSITIONS = {
  reset: ["idle", "reset"],
  idle: ["idle", "select-dr"],
  "select-dr": ["capture-dr", "select-ir"],
  "capture-dr": ["shift-dr", "exit1-dr"],
  "shift-dr": ["shift-dr", "exit1-dr"],
  "exit1-dr": ["pause-dr", "update-dr"],
  "pause-dr": ["pause-dr", "exit2-dr"],
  "exit2-dr": ["shift-dr", "update-dr"],
  "update-dr": ["idle", "select-dr"],
  "select-ir": ["capture-ir", "reset"],
  "capture-ir": ["shift-ir", "exit1-ir"],
  "shift-ir": ["shift-ir", "exit1-ir"],
  "exit1-ir": ["pause-ir", "update-ir"],
  "pause-ir": ["pause-ir", "exit2-ir"],
  "exit2-ir": ["shift-ir", "update-ir"],
  "update-ir": ["idle", "select-dr"],
} as const;

/** A state of the TAP controller. */
export type TapState = keyof typeof TAP_TRANSITIONS;

/** The test access port of one debug port. */
export class JtagTap {
  #registers: DpRegisters;
  #idcode: number;
  #state: TapState = "reset";
  #instruction: number = INSTRUCTION.IDCODE;
  /** The shift register, bit 0 next to TDO. */
  #shift = 0n;
  #length = 1;
  #waiting = false;
  /** Result of the last DPACC read; undefined when the last read was an APACC. */
  #dpResult: number | undefined = 0;

  /** A TAP over `registers` that identifies itself with `idcode`. */
  constructor(registers: DpRegisters, idcode: number) {
    this.#registers = registers;
    this.#idcode = idcode;
  }

  /** State of the TAP controller. */
  get state(): TapState {
    return this.#state;
  }

  /** Level of TDO before the next clock; undefined (not driven) outside the shift states. */
  get tdo(): 0 | 1 | undefined {
    const shifting = this.#state === "shift-dr" || this.#state === "shift-ir";
    return shifting ? Number(this.#shift & 1n) as 0 | 1 : undefined;
  }

  /** nTRST: straight to Test-Logic-Reset. */
  reset(): void {
    this.#state = "reset";
    this.#instruction = INSTRUCTION.IDCODE;
  }

  /** One TCK cycle. */
  clock(tms: 0 | 1, tdi: 0 | 1): void {
    if (this.#state === "shift-dr" || this.#state === "shift-ir") {
      this.#shift = (this.#shift >> 1n) | (BigInt(tdi) << BigInt(this.#length - 1));
    }
    const next = TAP_TRANSITIONS[this.#state][tms];
    this.#state = next;
    if (next === "capture-dr") this.#captureData();
    else if (next === "update-dr") this.#updateData();
    else if (next === "capture-ir") this.#load(0b0001n, 4);
    else if (next === "update-ir") this.#instruction = Number(this.#shift);
    else if (next === "reset") this.reset();
  }

  #load(value: bigint, length: number): void {
    this.#shift = value;
    this.#length = length;
  }

  #captureData(): void {
    switch (this.#instruction) {
      case INSTRUCTION.IDCODE:
        this.#load(BigInt(this.#idcode), 32);
        break;
      case INSTRUCTION.ABORT:
        this.#load(0n, 35);
        break;
      case INSTRUCTION.DPACC:
      case INSTRUCTION.APACC:
        this.#captureResult();
        break;
      default:
        this.#load(0n, 1);
    }
  }

  #captureResult(): void {
    const registers = this.#registers;
    this.#waiting = registers.takeBusy();
    if (this.#waiting) {
      if (registers.overrunDetect) registers.raise(CTRL.STICKYORUN);
      this.#load(BigInt(JTAG_ACK.WAIT), 35);
      return;
    }
    const result = this.#dpResult ?? registers.readBuffer;
    this.#load((BigInt(result) << 3n) | BigInt(JTAG_ACK.OK_FAULT), 35);
  }

  #updateData(): void {
    const read = (this.#shift & 1n) !== 0n;
    const address = Number((this.#shift >> 1n) & 3n) << 2;
    const value = Number((this.#shift >> 3n) & 0xffffffffn);
    if (this.#instruction === INSTRUCTION.ABORT) {
      this.#abort(value);
    } else if (this.#instruction === INSTRUCTION.DPACC && !this.#waiting) {
      this.#dpAccess(read, address, value);
    } else if (this.#instruction === INSTRUCTION.APACC && !this.#waiting) {
      this.#apAccess(read, address, value);
    }
  }

  /** Before DPv1 only DAPABORT exists here; the sticky flags are cleared by writing ones to CTRL/STAT. */
  #abort(value: number): void {
    this.#registers.abort(value & 1);
  }

  #dpAccess(read: boolean, address: number, value: number): void {
    const registers = this.#registers;
    if (!read) {
      if (address === 0x0) this.#abort(value);
      else if (address === 0x4) registers.writeBanked(value, true);
      else if (address === 0x8) registers.writeSelect(value);
      return;
    }
    // RDBUFF has no content of its own on JTAG: the scan that asks for it has already returned the posted result.
    this.#dpResult = address === 0x0 || address === 0x4 ? registers.read(address) : 0;
  }

  #apAccess(read: boolean, address: number, value: number): void {
    const registers = this.#registers;
    if (!registers.debugPowered) registers.raise(CTRL.STICKYERR);
    if (read) this.#dpResult = undefined;
    if (registers.sticky !== 0) return;
    if (read) registers.startRead(address);
    else registers.startWrite(address, value);
  }
}
