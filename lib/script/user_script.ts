/**
 * A user script as the highest layer of the ladder of overrides.
 *
 * @module
 */
import { TapirError, TargetError, UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { CommandSpec } from "../command/spec.ts";
import { Session } from "../session/session.ts";
import type { TargetSteps } from "../target/delegates.ts";
import type { Layer } from "../target/ladder.ts";
import { TaskList } from "../target/task_list.ts";
import { checkExports, type ExportProblem, isDelegateName } from "./check.ts";
import { command, type ScriptCommand, specOf } from "./command.ts";
import { showPlace } from "./graph.ts";
import { type LoadedScript, loadScript, type ScriptLibrary, type ScriptPlace } from "./loader.ts";
import { type DelegateName, servicesOf, TAKES_OVER } from "./services.ts";
import type { Position } from "./strip.ts";

const log = getLogger("script");

/** Which script to load. */
export interface UserScriptRequest {
  /** Absolute path. */
  readonly path: string;
  /** Directory that paths in messages start from. */
  readonly base: string;
}

/** What loading a script gave. */
interface Content {
  readonly script: LoadedScript;
  readonly hooks: TargetSteps;
  readonly commands: readonly CommandSpec[];
}

/** Everything that was loaded: what a script subscribed to outlives its reloading. */
const LOADED: { readonly script: LoadedScript; readonly base: string }[] = [];

/**
 * An error with the place in the script it came from, when it came from one. Listeners of a script are called from
 * anywhere, so that no delegate is there to say it.
 */
export function explainLoose(error: unknown): unknown {
  for (const { script, base } of LOADED) {
    const explained = explain(error, script, base);
    if (explained !== error) return explained;
  }
  return error;
}

/** A loaded user script. */
export class UserScript implements Layer {
  /** For logs and messages. */
  readonly name = "script";
  readonly #request: UserScriptRequest;
  #content: Content;

  private constructor(request: UserScriptRequest, content: Content) {
    this.#request = request;
    this.#content = content;
  }

  /** Absolute path. */
  get path(): string {
    return this.#request.path;
  }

  /** Absolute paths of the script and everything it imports. */
  get files(): readonly string[] {
    return this.#content.script.files;
  }

  /** The delegates it exports. */
  get hooks(): TargetSteps {
    return this.#content.hooks;
  }

  /** The commands it defines. */
  get commands(): readonly CommandSpec[] {
    return this.#content.commands;
  }

  /** A command of the script as the commander takes it; its errors name the place in the script. */
  bind(made: ScriptCommand): CommandSpec {
    return bindCommand(specOf(made), this.#content.script, this.#request.base);
  }

  /**
   * Loads a script.
   *
   * @throws {TapirError} with file, line and column when it cannot be read, does not run, or exports what looks like a
   * delegate but is none
   */
  static async load(request: UserScriptRequest): Promise<UserScript> {
    return new UserScript(request, await load(request));
  }

  /**
   * Loads the script again, after its files have changed. What events it subscribed to before stay subscribed.
   *
   * @throws {TapirError} as {@linkcode UserScript.load} does; the script stays as it was then
   */
  async reload(): Promise<void> {
    this.#content = await load(this.#request);
  }
}

/** The user script of a session. */
export function scriptOf(session: Session): UserScript | undefined {
  return session.target.ladder.layers.find((layer): layer is UserScript => layer instanceof UserScript);
}

/** What a script consists of. */
export interface ScriptSummary {
  /** Delegates it exports. */
  readonly delegates: readonly string[];
  /** Names of the commands it defines. */
  readonly commands: readonly string[];
  /** Everything wrong with its exports, and where. */
  readonly problems: readonly (ExportProblem & Position)[];
}

/** Loads a script and looks at what it exports. @throws {TapirError} when it does not load */
export async function checkScript(request: UserScriptRequest): Promise<ScriptSummary> {
  const { script, commands } = await loadWithCommands(request);
  return {
    delegates: Object.keys(script.exports).filter(isDelegateName),
    commands: [...commands].map(({ names }) => names[0]),
    problems: checkExports(script.exports).map((problem) => {
      const { line, column } = script.placeOfExport(problem.name);
      return { ...problem, line, column };
    }).sort((a, b) => a.line - b.line),
  };
}

async function load(request: UserScriptRequest): Promise<Content> {
  const { script, commands } = await loadWithCommands(request);
  const [problem] = checkExports(script.exports);
  if (problem !== undefined) {
    const { path, line, column } = script.placeOfExport(problem.name);
    const place = showPlace(request.base, path, { line, column });
    throw new UsageError(`Cannot use ${problem.name} (${place}): ${problem.reason}`, {
      code: "script-export",
      hint: problem.hint,
      fields: { file: path, line, column, export: problem.name },
    });
  }
  const hooks: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(script.exports)) {
    if (isDelegateName(name)) hooks[name] = bindDelegate(name, value as Delegate, script, request.base);
  }
  const specs = [...commands].map((made) => bindCommand(specOf(made), script, request.base));
  log.info(() =>
    `Loaded ${request.path}: ${[...Object.keys(hooks), ...specs.map(({ names }) => names[0])].join(", ")}`
  );
  LOADED.push({ script, base: request.base });
  return { script, hooks: hooks as TargetSteps, commands: specs };
}

async function loadWithCommands(
  request: UserScriptRequest,
): Promise<{ script: LoadedScript; commands: ReadonlySet<ScriptCommand> }> {
  const commands = new Set<ScriptCommand>();
  const define: typeof command = (definition, run) => {
    const made = command(definition, run);
    commands.add(made);
    return made;
  };
  const script = await loadScript({ ...request, library: { ...await importLibrary(), command: define } });
  return { script, commands };
}

/** The library's face, which is what scripts import as `tapir`. */
async function importLibrary(): Promise<ScriptLibrary> {
  return await import("../../mod.ts");
}

type Delegate = (context: Readonly<Record<string, unknown>>) => unknown;

function bindDelegate(name: DelegateName, delegate: Delegate, script: LoadedScript, base: string): Delegate {
  return async (context) => {
    const { session } = context;
    if (!(session instanceof Session)) throw new UsageError(`Cannot call ${name} of a user script without a session`);
    try {
      const answer = await delegate({ ...context, ...servicesOf(session) });
      if (context.init_sequence instanceof TaskList) explainTasks(context.init_sequence, script, base);
      if (TAKES_OVER.has(name) && typeof answer !== "boolean" && answer !== undefined) {
        log.warning(`${name} of ${showPlace(base, script.path)} returned neither true nor false; taken as not done`);
      }
      return answer;
    } catch (error) {
      throw explain(error, script, base, script.placeOfExport(name));
    }
  };
}

/** What a script puts into the sequence of connecting runs when its delegate is over; its errors are explained too. */
function explainTasks(tasks: TaskList, script: LoadedScript, base: string): void {
  for (const name of tasks.names) {
    tasks.wrap(name, async (run) => {
      try {
        const more = await run();
        if (more instanceof TaskList) explainTasks(more, script, base);
        return more;
      } catch (error) {
        // What Tapir throws says by itself what happened, and callers tell it by its class.
        if (error instanceof TapirError) throw error;
        const cause = explain(error, script, base, { path: script.path, line: 1, column: 1 });
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TargetError(`Cannot run task ${name} of the init sequence: ${reason}`, {
          code: "script-failed",
          cause,
        });
      }
    });
  }
}

function bindCommand(spec: CommandSpec, script: LoadedScript, base: string): CommandSpec {
  return {
    ...spec,
    run: async (context, args) => {
      try {
        await spec.run(context, args);
      } catch (error) {
        throw explain(error, script, base);
      }
    },
  };
}

/**
 * The error with the place in the script it passed through, and a stack that names the script's own lines. What is
 * thrown without being an error has no stack; it came from `origin`.
 */
function explain(error: unknown, script: LoadedScript, base: string, origin?: ScriptPlace): unknown {
  const place = error instanceof Error ? script.placeOf(error) : origin;
  if (place === undefined) return error;
  script.translate(error);
  const known = error instanceof TapirError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return new TapirError(`${message} (${showPlace(base, place.path, place)})`, {
    code: known?.code ?? "script-failed",
    ...(known === undefined ? {} : { exitCode: known.exitCode }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    cause: error,
    fields: { ...known?.fields, file: place.path, line: place.line, column: place.column },
  });
}
