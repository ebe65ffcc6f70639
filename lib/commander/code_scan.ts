/**
 * Just enough of the syntax of JavaScript to tell whether a person has finished typing, and where statements begin.
 *
 * @module
 */

/** What {@linkcode scanCode} found. */
export interface ScannedCode {
  /** Whether more lines must follow: a bracket, a text or a comment is open, or an operator waits for its operand. */
  readonly isOpen: boolean;
  /** Statements outside of any brackets. */
  readonly statements: readonly string[];
}

const OPENING = "([{";
const CLOSING = ")]}";
/** A line cannot end after one of these. */
const DANGLING = /(?:[=+\-*%&|^<>,.?:(!~\[{]|=>|\b(?:await|return|typeof|new|in|of|instanceof|else|extends))$/;
/** A line that begins with one of these goes on with the one before. */
const CONTINUES = /^\s*(?:[.?:,+\-*%&|^=<>)\]}]|(?:else|catch|finally|instanceof|in|as|satisfies)\b)/;
/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP = /(?:^|[=(,:;!&|?{}\[+\-*%~^<>]|\b(?:return|typeof|await|case|in|of))$/;
/** Statements that end with their closing brace. */
const BLOCK = /^(?:async\s+function|function|class|if|for|while|try|switch|\{)/;

/**
 * Splits code into statements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scanCode } from "./code_scan.ts";
 *
 * assertEquals(scanCode("let a = 1; a + 1"), { isOpen: false, statements: ["let a = 1", "a + 1"] });
 * assertEquals(scanCode("for (const x of [1, 2]) {").isOpen, true);
 * ```
 */
export function scanCode(code: string): ScannedCode {
  const statements: string[] = [];
  const brackets: string[] = [];
  let start = 0;
  let at = 0;
  /** Code of the statement so far without texts and comments, for looking back. */
  let before = "";
  const finish = (end: number): void => {
    const statement = code.slice(start, end).trim();
    if (statement !== "") statements.push(statement);
    start = end + (code[end] === ";" ? 1 : 0);
    before = "";
  };
  while (at < code.length) {
    const char = code[at]!;
    const rest = code.slice(at + 1);
    if (char === "`" || (char === "}" && brackets.at(-1) === "`")) {
      const end = templateEnd(code, at + 1);
      if (char === "}") brackets.pop();
      if (end < 0) return { isOpen: true, statements };
      if (code[end] === "{") brackets.push("`");
      before += char === "`" ? '"' : "";
      at = end + 1;
      continue;
    }
    if (char === '"' || char === "'") {
      at = quoteEnd(code, at) + 1;
      before += '"';
      continue;
    }
    if (char === "/" && rest[0] === "/") {
      const end = code.indexOf("\n", at);
      at = end < 0 ? code.length : end;
      continue;
    }
    if (char === "/" && rest[0] === "*") {
      const end = code.indexOf("*/", at + 2);
      if (end < 0) return { isOpen: true, statements };
      at = end + 2;
      continue;
    }
    if (char === "/" && BEFORE_REGEXP.test(before.trimEnd())) {
      at = regexpEnd(code, at) + 1;
      before += '"';
      continue;
    }
    if (OPENING.includes(char)) brackets.push(char);
    else if (CLOSING.includes(char)) brackets.pop();
    before += char;
    at++;
    if (brackets.length > 0) continue;
    if (char === ";") finish(at - 1);
    else if (char === "\n" && !DANGLING.test(before.trimEnd()) && !CONTINUES.test(rest)) finish(at - 1);
    else if (
      char === "}" && BLOCK.test(code.slice(start).trimStart()) && !/^\s*(?:else|catch|finally|while)\b/.test(rest)
    ) {
      finish(at);
    }
  }
  const isOpen = brackets.length > 0 || DANGLING.test(before.trimEnd().replace(/(?:\+\+|--)$/, ""));
  finish(code.length);
  return { isOpen, statements };
}

/** Offset of the closing quote, or of the end of the line: a text does not go on after it. */
function quoteEnd(code: string, start: number): number {
  for (let at = start + 1; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === code[start] || code[at] === "\n") return at;
  }
  return code.length;
}

/** Offset of the closing back quote, or of the brace that opens a placeholder; -1 when neither comes. */
function templateEnd(code: string, start: number): number {
  for (let at = start; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") return at;
    else if (code[at] === "$" && code[at + 1] === "{") return at + 1;
  }
  return -1;
}

function regexpEnd(code: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < code.length && code[at] !== "\n"; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "[") inClass = true;
    else if (code[at] === "]") inClass = false;
    else if (code[at] === "/" && !inClass) return at;
  }
  return start;
}
