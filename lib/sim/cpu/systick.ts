/**
 * The SysTick timer, counted lazily (DDI0403E B3.3).
 *
 * @module
 */

const CSR = { enable: 1, tickInt: 2, clkSource: 4, countFlag: 1 << 16 } as const;

/** SysTick on the core clock; there is no reference clock (SYST_CALIB.NOREF). */
export class SysTick {
  #csr = 0;
  #reload = 0;
  #current = 0;
  #at = 0;

  /** `now` counts core cycles; `fire` makes the exception pending. */
  constructor(private readonly now: () => number, private readonly fire: () => void) {}

  /** System reset. */
  reset(): void {
    this.#csr = this.#reload = this.#current = 0;
    this.#at = this.now();
  }

  /** Cycles until the counter next reaches zero; Infinity when it does not run. */
  get cyclesToEvent(): number {
    if ((this.#csr & CSR.enable) === 0) return Infinity;
    if (this.#current > 0) return this.#current;
    return this.#reload === 0 ? Infinity : this.#reload + 1;
  }

  /** Counts up to the present. */
  sync(): void {
    let left = this.now() - this.#at;
    this.#at += left;
    while (left > 0) {
      const next = this.cyclesToEvent;
      if (next === Infinity) return;
      if (left < next) {
        this.#current = this.#current > 0 ? this.#current - left : this.#reload - (left - 1);
        return;
      }
      left -= next;
      this.#current = 0;
      this.#csr |= CSR.countFlag;
      if ((this.#csr & CSR.tickInt) !== 0) this.fire();
    }
  }

  /** Reads the register at byte `offset` of the SCS; `quiet` leaves COUNTFLAG as it is. */
  read(offset: number, quiet: boolean): number {
    this.sync();
    switch (offset) {
      case 0x10: {
        const value = this.#csr | CSR.clkSource;
        if (!quiet) this.#csr &= ~CSR.countFlag;
        return value;
      }
      case 0x14:
        return this.#reload;
      case 0x18:
        return this.#current;
      default:
        return 0xc0000000;
    }
  }

  /** Writes the register at byte `offset` of the SCS. */
  write(offset: number, value: number): void {
    this.sync();
    if (offset === 0x10) this.#csr = (this.#csr & CSR.countFlag) | (value & 7);
    else if (offset === 0x14) this.#reload = value & 0xffffff;
    else if (offset === 0x18) {
      this.#current = 0;
      this.#csr &= ~CSR.countFlag;
    }
  }
}
