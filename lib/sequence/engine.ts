/**
 * All sequences of one chip: which one serves a name and a processor, which are switched off, and running them.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { SequenceSource } from "./ast.ts";
import { checkSequence } from "./checker.ts";
import type { SequenceHost } from "./host.ts";
import { runSequence, type TraceEvent } from "./interpreter.ts";
import { parseSequence, type SequenceProgram } from "./program.ts";
import { Scope } from "./scope.ts";
import { isStandardSequence, STANDARD_SEQUENCES } from "./standard.ts";
import { debugVariables, type VariableSource } from "./variables.ts";

/** What an engine is made from. */
export interface SequenceEngineOptions {
  /** Sequences of the description. */
  readonly sequences: readonly SequenceSource[];
  /** Debug variables, lowest precedence first. */
  readonly variables?: readonly VariableSource[];
  /** The world. */
  readonly host: SequenceHost;
  /** Values of predefined variables at the moment a sequence starts. */
  predefined?(name: string, pname: string | undefined): Readonly<Record<string, bigint>>;
  /** False switches all of them off (`pack.debug_sequences.enable`); asked each time. */
  readonly enabled?: () => boolean;
  /**
   * Switched off one by one: `Name` or `Name:Pname`, in any case; asked each time. A trailing `!` switches it off also
   * where another sequence calls it.
   */
  readonly disabled?: () => readonly string[];
  /** Hears about every call. */
  readonly trace?: (event: TraceEvent) => void;
  /** Name of the description's file, for messages. */
  readonly file?: string;
}

/** A row of `tapir sequences`. */
export interface SequenceListEntry {
  /** Name. */
  readonly name: string;
  /** Processor it is restricted to. */
  readonly pname: string | undefined;
  /** Whether the debugger runs it by itself. */
  readonly standard: boolean;
  /** Whether the description defines it. */
  readonly defined: boolean;
  /** Whether it would run. */
  readonly enabled: boolean;
  /** When the debugger runs it, or what the description says about it. */
  readonly info: string;
}

/** What {@linkcode SequenceEngine.run} did. */
export interface SequenceOutcome {
  /** False when there is nothing to run; the next layer's step is due. */
  readonly ran: boolean;
  /** `__Result`; 0 is success. */
  readonly result: bigint;
}

/**
 * Finds and runs the debug sequences of one chip.
 *
 * A sequence that is missing or switched off is never "done": {@linkcode SequenceOutcome.ran} tells the caller to fall
 * back to the architecture's own step.
 */
export class SequenceEngine {
  readonly #options: SequenceEngineOptions;
  readonly #programs = new Map<SequenceSource, SequenceProgram>();
  readonly #checked = new Set<SequenceProgram>();
  readonly #log = getLogger("sequence");
  #variables: Map<string, bigint>;

  /** Reads and logs the debug variables; sequences are parsed when needed. @throws {PackError} when one cannot be read */
  constructor(options: SequenceEngineOptions) {
    this.#options = options;
    this.#variables = debugVariables(options.variables ?? []);
    for (const [name, value] of this.#variables) {
      this.#log.info(() => `debugvar '${name}' = 0x${value.toString(16)} (${value})`);
    }
  }

  /** Present values of the debug variables. */
  get variables(): ReadonlyMap<string, bigint> {
    return this.#variables;
  }

  /** Replaces the debug variables; sequences that start from now on see the new values. @throws {PackError} */
  setVariables(sources: readonly VariableSource[]): void {
    this.#variables = debugVariables(sources);
  }

  /** Whether {@linkcode SequenceEngine.run} would run something. */
  has(name: string, pname?: string): boolean {
    return this.#source(name, pname) !== undefined && !this.#isDisabled(name, pname, false);
  }

