/**
 * The probe's pins: they drive one or more debug ports on the same line, count clocks and let time pass.
 *
 * @module
 */
import { parity32 } from "../../base/bits.ts";
import type { SimChip } from "../contracts.ts";
import { SimDebugPort } from "../dp/debug_port.ts";
import { ACK } from "../dp/swd_target.ts";
import type { FaultInjector } from "../faults.ts";
import type { ResolvedProbeOptions } from "./options.ts";

/** Outcome of one transfer as DAP_Transfer reports it. */
export interface WireResult {
  /** ACK in bits 2:0, or {@linkcode PROTOCOL_ERROR}. */
  readonly ack: number;
  /** Data read. */
  readonly value: number;
}

/** Bit 3 of a transfer response: wrong parity in read data. */
export const PROTOCOL_ERROR = 0x08;

/** SWJ clock after power-on in hertz. */
const DEFAULT_CLOCK_HZ = 1_000_000;

/** Clocks, transfers and time of one probe's wire. */
export class Wire {
  /** Which pins the probe drives; nothing reaches the chip while it is `off`. */
  port: "off" | "swd" | "jtag" = "off";
  /** SWD_Configure: turnaround clocks. */
  turnaround = 1;
  /** SWD_Configure: clock a data phase even after WAIT and FAULT. */
  alwaysDataPhase = false;
  /** TransferConfigure: idle clocks after each transfer. */
  idleClocks = 0;
  /** SWCLK or TCK cycles so far. */
  clocks = 0;
  /** DP and AP transfers so far, refused ones included. */
  transfers = 0;
  /** Nanoseconds passed since power-on. */
  elapsedNs = 0;
  /** The debug ports on the line, device 0 of a JTAG chain (next to TDO) first. */
  readonly ports: readonly SimDebugPort[];
  /** The chips behind them. */
  readonly chips: readonly SimChip[];

  #faults: FaultInjector | undefined;
  #maxClockHz: number;
  #clockHz = DEFAULT_CLOCK_HZ;
  #tdi: 0 | 1 = 1;
  #swclk: 0 | 1 = 1;
  #swdio: 0 | 1 = 1;
  /** Clocks whose time has not passed yet. */
  #unspent = 0;

  /** Connects `chips` to one line. */
  constructor(chips: readonly SimChip[], options: ResolvedProbeOptions) {
    this.chips = chips;
    this.ports = chips.map((chip) => new SimDebugPort(chip, options.debugPort));
    this.#faults = options.faults;
    this.#maxClockHz = options.maxClockHz;
  }

  /** SWCLK or TCK in hertz; values above what the probe can do are lowered. */
  get clockHz(): number {
    return this.#clockHz;
  }
  set clockHz(hz: number) {
    this.#clockHz = Math.min(hz, this.#maxClockHz);
  }

  /** Lets `ns` nanoseconds pass for the chips. */
  elapse(ns: number): void {
    if (ns <= 0) return;
    this.elapsedNs += ns;
    for (const port of this.ports) port.elapse(ns);
    for (const chip of this.chips) chip.advance(ns);
  }

