/**
 * What a command works with.
 *
 * @module
 */
import type { ProgressListener } from "../base/events.ts";
import { TargetError } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { Session } from "../session/session.ts";
import type { CommandSpec } from "./spec.ts";

/** What the program around the commands does for them. */
export interface CommandHost {
  /** Shows text. */
  write(text: string): void;
  /** Reads a file. @throws {UsageError} when it cannot be read */
  readFile(path: string): Promise<Uint8Array>;
  /** Writes a file. @throws {UsageError} when it cannot be written */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Runs a line in the system's shell and shows its output; absent where that is not allowed. */
  runShell?(line: string): Promise<void>;
  /** Evaluates an expression and gives the text of its result; absent where there is no script engine. */
  evaluate?(expression: string): Promise<string | undefined>;
  /** The table of probes, as `list` prints it. */
  probeTable?(): Promise<string>;
  /** Shows progress while `work` runs. */
  withProgress<T>(work: (listener: ProgressListener) => Promise<T>): Promise<T>;
}

/** Gives the number that a name stands for, such as the address of a symbol. */
export type NameLookup = (name: string) => number | undefined;

/**
 * The state that commands share: the session, the selected core, and what leaves the loop.
 */
export class CommandContext {
  /** The session. */
  readonly session: Session;
  /** The program around the commands. */
  readonly host: CommandHost;
  /** Commands that may run; more may be added. */
  readonly commands: CommandSpec[];
  /** Sources of names, asked in order. */
  readonly lookups: NameLookup[] = [];
  /** Set by `exit`. */
  exitRequested = false;
  #selected = 0;

  /** Works on `session`; output and files go through `host`. */
  constructor(session: Session, host: CommandHost, commands: readonly CommandSpec[]) {
    this.session = session;
    this.host = host;
    this.commands = [...commands];
  }

  /** Whether there is a core at all. */
  get hasCore(): boolean {
    return this.session.target.cores.length > 0;
  }

  /** The selected core. @throws {TargetError} when the target has none */
  get core(): Core {
    const core = this.session.target.cores[this.#selected];
    if (core === undefined) {
      throw new TargetError("Cannot run the command: no core was found behind the probe", { code: "no-core" });
    }
    return core;
  }

  /** Selects a core by its place in the list of cores. @throws {TargetError} when there is none */
  selectCore(index: number): void {
    if (this.session.target.cores[index] === undefined) {
      throw new TargetError(`Cannot select core ${index}: the target has ${this.session.target.cores.length}`, {
        code: "no-core",
      });
    }
    this.#selected = index;
  }

  /** Memory as the selected core sees it. */
  get memory(): MemoryInterface {
    return this.core;
  }

  /** Shows text. */
  write(text: string): void {
    this.host.write(text);
  }

  /** The number that a name stands for, or undefined. */
  lookUp(name: string): number | undefined {
    for (const lookup of this.lookups) {
      const value = lookup(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
