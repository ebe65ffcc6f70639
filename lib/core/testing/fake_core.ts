/**
 * The debug registers of one core for tests, each of whose ways to misbehave is a switch.
 *
 * @module
 */
import { FakeMemory } from "../../coresight/testing/fake_memory.ts";

const DHCSR = 0xe000edf0;
const S_HALT = 0x20000;

/** Identification words of the core to play. */
export interface FakeCoreOptions {
  /** CPUID; a Cortex-M4 unless given. */
  readonly cpuid?: number;
  /** FP_CTRL; six comparators of version 1 unless given. */
  readonly fpCtrl?: number;
  /** DWT_CTRL; four comparators unless given. */
  readonly dwtCtrl?: number;
}

/** A core that halts, steps and hands out its registers, as its debugger sees it. */
export class FakeCore extends FakeMemory {
  /** Core registers by DCRSR selector. */
  readonly registers = new Map<number, number>();
  /** In Debug state. */
  halted = false;
  /** Halt requests are ignored. */
  neverHalts = false;
  /** S_REGRDY stays clear. */
  neverReady = false;
  /** Held in reset. */
  inReset = false;
  /** Reset happened since DHCSR was read. */
  resetSticky = false;
  /** Locked up. */
  lockedUp = false;
  /** Sleeping; a halt request wakes it unless {@linkcode neverHalts}. */
  sleeping = false;
  /** C_DEBUGEN cannot be set. */
  debugLocked = false;
  /** DFSR. */
  dfsr = 0;
  /** Control bits of DHCSR. */
  control = 0;
  /** Steps executed. */
  steps = 0;
  /** Called by each step, before the core halts again. */
  onStep: (() => void) | undefined;

  /** Makes a running core. */
  constructor(options: FakeCoreOptions = {}) {
    super();
    this.store(0xe000ed00, options.cpuid ?? 0x410fc241);
    this.store(0xe0002000, options.fpCtrl ?? 0x261);
    this.store(0xe0001000, options.dwtCtrl ?? 0x40000000);
    this.onRead.set(DHCSR, () => this.#readDhcsr());
    this.onWrite.set(DHCSR, (value) => this.#writeDhcsr(value));
    this.onWrite.set(0xe000edf4, (value) => this.#transfer(value));
    this.onRead.set(0xe000ed30, () => this.dfsr);
    this.onWrite.set(0xe000ed30, (value) => {
      this.dfsr &= ~value;
    });
    for (let n = 0; n < 4; n++) {
      const mask = 0xe0001024 + n * 16;
      this.onWrite.set(mask, (value) => this.words.set(mask, value & 0xf));
    }
  }

  #readDhcsr(): number {
    const reset = this.inReset || this.resetSticky;
    this.resetSticky = false;
    return this.control | (this.neverReady ? 0 : 0x10000) | (this.halted ? S_HALT : 0) | (this.sleeping ? 0x40000 : 0) |
      (this.lockedUp ? 0x80000 : 0) | (reset ? 0x2000000 : 0);
  }

  #writeDhcsr(value: number): void {
    if (value >>> 16 !== 0xa05f || this.debugLocked) return;
    const wasHalted = this.halted;
    this.control = value & 0xf;
    if ((value & 2) !== 0) {
      if (!this.halted && !this.neverHalts && !this.inReset) this.#halt();
    } else if (wasHalted) {
      this.halted = false;
      if ((value & 4) !== 0) this.#step();
    }
  }

  #halt(): void {
    this.halted = true;
    this.dfsr |= 1;
  }

  #step(): void {
    this.steps++;
    this.registers.set(15, (this.registers.get(15) ?? 0) + 2);
    this.onStep?.();
    if (this.neverHalts) return;
    this.control |= 2;
    this.#halt();
  }

  #transfer(selector: number): void {
    if (!this.halted) return;
    const register = selector & 0x7f;
    if ((selector & 0x10000) !== 0) this.registers.set(register, this.words.get(0xe000edf8) ?? 0);
    else this.words.set(0xe000edf8, this.registers.get(register) ?? 0);
  }
}
