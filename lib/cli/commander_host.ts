/**
 * What the command line does for the commander: output, files, shell, progress.
 *
 * @module
 */
import { TargetError } from "../base/errors.ts";
import { CommandContext, type CommandHost } from "../command/context.ts";
import { commandsOf } from "../command/commands/mod.ts";
import { type BatchStep, runBatch } from "../commander/batch.ts";
import { runRepl } from "../commander/repl.ts";
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

/** Runs the commander on a session. @throws {TapirError} what the first failing step throws */
export async function runCommander(context: CliContext, session: Session, request: CommanderRequest): Promise<void> {
  const commands = new CommandContext(session, hostOf(context, session), commandsOf(["standard", "commander", "user"]));
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
  if (!request.interactive || commands.exitRequested) return;
  const { streams } = context;
  await runRepl(commands, {
    readLine: (prompt) => {
      if (streams.stdin.isTerminal) streams.stdout.write(prompt);
      return streams.stdin.readLine();
    },
    showError: (error) => streams.stderr.write(renderError(error, { details: false, paint: context.paint })),
  });
}

async function loadSymbols(path: string): Promise<SymbolTable> {
  const [{ ElfFile }, { SymbolTable }] = await Promise.all([
    import("../format/elf.ts"),
    import("../format/symbols.ts"),
  ]);
  return SymbolTable.fromElf(new ElfFile(await readUserFile(path), path));
}

function hostOf(context: CliContext, session: Session): CommandHost {
  const pathOf = (path: string): string => resolvePath(session.projectDir, path);
  return {
    write: (text) => context.print(text),
    readFile: (path) => readUserFile(pathOf(path)),
    writeFile: (path, bytes) => writeUserFile(pathOf(path), bytes),
    runShell: (line) => runShell(context, line),
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

async function runShell(context: CliContext, line: string): Promise<void> {
  const [program, flag] = Deno.build.os === "windows" ? ["cmd", "/c"] as const : ["sh", "-c"] as const;
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [flag, line] }).output();
  context.print(stdout);
  context.streams.stderr.write(stderr);
  if (code !== 0) {
    throw new TargetError(`Cannot run ${line}: it ended with status ${code}`, { code: "shell-failed" });
  }
}