  /**
   * Runs a sequence for a processor.
   *
   * @throws {PackError} when its text cannot be read or does not pass the checker
   * @throws {TargetError} when it fails, naming sequence, line and column
   */
  async run(
    name: string,
    pname?: string,
    variables: Readonly<Record<string, bigint>> = {},
    signal?: AbortSignal,
  ): Promise<SequenceOutcome> {
    const source = this.has(name, pname) ? this.#source(name, pname) : undefined;
    if (source === undefined) return { ran: false, result: 0n };
    const program = this.#checkedProgram(source, pname);
    this.#log.debug(() => `Running sequence ${name}${pname ? ` for ${pname}` : ""}`);
    const scope = new Scope(undefined, { frozen: true });
    for (const [variable, value] of this.#variables) scope.declare(variable, value);
    const { host, trace } = this.#options;
    const result = await runSequence(program, {
      host,
      pname,
      debugVariables: scope,
      predefined: { ...this.#options.predefined?.(name, pname), ...variables },
      resolve: (called) => this.#callee(called, pname),
      ...(trace ? { trace } : {}),
      ...(signal ? { signal } : {}),
    });
    return { ran: true, result };
  }

  /** Every defined sequence, then the standard ones that are not defined. */
  list(): SequenceListEntry[] {
    const defined = this.#options.sequences.map((s): SequenceListEntry => ({
      name: s.name,
      pname: s.pname,
      standard: isStandardSequence(s.name),
      defined: true,
      enabled: s.disabled !== true && !this.#isDisabled(s.name, s.pname, false),
      info: s.info ?? STANDARD_SEQUENCES.find((standard) => standard.name === s.name)?.when ?? "",
    }));
    const missing = STANDARD_SEQUENCES.filter((s) => !defined.some((d) => d.name === s.name));
    return [
      ...defined,
      ...missing.map((s): SequenceListEntry => ({
        name: s.name,
        pname: undefined,
        standard: true,
        defined: false,
        enabled: false,
        info: s.when,
      })),
    ];
  }

  /** Parses and checks every sequence. @returns one message for each problem, with file, line and column */
  check(): string[] {
    const problems: string[] = [];
    for (const source of this.#options.sequences) {
      try {
        const program = this.#program(source);
        problems.push(...this.#problems(program, source.pname));
      } catch (error) {
        if (!(error instanceof PackError)) throw error;
        problems.push(`${this.#where(source)}: ${error.message}`);
      }
    }
    return problems;
  }

  /** A nested sequence that is switched off is done natively when it is a standard one, and passed over otherwise. */
  #callee(name: string, pname: string | undefined): SequenceProgram | "skip" | undefined {
    if (this.#isDisabled(name, pname, true)) {
      this.#log.info(() => `Sequence ${name} is switched off where it is called`);
      return isStandardSequence(name) ? undefined : "skip";
    }
    const source = this.#source(name, pname);
    return source && this.#checkedProgram(source, pname);
  }

  /** The definition for this processor, else the one for all; none when the description switches that one off. */
  #source(name: string, pname: string | undefined): SequenceSource | undefined {
    const named = this.#options.sequences.filter((s) => s.name === name);
    const own = named.find((s) => s.pname !== undefined && s.pname === pname) ??
      named.find((s) => s.pname === undefined);
    return own?.disabled === true ? undefined : own;
  }

  #isDisabled(name: string, pname: string | undefined, nested: boolean): boolean {
    if (this.#options.enabled?.() === false) return true;
    const wanted = [name.toLowerCase(), ...(pname ? [`${name}:${pname}`.toLowerCase()] : [])];
    return (this.#options.disabled?.() ?? []).some((entry) => {
      const deep = entry.endsWith("!");
      const key = (deep ? entry.slice(0, -1) : entry).trim().toLowerCase();
      return wanted.includes(key) && (!nested || deep);
    });
  }

  #program(source: SequenceSource): SequenceProgram {
    let program = this.#programs.get(source);
    if (program === undefined) this.#programs.set(source, program = parseSequence(source));
    return program;
  }

  #checkedProgram(source: SequenceSource, pname: string | undefined): SequenceProgram {
    let program: SequenceProgram;
    try {
      program = this.#program(source);
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      throw this.#refusal(source, [`${this.#where(source)}: ${error.message}`], error);
    }
    if (!this.#checked.has(program)) {
      const problems = this.#problems(program, pname);
      if (problems.length > 0) throw this.#refusal(source, problems);
      this.#checked.add(program);
    }
    return program;
  }

  #problems(program: SequenceProgram, pname: string | undefined): string[] {
    return checkSequence(program, {
      variables: new Set(this.#variables.keys()),
      hasSequence: (name) =>
        isStandardSequence(name) || this.#source(name, pname) !== undefined ||
        this.#options.sequences.some((s) => s.name === name),
    }).map((p) => `${this.#where(program.source)}: ${p.message} at line ${p.at.line}, column ${p.at.column}`);
  }

  #where(source: SequenceSource): string {
    const file = this.#options.file ? `${this.#options.file}: ` : "";
    return `${file}sequence ${source.name}${source.pname ? ` (${source.pname})` : ""}`;
  }

  #refusal(source: SequenceSource, problems: readonly string[], cause?: unknown): PackError {
    return new PackError(`Cannot run debug sequence ${source.name}: ${problems.join("; ")}`, {
      code: "sequence-invalid",
      hint: `Switch it off with -O pack.debug_sequences.disabled_sequences=${source.name}, or fix the pack`,
      ...(cause === undefined ? {} : { cause }),
      fields: { sequence: source.name, problems },
    });
  }
}
