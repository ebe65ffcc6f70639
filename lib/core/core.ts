/**
 * One Cortex-M core, as the flash runner, gdb, the commander and scripts see it.
 *
 * @module
 */
import type { MemoryInterface } from "../dap/memory.ts";

/** What the core is doing. */
export type CoreState = "running" | "halted" | "reset" | "sleeping" | "lockup";

/** Why the core is halted. */
export type HaltReason = "request" | "step" | "breakpoint" | "watchpoint" | "vector-catch" | "external" | "unknown";

/** How a reset is done; the words are pyOCD's, see docs/reset.md. */
export type ResetType =
  | "default"
  | "hardware"
  | "system"
  | "core"
  | "n_srst"
  | "sysresetreq"
  | "vectreset"
  | "emulated";

/** Which kind of breakpoint to set; `auto` takes hardware where it fits and software in RAM otherwise. */
export type BreakpointType = "hardware" | "software" | "auto";

/** A breakpoint that is set. */
export interface Breakpoint {
  /** Byte address, even. */
  readonly address: number;
  /** Where it lives. */
  readonly type: "hardware" | "software";
}

/** What a data watchpoint reacts to. */
export type WatchpointAccess = "read" | "write" | "access";

/** A data watchpoint that is set. */
export interface Watchpoint {
  /** Byte address, aligned to `size`. */
  readonly address: number;
  /** Bytes watched, a power of two. */
  readonly size: number;
  /** What it reacts to. */
  readonly access: WatchpointAccess;
}

/** Features found in the core's identification registers. */
export interface CoreFeatures {
  /** Name for people: `Cortex-M4`, or `Unknown (CPUID=0x…)`. */
  readonly name: string;
  /** Revision such as `r0p1`. */
  readonly revision: string;
  /** Architecture: `v6-M`, `v7-M`, `v8-M baseline`, `v8-M mainline`, `v8.1-M mainline`. */
  readonly architecture: string;
  /** CPUID register. */
  readonly cpuid: number;
  /** Floating-point unit, or undefined. */
  readonly fpu: string | undefined;
  /** Extensions for people: DSP, MPU, FPU, SEC, MVE, … */
  readonly extensions: readonly string[];
  /** Hardware breakpoints (FPB instruction comparators). */
  readonly breakpoints: number;
  /** Data watchpoints (DWT comparators). */
  readonly watchpoints: number;
}

/** Run control, registers and memory of one core. */
export interface Core extends MemoryInterface {
  /** Index in discovery order, 0 for the first. */
  readonly index: number;
  /** Name: the processor's name in the chip description, or the core's own. */
  readonly name: string;
  /** Identification; known after the core was initialised. */
  readonly features: CoreFeatures;

  /** Present state, read from DHCSR. */
  state(): Promise<CoreState>;
  /** Why the core is halted (DFSR). */
  haltReason(): Promise<HaltReason>;
  /** Halts and waits until it has. @throws {TimeoutError} */
  halt(): Promise<void>;
  /** Lets a halted core run on, over a breakpoint at the present PC. */
  resume(): Promise<void>;
  /** Executes one instruction; interrupts are masked unless told otherwise. */
  step(options?: { maskInterrupts?: boolean }): Promise<void>;
  /** Waits until the core is no longer running. @returns false when `timeoutMs` milliseconds pass first */
  waitHalted(timeoutMs: number): Promise<boolean>;

  /** Register names this core has, in display order. */
  readonly registerNames: readonly string[];
  /** Reads core registers by name, all in one batch; 64-bit registers as bigint. Core must be halted. */
  readRegisters(names: readonly string[]): Promise<(number | bigint)[]>;
  /** Reads one register of 32 bits or fewer. */
  readRegister(name: string): Promise<number>;
  /** Queues writes of core registers by name; surfaces like a memory write. Core must be halted. */
  writeRegisters(values: Readonly<Record<string, number | bigint>>): Promise<void>;

  /** Sets a breakpoint. @throws {TargetError} when none is available */
  setBreakpoint(address: number, type?: BreakpointType): Promise<Breakpoint>;
  /** Removes a breakpoint; nothing happens when there is none. */
  removeBreakpoint(address: number): Promise<void>;
  /** Breakpoints that are set. */
  readonly breakpoints: readonly Breakpoint[];
  /** Sets a data watchpoint. @throws {TargetError} when none is available */
  setWatchpoint(address: number, size: number, access: WatchpointAccess): Promise<Watchpoint>;
  /** Removes a data watchpoint. */
  removeWatchpoint(address: number, size: number, access: WatchpointAccess): Promise<void>;
  /** Watchpoints that are set. */
  readonly watchpoints: readonly Watchpoint[];

  /** DEMCR vector-catch bits as pyOCD letters; see docs/reset.md. */
  vectorCatch(): Promise<string>;
  /** Sets the vector catch from letters. @throws {UsageError} for an unknown letter */
  setVectorCatch(letters: string): Promise<void>;
}
