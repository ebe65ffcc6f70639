/**
 * Runs command lines without a person: those of `-c`, and files of them.
 *
 * @module
 */
import { TapirError } from "../base/errors.ts";
import { executeLine } from "../command/execute.ts";
import type { CommandContext } from "../command/context.ts";

/** One thing to run. */
export type BatchStep =
  /** A command line. */
  | { readonly kind: "line"; readonly text: string }
  /** A file of command lines; `-` is standard input. */
  | { readonly kind: "file"; readonly path: string };

/**
 * Runs steps in order until one fails or `exit` is run.
 *
 * @param readText gives the text of a file
 * @throws {TapirError} what the first failing command throws; for a file, with its name and the line number
 */
export async function runBatch(
  context: CommandContext,
  steps: readonly BatchStep[],
  readText: (path: string) => Promise<string>,
): Promise<void> {
  for (const step of steps) {
    if (context.exitRequested) return;
    if (step.kind === "line") await executeLine(context, step.text);
    else await runFile(context, step.path, await readText(step.path));
  }
}

async function runFile(context: CommandContext, path: string, text: string): Promise<void> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (context.exitRequested) return;
    try {
      await executeLine(context, line);
    } catch (cause) {
      if (!(cause instanceof TapirError)) throw cause;
      throw new TapirError(`Cannot finish ${path}: line ${index + 1}: ${cause.message}`, {
        code: cause.code,
        exitCode: cause.exitCode,
        fields: { ...cause.fields, file: path, line: index + 1 },
        cause,
      });
    }
  }
}
