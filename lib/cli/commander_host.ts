/**
 * What the command line does for the commander: output, files, shell, progress.
 *
 * @module
 */
import { EXIT, exitCodeOf, InterruptedError, TargetError } from "../base/errors.ts";
import { CommandContext, type CommandHost } from "../command/context.ts";
import { commandsOf } from "../command/commands/mod.ts";
import { type BatchStep, runBatch } from "../commander/batch.ts";
import { completeLine, type CompletionSources } from "../commander/completion.ts";
import { Evaluator } from "../commander/evaluator.ts";
import { History, historyPath } from "../commander/history.ts";
import { runRepl } from "../commander/repl.ts";
import { sessionScope } from "../commander/scope.ts";
import { plainTerminal } from "../commander/terminal.ts";
import type { SymbolTable } from "../format/symbols.ts";
import { probeOpenOptions } from "../session/drivers.ts";
import { readUserFile, writeUserFile } from "../session/files.ts";
import { listProbes } from "../session/probes.ts";
import type { Session } from "../session/session.ts";
import { resolvePath } from "../session/settings.ts";
import type { CliContext } from "./context.ts";
import { probeTable } from "./probe_table.ts";
import { renderError } from "./render_error.ts";

/** What the commander is to do. */
export interface CommanderRequest {
  /** Commands to run first. */
  readonly steps: readonly BatchStep[];
  /** Read further commands from the terminal. */
  readonly interactive: boolean;
  /** ELF file with symbols. */
  readonly elf?: string | undefined;
}

/**
 * Runs the commander on a session.
 *
 * @returns the exit code: of the first line that failed, where lines come from a pipe, since nobody saw it fail
 * @throws {TapirError} what the first failing step throws
 */
export async function runCommander(
  context: CliContext,
  session: Session,
  request: CommanderRequest,
): Promise<number> {
  const host: CommandHost = { ...hostOf(context, session), evaluate: (code) => evaluator.evaluate(code) };
  const commands = new CommandContext(session, host, commandsOf(["standard", "commander", "user"]));
  const evaluator = new Evaluator(sessionScope(commands));
  if (session.target.ladder.layers.some(({ name }) => name === "script")) {
    await (await import("../script/add_commands.ts")).addScriptCommands(commands);
  }
  if (request.elf !== undefined) {
    commands.symbols = await loadSymbols(resolvePath(session.projectDir, request.elf));
  }
  await runBatch(commands, request.steps, async (path) => {
    const bytes = path === "-"
      ? await context.streams.stdin.readAll()
      : await readUserFile(resolvePath(session.projectDir, path));
    return new TextDecoder().decode(bytes);
  });
  if (!request.interactive || commands.exitRequested) return EXIT.ok;
  return await interact(context, commands, evaluator);
}

async function interact(context: CliContext, commands: CommandContext, evaluator: Evaluator): Promise<number> {
  const { streams } = context;
  const { session } = commands;
  const history = new History(historyPath(streams.env), session.options.get("commander.history_length"));
  let exitCode: number = EXIT.ok;
  const showError = (error: unknown): void => {
    if (exitCode === EXIT.ok && !streams.stdin.isTerminal) exitCode = exitCodeOf(error);
    const details = session.options.get("debug.traceback");
    streams.stderr.write(renderError(error, { details, paint: context.paint }));
  };
  const { openLineEditor } = streams;
  const terminal = openLineEditor === undefined
    ? plainTerminal({
      readLine: () => streams.stdin.readLine(),
      write: (text) => context.print(text),
      showError,
      prompts: streams.stdin.isTerminal,
    })
    : await openLineEditor({
      history: await history.load(),
      historyLength: history.limit,
      complete: (line) => completeLine(commands, { listFiles: listFilesOf(session), evaluator }, line),
      showError,
    });
  if (streams.stdin.isTerminal) context.print(`${await banner(session)}\n`);
  try {
    const isEdited = openLineEditor !== undefined;
    await runRepl(commands, terminal, {
      prompts: streams.stdin.isTerminal,
      watch: isEdited,
      onLine: (line) => isEdited ? history.add(line) : Promise.resolve(),
    });
  } finally {
    terminal.close();
  }
  return exitCode;
}

/** What the user is connected to, such as `Connected to STM32F407VGTx [Halted]: 0669FF…`. */
async function banner({ target, probe }: Session): Promise<string> {
  const [core] = target.cores;
  const state = core === undefined ? "no core" : await core.state().catch(() => "unknown");
  return `Connected to ${target.description.name} [${state}]: ${probe.uniqueId}`;
}

function listFilesOf(session: Session): CompletionSources["listFiles"] {
  return async (directory) => {
    try {
      const entries = await Array.fromAsync(Deno.readDir(resolvePath(session.projectDir, directory)));
      return entries.map(({ name, isDirectory }) => ({ name, isDirectory }));
    } catch {
      // What cannot be listed completes to nothing; the command that uses the path says what is wrong with it.
      return [];
    }
  };
}

async function loadSymbols(path: string): Promise<SymbolTable> {
  const [{ ElfFile }, { SymbolTable }] = await Promise.all([
    import("../format/elf.ts"),
    import("../format/symbols.ts"),
  ]);
  return await SymbolTable.fromElf(new ElfFile(await readUserFile(path), path));
}

function hostOf(context: CliContext, session: Session): CommandHost {
  const pathOf = (path: string): string => resolvePath(session.projectDir, path);
  return {
    write: (text) => context.print(text),
    readFile: (path) => readUserFile(pathOf(path)),
    writeFile: (path, bytes) => writeUserFile(pathOf(path), bytes),
    runShell: (line, signal) => runShell(context, line, signal),
    setLogLevel: (level, patterns) => context.setLogLevel(level, patterns),
    probeTable: async () =>
      probeTable(await listProbes(context.drivers, probeOpenOptions(session.options)), context.paintData, () => true),
    withProgress: async (work) => {
      const progress = context.progress(session.options.get("hide_programming_progress"));
      try {
        return await work(progress.update);
      } finally {
        progress.close();
      }
    },
  };
}

async function runShell(context: CliContext, line: string, signal?: AbortSignal): Promise<void> {
  const [program, flag] = Deno.build.os === "windows" ? ["cmd", "/c"] as const : ["sh", "-c"] as const;
  const options = { args: [flag, line], ...(signal === undefined ? {} : { signal }) };
  const { code, stdout, stderr } = await new Deno.Command(program, options).output();
  context.print(stdout);
  context.streams.stderr.write(stderr);
  if (signal?.aborted) throw new InterruptedError();
  if (code !== 0) {
    throw new TargetError(`Cannot run ${line}: it ended with status ${code}`, { code: "shell-failed" });
  }
}
