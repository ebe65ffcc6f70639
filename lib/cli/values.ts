/**
 * Values on the command line.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import { parseFrequency, parseInteger } from "../session/option_text.ts";
import type { ValueParser } from "./command_spec.ts";

/**
 * Reads an unsigned 32-bit address, decimal or with a prefix.
 *
 * @throws {UsageError} when the text is no such address
 */
export function address(text: string): number {
  const value = parseInteger(text);
  if (value === undefined || value < 0 || value > 0xffffffff) {
    throw new UsageError(`Cannot read ${text} as an address`, {
      hint: "Write addresses as 0x08000000 or as a decimal number",
    });
  }
  return value;
}

/**
 * Reads a whole number from `least` on.
 *
 * @throws {UsageError} when the text is no such number
 */
export function wholeNumber(what: string, least = 0): (text: string) => number {
  return (text) => {
    const value = parseInteger(text);
    if (value === undefined || value < least) {
      throw new UsageError(`Cannot read ${text} as ${what}`, { hint: `Write a whole number from ${least} on` });
    }
    return value;
  };
}

/**
 * Reads a number of bytes from `least` on; `k` and `M` stand for 1024 bytes and 1024 times that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { byteLength } from "./values.ts";
 *
 * assertEquals(["0x40", "128k", "1MiB"].map(byteLength("a length")), [64, 131072, 1048576]);
 * ```
 * @throws {UsageError} when the text is no such number
 */
export function byteLength(what: string, least = 0): (text: string) => number {
  return (text) => {
    const [, digits = text, letter = ""] = /^(\d+)([km])(?:i?b)?$/i.exec(text.trim()) ?? [];
    const value = parseInteger(digits);
    if (value === undefined || value < least) {
      throw new UsageError(`Cannot read ${text} as ${what}`, {
        hint: `Write bytes from ${least} on, such as 4096, 0x1000, 4k or 1M`,
      });
    }
    return value * ({ "": 1, k: 1024, m: 1024 * 1024 }[letter.toLowerCase()]!);
  };
}

/**
 * Reads hertz.
 *
 * @throws {UsageError} when the text is no frequency
 */
export function frequency(text: string): number {
  const value = parseFrequency(text);
  if (value === undefined) {
    throw new UsageError(`Cannot read ${text} as a frequency`, { hint: "Write frequencies as 500k, 4M or 1000000" });
  }
  return value;
}

/**
 * Takes one of some words.
 *
 * @throws {UsageError} for any other
 */
export function choice<T extends string>(what: string, words: readonly T[]): ValueParser<T> {
  const parse = (text: string): T => {
    const found = words.find((word) => word === text.toLowerCase());
    if (found === undefined) {
      throw new UsageError(`Cannot use ${text} as ${what}`, {
        hint: didYouMean(text, words) ?? `Use one of ${words.join(", ")}`,
      });
    }
    return found;
  };
  return Object.assign(parse, { words });
}
