/**
 * What pyOCD's command line has and Tapir's has not, with what to use instead.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";

/** Why something is absent, and what serves in its place. */
interface Absent {
  readonly reason: string;
  readonly hint: string;
}

const GDB: Absent = {
  reason: "this version of Tapir has no gdb server",
  hint:
    "`tapir commander` has breakpoints, registers, memory and disassembly; gdb itself needs another program for now",
};

const SUBCOMMANDS: Readonly<Record<string, Absent>> = {
  gdbserver: GDB,
  gdb: GDB,
  server: {
    reason: "this version of Tapir has no probe server",
    hint: "Run Tapir on the computer that the probe is connected to",
  },
  rtt: {
    reason: "this version of Tapir has no RTT",
    hint: "`tapir read` and `tapir commander` show memory while the target runs",
  },
  run: {
    reason: "this version of Tapir has no console for semihosting or RTT",
    hint: "`tapir reset` lets the firmware run, `tapir commander` shows what it does",
  },
  json: {
    reason: "commands print JSON themselves",
    hint: "Use `tapir list --json`, `tapir list --targets --json` or `tapir options --json`",
  },
};

const FLAGS: Readonly<Record<string, Readonly<Record<string, Absent>>>> = {
  list: {
    "--plugins": {
      reason: "there are no plug-ins, all of Tapir is in one program",
      hint: "`tapir list` shows probes, `tapir list --targets` the chips of installed packs",
    },
    "--boards": {
      reason: "there is no list of boards to print",
      hint: "`tapir list` shows the board of each probe, `tapir pack show DEVICE` the boards of a chip",
    },
  },
  pack: {
    "--show": { reason: "it is an action now", hint: "Use `tapir pack show`" },
    "--find": { reason: "it is an action now", hint: "Use `tapir pack find PATTERN`" },
    "--install": { reason: "it is an action now", hint: "Use `tapir pack install PATTERN`" },
  },
};

const SHORT_FLAGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  list: { "-b": "--boards" },
  pack: { "-s": "--show", "-f": "--find", "-i": "--install" },
};

/**
 * Says what to use instead of a subcommand that only pyOCD has.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { refusePyocdSubcommand } from "./pyocd_words.ts";
 *
 * assertThrows(() => refusePyocdSubcommand("gdbserver"), Error, "has no gdb server");
 * ```
 * @throws {UsageError} when `name` is one of them
 */
export function refusePyocdSubcommand(name: string): void {
  if (Object.hasOwn(SUBCOMMANDS, name)) refuse(name, SUBCOMMANDS[name]!);
}

/**
 * Says what to use instead of a flag that the subcommand `name` has in pyOCD only.
 *
 * @throws {UsageError} when `flag` is one of them
 */
export function refusePyocdFlag(name: string, flag: string): void {
  const long = SHORT_FLAGS[name]?.[flag] ?? flag;
  const absent = FLAGS[name]?.[long];
  if (absent !== undefined) refuse(`${name} ${flag}`, absent);
}

function refuse(what: string, { reason, hint }: Absent): never {
  throw new UsageError(`Cannot run ${what}: ${reason}`, { code: "not-in-tapir", hint });
}
