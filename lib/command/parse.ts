/**
 * The grammar of a command line in the commander, on `-c`, in command files and in gdb's `monitor`.
 *
 * White space separates words. `'…'` is literal; in `"…"` a backslash escapes a quote or a backslash; outside quotes a
 * backslash escapes white space, quotes, `;`, `#` and itself, and is an ordinary character elsewhere, so that Windows
 * paths survive. `[…]` is one word whatever it holds. `;` separates commands. A line that starts with `#` is a comment,
 * one that starts with `$` an expression, one that starts with `!` a shell command; the rest of those is not split.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";

/** One line, taken apart. */
export type ParsedLine =
  /** Commands, each a list of words with the name first. */
  | { readonly kind: "commands"; readonly commands: readonly (readonly string[])[] }
  /** An expression for the user's script engine. */
  | { readonly kind: "expression"; readonly text: string }
  /** A command for the system's shell. */
  | { readonly kind: "shell"; readonly text: string };

const ESCAPABLE = /[\s'";#\\]/;

/**
 * Takes a line apart.
 *
 * @example Quotes, brackets and semicolons
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseLine } from "./parse.ts";
 *
 * assertEquals(parseLine("read32 [sp, 4] 8; load 'my file.hex'"), {
 *   kind: "commands",
 *   commands: [["read32", "[sp, 4]", "8"], ["load", "my file.hex"]],
 * });
 * assertEquals(parseLine("! ls; pwd"), { kind: "shell", text: "ls; pwd" });
 * ```
 * @throws {UsageError} when a quote or a bracket is not closed
 */
export function parseLine(line: string): ParsedLine {
  const text = line.trim();
  if (text.startsWith("#")) return { kind: "commands", commands: [] };
  if (text.startsWith("$")) return { kind: "expression", text: text.slice(1).trim() };
  if (text.startsWith("!")) return { kind: "shell", text: text.slice(1).trim() };
  return { kind: "commands", commands: splitCommands(text) };
}

function splitCommands(line: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line[at]!;
    if (/\s/.test(char)) {
      at++;
    } else if (char === ";") {
      if (words.length > 0) commands.push(words);
      words = [];
      at++;
    } else {
      const word = readWord(line, at);
      words.push(word.text);
      at = word.end;
    }
  }
  if (words.length > 0) commands.push(words);
  return commands;
}

function readWord(line: string, start: number): { text: string; end: number } {
  let text = "";
  let at = start;
  while (at < line.length) {
    const char = line[at]!;
    if (/[\s;]/.test(char)) break;
    if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      text += quoted.text;
      at = quoted.end;
    } else if (char === "[") {
      const end = line.indexOf("]", at);
      if (end < 0) throw unclosed(line, "bracket", at);
      text += line.slice(at, end + 1);
      at = end + 1;
    } else if (char === "\\" && at + 1 < line.length && ESCAPABLE.test(line[at + 1]!)) {
      text += line[at + 1];
      at += 2;
    } else {
      text += char;
      at++;
    }
  }
  return { text, end: at };
}

function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = "";
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at]!;
    if (char === quote) return { text, end: at + 1 };
    if (quote === '"' && char === "\\" && /["\\]/.test(line[at + 1] ?? "")) text += line[++at];
    else text += char;
  }
  throw unclosed(line, "quote", start);
}

function unclosed(line: string, what: string, at: number): UsageError {
  return new UsageError(`Cannot read command line: ${what} at column ${at + 1} is not closed`, {
    fields: { line, column: at + 1 },
  });
}
