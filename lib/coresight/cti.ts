/**
 * Cross Trigger Interface: events of one component trigger another, such as halting all cores together.
 *
 * CoreSight SoC-400 (100536) 4.6; trigger numbers of M-profile cores from Armv8-M (DDI 0553) B15.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";

const CTICONTROL = 0x000;
const CTIINTACK = 0x010;
const CTIAPPPULSE = 0x01c;
const CTIINEN0 = 0x020;
const CTIOUTEN0 = 0x0a0;
const CTIGATE = 0x140;
const LAR = 0xfb0;
const LOCK_KEY = 0xc5acce55;

/** Trigger numbers at the CTI of an M-profile core. */
export const CORE_TRIGGER = {
  /** Input: the core has halted. */
  halted: 0,
  /** Output: halt the core. */
  halt: 0,
  /** Output: restart the core. */
  restart: 1,
} as const;

/** One interface. Everything is queued like memory writes. */
export class Cti {
  readonly #memory: MemoryInterface;
  readonly #base: number;

  /** Drives the interface at byte address `base`. */
  constructor(memory: MemoryInterface, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  /** Queues unlocking and switching on, with the channels in the mask passed on to other interfaces. */
  enable(gate = 0xf): void {
    this.#memory.write32(this.#base + LAR, LOCK_KEY);
    this.#memory.write32(this.#base + CTIGATE, gate);
    this.#memory.write32(this.#base + CTICONTROL, 1);
  }

  /** Queues switching off. */
  disable(): void {
    this.#memory.write32(this.#base + CTICONTROL, 0);
  }

  /** Queues which channels a trigger input raises, as a mask. @throws {UsageError} for an impossible number */
  connectInput(trigger: number, channels: number): void {
    this.#memory.write32(this.#base + CTIINEN0 + checked(trigger) * 4, channels);
  }

  /** Queues which channels raise a trigger output, as a mask. @throws {UsageError} for an impossible number */
  connectOutput(trigger: number, channels: number): void {
    this.#memory.write32(this.#base + CTIOUTEN0 + checked(trigger) * 4, channels);
  }

  /** Queues one pulse on the channels in the mask. */
  pulse(channels: number): void {
    this.#memory.write32(this.#base + CTIAPPPULSE, channels);
  }

  /** Queues the acknowledgement of a trigger output that stays raised, such as a halt request. */
  acknowledge(trigger: number): void {
    this.#memory.write32(this.#base + CTIINTACK, 2 ** checked(trigger));
  }
}

function checked(trigger: number): number {
  if (Number.isInteger(trigger) && trigger >= 0 && trigger < 32) return trigger;
  throw new UsageError(`Cannot use CTI trigger ${trigger}: triggers are numbered 0 to 31`);
}
