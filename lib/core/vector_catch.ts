/**
 * Vector-catch letters as pyOCD users know them, to and from DEMCR bits.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { DEMCR } from "./debug_regs.ts";

/** Letter and DEMCR bit of each vector catch, in display order. */
export const VECTOR_CATCH_LETTERS: readonly (readonly [letter: string, bit: number])[] = [
  ["h", DEMCR.VC_HARDERR],
  ["b", DEMCR.VC_BUSERR],
  ["m", DEMCR.VC_MMERR],
  ["e", DEMCR.VC_SFERR],
  ["i", DEMCR.VC_INTERR],
  ["s", DEMCR.VC_STATERR],
  ["c", DEMCR.VC_CHKERR],
  ["p", DEMCR.VC_NOCPERR],
  ["r", DEMCR.VC_CORERESET],
];

/** All vector-catch bits of DEMCR. */
export const VECTOR_CATCH_MASK: number = VECTOR_CATCH_LETTERS.reduce((mask, [, bit]) => mask | bit, 0);

/**
 * DEMCR bits for letters; `a` or `all` is everything, `n` or `none` nothing. Case does not matter.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseVectorCatch } from "./vector_catch.ts";
 *
 * assertEquals(parseVectorCatch("Hr"), 0x401);
 * assertEquals(parseVectorCatch("none"), 0);
 * ```
 *
 * @throws {UsageError} for an unknown letter
 */
export function parseVectorCatch(letters: string): number {
  const text = letters.trim().toLowerCase();
  if (text === "all") return VECTOR_CATCH_MASK;
  if (text === "none") return 0;
  let mask = 0;
  for (const letter of text) {
    if (letter === "n") continue;
    const bit = letter === "a" ? VECTOR_CATCH_MASK : VECTOR_CATCH_LETTERS.find(([known]) => known === letter)?.[1];
    if (bit === undefined) {
      throw new UsageError(`Cannot set the vector catch: unknown letter "${letter}" in "${letters}"`, {
        hint: "Letters: h hard fault, b bus fault, m memory management, e secure fault, i interrupt error, " +
          "s state error, c check error, p no coprocessor, r reset, a all, n none",
      });
    }
    mask |= bit;
  }
  return mask;
}

/** Letters for the vector-catch bits of a DEMCR value; empty when none is set. */
export function formatVectorCatch(demcr: number): string {
  return VECTOR_CATCH_LETTERS.filter(([, bit]) => (demcr & bit) !== 0).map(([letter]) => letter).join("");
}
