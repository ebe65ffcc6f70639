/**
 * What delegates and commands of user scripts receive.
 *
 * @module
 */
import { getLogger, type Logger } from "../base/log.ts";
import type { Probe } from "../probe/probe.ts";
import type { Options } from "../session/options.ts";
import type { Session } from "../session/session.ts";
import type { StepContext, TargetDelegates } from "../target/delegates.ts";
import type { ScriptCommand } from "./command.ts";

/** Name of a delegate. */
export type DelegateName = keyof TargetDelegates;

/** What every delegate and every command of a script receives. */
export interface ScriptServices {
  /** The session. */
  readonly session: Session;
  /** The probe. */
  readonly probe: Probe;
  /** Options of the session; changes act on what happens next. */
  readonly options: Options;
  /** Writes to Tapir's log, category `script`. */
  readonly log: Logger;
}

/** What the delegate `N` receives, such as `{ core, resetType, target, session, … }` for `will_reset`. */
export type DelegateContext<N extends DelegateName> =
  & Omit<StepContext<N>, "session" | "command_set">
  & ScriptServices
  & (N extends "add_target_command_groups" ? { readonly command_set: CommandSet } : unknown);

/** Takes the commands that belong to a target. */
export interface CommandSet {
  /** Adds a command made by `command()`. @throws {UsageError} when its name is taken */
  add(command: ScriptCommand): void;
}

/**
 * The functions a script may export, each optional; annotate one as `ScriptDelegates["will_reset"]`, or its parameter
 * as `DelegateContext<"will_reset">`.
 */
export type ScriptDelegates = {
  readonly [N in DelegateName]?: (context: DelegateContext<N>) => ReturnType<NonNullable<TargetDelegates[N]>>;
};

/** The services of a session. */
export function servicesOf(session: Session): ScriptServices {
  return { session, probe: session.probe, options: session.options, log: getLogger("script") };
}

const CORE = ["core"] as const;
const RESET = ["core", "resetType"] as const;
const RESUME = ["resume"] as const;
const INIT = ["init_sequence"] as const;
const TRACE = ["mode"] as const;

/** What each delegate receives besides {@linkcode EVERYWHERE}. */
export const DELEGATES: Readonly<Record<DelegateName, readonly string[]>> = {
  will_connect: [],
  did_connect: [],
  will_init_target: INIT,
  did_init_target: INIT,
  unlock_device: [],
  will_start_debug_core: CORE,
  did_start_debug_core: CORE,
  start_debug_core: CORE,
  will_stop_debug_core: CORE,
  did_stop_debug_core: CORE,
  stop_debug_core: CORE,
  will_disconnect: RESUME,
  did_disconnect: RESUME,
  will_reset: RESET,
  did_reset: RESET,
  set_reset_catch: RESET,
  clear_reset_catch: RESET,
  mass_erase: [],
  trace_start: TRACE,
  trace_stop: TRACE,
  trace_capture: TRACE,
  trace_flush: TRACE,
  add_target_command_groups: ["command_set"],
};

/** Delegates whose answer matters: true means that the step is done. */
export const TAKES_OVER: ReadonlySet<DelegateName> = new Set([
  "unlock_device",
  "start_debug_core",
  "stop_debug_core",
  "will_reset",
  "set_reset_catch",
  "clear_reset_catch",
  "mass_erase",
  "trace_start",
  "trace_stop",
  "trace_capture",
  "trace_flush",
]);

/** What every delegate receives. */
export const EVERYWHERE: readonly string[] = ["target", "session", "probe", "options", "log"];
