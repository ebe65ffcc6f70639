/**
 * ATB trace funnel: which trace sources get through.
 *
 * CoreSight SoC-400 (100536) 4.7, SoC-600 (100806) 9.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import type { MemoryInterface } from "../dap/memory.ts";

const FUNNELCONTROL = 0x000;
const LAR = 0xfb0;
const DEVID = 0xfc8;
const LOCK_KEY = 0xc5acce55;
const PORTS_MASK = 0xff;

/** One funnel. */
export class TraceFunnel {
  readonly #memory: MemoryInterface;
  readonly #base: number;

  /** Drives the funnel at byte address `base`. */
  constructor(memory: MemoryInterface, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  /** Lets every input through, keeping the hold time. @throws {TransferError} */
  async enableAll(): Promise<void> {
    this.#memory.write32(this.#base + LAR, LOCK_KEY);
    const [devid, control] = await Promise.all([
      this.#memory.read32(this.#base + DEVID),
      this.#memory.read32(this.#base + FUNNELCONTROL),
    ]);
    const inputs = (1 << bits(devid, 3, 0)) - 1;
    this.#memory.write32(this.#base + FUNNELCONTROL, (control & ~PORTS_MASK) | (inputs & PORTS_MASK));
    await this.#memory.flush();
  }
}
