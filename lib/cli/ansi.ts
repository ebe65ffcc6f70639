/**
 * Colours of a terminal.
 *
 * @module
 */

/** When output is coloured. */
export type ColorMode = "auto" | "always" | "never";

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

/** Name of a style. */
export type Style = keyof typeof CODES;

/** Puts a style around a text, or leaves it alone. */
export type Paint = (style: Style, text: string) => string;

/**
 * A painter that colours, or one that does not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { painter } from "./ansi.ts";
 *
 * assertEquals(painter(true)("red", "no"), "\x1b[31mno\x1b[39m");
 * assertEquals(painter(false)("red", "no"), "no");
 * ```
 */
export function painter(on: boolean): Paint {
  return (style, text) => {
    if (!on || text === "") return text;
    const [open, close] = CODES[style];
    return `\x1b[${open}m${text}\x1b[${close}m`;
  };
}

/** Whether output to something that is or is not a terminal is coloured. */
export function wantsColor(mode: ColorMode, isTerminal: boolean): boolean {
  return mode === "always" || (mode === "auto" && isTerminal);
}

/**
 * Columns that `text` takes on a terminal: escape sequences and variation selectors take none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { widthOf } from "./ansi.ts";
 *
 * assertEquals(widthOf("\x1b[31mno\x1b[39m"), 2);
 * assertEquals(widthOf("✔︎"), 1);
 * ```
 */
export function widthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- the escape character is what is looked for
  return [...text.replaceAll(/\x1b\[[\d;]*m|[\ufe0e\ufe0f]/g, "")].length;
}
