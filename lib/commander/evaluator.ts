/**
 * Runs TypeScript that a person types: `await` anywhere, variables that stay, results in words.
 *
 * @module
 */
import { TapirError, UsageError } from "../base/errors.ts";
import { hex } from "../base/bytes.ts";
import { scanCode } from "./code_scan.ts";

/** Names that code may use, by what they stand for; read anew each time, so that getters may be used. */
export type Scope = Record<string, unknown>;

/** Depth to which results are shown. */
const DEPTH = 3;

/** What {@linkcode Evaluator} needs of the transpiler. */
export type StripTypes = (source: string, name: string) => { readonly code: string };

/** Runs code in one scope. */
export class Evaluator {
  readonly #scope: Scope;
  readonly #lookup: object;

  /** Code sees `scope` and the global names; what it declares goes into `scope`. */
  constructor(scope: Scope) {
    this.#scope = scope;
    this.#lookup = new Proxy(scope, {
      // Assignments to new names land in the scope; global names stay with the runtime.
      has: (target, key) => typeof key === "string" && (Object.hasOwn(target, key) || !(key in globalThis)),
      get: (target, key) => {
        if (key === Symbol.unscopables || typeof key === "symbol") return undefined;
        if (Object.hasOwn(target, key)) return target[key];
        throw new ReferenceError(`${key} is not defined`);
      },
    });
  }

  /** Names in scope. */
  get names(): string[] {
    return Object.keys(this.#scope);
  }

  /** What a path such as `session.target` stands for, or undefined. Nothing is called. */
  resolve(path: string): unknown {
    let at: unknown = undefined;
    for (const [index, name] of path.split(".").entries()) {
      if (index === 0) at = Object.hasOwn(this.#scope, name) ? this.#scope[name] : undefined;
      else at = at === undefined || at === null ? undefined : (at as Record<string, unknown>)[name];
    }
    return at;
  }

  /**
   * Runs code and gives its value.
   *
   * @throws {UsageError} when it is no TypeScript
   * @throws {TapirError} what it throws
   */
  async run(source: string): Promise<unknown> {
    const { ScriptSyntaxError, stripTypes } = await import("../script/strip.ts");
    let code: string;
    try {
      code = stripTypes(source, "input.ts").code;
    } catch (error) {
      if (!(error instanceof ScriptSyntaxError)) throw error;
      const { line, column } = error.position;
      throw new UsageError(`Cannot read TypeScript: ${error.message} (line ${line}, column ${column})`, {
        code: "bad-code",
        cause: error,
      });
    }
    const body = compile(scanCode(code).statements.map(keepDeclaration));
    try {
      return await body(this.#lookup);
    } catch (error) {
      if (error instanceof TapirError) throw error;
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new TapirError(`Cannot run TypeScript: ${text.split("\n")[0]}`, { code: "code-failed", cause: error });
    }
  }

  /** Runs code and gives its value as text; undefined when it has none. @throws {TapirError} */
  async evaluate(source: string): Promise<string | undefined> {
    return formatResult(await this.run(source));
  }
}

type Body = (scope: object) => Promise<unknown>;

/** Makes a function of statements that returns the value of the last one, when that is an expression. */
function compile(statements: readonly string[]): Body {
  const before = statements.slice(0, -1).map((statement) => `${statement};\n`).join("");
  const last = statements.at(-1) ?? "";
  const make = (body: string): Body =>
    // Only code that is not strict may use `with`, which is what lets declarations outlive the line.
    new Function("scope", `with (scope) { return (async () => {\n${body}\n})(); }`) as Body;
  try {
    return make(`${before}return (${last}\n);`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return make(before + last);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`Cannot read TypeScript: ${text}`, { code: "bad-code", cause });
  }
}

/** A statement that declares names, as one that assigns them, so that they outlive it. */
function keepDeclaration(statement: string): string {
  const kept = keptDeclaration(statement);
  // A declaration has no value worth showing.
  return kept === undefined ? statement : `${kept}, undefined`;
}

function keptDeclaration(statement: string): string | undefined {
  const variable = /^(?:const|let|var)\s+([\s\S]*)$/.exec(statement)?.[1];
  if (variable !== undefined) {
    if (/^[A-Za-z_$][\w$]*$/.test(variable)) return `${variable} = undefined`;
    return variable.startsWith("{") ? `(${variable})` : variable;
  }
  const named = /^(?:async\s+)?(?:function\s*\*?|class)\s+([A-Za-z_$][\w$]*)/.exec(statement)?.[1];
  return named === undefined ? undefined : `${named} = ${statement}`;
}

/**
 * A value as text: whole numbers in hexadecimal and decimal, everything else as the runtime shows it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatResult } from "./evaluator.ts";
 *
 * assertEquals(formatResult(255), "0x000000ff (255)");
 * assertEquals(formatResult([1]), "[ 1 ]");
 * assertEquals(formatResult(undefined), undefined);
 * ```
 */
export function formatResult(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  if (isWhole && value >= 0) return `${hex(value as number | bigint)} (${value})`;
  if (isWhole) return String(value);
  return typeof value === "string" ? value : Deno.inspect(value, { depth: DEPTH, strAbbreviateSize: 10_000 });
}
