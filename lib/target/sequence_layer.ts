/**
 * The pack's rung of the ladder of overrides: standard debug sequences at the steps they stand for.
 *
 * @module
 */
import { PackError, TargetError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { ResetType } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { DHCSR, SCS } from "../core/debug_regs.ts";
import type { SequenceSource } from "../sequence/ast.ts";
import { SequenceEngine, type SequenceListEntry, type SequenceOutcome } from "../sequence/engine.ts";
import type { TraceEvent } from "../sequence/interpreter.ts";
import { STANDARD_SEQUENCES } from "../sequence/standard.ts";
import type { VariableSource } from "../sequence/variables.ts";
import type { StepName, TargetContext, TargetSteps } from "./delegates.ts";
import type { FlashAlgorithm } from "./description.ts";
import type { Layer } from "./ladder.ts";
import { SequenceAccess } from "./sequence_access.ts";
import { type HostRun, TargetSequenceHost } from "./sequence_host.ts";
import { NO_IO, type SequenceIo } from "./sequence_io.ts";
import { runNativeStep } from "./sequence_native.ts";
import { STEP_SEQUENCES } from "./sequence_steps.ts";
import type { DebugTopology, TopologyProcessor } from "./sequence_topology.ts";
import { connectionVariable, protocolVariable, resetSequence } from "./sequence_variables.ts";
import type { Target } from "./target.ts";

const log = getLogger("target", "sequence");

/** What the pack layer is made from. */
export interface PackSequencesOptions {
  /** Sequences of the chip's description. */
  readonly sequences: readonly SequenceSource[];
  /** Debug ports, access ports and processors as the description names them. */
  readonly topology: DebugTopology;
  /** Debug variables, lowest precedence first. */
  readonly variables?: readonly VariableSource[];
  /** `pack.debug_sequences.enable`, asked each time. */
  readonly enabled?: () => boolean;
  /** `pack.debug_sequences.disabled_sequences`, asked each time. */
  readonly disabled?: () => readonly string[];
  /** Whether the session is about programming flash only; it shows in `__connection`. */
  readonly forFlash?: () => boolean;
  /** `__traceout`: bit 0 SWO, bit 1 trace port, bit 2 trace buffer, bits 16–21 width of the port. */
  readonly traceOut?: () => number;
  /** `__traceclockin` and `__traceclockout` in hertz. */
  readonly traceClocks?: () => { readonly input: number; readonly output: number };
  /** The computer. */
  readonly io?: SequenceIo;
  /** Hears about every call. */
  readonly trace?: (event: TraceEvent) => void;
  /** Name of the description's file, for messages. */
  readonly file?: string;
  /** Loads a flash algorithm of the pack, for FlashLoadAlgorithm. */
  readonly loadAlgorithm?: (path: string) => Promise<FlashAlgorithm>;
}

/** How one sequence is run. */
export interface SequenceRun extends HostRun {
  /** The core it is for; the primary one unless given. */
  readonly core?: CortexM;
  /** Values of predefined variables. */
  readonly variables?: Readonly<Record<string, bigint>>;
  /** Stops the run. */
  readonly signal?: AbortSignal;
}

/** Debug sequences of a pack, working on one target. */
export class PackSequences {
  /** The rung for {@linkcode Ladder}. */
  readonly layer: Layer;
  readonly #options: PackSequencesOptions;
  readonly #broken = new Set<string>();
  #target: Target | undefined;
  #host: TargetSequenceHost | undefined;
  #engine: SequenceEngine | undefined;
  #variables: readonly VariableSource[];
  #resetType: ResetType | undefined;
  #traceMode: number | undefined;

  /** Nothing is parsed before a sequence runs. */
  constructor(options: PackSequencesOptions) {
    this.#options = options;
    this.#variables = options.variables ?? [];
    const defined = new Set(options.sequences.map((sequence) => sequence.name));
    this.layer = {
      name: "pack",
      hooks: this.#hooks(),
      enabled: (step) =>
        (options.enabled?.() ?? true) && (step === "will_reset" || defined.has(STEP_SEQUENCES[step] ?? "")),
    };
  }

  /** Debug ports, access ports and processors as the description names them. */
  get topology(): DebugTopology {
    return this.#options.topology;
  }

  /** Loads a flash algorithm of the pack, when there is a way. */
  get loadAlgorithm(): ((path: string) => Promise<FlashAlgorithm>) | undefined {
    return this.#options.loadAlgorithm;
  }

  /** Present values of the debug variables. @throws {PackError} when they cannot be read */
  get variables(): ReadonlyMap<string, bigint> {
    return this.#theEngine().variables;
  }

  /** Replaces the debug variables; sequences that start from now on see them. @throws {PackError} */
  setVariables(sources: readonly VariableSource[]): void {
    this.#engine?.setVariables(sources);
    this.#variables = sources;
  }

  /** The target sequences act on; hooks set it by themselves. */
  attach(target: Target): void {
    if (this.#target === target) return;
    this.#target = target;
    this.#host = undefined;
  }

  /** Every sequence of the description, then the standard ones it lacks. */
  list(): SequenceListEntry[] {
    return this.#theEngine().list();
  }

  /** Whether {@linkcode PackSequences.run} would run something for `core`. */
  has(name: string, core?: CortexM): boolean {
    const pname = this.#processor(core)?.pname;
    return this.#theEngine().has(name, pname) && !this.#broken.has(keyOf(name, pname));
  }

  /**
   * Runs a sequence.
   *
   * @returns `ran: false` when it is missing or switched off, so that the next layer's step is due
   * @throws {PackError} when its text is broken
   * @throws {TargetError} when it fails, or sets `__Result`
   */
  async run(name: string, run: SequenceRun = {}): Promise<SequenceOutcome> {
    const engine = this.#theEngine();
    const host = this.#theHost();
    const pname = this.#processor(run.core)?.pname;
    host.begin(run);
    try {
      return await engine.run(name, pname, this.#predefined(name, run), run.signal);
    } finally {
      await host.end();
    }
  }

  /**
   * Runs a sequence as a step of the ladder. A sequence whose text is broken is reported once and leaves the step to
   * the next layer, since nothing of it has run.
   *
   * @returns whether it ran
   * @throws {TargetError} when it fails, or sets `__Result`
   */
  async step(name: string, run: SequenceRun = {}): Promise<boolean> {
    if (!this.has(name, run.core)) return false;
    try {
      const { ran, result } = await this.run(name, run);
      if (result !== 0n) {
        throw new TargetError(
          `Cannot complete debug sequence ${name}: it ended with result ${BigInt.asIntN(64, result)}`,
          { code: "sequence-result", fields: { sequence: name, result: Number(BigInt.asIntN(64, result)) } },
        );
      }
      return ran;
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      log.warning(`${error.message}; going on without it`);
      this.#broken.add(keyOf(name, this.#processor(run.core)?.pname));
      return false;
    }
  }

  /**
   * Runs a sequence, or the architecture's version of a standard one that the pack lacks.
   *
   * @returns who did it, and the sequence's `__Result`
   * @throws {TargetError} when there is neither
   */
  async runOrNative(name: string, run: SequenceRun = {}): Promise<{ by: "pack" | "native"; result: bigint }> {
    const { ran, result } = await this.run(name, run);
    if (ran) return { by: "pack", result };
    if (await this.#theHost().runNative(name, this.#processor(run.core)?.pname)) return { by: "native", result: 0n };
    throw new TargetError(`Cannot run sequence ${name}: the pack does not define it, or it is switched off`, {
      code: "sequence-unknown",
      hint: "List the sequences with `tapir sequences`",
    });
  }

  #hooks(): TargetSteps {
    const chip = (name: string) => ({ target }: TargetContext): Promise<boolean> => {
      this.attach(target);
      return this.step(name);
    };
    const hooks: Partial<Record<StepName, unknown>> = {};
    for (const [step, name] of Object.entries(STEP_SEQUENCES)) hooks[step as StepName] = chip(name);
    const coreSteps: TargetSteps = {
      start_debug_core: ({ target, core }) => this.#startCore(target, core),
      stop_debug_core: ({ target, core }) => this.#coreStep(target, "DebugCoreStop", core),
      set_reset_catch: ({ target, core, resetType }) =>
        this.#withReset(resetType, () => this.#coreStep(target, "ResetCatchSet", core)),
      clear_reset_catch: ({ target, core, resetType }) =>
        this.#withReset(resetType, () => this.#coreStep(target, "ResetCatchClear", core)),
      will_reset: ({ target, core, resetType }) =>
        this.#withReset(resetType, () => this.#reset(target, core, resetType)),
      debug_port_setup: ({ target }) => this.#portSetup(target),
      recovery_support_start: ({ target, core }) => this.#coreStep(target, "RecoverySupportStart", core),
      recovery_support_stop: ({ target, core }) => this.#coreStep(target, "RecoverySupportStop", core),
      trace_start: ({ target, mode }) => this.#trace(target, "TraceStart", mode),
      trace_stop: ({ target, mode }) => this.#trace(target, "TraceStop", mode),
      trace_capture: ({ target, mode }) => this.#trace(target, "TraceCapture", mode),
      trace_flush: ({ target, mode }) => this.#trace(target, "TraceFlush", mode),
    };
    return { ...hooks as TargetSteps, ...coreSteps };
  }

  #coreStep(target: Target, name: string, core: CortexM): Promise<boolean> {
    this.attach(target);
    return this.step(name, { core });
  }

  /** A core that is halted stays so: packs write DHCSR without C_HALT. */
  async #startCore(target: Target, core: CortexM): Promise<boolean> {
    this.attach(target);
    if (!this.has("DebugCoreStart", core)) return false;
    let keepHalted = false;
    try {
      keepHalted = (await core.raw.read32(SCS.dhcsr) & (DHCSR.C_DEBUGEN | DHCSR.C_HALT)) ===
        (DHCSR.C_DEBUGEN | DHCSR.C_HALT);
    } catch (error) {
      // The sequence may be what makes the core answer.
      if (!(error instanceof TransferError)) throw error;
    }
    return await this.step("DebugCoreStart", { core, keepHalted });
  }

  /** The sequence selects the wire; the debug port then only has to be told that it is there. */
  async #portSetup(target: Target): Promise<boolean> {
    this.attach(target);
    if (!this.has("DebugPortSetup")) return false;
    const { probe, settings, dp } = target;
    if (target.connectMode !== "under-reset") await probe.connect(settings.protocol);
    if (!await this.step("DebugPortSetup")) return false;
    await dp.connect({ protocol: settings.protocol, swjEnable: false, keepWire: true });
    return true;
  }

  async #trace(target: Target, name: string, mode: number): Promise<boolean> {
    this.attach(target);
    this.#traceMode = mode;
    try {
      return await this.step(name);
    } finally {
      this.#traceMode = undefined;
    }
  }

  async #withReset(type: ResetType, work: () => Promise<boolean>): Promise<boolean> {
    this.#resetType = type;
    try {
      return await work();
    } finally {
      this.#resetType = undefined;
    }
  }

  async #reset(target: Target, core: CortexM, type: ResetType): Promise<boolean> {
    this.attach(target);
    const own = this.#processor(core)?.defaultReset;
    const name = resetSequence(type, own);
    if (name === undefined) return false;
    if (await this.step(name, { core })) {
      target.dp.invalidate();
      return true;
    }
    const standard = STANDARD_SEQUENCES.some((sequence) => sequence.name === name);
    if (type === "default" && !standard) {
      log.error(`The default reset sequence ${name} of ${core.name} is not defined; using the system reset`);
      return await this.step("ResetSystem", { core });
    }
    const refused = this.#options.sequences.some((s) => s.name === name && s.disabled === true);
    if (refused) {
      log.warning(`The pack calls ${name} unavailable on ${core.name}; the architecture's own reset is tried`);
    }
    return false;
  }

  #processor(core: CortexM | undefined): TopologyProcessor | undefined {
    const { processors } = this.#options.topology;
    const primary = processors[this.#target?.settings.primaryCore ?? 0] ?? processors[0];
    return core === undefined ? primary : processors.find((processor) => processor.name === core.name) ?? primary;
  }

  #predefined(name: string, run: SequenceRun): Record<string, bigint> {
    const target = this.#target!;
    const { forFlash, traceOut, traceClocks } = this.#options;
    const processor = this.#processor(run.core);
    const clocks = traceClocks?.() ?? { input: 0, output: 0 };
    const traceOutput = (traceOut?.() ?? 0) | (this.#traceMode === 0 ? 1 : 0);
    return {
      __protocol: protocolVariable(target.settings),
      __connection: connectionVariable({
        forFlash: forFlash?.() ?? false,
        resetType: this.#resetType ?? target.settings.resetType,
        defaultReset: processor?.defaultReset,
        mode: target.connectMode,
        isPreReset: target.isConnecting && target.connectMode === "pre-reset" && name.startsWith("ResetHardware"),
      }),
      __dp: BigInt(processor?.dp ?? 0),
      __ap: BigInt(processor?.ap ?? 0),
      __apid: BigInt(processor?.apid ?? 0),
      __traceout: BigInt(traceOutput),
      __traceclockin: BigInt(clocks.input),
      __traceclockout: BigInt(clocks.output),
      __FlashOp: 0n,
      __FlashAddr: 0n,
      __FlashLen: 0n,
      __FlashArg: 0n,
      ...run.variables,
    };
  }

  /** Made without a target, so that sequences can be listed without one. */
  #theEngine(): SequenceEngine {
    const { sequences, enabled, disabled, trace, file } = this.#options;
    const theHost = (): TargetSequenceHost => this.#theHost();
    return this.#engine ??= new SequenceEngine({
      sequences,
      variables: this.#variables,
      get host() {
        return theHost();
      },
      ...(enabled ? { enabled } : {}),
      ...(disabled ? { disabled } : {}),
      ...(trace ? { trace } : {}),
      ...(file === undefined ? {} : { file }),
    });
  }

  #theHost(): TargetSequenceHost {
    const target = this.#target;
    if (target === undefined) throw new TargetError("Cannot run debug sequences: they belong to no target yet");
    const { topology, io = NO_IO } = this.#options;
    const access = new SequenceAccess(target, topology);
    return this.#host ??= new TargetSequenceHost({
      target,
      topology,
      io,
      native: (name, pname) => {
        const processor = topology.processors.find((candidate) => candidate.pname === pname);
        const core = target.cores.find((candidate) => candidate.name === processor?.name) ??
          target.cores.find((candidate) => candidate.index === target.settings.primaryCore);
        const { dp, ap, apid } = processor ?? { dp: 0, ap: 0, apid: 0 };
        return runNativeStep(name, { target, core, memory: () => access.memory({ dp, ap, apid }) });
      },
    });
  }
}

function keyOf(name: string, pname: string | undefined): string {
  return `${name}:${pname ?? ""}`;
}
