/**
 * How a subcommand declares what it takes. Declarations are plain data: program.ts turns them into an argument parser
 * and help, and hands back typed values.
 *
 * @module
 */
import type { LogLevel } from "../base/log.ts";
import type { CliContext } from "./context.ts";

/** One option of a subcommand; `T` is the type of its value. */
export interface CliOption<T> {
  /** Flags and value as help shows them: `-f, --frequency <hz>`. */
  readonly flags: string;
  /** What it does. */
  readonly help: string;
  /** `flag` and `count` take no value; `one` takes the last given; `many` collects; `words` joins what follows. */
  readonly kind: "flag" | "count" | "one" | "many" | "words";
  /** Reads the text of one value. @throws {UsageError} */
  readonly parse: (text: string) => unknown;
  /** The only words it takes, for completion. */
  readonly words?: readonly string[];
  /** Other spellings that work but are not shown. */
  readonly aliases?: readonly string[];
  /** Heading in the help. */
  readonly group?: string;
  /** Value when it is not given; carries the type. */
  readonly initial: T;
}

/** A set of options by the name of their value. */
export type CliOptions = Readonly<Record<string, CliOption<unknown>>>;

/** Values of a set of options. */
export type CliValues<O extends CliOptions> = { readonly [K in keyof O]: O[K] extends CliOption<infer T> ? T : never };

/** One value as it was given, for options whose order matters. */
export interface GivenOption {
  /** Name of the option's value. */
  readonly key: string;
  /** The value. */
  readonly value: unknown;
}

/** What a subcommand is called with. */
export interface CliInput<O extends CliOptions> {
  /** Values of the options. */
  readonly values: CliValues<O>;
  /** What is left of the command line. */
  readonly operands: readonly string[];
  /** Options in the order they were given. */
  readonly given: readonly GivenOption[];
}

/** A positional argument. */
export interface CliOperand {
  /** `<file>`, `[address]`, `<file...>`. */
  readonly usage: string;
  /** What it is. */
  readonly help: string;
  /** Words it is one of, for completion. */
  readonly words?: readonly string[];
}

/** Reads a value; knows the only words it takes, if they are few. */
export interface ValueParser<T> {
  /** Reads a text. @throws {UsageError} */
  (text: string): T;
  /** The only words it takes. */
  readonly words?: readonly string[];
}

/** One example of the help. */
export interface CliExample {
  /** The command line without `tapir`. */
  readonly line: string;
  /** What it does. */
  readonly help: string;
}

/** A subcommand. */
export interface CliCommand<O extends CliOptions = CliOptions> {
  /** What it does, in a few sentences. */
  readonly description: string;
  /** Options. */
  readonly options: O;
  /** Positional arguments in order. */
  readonly operands: readonly CliOperand[];
  /** Examples for the help. */
  readonly examples: readonly CliExample[];
  /** Level that logging starts from. */
  readonly logLevel: LogLevel;
  /** Does the work and answers the exit code. */
  run(context: CliContext, input: CliInput<O>): Promise<number>;
}

/** Checks a subcommand's types and forgets the names of its options. */
export function defineCommand<O extends CliOptions>(command: CliCommand<O>): CliCommand {
  return command as unknown as CliCommand;
}

/** An option that is there or not. */
export function flag(flags: string, help: string): CliOption<boolean> {
  return { flags, help, kind: "flag", parse: () => true, initial: false };
}

/** An option that counts. */
export function count(flags: string, help: string): CliOption<number> {
  return { flags, help, kind: "count", parse: () => 1, initial: 0 };
}

/** An option with one value; the last one given counts. */
export function one<T>(
  flags: string,
  help: string,
  parse: ValueParser<T>,
  aliases: readonly string[] = [],
): CliOption<T | undefined> {
  return { flags, help, kind: "one", parse, words: parse.words ?? [], aliases, initial: undefined };
}

/** An option that may be given several times. */
export function many<T>(
  flags: string,
  help: string,
  parse: (text: string) => T,
  aliases: readonly string[] = [],
): CliOption<readonly T[]> {
  return { flags, help, kind: "many", parse, aliases, initial: [] };
}

/** An option that takes all words up to the next option as one line, and may be given several times. */
export function words(flags: string, help: string): CliOption<readonly string[]> {
  return { flags, help, kind: "words", parse: (text) => text, initial: [] };
}

/** Options under one heading. */
export function group<O extends CliOptions>(heading: string, options: O): O {
  return Object.fromEntries(
    Object.entries(options).map(([key, option]) => [key, { ...option, group: heading }]),
  ) as unknown as O;
}

/** Takes a text as it is. */
export function text(value: string): string {
  return value;
}
