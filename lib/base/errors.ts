/**
 * Errors: every failure Tapir reports is a {@linkcode TapirError} with a stable code, the fields that matter, a hint
 * written where the knowledge is, and the cause below it.
 *
 * Message style: action first, no contraction, no full stop: "Cannot erase sector at 0x08004000: flash algorithm
 * returned 1".
 *
 * @module
 */

/** The documented exit codes of the `tapir` program (docs/exit-codes.md holds the same table). */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** The operation failed on the target. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** No probe, or the probe cannot be used. */
  noProbe: 3,
  /** The probe works, no target answers behind it. */
  noTarget: 4,
  /** Flash programming, erasing or verification failed. */
  flash: 5,
  /** Time ran out. */
  timeout: 6,
  /** Interrupted by the user. */
  interrupted: 130,
} as const;

/** One of the numbers of {@linkcode EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What every error constructor takes besides its message. */
export interface ErrorOptions {
  /** Stable kebab-case identifier that programs may match on, such as `flash-erase-failed`. */
  code?: string;
  /** What the user can do about it, one or two sentences. */
  hint?: string;
  /** The failure below this one. */
  cause?: unknown;
  /** Overrides the class's exit code. */
  exitCode?: ExitCode;
  /** Fields worth machine-reading: address, ap, core, file, line, … */
  fields?: Readonly<Record<string, unknown>>;
}

/**
 * Base of all errors that Tapir raises on purpose.
 *
 * @example A code, a hint and an exit code travel with the message
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TapirError } from "./errors.ts";
 *
 * const error = new TapirError("Cannot open probe", { code: "probe-busy", hint: "Close the other program" });
 * assertEquals([error.code, error.exitCode], ["probe-busy", 1]);
 * ```
 */
export class TapirError extends Error {
  /** Name of the class, for logs. */
  override readonly name: string = "TapirError";
  /** Stable kebab-case identifier. */
  readonly code: string;
  /** What the user can do about it. */
  readonly hint: string | undefined;
  /** The process exit code this error asks for. */
  readonly exitCode: ExitCode;
  /** Machine-readable facts. */
  readonly fields: Readonly<Record<string, unknown>>;

  /** Makes an error from its message and {@linkcode ErrorOptions}. */
  constructor(message: string, options: ErrorOptions = {}, defaults: { code: string; exitCode: ExitCode } = BASE) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? defaults.code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? defaults.exitCode;
    this.fields = options.fields ?? {};
  }
}

const BASE = { code: "error", exitCode: EXIT.failed } as const;

/** The command line, an option or a configuration file is wrong (exit code 2). */
export class UsageError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "UsageError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "usage", exitCode: EXIT.usage });
  }
}

/** An input file is malformed; `fields` carries file, and line or offset (exit code 2). */
export class FormatError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "FormatError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "bad-file", exitCode: EXIT.usage });
  }
}

/** A CMSIS-Pack or another chip description cannot be used; `fields` carries file and line (exit code 2). */
export class PackError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "PackError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "bad-pack", exitCode: EXIT.usage });
  }
}

/** No probe, a probe that cannot be opened, or one that misbehaves or vanished (exit code 3). */
export class ProbeError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "ProbeError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "probe", exitCode: EXIT.noProbe });
  }
}

/** How the target answered a transfer that failed. */
export type TransferFault = "wait" | "fault" | "no-ack" | "parity" | "mismatch" | "not-run";

/** A DP or AP access failed; says which, where and how (exit code 1, or 4 when nothing answered while connecting). */
export class TransferError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "TransferError";
  /** How the access failed. */
  readonly fault: TransferFault;
  /** The target memory address in bytes, when the access was a memory access. */
  readonly address: number | undefined;

  /** Makes an error for `fault`; `address` is a byte address in the target's memory. */
  constructor(message: string, fault: TransferFault, options: ErrorOptions & { address?: number | undefined } = {}) {
    super(message, options, { code: `transfer-${fault}`, exitCode: EXIT.failed });
    this.fault = fault;
    this.address = options.address;
  }
}

/** The target answers, but does not do what was asked (exit code 1). */
export class TargetError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "TargetError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "target", exitCode: EXIT.failed });
  }
}

/** Flash could not be erased, programmed or verified; `fields` says address, phase and result (exit code 5). */
export class FlashError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "FlashError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "flash", exitCode: EXIT.flash });
  }
}

/** A bounded wait ran out (exit code 6). */
export class TimeoutError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "TimeoutError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options, { code: "timeout", exitCode: EXIT.timeout });
  }
}

/** The user interrupted the work (exit code 130). */
export class InterruptedError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "InterruptedError";
  /** See {@linkcode TapirError}. */
  constructor(message = "Interrupted", options: ErrorOptions = {}) {
    super(message, options, { code: "interrupted", exitCode: EXIT.interrupted });
  }
}

/** Tapir itself is wrong: a broken invariant, to be reported as a defect. */
export class InternalError extends TapirError {
  /** Name of the class, for logs. */
  override readonly name = "InternalError";
  /** See {@linkcode TapirError}. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { hint: "This is a defect in Tapir; please report it with the output of -v", ...options }, {
      code: "internal",
      exitCode: EXIT.failed,
    });
  }
}

/**
 * The exit code an arbitrary thrown value asks for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exitCodeOf, UsageError } from "./errors.ts";
 *
 * assertEquals(exitCodeOf(new UsageError("Cannot use -x")), 2);
 * assertEquals(exitCodeOf(new Error("boom")), 1);
 * ```
 */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TapirError ? error.exitCode : EXIT.failed;
}
