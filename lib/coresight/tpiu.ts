/**
 * Trace Port Interface Unit and Serial Wire Output: sending trace over the SWO pin.
 *
 * Armv7-M (DDI 0403) C1.10, CoreSight SoC-400 (100536) 4.11.
 *
 * @module
 */
import { bit } from "../base/bits.ts";
import { TargetError, UsageError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Where Armv7-M puts the unit, in bytes. */
export const TPIU_ADDRESS = 0xe0040000;

const ACPR = 0x010;
const SPPR = 0x0f0;
const FFCR = 0x304;
const LAR = 0xfb0;
const DEVID = 0xfc8;
const LOCK_KEY = 0xc5acce55;
const PROTOCOL_NRZ = 2;
const DEVID_NRZ_BIT = 11;
/** Serial receivers resynchronise on every byte; beyond this the last bits of one are misread. */
const MAX_ERROR = 0.03;
const MAX_DIVIDER = 0x2000;

/** A divider and the baud rate it gives. */
export interface SwoDivider {
  /** Value for ACPR: the trace clock is divided by one more. */
  readonly acpr: number;
  /** Baud rate in hertz. */
  readonly baud: number;
}

/**
 * The divider nearest to a wanted baud rate, from the trace clock, both in hertz.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chooseDivider } from "./tpiu.ts";
 *
 * assertEquals(chooseDivider(168_000_000, 2_000_000), { acpr: 83, baud: 2_000_000 });
 * ```
 *
 * @throws {UsageError} when no divider comes within 3 %
 */
export function chooseDivider(traceClock: number, wanted: number): SwoDivider {
  const divider = Math.min(Math.max(Math.round(traceClock / wanted), 1), MAX_DIVIDER);
  const baud = traceClock / divider;
  if (wanted > 0 && Math.abs(baud - wanted) <= wanted * MAX_ERROR) return { acpr: divider - 1, baud };
  throw new UsageError(`Cannot send SWO at ${wanted} baud: the nearest to be had from ${traceClock} Hz is ${baud}`, {
    code: "swo-baud-rate",
    hint: "Choose a baud rate that divides the trace clock, and check that the clock given is right",
    fields: { wanted, traceClock, nearest: baud },
  });
}

/** The unit of one chip. */
export class Tpiu {
  readonly #memory: MemoryInterface;
  readonly #base: number;

  /** Drives the unit at byte address `base`. */
  constructor(memory: MemoryInterface, base: number = TPIU_ADDRESS) {
    this.#memory = memory;
    this.#base = base;
  }

  /**
   * Sets asynchronous (NRZ, UART) SWO up, with the formatter bypassed so that only the ITM's bytes come out.
   *
   * @returns the baud rate in hertz that results
   * @throws {UsageError} when the baud rate cannot be had
   * @throws {TargetError} when the unit has no NRZ output
   */
  async startSwo(traceClock: number, baud: number): Promise<number> {
    const divider = chooseDivider(traceClock, baud);
    this.#memory.write32(this.#base + LAR, LOCK_KEY);
    if (!bit(await this.#memory.read32(this.#base + DEVID), DEVID_NRZ_BIT)) {
      throw new TargetError("Cannot start SWO: the trace port has no asynchronous (NRZ) output", {
        code: "no-swo",
        hint: "Use RTT or semihosting on this chip instead",
      });
    }
    this.#memory.write32(this.#base + SPPR, PROTOCOL_NRZ);
    this.#memory.write32(this.#base + FFCR, 0);
    this.#memory.write32(this.#base + ACPR, divider.acpr);
    await this.#memory.flush();
    return divider.baud;
  }
}
