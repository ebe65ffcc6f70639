/**
 * Random Thumb instruction streams in which every encoding has the same weight.
 *
 * Patterns are bit strings; letters are fields, gathered from the most significant bit on:
 * `d` destination, `n` `m` `a` sources, `e` a second destination, `i` random bits, `l` register list to load,
 * `s` register list to store, `B` aligned base, `M` base that may become unaligned, `X` small index.
 *
 * What DDI0403E calls UNPREDICTABLE never comes out: SP and PC are no general operands (A5.1.3), a base with write-back
 * is never transferred (A7.7.43, A7.7.161), and each pattern's `valid` refuses the rest by its own clause.
 *
 * @module
 */

/** A deterministic source of numbers (xorshift32). */
export class Random {
  #state: number;
  /** Starts from a seed other than zero. */
  constructor(seed: number) {
    this.#state = seed;
  }
  /** The next 32 bits, unsigned. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }
}

/** One encoding: its name, its bits, and which random fillings are allowed. */
export interface Pattern {
  /** Mnemonic. */
  readonly name: string;
  /** 16 or 32 bits. */
  readonly bits: string;
  /** Refuses fillings that are UNPREDICTABLE or another encoding. */
  readonly valid: (op: number) => boolean;
  /** May stand in an IT block. */
  readonly inIt: boolean;
}

/** Registers with a duty: aligned bases R7 and R8, messy base R9, index R6. */
export const DUTY = { low: 7, high: 8, messy: 9, index: 6 } as const;
const DESTINATIONS = [0, 1, 2, 3, 4, 5, 10, 11, 12, 14];
const SOURCES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14];

function field(letter: string, width: number, random: Random, thumb1: boolean): number {
  switch (letter) {
    case "d":
    case "e":
      return width === 3 ? random.below(6) : DESTINATIONS[random.below(thumb1 ? 6 : DESTINATIONS.length)]!;
    case "n":
    case "m":
    case "a":
      return width === 3 ? random.below(8) : SOURCES[random.below(SOURCES.length)]!;
    case "B":
      return width === 3 ? DUTY.low : DUTY.high;
    case "M":
      return DUTY.messy;
    case "X":
      return DUTY.index;
    case "l": {
      const allowed = width === 8 ? 0x3f : 0x5c3f;
      return (random.next() & allowed) || 3;
    }
    case "s": {
      const allowed = width === 8 ? 0x7f : 0x5cff;
      return (random.next() & allowed) || 3;
    }
    default:
      return random.below(2 ** width);
  }
}

/** Fills the fields of a pattern. */
export function fill(pattern: Pattern, random: Random): number {
  const { bits } = pattern;
  for (let attempt = 0; attempt < 1000; attempt++) {
    let op = 0;
    const fields = new Map<string, { value: number; left: number }>();
    for (let i = 0; i < bits.length; i++) {
      const letter = bits[i]!;
      let bit: number;
      if (letter === "0" || letter === "1") bit = Number(letter);
      else {
        let entry = fields.get(letter);
        if (entry === undefined) {
          const width = bits.split(letter).length - 1;
          entry = { value: field(letter, width, random, bits.length === 16 && letter === "l"), left: width };
          fields.set(letter, entry);
        }
        entry.left--;
        bit = (entry.value >>> entry.left) & 1;
      }
      op = op * 2 + bit;
    }
    if (pattern.valid(op)) return op;
  }
  throw new Error(`no valid filling of ${pattern.name}`);
}

/** Half-words of a filled pattern in program order. */
export function halfWords(pattern: Pattern, op: number): number[] {
  return pattern.bits.length === 16 ? [op] : [op >>> 16, op & 0xffff];
}