  #count(clocks: number): void {
    this.clocks += clocks;
    this.#unspent += clocks;
  }

  /** Lets the time of the clocks since the last call pass; the chip does not care for single clocks, and it is costly. */
  settle(): void {
    const clocks = this.#unspent;
    this.#unspent = 0;
    this.elapse(clocks * 1e9 / this.#clockHz);
  }

  /** One clock; `bit` undefined leaves SWDIO to the targets and the pull-up. Gives the level on the line. */
  #clock(bit: 0 | 1 | undefined): 0 | 1 {
    let level: 0 | 1 = bit ?? 1;
    if (this.port === "off") return 1;
    if (bit === undefined && this.ports.some((port) => port.drive() === 0)) level = 0;
    this.#clockAll(level, bit !== undefined, this.#tdi);
    return level;
  }

  /** TDI enters at the last device and leaves at device 0; all levels are sampled before the clock edge. */
  #clockAll(level: 0 | 1, byHost: boolean, tdi: 0 | 1): 0 | 1 {
    const outs = this.ports.map((port) => port.tdo ?? 1);
    this.ports.forEach((port, index) => port.clock(level, byHost, outs[index + 1] ?? tdi));
    return outs[0] ?? 1;
  }

  /** Drives `count` bits on SWDIO/TMS, least significant first. */
  output(bytes: Uint8Array, count: number): void {
    for (let i = 0; i < count; i++) this.#clock(((bytes[i >>> 3]! >>> (i & 7)) & 1) as 0 | 1);
    this.#count(count);
    this.settle();
  }

  /** Captures `count` bits from SWDIO, least significant first, padded to bytes. */
  capture(count: number): Uint8Array {
    const out = new Uint8Array(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) out[i >>> 3]! |= this.#clock(undefined) << (i & 7);
    this.#count(count);
    this.settle();
    return out;
  }

  /** One TCK cycle; gives TDO. The caller lets its time pass with {@linkcode settle}. */
  jtagClock(tms: 0 | 1, tdi: 0 | 1): 0 | 1 {
    this.#tdi = tdi;
    const tdo = this.port === "off" ? 1 : this.#clockAll(tms, true, tdi);
    this.#count(1);
    return tdo;
  }

  /** One SWD transfer, with idle clocks when it succeeded. `request` holds APnDP, RnW, A2 and A3 from bit 0. */
  swdTransfer(request: number, data: number): WireResult {
    this.injectFaults();
    this.transfers++;
    return this.#quickTransfer(request, data) ?? this.#clockedTransfer(request, data);
  }

  /** Disturbs the coming transfer as the fault plan says. */
  injectFaults(): void {
    for (const fault of this.#faults?.nextTransfer() ?? []) {
      const { kind } = fault;
      const injected = kind === "wait" ? { kind, count: fault.count ?? 1 } : { kind };
      for (const port of this.ports) if (!port.silent) port.inject(injected);
    }
  }

  #quickTransfer(request: number, data: number): WireResult | undefined {
    if (this.port === "off" || this.alwaysDataPhase) return undefined;
    const active = this.ports.filter((port) => !port.silent);
    const [port] = active;
    if (port === undefined || active.length > 1 || !port.canTransfer(this.turnaround)) return undefined;
    const outcome = port.transfer(request, data);
    if (outcome === undefined) return undefined;
    const ok = outcome.ack === ACK.OK;
    // 8 request, turnaround, 3 acknowledge, turnaround; a data phase adds 33.
    this.#count(11 + 2 * this.turnaround + (ok ? 33 + this.idleClocks : 0));
    this.settle();
    return { ack: ok && !outcome.parityOk ? PROTOCOL_ERROR : outcome.ack, value: outcome.value };
  }

  /** The transfer clock by clock, as the reference firmware toggles the pins. */
  #clockedTransfer(request: number, data: number): WireResult {
    const fields = request & 0xf;
    this.#drive(0x81 | (fields << 1) | (parity32(fields) << 5), 8);
    this.#float(this.turnaround);
    const ack = this.#float(3);
    const read = (request & 2) !== 0;
    let result: WireResult = { ack, value: 0 };
    if (ack === ACK.OK) {
      if (read) {
        const value = this.#float(32) >>> 0;
        const parityOk = parity32(value) === this.#float(1);
        result = { ack: parityOk ? ACK.OK : PROTOCOL_ERROR, value };
        this.#float(this.turnaround);
      } else {
        this.#float(this.turnaround);
        this.#drive(data, 32);
        this.#drive(parity32(data), 1);
      }
      this.#drive(0, this.idleClocks);
    } else if (ack === ACK.WAIT || ack === ACK.FAULT) {
      if (this.alwaysDataPhase && read) this.#float(33);
      this.#float(this.turnaround);
      if (this.alwaysDataPhase && !read) this.#drive(0, 33);
    } else {
      this.#float(this.turnaround + 33);
    }
    this.settle();
    return result;
  }

  /** Drives up to 32 bits of `value`, then zeros. */
  #drive(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.#clock((i < 32 ? (value >>> i) & 1 : 0) as 0 | 1);
    this.#count(count);
  }

  #float(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const level = this.#clock(undefined);
      if (i < 32) value |= level << i;
    }
    this.#count(count);
    return value;
  }

  /**
   * Sets the output pins selected by `mask` (DAP_SWJ_Pins layout); a rising SWCLK is one clock. While disconnected all
   * pins float and nothing happens.
   */
  setPins(value: number, mask: number): void {
    if (this.port === "off") return;
    if (mask & 0x02) this.#swdio = ((value >>> 1) & 1) as 0 | 1;
    if (mask & 0x04) this.#tdi = ((value >>> 2) & 1) as 0 | 1;
    if (mask & 0x01) {
      const level = (value & 1) as 0 | 1;
      if (level === 1 && this.#swclk === 0) {
        this.#clock(this.#swdio);
        this.#count(1);
        this.settle();
      }
      this.#swclk = level;
    }
    const trstLow = (mask & 0x20) !== 0 && (value & 0x20) === 0;
    if (trstLow) this.ports.forEach((port) => port.resetTap());
    if (mask & 0x80) this.setReset(!(value & 0x80));
  }

  /** Drives nRESET of all chips. */
  setReset(asserted: boolean): void {
    for (const chip of this.chips) chip.setReset(asserted);
  }

  /** Levels of all pins in DAP_SWJ_Pins layout. */
  readPins(): number {
    const driven = this.ports.some((port) => port.drive() === 0) ? 0 : this.#swdio;
    const tdo = this.ports[0]?.tdo ?? 1;
    const reset = this.chips.some((chip) => chip.resetAsserted) ? 0 : 1;
    return this.#swclk | (driven << 1) | (this.#tdi << 2) | (tdo << 3) | 0x20 | (reset << 7);
  }
}
