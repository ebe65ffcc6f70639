/**
 * Splits sequence text into tokens.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import type { Position, SourceText } from "./ast.ts";

/** A token; `text` of a string is its value with escapes resolved. */
export interface Token {
  /** What it is. */
  readonly kind: "number" | "string" | "name" | "operator" | "end";
  /** Its text. */
  readonly text: string;
  /** The value of a number. */
  readonly value?: bigint;
  /** Where it starts. */
  readonly at: Position;
}

const OPERATORS = [
  "<<=",
  ">>=",
  "&&",
  "||",
  "==",
  "!=",
  "<=",
  ">=",
  "<<",
  ">>",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  ..."+-*/%&|^~!<>=?:(),;",
];

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  "'": "'",
  "0": "\0",
};

const MAX_U64 = (1n << 64n) - 1n;

/** An error in sequence text, with its place. */
export function syntaxError(message: string, at: Position): PackError {
  return new PackError(`${message} at line ${at.line}, column ${at.column}`, {
    code: "sequence-syntax",
    fields: { line: at.line, column: at.column },
  });
}

/**
 * Tokens of `source`, the last one of kind `end`.
 *
 * @throws {PackError} for a character, number or string that is not part of the language
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tokenize } from "./lexer.ts";
 *
 * const tokens = tokenize({ text: "a <<= 0x1F; // shift", line: 7 });
 * assertEquals(tokens.map((t) => t.text), ["a", "<<=", "0x1F", ";", ""]);
 * assertEquals(tokens[2]?.at, { line: 7, column: 7 });
 * ```
 */
export function tokenize(source: SourceText): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let at = 0;
  let line = source.line;
  let lineStart = 0;
  const here = (): Position => ({ line, column: at - lineStart + 1 });

  while (at < text.length) {
    const c = text[at]!;
    if (c === "\n") {
      at++;
      line++;
      lineStart = at;
    } else if (/\s/.test(c)) {
      at++;
    } else if (text.startsWith("//", at)) {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (text.startsWith("/*", at)) {
      const start = here();
      const end = text.indexOf("*/", at + 2);
      if (end < 0) throw syntaxError("Cannot find the end of the comment that starts", start);
      for (; at < end + 2; at++) {
        if (text[at] === "\n") {
          line++;
          lineStart = at + 1;
        }
      }
    } else if (/[0-9]/.test(c)) {
      const start = here();
      const word = /^[0-9A-Za-z_]+/.exec(text.slice(at, at + 80))![0];
      tokens.push({ kind: "number", text: word, value: numberValue(word, start), at: start });
      at += word.length;
    } else if (/[A-Za-z_]/.test(c)) {
      let end = at + 1;
      while (end < text.length && /[A-Za-z0-9_]/.test(text[end]!)) end++;
      tokens.push({ kind: "name", text: text.slice(at, end), at: here() });
      at = end;
    } else if (c === '"') {
      const start = here();
      let value = "";
      at++;
      while (true) {
        const s = text[at];
        if (s === undefined || s === "\n") throw syntaxError("Cannot find the end of the string that starts", start);
        at++;
        if (s === '"') break;
        if (s !== "\\") {
          value += s;
          continue;
        }
        const escaped = text[at] ?? "";
        // A path such as "C:\Tools" is written with single back-slashes in packs, so unknown escapes stay as they are.
        value += ESCAPES[escaped] ?? `\\${escaped}`;
        at++;
      }
      tokens.push({ kind: "string", text: value, at: start });
    } else {
      const operator = OPERATORS.find((o) => text.startsWith(o, at));
      if (operator === undefined) throw syntaxError(`Cannot read the character ${JSON.stringify(c)}`, here());
      tokens.push({ kind: "operator", text: operator, at: here() });
      at += operator.length;
    }
  }
  tokens.push({ kind: "end", text: "", at: here() });
  return tokens;
}

function numberValue(word: string, at: Position): bigint {
  const digits = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)[uUlL]{0,3}$/.exec(word)?.[1];
  if (digits === undefined) throw syntaxError(`Cannot read the number ${word}`, at);
  // A leading zero does not mean octal: the specification knows decimal, hexadecimal and binary.
  const value = BigInt(/^0[xXbB]/.test(digits) ? digits : digits.replace(/^0+(?=[0-9])/, ""));
  if (value > MAX_U64) throw syntaxError(`Cannot hold the number ${word} in 64 bits`, at);
  return value;
}
