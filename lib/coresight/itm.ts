/**
 * Instrumentation Trace Macrocell: switching printf-style trace on and off.
 *
 * Armv7-M (DDI 0403) C1.7, Armv8-M (DDI 0553) D1.2 ITM_TCR.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Where the architecture puts the unit, in bytes. */
export const ITM_ADDRESS = 0xe0000000;

const TER0 = 0xe00;
const TPR = 0xe40;
const TCR = 0xe80;
const LAR = 0xfb0;
const LOCK_KEY = 0xc5acce55;

const TCR_ITMENA = 1 << 0;
const TCR_TSENA = 1 << 1;
const TCR_TXENA = 1 << 3;
const BUS_ID_SHIFT = 16;

/**
 * ITM_TCR value that switches the unit on with time stamps and DWT packets; `busId` (1–111) names it in formatted
 * trace.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeTraceControl } from "./itm.ts";
 *
 * assertEquals(encodeTraceControl(1), 0x1000b);
 * ```
 */
export function encodeTraceControl(busId: number): number {
  return TCR_ITMENA | TCR_TSENA | TCR_TXENA | (busId << BUS_ID_SHIFT);
}

/** The unit of one core. Writes are queued; DEMCR.TRCENA has to be set. */
export class Itm {
  readonly #memory: MemoryInterface;
  readonly #base: number;

  /** Drives the unit at byte address `base`. */
  constructor(memory: MemoryInterface, base: number = ITM_ADDRESS) {
    this.#memory = memory;
    this.#base = base;
  }

  /**
   * Queues switching on the stimulus ports in the mask, for privileged and unprivileged code alike. The unit goes off
   * first, since its set-up may change only then.
   *
   * @throws {UsageError} when `ports` is not a 32-bit mask
   */
  enable(ports = 0xffffffff, busId = 1): void {
    if (!Number.isInteger(ports) || ports < 0 || ports > 0xffffffff) {
      throw new UsageError(`Cannot enable ITM ports ${ports}: not a mask of 32 bits`);
    }
    this.disable();
    this.#memory.write32(this.#base + TPR, 0);
    this.#memory.write32(this.#base + TER0, ports);
    this.#memory.write32(this.#base + TCR, encodeTraceControl(busId));
  }

  /** Queues switching the unit off. */
  disable(): void {
    this.#memory.write32(this.#base + LAR, LOCK_KEY);
    this.#memory.write32(this.#base + TER0, 0);
    this.#memory.write32(this.#base + TCR, 0);
  }
}
