/**
 * The target's side of the SWD protocol, one clock at a time (IHI 0031 chapter B4).
 *
 * @module
 */
import { parity32 } from "../../base/bits.ts";
import { CTRL, type DpRegisters } from "./registers.ts";
import { LINE_RESET_ONES } from "./sequences.ts";

/** SWD acknowledge values as they appear on the line, least significant bit first; 7 is a line nobody drives. */
export const ACK = { OK: 1, WAIT: 2, FAULT: 4, NONE: 7 } as const;

/** What a packet came to. */
export interface SwdOutcome {
  /** One of {@linkcode ACK}, or whatever the line showed. */
  readonly ack: number;
  /** Data of a read that was acknowledged with OK, otherwise 0. */
  readonly value: number;
  /** Whether the parity bit of read data was right. */
  readonly parityOk: boolean;
}

/**
 * Where in a packet the target is. `reset` follows a line reset and accepts only a DPIDR read or TARGETSEL,
 * `locked` follows a protocol error, `deselected` a TARGETSEL meant for someone else; both end with a line reset.
 */
type Phase = "reset" | "idle" | "locked" | "deselected" | "request" | "ack" | "read" | "write" | "targetsel";

const REQUEST = { AP: 1, READ: 2, ADDRESS: 0xc } as const;
const TARGETSEL_WRITE = 0xc;
const DPIDR_READ = 0x2;

/** The SWD packet engine of one debug port. */
export class SwdTarget {
  #registers: DpRegisters;
  #targetId: number;
  #instance: number;

  #phase: Phase = "locked";
  /** Clocks since the phase began. */
  #step = 0;
  #ones = 0;
  #idle = 0;
  #shift = 0;
  #request = 0;
  #ack: number = ACK.NONE;
  #data = 0;
  #lastSent = 0;
  #expectTargetSel = false;
  #flipParity = false;
  /** Whether the request being received is the first since a line reset. */
  #afterReset = false;
  /** Clocks of the host's data phase: 33, or none after a WAIT or FAULT. */
  #dataBits = 33;

  /** An engine over `registers`, selected by TARGETSEL with this TARGETID and instance. */
  constructor(registers: DpRegisters, targetId: number, instance: number) {
    this.#registers = registers;
    this.#targetId = targetId;
    this.#instance = instance;
  }

  /** Back to the state in which only a line reset helps; the state after switching to SWD. */
  lock(): void {
    this.#enter("locked");
    this.#ones = 0;
  }

  /** Sends the parity bit of the next read inverted. */
  injectParityError(): void {
    this.#flipParity = true;
  }

  /** Whether another target's TARGETSEL has silenced this one. */
  get deselected(): boolean {
    return this.#phase === "deselected";
  }

