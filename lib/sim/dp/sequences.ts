/**
 * The bit patterns that switch a debug port between JTAG, SWD and the dormant state (IHI 0031 B5.3 and B5.2).
 *
 * @module
 */

/** A pattern on SWDIO/TMS that follows a run of ones. */
export interface SelectPattern {
  /** Clocks with the line high that must come immediately before. */
  readonly onesBefore: number;
  /** The pattern, first transmitted bit first. */
  readonly bits: readonly (0 | 1)[];
}

/** JTAG to SWD: 0xE79E, least significant bit first (IHI 0031 B5.2.1). */
export const JTAG_TO_SWD: SelectPattern = { onesBefore: 50, bits: lsbFirst([0xe79e], 16) };

/** SWD to JTAG: 0xE73C, least significant bit first (IHI 0031 B5.2.1). */
export const SWD_TO_JTAG: SelectPattern = { onesBefore: 50, bits: lsbFirst([0xe73c], 16) };

/** JTAG to dormant: the 31-bit value 0x33BBBBBA, least significant bit first (IHI 0031 B5.3.2). */
export const JTAG_TO_DORMANT: SelectPattern = { onesBefore: 5, bits: lsbFirst([0x33bbbbba], 31) };

/** SWD to dormant: 0xE3BC, least significant bit first (IHI 0031 B5.3.3). */
export const SWD_TO_DORMANT: SelectPattern = { onesBefore: 50, bits: lsbFirst([0xe3bc], 16) };

/** The 128-bit selection alert sequence that ends the dormant state (IHI 0031 B5.3.4). */
export const SELECTION_ALERT: SelectPattern = {
  onesBefore: 8,
  bits: lsbFirst([0x6209f392, 0x86852d95, 0xe3ddafe9, 0x19bc0ea2], 128),
};

/** Clocks with the line high that make a line reset (IHI 0031 B4.3.3). */
export const LINE_RESET_ONES = 50;

/** Four low clocks and the activation code 0x1A of an SW-DP, least significant bit first, as a number. */
export const ACTIVATE_SWD = 0x1a0;

/** Four low clocks and the activation code 0x0A of a JTAG-DP, least significant bit first, as a number. */
export const ACTIVATE_JTAG = 0x0a0;

/** Clocks from the end of the selection alert to the end of the activation code. */
export const ACTIVATION_BITS = 12;

function lsbFirst(words: readonly number[], count: number): (0 | 1)[] {
  return Array.from({ length: count }, (_, i) => ((words[i >>> 5]! >>> (i & 31)) & 1) as 0 | 1);
}

/**
 * Watches a line for one {@linkcode SelectPattern}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { JTAG_TO_SWD, PatternWatch } from "./sequences.ts";
 *
 * const watch = new PatternWatch(JTAG_TO_SWD);
 * for (let i = 0; i < 50; i++) watch.feed(1);
 * const seen = JTAG_TO_SWD.bits.map((bit) => watch.feed(bit));
 * assertEquals(seen.indexOf(true), 15);
 * ```
 */
export class PatternWatch {
  #pattern: SelectPattern;
  #ones = 0;
  #matched = 0;

  /** Watches for `pattern`. */
  constructor(pattern: SelectPattern) {
    this.#pattern = pattern;
  }

  /** Takes one bit of the line; true when it completes the pattern. */
  feed(level: 0 | 1): boolean {
    const { bits, onesBefore } = this.#pattern;
    if (this.#matched > 0 && level === bits[this.#matched]) this.#matched++;
    else this.#matched = this.#ones >= onesBefore && level === bits[0] ? 1 : 0;
    this.#ones = level === 1 ? this.#ones + 1 : 0;
    if (this.#matched < bits.length) return false;
    this.reset();
    return true;
  }

  /** Forgets what it has seen. */
  reset(): void {
    this.#ones = 0;
    this.#matched = 0;
  }
}
