/**
 * Errors as people read them.
 *
 * @module
 */
import { exitCodeOf, TapirError } from "../base/errors.ts";
import type { Paint } from "./ansi.ts";

/**
 * Text of an error: its message and hint; with `details` also its causes and where it was thrown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { UsageError } from "../base/errors.ts";
 * import { renderError } from "./render_error.ts";
 *
 * const error = new UsageError("Cannot use -x", { hint: "Use -y" });
 * assertEquals(renderError(error, { details: false, paint: (_, text) => text }), "Error: Cannot use -x\nHint: Use -y\n");
 * ```
 */
export function renderError(error: unknown, options: { details: boolean; paint: Paint }): string {
  const { paint } = options;
  let text = `${paint("red", "Error:")} ${messageOf(error)}\n`;
  const hint = hintOf(error);
  if (hint !== undefined) text += `${paint("cyan", "Hint:")} ${hint}\n`;
  if (!options.details) return text;
  for (const cause of causesOf(error)) text += `  ${paint("dim", "because:")} ${messageOf(cause)}\n`;
  // Where the first of them was thrown: in a user's script, most of all.
  const first = [error, ...causesOf(error)].findLast((each) => each instanceof Error);
  const stack = first?.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return text + stack.map((line) => `${paint("dim", line)}\n`).join("");
}

/** An error as plain data, for `--json`; see docs/exit-codes.md. */
export function errorToJson(error: unknown): Record<string, unknown> {
  return {
    code: error instanceof TapirError ? error.code : "error",
    message: messageOf(error),
    hint: hintOf(error),
    exit: exitCodeOf(error),
    fields: error instanceof TapirError ? error.fields : {},
    causes: causesOf(error).map(messageOf),
  };
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An error that nobody planned says what kind it is, so that it can be reported.
  return error instanceof TapirError || error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

/** The hint nearest to the top: a wrapper without one does not hide the knowledge below it. */
function hintOf(error: unknown): string | undefined {
  for (const each of [error, ...causesOf(error)]) {
    if (each instanceof TapirError && each.hint !== undefined) return each.hint;
  }
  return undefined;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let at = error;
  while (at instanceof Error && at.cause !== undefined && causes.length < 10) {
    at = at.cause;
    causes.push(at);
  }
  return causes;
}
