/**
 * What a command is, and finding one by what the user typed.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import type { CommandContext } from "./context.ts";

/** Where a command works: everywhere, in the commander only, in gdb's `monitor` only, or added by a user. */
export type CommandGroup = "standard" | "commander" | "gdbserver" | "user";

/** One command. */
export interface CommandSpec {
  /** Its name, then other names. */
  readonly names: readonly [string, ...string[]];
  /** Where it works. */
  readonly group: CommandGroup;
  /** Arguments: `ADDR [LEN]`; brackets are optional, `...` repeats. */
  readonly usage: string;
  /** One line. */
  readonly help: string;
  /** More lines for `help NAME`. */
  readonly details?: string;
  /** Does it. @throws {TapirError} */
  run(context: CommandContext, args: readonly string[]): Promise<void>;
}

/** How many arguments a usage text allows. */
export interface Arity {
  /** At least. */
  readonly least: number;
  /** At most. */
  readonly most: number;
}

/**
 * Number of arguments that a usage text allows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { arityOf } from "./spec.ts";
 *
 * assertEquals(arityOf("ADDR [LEN]"), { least: 1, most: 2 });
 * assertEquals(arityOf("ADDR DATA..."), { least: 2, most: Infinity });
 * ```
 */
export function arityOf(usage: string): Arity {
  const parts = usage.match(/\[[^\]]*\](\.\.\.)?|\S+/g) ?? [];
  const repeats = parts.some((part) => part.includes("..."));
  return {
    least: parts.filter((part) => !part.startsWith("[")).length,
    most: repeats ? Infinity : parts.length,
  };
}

/** Something that has names. */
interface Named {
  readonly names: readonly string[];
}

/**
 * The entry that `typed` names: exactly, or by a beginning that no other entry shares. Letter case does not matter.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { findNamed } from "./spec.ts";
 *
 * const entries = [{ names: ["halt", "h"] }, { names: ["read8"] }, { names: ["read16"] }];
 * assertEquals(findNamed("H", entries, "command").names[0], "halt");
 * assertThrows(() => findNamed("read", entries, "command"), Error, "ambiguous");
 * ```
 * @throws {UsageError} when there is none, or several begin so
 */
export function findNamed<T extends Named>(typed: string, entries: readonly T[], what: string): T {
  const wanted = typed.toLowerCase();
  const exact = entries.find((entry) => entry.names.includes(wanted));
  if (exact !== undefined) return exact;
  const verb = what === "command" ? "run" : "use";
  const matches = entries.filter((entry) => entry.names.some((name) => name.startsWith(wanted)));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    const names = matches.map((entry) => entry.names[0]).join(", ");
    throw new UsageError(`Cannot ${verb} ${typed}: the ${what} is ambiguous`, {
      code: "ambiguous-command",
      hint: `It may be any of ${names}`,
    });
  }
  // Any other letter is near a single one.
  const near = typed.length > 1 ? didYouMean(typed, entries.flatMap((entry) => entry.names)) : undefined;
  const all = entries.length > 9
    ? "Run `help` for all of them"
    : `Use one of ${entries.map((e) => e.names[0]).join(", ")}`;
  throw new UsageError(`Cannot ${verb} ${typed}: there is no such ${what}`, {
    code: "unknown-command",
    hint: near ?? all,
  });
}

/** Compares arguments with a usage text. @throws {UsageError} when they are too few or too many */
export function checkArity(name: string, usage: string, args: readonly string[]): void {
  const { least, most } = arityOf(usage);
  if (args.length >= least && args.length <= most) return;
  throw new UsageError(`Cannot run ${name}: it got too ${args.length < least ? "few" : "many"} arguments`, {
    code: "bad-arguments",
    hint: `Usage: ${[name, usage].join(" ").trim()}`,
  });
}
