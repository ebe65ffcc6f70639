/**
 * Numbers of things in messages.
 *
 * @module
 */

/**
 * A number with the word for what is counted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counted } from "./counted.ts";
 *
 * assertEquals([counted(1, "sector"), counted(2, "sector")], ["1 sector", "2 sectors"]);
 * ```
 */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
