/**
 * Parses the command line, prepares logging, runs the subcommand and reports how it ended.
 *
 * @module
 */
import { EXIT, exitCodeOf, InterruptedError, TapirError } from "../base/errors.ts";
import { silenceLog } from "../base/log.ts";
import { type ColorMode, painter, wantsColor } from "./ansi.ts";
import type { CliCommand, CliInput, CliOptions } from "./command_spec.ts";
import { type LoggingValues, logLevelOf } from "./common_options.ts";
import { CliContext } from "./context.ts";
import { renderLogLine } from "./log_output.ts";
import { parseCommandLine } from "./program.ts";
import { errorToJson, renderError } from "./render_error.ts";
import type { Streams } from "./streams.ts";

/** See {@linkcode main}; loaded only when there is something to do. */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  // Until the command line has been read, for errors in it.
  const presentation: Presentation = {
    color: colorOf(streams, undefined),
    json: argv.includes("--json"),
    details: false,
  };
  try {
    const request = await parseCommandLine(argv, streams.stdout.columns);
    if (request.kind === "print") {
      streams.stdout.write(request.text);
      return EXIT.ok;
    }
    return await runCommand(request.command, request.input, streams, presentation);
  } catch (error) {
    return await fail(error, streams, presentation);
  }
}

/** Reports an error that ends the run, and answers the exit code. */
export async function fail(
  error: unknown,
  streams: Streams,
  presentation: Presentation = { color: colorOf(streams, undefined), json: false, details: false },
): Promise<number> {
  report(await explained(error), streams, presentation);
  return exitCodeOf(error);
}

/** An error that a listener of a user script threw, with its place. */
async function explained(error: unknown): Promise<unknown> {
  if (error instanceof TapirError || !(error instanceof Error)) return error;
  return (await import("../script/user_script.ts")).explainLoose(error);
}

/** How errors are shown; known better once the command line has been read. */
export interface Presentation {
  /** When to use colours. */
  color: ColorMode;
  /** Whether to print them as JSON too. */
  json: boolean;
  /** Whether to add causes and stacks. */
  details: boolean;
}

async function runCommand(
  command: CliCommand,
  input: CliInput<CliOptions>,
  streams: Streams,
  presentation: Presentation,
): Promise<number> {
  const values = input.values as LoggingValues & { readonly json?: boolean; readonly traceSequences?: boolean };
  presentation.color = colorOf(streams, values.color);
  presentation.json = values.json === true;
  presentation.details = values.verbose > 0;
  const context = new CliContext({ streams, ...presentation, quiet: values.quiet > 0 });
  const start = Date.now();
  await context.startLog({
    level: logLevelOf(command.logLevel, values),
    rules: [
      ...(values.traceSequences ? [{ pattern: "sequence.trace", level: "info" as const }] : []),
      ...values.logLevel.flat(),
    ],
    sink: (line) => streams.stderr.write(renderLogLine(line, start, context.paint)),
  });
  try {
    return await command.run(context, input);
  } finally {
    presentation.details ||= context.wantsDetails;
    await silenceLog();
  }
}

function report(error: unknown, streams: Streams, { color, json, details }: Presentation): void {
  const paint = painter(wantsColor(color, streams.stderr.isTerminal));
  if (error instanceof InterruptedError) streams.stderr.write("\n");
  streams.stderr.write(renderError(error, { details, paint }));
  if (json) streams.stdout.write(`${JSON.stringify({ event: "error", ...errorToJson(error) })}\n`);
}

function colorOf(streams: Streams, flag: ColorMode | undefined): ColorMode {
  if (flag !== undefined) return flag;
  const word = streams.env("TAPIR_COLOR")?.toLowerCase();
  if (word === "always" || word === "never" || word === "auto") return word;
  // https://no-color.org: any value but the empty one.
  return streams.env("NO_COLOR") ? "never" : "auto";
}