  /** What the target drives in the coming clock; undefined when it leaves the line alone. */
  drive(): 0 | 1 | undefined {
    const turnaround = this.#registers.turnaround;
    if (this.#phase === "ack") {
      const index = this.#step - turnaround;
      return index >= 0 && index < 3 ? bitAt(this.#ack, index) : undefined;
    }
    if (this.#phase !== "read" || this.#step > 32) return undefined;
    if (this.#step < 32) return bitAt(this.#data, this.#step);
    return (parity32(this.#data) ^ (this.#flipParity ? 1 : 0)) as 0 | 1;
  }

  /** The clock passes with `level` on the line; `byHost` when it was the host that drove it. */
  feed(level: 0 | 1, byHost: boolean): void {
    const driving = this.drive() !== undefined;
    this.#ones = level === 1 && (byHost || !driving) ? this.#ones + 1 : 0;
    if (this.#ones >= LINE_RESET_ONES) {
      this.#lineReset();
      return;
    }
    switch (this.#phase) {
      case "reset":
        this.#feedReset(level);
        break;
      case "idle":
        if (level === 1) this.#beginRequest();
        break;
      case "request":
        this.#shift |= level << this.#step;
        if (++this.#step === 8) this.#endRequest();
        break;
      case "ack":
        if (++this.#step === this.#registers.turnaround + 3) this.#endAck();
        break;
      case "read":
        if (++this.#step === 33) this.#flipParity = false;
        if (this.#step === 33 + this.#registers.turnaround) this.#enter("idle");
        break;
      case "write":
        this.#feedWrite(level);
        break;
      case "targetsel":
        this.#feedTargetSel(level);
        break;
      case "locked":
      case "deselected":
        break;
    }
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#step = 0;
    this.#shift = 0;
  }

  #lineReset(): void {
    this.#enter("reset");
    this.#idle = 0;
    this.#expectTargetSel = this.#registers.version >= 2;
    this.#registers.turnaround = 1;
  }

  #feedReset(level: 0 | 1): void {
    if (level === 0) this.#idle++;
    else if (this.#idle >= 2) this.#beginRequest();
    else if (this.#idle === 1) this.#enter("locked");
  }

  #beginRequest(): void {
    this.#afterReset = this.#phase === "reset";
    this.#enter("request");
    this.#shift = 1;
    this.#step = 1;
  }

  #endRequest(): void {
    const packet = this.#shift;
    const fields = (packet >>> 1) & 0xf;
    const framed = (packet & 0xc1) === 0x81 && parity32(fields) === ((packet >>> 5) & 1);
    // The wire order APnDP, RnW, A2, A3 is also the order of the low bits of a CMSIS-DAP request byte.
    if (framed) this.#decide(fields, this.#afterReset);
    else this.#enter("locked");
  }

  #decide(request: number, afterReset: boolean): void {
    this.#request = request;
    if (request === TARGETSEL_WRITE && this.#registers.version >= 2) {
      this.#enter(afterReset && this.#expectTargetSel ? "targetsel" : "locked");
      return;
    }
    if (afterReset && request !== DPIDR_READ) {
      this.#enter("locked");
      return;
    }
    this.#ack = this.#respond(request);
    this.#enter("ack");
  }

  #endAck(): void {
    const read = (this.#request & REQUEST.READ) !== 0;
    const dataPhase = this.#ack === ACK.OK || this.#registers.overrunDetect;
    if (dataPhase && read) this.#enter("read");
    else {
      this.#enter("write");
      this.#dataBits = dataPhase ? 33 : 0;
    }
  }

  #feedWrite(level: 0 | 1): void {
    const index = this.#step++ - this.#registers.turnaround;
    if (index >= 0 && index < 32) this.#shift |= level << index;
    if (this.#step < this.#registers.turnaround + this.#dataBits) return;
    const value = this.#shift >>> 0;
    const parityOk = parity32(value) === level;
    this.#enter("idle");
    if (this.#dataBits > 0 && this.#ack === ACK.OK) this.#finishWrite(value, parityOk);
  }

  #feedTargetSel(level: 0 | 1): void {
    const index = this.#step++ - (2 * this.#registers.turnaround + 3);
    if (index >= 0 && index < 32) this.#shift |= level << index;
    if (index < 32) return;
    const value = this.#shift >>> 0;
    const mine = ((value ^ this.#targetId) & 0x0fffffff) === 0 && value >>> 28 === this.#instance;
    if (!mine || parity32(value) !== level) {
      this.#enter("deselected");
      return;
    }
    // Still in the reset state: the next packet has to be a read of DPIDR.
    this.#enter("reset");
    this.#idle = 2;
    this.#expectTargetSel = false;
  }

  /** Chooses the acknowledge and, for a read, latches the data (IHI 0031 B4.2.4). */
  #respond(request: number): number {
    const registers = this.#registers;
    const ap = (request & REQUEST.AP) !== 0;
    const read = (request & REQUEST.READ) !== 0;
    const address = request & REQUEST.ADDRESS;
    this.#data = 0;
    const never = !ap && (address === 0 || (address === 4 && read && registers.bank === 0));
    if (!never) {
      if (registers.takeBusy()) return this.#refuse(ACK.WAIT, ap, read, address);
      if (ap && registers.sticky === 0 && !registers.debugPowered) registers.raise(CTRL.STICKYERR);
      if (registers.sticky !== 0) return this.#refuse(ACK.FAULT, ap, read, address);
    }
    if (!read) return ACK.OK;
    if (ap) {
      this.#data = registers.readBuffer;
      registers.startRead(address);
    } else if (address === 0x8) {
      this.#data = this.#lastSent;
    } else {
      this.#data = address === 0xc ? registers.readBuffer : registers.read(address === 0 ? 0x0 : 0x4);
    }
    if (ap || address === 0xc) {
      this.#lastSent = this.#data;
      registers.readOk = true;
    }
    return ACK.OK;
  }

  #refuse(ack: number, ap: boolean, read: boolean, address: number): number {
    if (this.#registers.overrunDetect) this.#registers.raise(CTRL.STICKYORUN);
    if (read && (ap || address === 0xc)) this.#registers.readOk = false;
    return ack;
  }

  #finishWrite(value: number, parityOk: boolean): void {
    const registers = this.#registers;
    const address = this.#request & REQUEST.ADDRESS;
    if (!parityOk) registers.raise(CTRL.WDATAERR);
    else if (this.#request & REQUEST.AP) registers.startWrite(address, value);
    else if (address === 0x0) registers.abort(value);
    else if (address === 0x4) registers.writeBanked(value, false);
    else if (address === 0x8) registers.writeSelect(value);
  }

  /** Whether {@linkcode packet} may stand in for feeding the bits of a packet with this turnaround. */
  canTakePacket(turnaround: number): boolean {
    const ready = this.#phase === "idle" || (this.#phase === "reset" && this.#idle >= 2);
    return ready && turnaround === this.#registers.turnaround && !this.#registers.overrunDetect;
  }

  /**
   * A whole packet at once; the same as feeding its bits, only faster. Request bits: APnDP, RnW, A2, A3 from bit 0.
   * Undefined when the request takes the engine off the common path, in which case nothing has happened yet.
   */
  packet(request: number, data: number): SwdOutcome | undefined {
    const afterReset = this.#phase === "reset";
    if ((afterReset && request !== DPIDR_READ) || (request & 0xf) === TARGETSEL_WRITE) return undefined;
    this.#ones = 0;
    this.#request = request;
    const ack = this.#respond(request);
    this.#enter("idle");
    const read = (request & REQUEST.READ) !== 0;
    if (ack === ACK.OK && !read) this.#finishWrite(data >>> 0, true);
    if (ack !== ACK.OK || !read) return { ack, value: 0, parityOk: true };
    const parityOk = !this.#flipParity;
    this.#flipParity = false;
    return { ack, value: this.#data, parityOk };
  }
}

function bitAt(value: number, index: number): 0 | 1 {
  return ((value >>> index) & 1) as 0 | 1;
}
