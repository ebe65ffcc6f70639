/**
 * The steps a chip, a pack or a user script may take over, by the names pyOCD gave them.
 *
 * Every hook receives one object and may be asynchronous. Where a hook may take a step over, `true` means "done by me";
 * anything else lets the next layer down do it.
 *
 * @module
 */
import type { ResetType } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import type { Target } from "./target.ts";
import type { TaskList } from "./task_list.ts";

/** `true` when the hook did the step itself. */
export type Handled = boolean | void;

/** A value now or later. */
export type Awaitable<T> = T | Promise<T>;

/** What every hook about the whole chip receives. */
export interface TargetContext {
  /** The chip. */
  readonly target: Target;
  /** The session it belongs to, when there is one; its type is the session room's. */
  readonly session?: unknown;
}

/** What hooks about one core receive. */
export interface CoreContext extends TargetContext {
  /** The core in question. */
  readonly core: CortexM;
}

/** What hooks about a reset receive. */
export interface ResetContext extends CoreContext {
  /** The reset in question, resolved: `default` only when nothing more special was asked for. */
  readonly resetType: ResetType;
}

/** What the init hooks receive. */
export interface InitContext extends TargetContext {
  /** The tasks of connecting, in order; may be edited until the sequence starts. */
  readonly init_sequence: TaskList;
}

/** What the disconnect hooks receive. */
export interface DisconnectContext extends TargetContext {
  /** Whether cores are left running. */
  readonly resume: boolean;
}

/** What the trace hooks receive. */
export interface TraceContext extends TargetContext {
  /** 0 for SWO, the mode number of the CMSIS debug sequence. */
  readonly mode: number;
}

/** What {@linkcode TargetDelegates.add_target_command_groups} receives. */
export interface CommandContext extends TargetContext {
  /** The table of commands; its type is the command room's. */
  readonly command_set: unknown;
}

/** The 23 hooks of pyOCD. */
export interface TargetDelegates {
  /** Before the target is initialised. */
  will_connect?(context: TargetContext): Awaitable<void>;
  /** After the target was initialised. */
  did_connect?(context: TargetContext): Awaitable<void>;
  /** Before the init sequence runs; it may be edited. */
  will_init_target?(context: InitContext): Awaitable<void>;
  /** After the init sequence has run. */
  did_init_target?(context: InitContext): Awaitable<void>;
  /** Debug port is up, nothing was discovered yet: the moment to unlock. True: done, no other layer unlocks. */
  unlock_device?(context: TargetContext): Awaitable<Handled>;
  /** Before a core is initialised. */
  will_start_debug_core?(context: CoreContext): Awaitable<void>;
  /** After a core was initialised. */
  did_start_debug_core?(context: CoreContext): Awaitable<void>;
  /** True: debugging of this core was enabled, the usual set-up is skipped. */
  start_debug_core?(context: CoreContext): Awaitable<Handled>;
  /** Before a core is let go. */
  will_stop_debug_core?(context: CoreContext): Awaitable<void>;
  /** After a core was let go. */
  did_stop_debug_core?(context: CoreContext): Awaitable<void>;
  /** True: debugging of this core was switched off. Called only when cores are resumed on disconnect. */
  stop_debug_core?(context: CoreContext): Awaitable<Handled>;
  /** Before disconnecting. */
  will_disconnect?(context: DisconnectContext): Awaitable<void>;
  /** After disconnecting. */
  did_disconnect?(context: DisconnectContext): Awaitable<void>;
  /** True: the reset was performed. */
  will_reset?(context: ResetContext): Awaitable<Handled>;
  /** After a reset. */
  did_reset?(context: ResetContext): Awaitable<void>;
  /** True: the core will halt after the reset that follows. */
  set_reset_catch?(context: ResetContext): Awaitable<Handled>;
  /** True: what {@linkcode TargetDelegates.set_reset_catch} did was undone. */
  clear_reset_catch?(context: ResetContext): Awaitable<Handled>;
  /** True: everything was erased. */
  mass_erase?(context: TargetContext): Awaitable<Handled>;
  /** True: trace was set up. */
  trace_start?(context: TraceContext): Awaitable<Handled>;
  /** True: trace was stopped. */
  trace_stop?(context: TraceContext): Awaitable<Handled>;
  /** True: captured trace was saved. */
  trace_capture?(context: TraceContext): Awaitable<Handled>;
  /** True: trace buffers were flushed. */
  trace_flush?(context: TraceContext): Awaitable<Handled>;
  /** Adds commands that belong to this target. */
  add_target_command_groups?(context: CommandContext): Awaitable<void>;
}

/** Whether a chip is protected, and against what. */
export interface LockState {
  /** Whether some protection is on. */
  readonly locked: boolean;
  /** `debug` (the default): nobody gets in. `flash`: core and RAM can be debugged, flash not read or changed. */
  readonly restricts?: "debug" | "flash";
  /** What people call the protection, such as `access port protection (APPROTECT)`. */
  readonly protection?: string;
  /** What unlocking would cost and how to do it. */
  readonly hint?: string;
}

/** The delegates of pyOCD and the further steps that packs and families take over. */
export interface TargetSteps extends TargetDelegates {
  /** True: the wire was selected and DPIDR read (sequence DebugPortSetup). */
  debug_port_setup?(context: TargetContext): Awaitable<Handled>;
  /** True: debug power is on (sequence DebugPortStart). */
  debug_port_start?(context: TargetContext): Awaitable<Handled>;
  /** True: debug power is off (sequence DebugPortStop). */
  debug_port_stop?(context: TargetContext): Awaitable<Handled>;
  /** True: nRESET is low (sequence ResetHardwareAssert). */
  reset_hardware_assert?(context: TargetContext): Awaitable<Handled>;
  /** True: nRESET is high (sequence ResetHardwareDeassert). */
  reset_hardware_deassert?(context: TargetContext): Awaitable<Handled>;
  /** True: memory is where code runs from (sequence DebugCodeMemRemap). Before flash is read back for verification. */
  debug_code_mem_remap?(context: TargetContext): Awaitable<Handled>;
  /** True: prepared for a lost connection (sequence RecoverySupportStart). Before a core runs or steps. */
  recovery_support_start?(context: CoreContext): Awaitable<Handled>;
  /** True: that preparation was undone (sequence RecoverySupportStop). After a core ran or stepped. */
  recovery_support_stop?(context: CoreContext): Awaitable<Handled>;
  /** True: the chip knows that the connection came back (sequence RecoveryAcknowledge). */
  recovery_acknowledge?(context: TargetContext): Awaitable<Handled>;
  /** Whether the chip refuses access; only families know. */
  is_locked?(context: TargetContext): Awaitable<LockState>;
  /** Cores were found and halted as asked: chip-specific set-up, such as keeping the debug clock on in sleep. */
  post_connect_hook?(context: TargetContext): Awaitable<void>;
}

/** The name of a step. */
export type StepName = keyof TargetSteps;

/** What the hook of a step receives. */
export type StepContext<N extends StepName> = Parameters<NonNullable<TargetSteps[N]>>[0];
