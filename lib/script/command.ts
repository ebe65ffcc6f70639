/**
 * Commands that scripts add to the commander and to gdb's `monitor`.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import type { CommandContext } from "../command/context.ts";
import { executeLine } from "../command/execute.ts";
import { readNumber } from "../command/numbers.ts";
import type { CommandSpec } from "../command/spec.ts";
import type { Target } from "../target/target.ts";
import { type ScriptServices, servicesOf } from "./services.ts";

/** What an argument is read as. `int` is a number as the commander reads it: a literal, a register, a symbol, `[sp,4]`. */
export type ArgumentBase = "int" | "float" | "string";

/** How an argument is read: once, `?` may be missing, `...` takes all that are left. Only the last ones may be either. */
export type ArgumentType = ArgumentBase | `${ArgumentBase}?` | `${ArgumentBase}...`;

/** Arguments of a command by name, in order. */
export type ArgumentTypes = Readonly<Record<string, ArgumentType>>;

/** What a single argument becomes. */
export type ArgumentValue<T extends ArgumentType> = T extends `${infer B extends ArgumentBase}...`
  ? readonly BaseValue<B>[]
  : T extends `${infer B extends ArgumentBase}?` ? BaseValue<B> | undefined
  : T extends ArgumentBase ? BaseValue<T>
  : never;

/** What a word becomes. */
export type BaseValue<B extends ArgumentBase> = B extends "string" ? string : number;

/** What a command's arguments become. */
export type ArgumentValues<A extends ArgumentTypes> = { readonly [K in keyof A]: ArgumentValue<A[K]> };

/** How a command looks to its users. */
export interface CommandDefinition<A extends ArgumentTypes> {
  /** Its name, or several; lower case. */
  readonly name: string | readonly [string, ...string[]];
  /** One line about what it does. */
  readonly help?: string;
  /** Its arguments; none unless given. */
  readonly args?: A;
}

/** What a command of a script receives. */
export interface ScriptCommandContext extends ScriptServices {
  /** The chip. */
  readonly target: Target;
  /** The selected core. @throws {TargetError} when the target has none */
  readonly core: Core;
  /** Shows text; the end of the line is added. */
  print(...values: readonly unknown[]): void;
  /** Runs a line of commands, such as `halt; reg`. @throws {TapirError} what a command throws */
  execute(line: string): Promise<void>;
}

/** A command that a script defines. */
export class ScriptCommand {
  /** Its name, then other names. */
  readonly names: readonly [string, ...string[]];
  /** Its arguments as help shows them. */
  readonly usage: string;
  /** One line about what it does. */
  readonly help: string;

  /** Describes a command; made by {@linkcode command}. */
  constructor(names: readonly [string, ...string[]], usage: string, help: string) {
    this.names = names;
    this.usage = usage;
    this.help = help;
  }
}

/** What the commander runs for each command; kept out of what scripts see. */
const RUNNERS = new WeakMap<ScriptCommand, CommandSpec["run"]>();

/** A command as the commander takes it. @throws {UsageError} when it was not made by {@linkcode command} */
export function specOf(made: ScriptCommand): CommandSpec {
  const run = RUNNERS.get(made);
  if (run === undefined) throw new UsageError(`Cannot add command ${made.names[0]}: it was not made by command()`);
  const { names, usage, help } = made;
  return { names, usage, help, group: "user", run };
}

/**
 * Defines a command. In a user script this is all it takes; the result need not be exported.
 *
 * @param run does the work; what it throws is shown, and ends the command line
 * @throws {UsageError} when a name or the arguments cannot work
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { command } from "./command.ts";
 *
 * const peek = command(
 *   { name: "peek", help: "show words", args: { address: "int", count: "int?" } },
 *   async ({ core, print }, { address, count = 1 }) => print(await core.readWords(address, count)),
 * );
 * assertEquals(peek.usage, "ADDRESS [COUNT]");
 * ```
 */
export function command<const A extends ArgumentTypes = Record<never, never>>(
  definition: CommandDefinition<A>,
  run: (context: ScriptCommandContext, args: ArgumentValues<A>) => void | Promise<void>,
): ScriptCommand {
  const { name, help = "", args = {} } = definition;
  const names: readonly string[] = typeof name === "string" ? [name] : name;
  for (const each of names) {
    if (/^[a-z][a-z0-9_.-]*$/.test(each)) continue;
    throw new UsageError(`Cannot define command ${JSON.stringify(each)}: names are lower-case letters, digits, _ - .`);
  }
  const types = Object.entries(args as ArgumentTypes);
  checkTypes(names[0]!, types);
  const usage = types.map(([key, type]) => usageOf(key.toUpperCase(), type)).join(" ");
  const made = new ScriptCommand(names as [string, ...string[]], usage, help);
  RUNNERS.set(made, async (context, words) => {
    const values = await readArguments(context, types, words);
    await run(contextOf(context), values as ArgumentValues<A>);
  });
  return made;
}

function checkTypes(name: string, types: readonly (readonly [string, ArgumentType])[]): void {
  let open: string | undefined;
  for (const [index, [key, type]] of types.entries()) {
    const fault = !/^(int|float|string)(\?|\.\.\.)?$/.test(type)
      ? `${type} is no type; write int, float or string, with ? or ... behind`
      : type.endsWith("...") && index < types.length - 1
      ? "nothing can follow what takes all that is left"
      : open !== undefined && !/[?.]$/.test(type)
      ? `it cannot be required behind ${open}, which may be missing`
      : undefined;
    if (fault !== undefined) throw new UsageError(`Cannot define argument ${key} of command ${name}: ${fault}`);
    if (type.endsWith("?")) open = key;
  }
}

function usageOf(name: string, type: ArgumentType): string {
  if (type.endsWith("...")) return `[${name}...]`;
  return type.endsWith("?") ? `[${name}]` : name;
}

async function readArguments(
  context: CommandContext,
  types: readonly (readonly [string, ArgumentType])[],
  words: readonly string[],
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [index, [key, type]] of types.entries()) {
    const read = (word: string): Promise<number | string> => readWord(context, key, type, word);
    if (type.endsWith("...")) {
      const rest: (number | string)[] = [];
      for (const word of words.slice(index)) rest.push(await read(word));
      values[key] = rest;
    } else if (words[index] !== undefined) {
      values[key] = await read(words[index]);
    }
  }
  return values;
}

async function readWord(
  context: CommandContext,
  key: string,
  type: ArgumentType,
  word: string,
): Promise<number | string> {
  if (type.startsWith("string")) return word;
  if (type.startsWith("int")) return await readNumber(context, word);
  const value = Number(word);
  if (word.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError(`Cannot use ${word} as ${key}: it is no number`, { code: "bad-number" });
}

function contextOf(context: CommandContext): ScriptCommandContext {
  return {
    ...servicesOf(context.session),
    target: context.session.target,
    get core(): Core {
      return context.core;
    },
    print: (...values) => context.write(`${values.map(textOf).join(" ")}\n`),
    execute: (line) => executeLine(context, line),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
}
