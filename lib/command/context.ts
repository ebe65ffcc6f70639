/**
 * What a command works with.
 *
 * @module
 */
import type { ProgressListener } from "../base/events.ts";
import { InterruptedError, TargetError } from "../base/errors.ts";
import type { LogLevel } from "../base/log.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { MemAp } from "../dap/mem_ap.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { SvdDevice } from "../format/svd_types.ts";
import type { SymbolTable } from "../format/symbols.ts";
import { loadSvd } from "../session/svd.ts";
import type { Session } from "../session/session.ts";
import { findPeripheralRegister } from "./peripherals.ts";
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
  runShell?(line: string, signal?: AbortSignal): Promise<void>;
  /** Runs TypeScript and gives the text of its result; absent where there is no script engine. */
  evaluate?(code: string): Promise<string | undefined>;
  /** Sets the level of messages whose category matches one of the patterns; of all without any. */
  setLogLevel?(level: LogLevel, patterns: readonly string[]): Promise<void>;
  /** The table of probes, as `list` prints it. */
  probeTable?(): Promise<string>;
  /** Shows progress while `work` runs. */
  withProgress<T>(work: (listener: ProgressListener) => Promise<T>): Promise<T>;
}

/** Gives the number that a name stands for, such as the address of a symbol. */
export type NameLookup = (name: string) => number | undefined;

/**
 * The state that commands share: the session, the selected core and access port, and what leaves the loop.
 */
export class CommandContext {
  /** The session. */
  readonly session: Session;
  /** The program around the commands. */
  readonly host: CommandHost;
  /** Commands that may run; more may be added. */
  readonly commands: CommandSpec[];
  /** Sources of names besides symbols and peripherals, asked in order. */
  readonly lookups: NameLookup[] = [];
  /** Symbols and source lines of the program on the target. */
  symbols: SymbolTable | undefined;
  /** Aborted when the user wants the running command to stop. */
  signal: AbortSignal | undefined;
  /** Set by `exit`. */
  exitRequested = false;
  #selected = 0;
  #selectedAp: MemAp | undefined;
  #devices = new Map<string | undefined, Promise<SvdDevice | undefined>>();

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
  get core(): CortexM {
    const { cores } = this.session.target;
    const core = cores[this.#selected] ?? cores[0];
    if (core === undefined) {
      throw new TargetError("Cannot run the command: no core was found behind the probe", { code: "no-core" });
    }
    return core;
  }

  /** Selects a core by its place in the list of cores, and its access port. @throws {TargetError} when there is none */
  selectCore(index: number): void {
    if (this.session.target.cores[index] === undefined) {
      throw new TargetError(`Cannot select core ${index}: the target has ${this.session.target.cores.length}`, {
        code: "no-core",
      });
    }
    this.#selected = index;
    this.#selectedAp = undefined;
  }

  /** The access port that memory is reached through. @throws {TargetError} when the target has none for memory */
  get memAp(): MemAp {
    const { aps } = this.session.target;
    const own = this.hasCore && this.core.raw instanceof MemAp ? this.core.raw : undefined;
    const chosen = this.#selectedAp ?? own ?? aps.find((ap) => ap instanceof MemAp);
    if (chosen !== undefined) return chosen as MemAp;
    throw new TargetError("Cannot access memory: the target has no memory access port", { code: "no-mem-ap" });
  }

  /** Reaches memory through `ap` until a core is selected. */
  selectMemAp(ap: MemAp): void {
    this.#selectedAp = ap;
  }

  /** Memory as the selected core sees it, or as the access port does that was selected after it. */
  get memory(): MemoryInterface {
    return this.#selectedAp === undefined && this.hasCore ? this.core : this.memAp;
  }

  /** Peripherals of the chip, as the selected core sees them; undefined when nothing describes them. @throws {TapirError} */
  device(): Promise<SvdDevice | undefined> {
    const name = this.hasCore ? this.core.name : undefined;
    let device = this.#devices.get(name);
    if (device === undefined) this.#devices.set(name, device = loadSvd(this.session, name));
    return device;
  }

  /** Shows text. */
  write(text: string): void {
    this.host.write(text);
  }

  /** Ends the running command when the user wants it to stop; long work asks between steps. @throws {InterruptedError} */
  async checkInterrupted(): Promise<void> {
    if (this.signal === undefined) return;
    // Key presses are only heard when nothing else is ready, and a simulated target is always ready.
    await new Promise((resolve) => setTimeout(resolve));
    if (this.signal.aborted) throw new InterruptedError();
  }

  /** The number that a name stands for: a peripheral register's or a symbol's address. */
  async lookUp(name: string): Promise<number | undefined> {
    const [, peripheral, register] = /^(\w+)\.([\w.[\]]+)$/.exec(name) ?? [];
    if (peripheral !== undefined && register !== undefined) {
      const found = findPeripheralRegister(await this.device(), peripheral, register);
      if (found !== undefined) return found.address;
    }
    for (const lookup of this.lookups) {
      const value = lookup(name);
      if (value !== undefined) return value;
    }
    return this.symbols?.find(name)?.address;
  }
}
