/**
 * A debug port on its pins: SWD, JTAG and dormant state, and how a chip moves between them (IHI 0031 chapter B5).
 *
 * @module
 */
import type { SimChip } from "../contracts.ts";
import { JtagTap } from "./jtag_tap.ts";
import { CTRL, DpRegisters } from "./registers.ts";
import {
  ACTIVATE_JTAG,
  ACTIVATE_SWD,
  ACTIVATION_BITS,
  JTAG_TO_DORMANT,
  JTAG_TO_SWD,
  PatternWatch,
  SELECTION_ALERT,
  SWD_TO_DORMANT,
  SWD_TO_JTAG,
} from "./sequences.ts";
import { type SwdOutcome, SwdTarget } from "./swd_target.ts";

/** What the pins of a debug port currently speak. */
export type WireMode = "jtag" | "swd" | "dormant";

/** How a debug port is built. */
export interface DebugPortOptions {
  /** What it speaks after power-on; `jtag` unless told, as IHI 0031 asks of an SWJ-DP. */
  readonly powerOnMode?: WireMode;
  /** The port is an SW-DP without JTAG: it starts with SWD and ignores the switch to JTAG. */
  readonly swdOnly?: boolean;
  /** JTAG IDCODE; 0x4BA00477 unless told. */
  readonly idcode?: number;
  /** Time from a power request to its acknowledge in nanoseconds; 20 000 unless told. */
  readonly powerDelayNs?: number;
}

/** A disturbance of the next packet. */
export type PacketFault =
  | { readonly kind: "wait"; readonly count: number }
  | { readonly kind: "fault" | "no-ack" | "parity" };

/** The debug port of one chip, driven clock by clock or packet by packet. */
export class SimDebugPort {
  /** The register file, for tests and fault injection. */
  readonly registers: DpRegisters;
  #swd: SwdTarget;
  #tap: JtagTap;
  #mode: WireMode;
  #swdOnly: boolean;
  #dormantCapable: boolean;
  #toSwd = new PatternWatch(JTAG_TO_SWD);
  #toJtag = new PatternWatch(SWD_TO_JTAG);
  #jtagToDormant = new PatternWatch(JTAG_TO_DORMANT);
  #swdToDormant = new PatternWatch(SWD_TO_DORMANT);
  #alert = new PatternWatch(SELECTION_ALERT);
  /** Bits received of the activation code; -1 while the selection alert is still to come. */
  #activation = -1;
  #code = 0;

  /** The debug port of `chip`. */
  constructor(chip: SimChip, options: DebugPortOptions = {}) {
    this.registers = new DpRegisters(chip, options.powerDelayNs ?? 20_000);
    this.#swd = new SwdTarget(this.registers, chip.targetId, chip.instance);
    this.#tap = new JtagTap(this.registers, options.idcode ?? 0x4ba00477);
    this.#swdOnly = options.swdOnly ?? false;
    this.#mode = options.powerOnMode ?? (this.#swdOnly ? "swd" : "jtag");
    this.#dormantCapable = this.registers.version >= 2;
  }

  /** What the pins currently speak. */
  get mode(): WireMode {
    return this.#mode;
  }

  /** Level on TDO; undefined when it is not driven. */
  get tdo(): 0 | 1 | undefined {
    return this.#mode === "jtag" ? this.#tap.tdo : undefined;
  }

  /** Level on SWDIO; undefined when the port leaves it to the host or the pull-up. */
  drive(): 0 | 1 | undefined {
    return this.#mode === "swd" ? this.#swd.drive() : undefined;
  }

  /** One clock on SWCLK/TCK with `level` on SWDIO/TMS; `byHost` tells whether the host drove it. */
  clock(level: 0 | 1, byHost: boolean, tdi: 0 | 1 = 1): void {
    if (this.#mode === "swd") {
      this.#swd.feed(level, byHost);
      if (this.#toJtag.feed(level) && !this.#swdOnly) this.#switch("jtag");
      else if (this.#swdToDormant.feed(level) && this.#dormantCapable) this.#switch("dormant");
    } else if (this.#mode === "jtag") {
      this.#tap.clock(level, tdi);
      if (this.#toSwd.feed(level)) this.#switch("swd");
      else if (this.#jtagToDormant.feed(level) && this.#dormantCapable) this.#switch("dormant");
    } else this.#clockDormant(level);
  }

  #clockDormant(level: 0 | 1): void {
    if (this.#alert.feed(level)) {
      this.#activation = 0;
      this.#code = 0;
      return;
    }
    if (this.#activation < 0) return;
    this.#code |= level << this.#activation;
    if (++this.#activation < ACTIVATION_BITS) return;
    this.#activation = -1;
    if (this.#code === ACTIVATE_SWD) this.#switch("swd");
    else if (this.#code === ACTIVATE_JTAG && !this.#swdOnly) this.#switch("jtag");
  }

  #switch(mode: WireMode): void {
    this.#mode = mode;
    this.#resetWatches();
    if (mode === "swd") this.#swd.lock();
    else if (mode === "jtag") this.#tap.reset();
  }

  #resetWatches(): void {
    this.#toSwd.reset();
    this.#toJtag.reset();
    this.#jtagToDormant.reset();
    this.#swdToDormant.reset();
    this.#alert.reset();
    this.#activation = -1;
  }

  /** nTRST pulled low. */
  resetTap(): void {
    this.#tap.reset();
  }

  /** Lets time pass for the power controller, in nanoseconds. */
  elapse(ns: number): void {
    this.registers.elapse(ns);
  }

  /** Whether this port sits out whatever packet comes next: silenced by TARGETSEL, or dormant. */
  get silent(): boolean {
    return this.#mode === "dormant" || (this.#mode === "swd" && this.#swd.deselected);
  }

  /** Whether {@linkcode transfer} may stand in for the bits of a packet with this many turnaround clocks. */
  canTransfer(turnaround: number): boolean {
    return this.#mode === "swd" && this.#swd.canTakePacket(turnaround);
  }

  /**
   * A whole SWD packet, the same as clocking its bits. `request` holds APnDP, RnW, A2 and A3 from bit 0.
   * Undefined when the packet leaves the common path and has to be clocked; nothing has happened then.
   */
  transfer(request: number, data: number): SwdOutcome | undefined {
    const outcome = this.#swd.packet(request & 0xf, data);
    if (outcome !== undefined) this.#resetWatches();
    return outcome;
  }

  /** Disturbs the next packet the way a glitch on the wire or a slow access port would. */
  inject(fault: PacketFault): void {
    switch (fault.kind) {
      case "wait":
        this.registers.injectWaits(fault.count);
        break;
      case "fault":
        this.registers.raise(CTRL.STICKYERR);
        break;
      case "no-ack":
        this.#swd.lock();
        break;
      case "parity":
        this.#swd.injectParityError();
    }
  }
}
