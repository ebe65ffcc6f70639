/**
 * One core's breakpoints: which kind each becomes, and lifting one to step over it.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TargetError } from "../base/errors.ts";
import type { Fpb } from "../coresight/fpb.ts";
import type { Breakpoint, BreakpointType } from "./core.ts";
import type { PatchedMemory } from "./patched_memory.ts";

/** Whether software breakpoints may be written at a byte address. */
export type IsRam = (address: number) => boolean;

/**
 * The SRAM region of the architecture's default memory map, for when nothing is known about the chip.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { architecturalRam } from "./breakpoints.ts";
 *
 * assertEquals([0x08000000, 0x20000000].map(architecturalRam), [false, true]);
 * ```
 */
export function architecturalRam(address: number): boolean {
  return address >= 0x20000000 && address < 0x40000000;
}

/** The breakpoints of one core. */
export class BreakpointManager {
  readonly #fpb: Fpb;
  readonly #memory: PatchedMemory;
  readonly #isRam: IsRam;
  readonly #set = new Map<number, Breakpoint>();

  /** Uses the comparators of `fpb`, and BKPT instructions through `memory` where `isRam` allows. */
  constructor(fpb: Fpb, memory: PatchedMemory, isRam: IsRam) {
    this.#fpb = fpb;
    this.#memory = memory;
    this.#isRam = isRam;
  }

  /** Breakpoints that are set, oldest first. */
  get list(): readonly Breakpoint[] {
    return [...this.#set.values()];
  }

  /**
   * Sets a breakpoint; bit 0 of the address, the Thumb bit of a function pointer, is ignored. `auto` takes a hardware
   * one where it fits and a software one in RAM otherwise; `software` outside RAM and `hardware` out of the unit's
   * reach take the other kind when that is possible. One that is set already stays as it is.
   *
   * @throws {TargetError} when none is available
   */
  async set(address: number, type: BreakpointType): Promise<Breakpoint> {
    const at = address - (address % 2);
    const present = this.#set.get(at);
    if (present) return present;
    const ram = this.#isRam(at);
    const software = ram && (type === "software" || !this.#fpb.reaches(at));
    if (!software && this.#fpb.set(at)) return this.#remember({ address: at, type: "hardware" });
    if (!software && !(ram && type === "auto")) throw this.#unavailable(at, ram);
    const breakpoint = this.#remember({ address: at, type: "software" });
    await this.#plant(breakpoint);
    return breakpoint;
  }

  /** Queues the removal of a breakpoint; nothing happens when there is none. */
  remove(address: number): void {
    const breakpoint = this.#set.get(address - (address % 2));
    if (!breakpoint) return;
    this.#set.delete(breakpoint.address);
    if (breakpoint.type === "hardware") this.#fpb.clear(breakpoint.address);
    else this.#memory.unplant(breakpoint.address);
  }

  /** Queues the removal of all breakpoints. */
  removeAll(): void {
    for (const breakpoint of this.list) this.remove(breakpoint.address);
  }

  /**
   * Queues the breakpoint at `address` out of the way so that the instruction there can execute.
   *
   * @returns what queues it back, or undefined when there is none
   */
  lift(address: number): (() => void) | undefined {
    const breakpoint = this.#set.get(address);
    if (!breakpoint) return undefined;
    if (breakpoint.type === "software") {
      this.#memory.lift(address);
      return () => this.#memory.lower(address);
    }
    this.#fpb.clear(address);
    return () => {
      this.#fpb.set(address);
    };
  }

  /**
   * Puts every breakpoint in place again after a reset that may have lost them.
   *
   * @throws {TargetError} when the memory does not take a software breakpoint
   */
  async restore(): Promise<void> {
    this.#fpb.restore();
    for (const breakpoint of this.list) {
      if (breakpoint.type === "software") await this.#plant(breakpoint);
    }
  }

  async #plant(breakpoint: Breakpoint): Promise<void> {
    try {
      await this.#memory.plant(breakpoint.address);
    } catch (error) {
      this.#set.delete(breakpoint.address);
      throw error;
    }
  }

  #remember(breakpoint: Breakpoint): Breakpoint {
    this.#set.set(breakpoint.address, breakpoint);
    return breakpoint;
  }

  #unavailable(address: number, ram: boolean): TargetError {
    const { count, used } = this.#fpb;
    const reason = !this.#fpb.reaches(address)
      ? "hardware breakpoints do not reach it and it is not RAM"
      : count === 0
      ? "the core has no hardware breakpoints"
      : `all ${used} hardware breakpoints are in use`;
    return new TargetError(`Cannot set a breakpoint at ${hex(address)}: ${reason}`, {
      code: "no-breakpoint-left",
      hint: ram
        ? "Remove a breakpoint, or set a software breakpoint"
        : count > 0
        ? "Remove a breakpoint, or place it in RAM"
        : "Only code in RAM can have breakpoints on this core",
      fields: { address, used, available: count },
    });
  }
}
