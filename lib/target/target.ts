/**
 * A chip behind a probe: its debug port, access ports and cores, its memory map, and the ladder of overrides.
 *
 * @module
 */
import { counted } from "../base/counted.ts";
import { ProbeError, TargetError, UsageError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import { Emitter } from "../base/events.ts";
import { getLogger } from "../base/log.ts";
import type { ResetType } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { stopDebug } from "../core/reset.ts";
import type { ComponentNode } from "../coresight/discovery.ts";
import type { AccessPort } from "../dap/access_port.ts";
import { DebugPort } from "../dap/debug_port.ts";
import type { Probe } from "../probe/probe.ts";
import { connectTasks } from "./connect.ts";
import type { LockState, TargetContext } from "./delegates.ts";
import type { TargetDescription } from "./description.ts";
import { Ladder, type Layer } from "./ladder.ts";
import { MemoryMap } from "./memory_map.ts";
import { resetTarget } from "./reset.ts";
import type { PackSequences } from "./sequence_layer.ts";
import { type ConnectMode, DEFAULT_SETTINGS, type TargetSettings } from "./settings.ts";
import type { TaskList } from "./task_list.ts";

const log = getLogger("target");

/** What a {@linkcode Target} is built from. */
export interface TargetOptions {
  /** An open probe. */
  readonly probe: Probe;
  /** What is known about the chip. */
  readonly description: TargetDescription;
  /** Overrides, highest first: user script, pack, family. */
  readonly layers?: readonly Layer[];
  /** Settings that differ from {@linkcode DEFAULT_SETTINGS}. */
  readonly settings?: Partial<TargetSettings>;
  /**
   * Debug sequences of the chip's pack, whose layer is among `layers`.
   *
   * @internal
   */
  readonly sequences?: PackSequences;
  /** Handed to delegates. */
  readonly session?: unknown;
}

/** What {@linkcode Target.events} tells. */
export type TargetEvent =
  | { readonly type: "post-connect" | "pre-disconnect" | "post-disconnect" }
  | { readonly type: "pre-flash-erase" | "post-flash-erase" | "pre-flash-program" | "post-flash-program" }
  | { readonly type: "pre-reset" | "post-reset"; readonly core: CortexM; readonly resetType: ResetType };

/** How to reset. */
export interface ResetOptions {
  /** The core halts at its first instruction. */
  readonly halt?: boolean;
}

/** A chip behind a probe. */
export class Target {
  /** The probe. */
  readonly probe: Probe;
  /** The debug port. */
  readonly dp: DebugPort;
  /** What is known about the chip. */
  readonly description: TargetDescription;
  /** The ladder of overrides. */
  readonly ladder: Ladder;
  /** Settings; options that change during a session are changed here. */
  settings: TargetSettings;
  /** The whole chip's memory; user scripts and families may replace it. */
  map: MemoryMap;
  /** Connecting, disconnecting, resets and work on flash. */
  readonly events: Emitter<TargetEvent> = new Emitter();
  /** Access ports, as discovery found them. */
  aps: AccessPort[] = [];
  /** Cores, as discovery found them. */
  cores: CortexM[] = [];
  /**
   * Debug sequences of the chip's pack, when it has any.
   *
   * @internal
   */
  readonly sequences: PackSequences | undefined;
  /** CoreSight components by access port, as discovery found them. */
  readonly components: Map<AccessPort, ComponentNode> = new Map();
  /** The session, for delegates; whoever composes one sets it before connecting. */
  session: unknown;
  #connectMode: ConnectMode = "halt";
  #connecting = false;

  /** Nothing is sent before {@linkcode Target.connect}. */
  constructor(options: TargetOptions) {
    this.probe = options.probe;
    this.dp = new DebugPort(options.probe);
    this.description = options.description;
    this.sequences = options.sequences;
    this.sequences?.attach(this);
    this.ladder = new Ladder(options.layers ?? []);
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.map = new MemoryMap(options.description.memory);
    this.session = options.session;
  }

  /** How the target was, or is being, connected. */
  get connectMode(): ConnectMode {
    return this.#connectMode;
  }

  /** Whether connecting is under way. */
  get isConnecting(): boolean {
    return this.#connecting;
  }

  /** The probe's clock. */
  get clock(): Clock {
    return this.probe.clock;
  }

  /** What delegates receive. */
  get context(): TargetContext {
    return { target: this, session: this.session };
  }

  /** The core that starts the chip. @throws {TargetError} when discovery found none */
  get primaryCore(): CortexM {
    return this.core(this.settings.primaryCore);
  }

  /** The core with this index. @throws {TargetError} when there is none */
  core(index: number): CortexM {
    const core = this.cores.find((candidate) => candidate.index === index);
    if (core !== undefined) return core;
    throw new TargetError(`Cannot use core ${index}: ${counted(this.cores.length, "core")} discovered`, {
      code: "no-such-core",
      hint: this.cores.length === 0
        ? "Connect first"
        : `Cores: ${this.cores.map((c) => `${c.index} ${c.name}`).join(", ")}`,
    });
  }

  /** The memory one core sees. */
  mapFor(core: CortexM): MemoryMap {
    return this.map.forProcessor(this.description.processors.length > 1 ? core.name : undefined);
  }

  /**
   * Connects: debug port, unlocking when asked for, discovery, halting as `mode` says.
   *
   * The steps are a list of named tasks that the delegate `will_init_target` may edit.
   *
   * @throws {TransferError} with exit code 4 when nothing answers
   * @throws {TargetError} with code `target-locked` when the chip keeps debuggers out
   */
  async connect(mode: ConnectMode = "halt"): Promise<void> {
    const { ladder, context } = this;
    this.#connectMode = mode;
    await ladder.notify("will_connect", context);
    const tasks: TaskList = connectTasks(this, mode);
    await ladder.notify("will_init_target", { ...context, init_sequence: tasks });
    this.#connecting = true;
    try {
      await tasks.run();
    } finally {
      this.#connecting = false;
    }
    await ladder.notify("did_init_target", { ...context, init_sequence: tasks });
    await ladder.notify("did_connect", context);
    this.events.emit({ type: "post-connect" });
  }

  /** Whether the chip keeps debuggers out, and what the protection is called. */
  lockState(): Promise<LockState> {
    return this.ladder.lockState(this.context);
  }

  /**
   * Resets the chip, or one core of it, and waits until it is back; see docs/reset.md.
   *
   * @param type `default` means the setting `resetType`, and after it the core's own default
   * @throws {TimeoutError} when the chip does not come back
   */
  async reset(
    core: CortexM = this.primaryCore,
    type: ResetType = "default",
    options: ResetOptions = {},
  ): Promise<void> {
    await resetTarget(this, core, type, options.halt ?? false);
  }

  /**
   * Erases everything on the chip, its protection included where it can be.
   *
   * @param chipErase what to do when no layer knows a mass erase, such as erasing all flash
   * @returns who did it
   * @throws {TargetError} when nobody can
   */
  massErase(chipErase?: () => Promise<void>): Promise<string> {
    return this.ladder.run(
      "mass_erase",
      this.context,
      chipErase ?? (() => {
        throw new TargetError(`Cannot mass-erase ${this.description.name}: it has no mass erase`, {
          code: "no-mass-erase",
          hint: "Erase the flash with a chip erase instead",
        });
      }),
    );
  }

  /**
   * Lets go of the chip: breakpoints out, cores running and debug power off when `resume` is set.
   *
   * Whatever fails is logged and the rest still done, since this runs after failures too.
   */
  async disconnect(options: { resume?: boolean } = {}): Promise<void> {
    const resume = options.resume ?? true;
    const { ladder, context } = this;
    this.events.emit({ type: "pre-disconnect" });
    let gone = false;
    const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      if (gone) return;
      try {
        await work();
      } catch (error) {
        gone = error instanceof ProbeError;
        log.warning(`Cannot ${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    await attempt("prepare disconnecting", () => ladder.notify("will_disconnect", { ...context, resume }));
    for (const core of this.cores) {
      const about = { ...context, core };
      await attempt(`let go of ${core.name}`, () => ladder.notify("will_stop_debug_core", about));
      await attempt(`remove breakpoints from ${core.name}`, () => core.removeAllBreakpoints());
      if (resume) {
        await attempt(`resume ${core.name}`, () => ladder.run("stop_debug_core", about, () => stopDebug(core)));
      }
      await attempt(`let go of ${core.name}`, () => ladder.notify("did_stop_debug_core", about));
    }
    if (resume) {
      await attempt("power down", () => ladder.run("debug_port_stop", context, () => this.dp.powerDown()));
    }
    await attempt("finish disconnecting", () => ladder.notify("did_disconnect", { ...context, resume }));
    await attempt("disconnect the probe", () => this.probe.disconnect());
    this.cores = [];
    this.aps = [];
    this.events.emit({ type: "post-disconnect" });
  }
}

/** The connect mode of this name. @throws {UsageError} when there is none */
export function parseConnectMode(text: string): ConnectMode {
  const modes: readonly string[] = ["halt", "pre-reset", "under-reset", "attach"] satisfies ConnectMode[];
  const mode = text.toLowerCase().replaceAll("_", "-");
  if (modes.includes(mode)) return mode as ConnectMode;
  throw new UsageError(`Cannot use connect mode ${text}`, { hint: `Choose one of: ${modes.join(", ")}` });
}
