/**
 * Turns TypeScript into JavaScript and tells where each piece came from. The only file that knows the transpiler.
 *
 * @module
 */
import { transform } from "sucrase";
import { parse } from "sucrase/dist/parser/index.js";

/** A place in a file; both count from 1. */
export interface Position {
  /** Line. */
  readonly line: number;
  /** Column, in UTF-16 units. */
  readonly column: number;
}

/** One import of a file. */
export interface ImportSite extends Position {
  /** What is imported; undefined when `import()` computes it. */
  readonly specifier: string | undefined;
  /** Whether it is an `import()` expression. */
  readonly isDynamic: boolean;
  /** Place of the quoted specifier in the code, as offsets. */
  readonly range: readonly [start: number, end: number];
}

/** A file without types. */
export interface StrippedScript {
  /** JavaScript with as many lines as the source. */
  readonly code: string;
  /** Imports that are left, in order; those of types only are gone. */
  readonly imports: readonly ImportSite[];
  /** Where in the source a place of the code came from. */
  sourceOf(position: Position): Position;
}

/** What is wrong with a file, and where. */
export class ScriptSyntaxError extends Error {
  /** Name of the class. */
  override readonly name = "ScriptSyntaxError";
  /** Where. */
  readonly position: Position;

  /** Says that `reason` keeps the file from being read. */
  constructor(reason: string, position: Position) {
    super(reason);
    this.position = position;
  }
}

/**
 * Takes the types out of TypeScript, line by line, so that line numbers stay. JavaScript passes unchanged.
 *
 * @param name file name, of which the ending matters only
 * @throws {ScriptSyntaxError} where the text is no TypeScript, or holds a namespace or a decorator
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stripTypes } from "./strip.ts";
 *
 * const { code, imports } = stripTypes('import { connect } from "tapir";\nlet a: number = connect();\n', "a.ts");
 * assertEquals(code, 'import { connect } from "tapir";\nlet a = connect();\n');
 * assertEquals(imports[0]?.specifier, "tapir");
 * ```
 */
export function stripTypes(source: string, name: string): StrippedScript {
  const isTypeScript = /\.m?ts$/.test(name);
  if (isTypeScript) {
    refuseNamespaces(source);
    refuseDecorators(source);
  }
  try {
    const { code } = transform(source, {
      transforms: isTypeScript ? ["typescript"] : [],
      filePath: name,
      disableESTransforms: true,
    });
    const [sourceLines, codeLines] = [source.split("\n"), code.split("\n")];
    return {
      code,
      imports: importsOf(code),
      sourceOf: ({ line, column }) => ({
        line,
        column: sourceColumn(sourceLines[line - 1] ?? "", codeLines[line - 1] ?? "", column - 1) + 1,
      }),
    };
  } catch (error) {
    throw asSyntaxError(error);
  }
}

function asSyntaxError(error: unknown): unknown {
  const { loc } = error as { loc?: Position };
  if (!(error instanceof Error) || loc === undefined) return error;
  const reason = error.message.replace(/^Error transforming [^\n]*?: /, "").replace(/ \(\d+:\d+\)$/, "");
  return new ScriptSyntaxError(reason, { line: loc.line, column: loc.column });
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function tokensOf(text: string, isTypeScript: boolean): Token[] {
  try {
    const { tokens } = parse(text, false, isTypeScript, false) as { tokens: readonly { start: number; end: number }[] };
    return tokens.map(({ start, end }) => ({ start, end, text: text.slice(start, end) }));
  } catch (error) {
    throw asSyntaxError(error);
  }
}

/** The transpiler drops namespaces without a word, so that their code would be missing. */
function refuseNamespaces(source: string): void {
  if (!/\b(namespace|module)\b/.test(source)) return;
  const tokens = tokensOf(source, true);
  for (const [index, { text, start }] of tokens.entries()) {
    if (text !== "namespace" && text !== "module") continue;
    const before = tokens[index - 1]?.text ?? ";";
    const isDeclaration = /^[A-Za-z_$][\w$]*$/.test(tokens[index + 1]?.text ?? "") &&
      /^[{.]$/.test(tokens[index + 2]?.text ?? "");
    if (isDeclaration && /^([;{}]|export)$/.test(before)) {
      throw new ScriptSyntaxError(
        "Namespaces do not work in scripts; use a file of its own",
        positionAt(source, start),
      );
    }
  }
}

/** Only some of the runtimes that scripts meet know decorators. */
function refuseDecorators(source: string): void {
  if (!source.includes("@")) return;
  const found = tokensOf(source, true).find(({ text }) => text === "@");
  if (found === undefined) return;
  throw new ScriptSyntaxError(
    "Decorators do not work in scripts; call the function that decorates",
    positionAt(source, found.start),
  );
}

function isQuoted(text: string | undefined): boolean {
  return text !== undefined && /^["']/.test(text);
}

/** Finds imports in JavaScript, where no types stand in the way. */
function importsOf(code: string): ImportSite[] {
  const tokens = tokensOf(code, false);
  const sites: ImportSite[] = [];
  const add = (token: Token, isDynamic: boolean): void => {
    const specifier = isQuoted(token.text) ? unquote(token.text) : undefined;
    sites.push({ specifier, isDynamic, range: [token.start, token.end], ...positionAt(code, token.start) });
  };
  for (const [index, { text }] of tokens.entries()) {
    if (text !== "import" && text !== "export") continue;
    const [before, next, after] = [tokens[index - 1]?.text, tokens[index + 1], tokens[index + 2]];
    if (next === undefined || before === "." || before === "?.") continue;
    if (text === "import" && next.text === "(") {
      // A method called import is followed by its parameters and a body.
      if (before !== "{" && before !== "," && after !== undefined) add(after, true);
      else if (isQuoted(after?.text)) add(after!, true);
    } else if (text === "import" && isQuoted(next.text)) {
      add(next, false);
    } else if (text === "import" || next.text === "*" || next.text === "{") {
      const from = fromClause(tokens, index + 1);
      if (from !== undefined) add(from, false);
    }
  }
  return sites;
}

/** The quoted word after `from`, when one belongs to the statement whose words start at `index`. */
function fromClause(tokens: readonly Token[], index: number): Token | undefined {
  for (let at = index; at < tokens.length; at++) {
    const { text } = tokens[at]!;
    if (text === "from" && isQuoted(tokens[at + 1]?.text)) return tokens[at + 1];
    const belongs = /^[*{},]$/.test(text) || /^[\p{ID_Start}$_]/u.test(text) || isQuoted(text);
    if (!belongs || (text === "}" && !/^(from|,)$/.test(tokens[at + 1]?.text ?? ""))) return undefined;
  }
  return undefined;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const newline = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: offset - newline };
}

/**
 * The column of the source that a column of the code came from. Removing types leaves the other words of a line in
 * their order, so both lines are walked side by side. (Source maps of the transpiler are wrong behind templates.)
 */
function sourceColumn(sourceLine: string, codeLine: string, column: number): number {
  const words = /[\w$]+|[^\s\w$]/g;
  const sourceWords = [...sourceLine.matchAll(words)];
  let at = 0;
  let found = { code: 0, source: 0 };
  for (const word of codeLine.matchAll(words)) {
    if (word.index > column) break;
    const match = sourceWords.findIndex((each, index) => index >= at && each[0] === word[0]);
    if (match < 0) continue;
    at = match + 1;
    found = { code: word.index, source: sourceWords[match]!.index };
  }
  return found.source + (column - found.code);
}
