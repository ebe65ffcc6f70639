/**
 * From argv to a subcommand with typed values; the only file that knows the argument parser.
 *
 * @module
 */
import { Command, CommanderError, Option } from "@cliffy/command";
import { EXIT, UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import type { CliCommand, CliInput, CliOption, CliOptions, GivenOption } from "./command_spec.ts";
import { refusePyocdFlag, refusePyocdSubcommand } from "./pyocd_words.ts";
import { SUBCOMMANDS } from "./subcommands.ts";
import { VERSION } from "./version.ts";

/** What the command line asks for. */
export type Request =
  /** Run a subcommand. */
  | {
    readonly kind: "run";
    readonly name: string;
    readonly command: CliCommand;
    readonly input: CliInput<CliOptions>;
  }
  /** Print a text and be done. */
  | { readonly kind: "print"; readonly text: string };

/**
 * Reads a command line, without the program's name.
 *
 * @throws {UsageError} when it is wrong; the hint names what was probably meant
 */
export async function parseCommandLine(argv: readonly string[], columns = 80): Promise<Request> {
  const wanted = argv.find((word) => !word.startsWith("-")) === "help" ? argv[argv.indexOf("help") + 1] : argv[0];
  const entry = SUBCOMMANDS.find(({ name, aliases }) => wanted === name || aliases.includes(wanted ?? ""));
  if (entry === undefined && wanted !== undefined && !wanted.startsWith("-")) refuseSubcommand(wanted);
  const command = await entry?.load();

  let printed = "";
  let request: Request | undefined;
  const program = configure(new Command("tapir"), (text) => printed += text, columns)
    .description("Program and debug Arm Cortex-M chips through any debug probe.")
    .option("-V, --version", "print the version")
    .option("--help-options", "print every session option")
    .addHelpText("after", "\nRun `tapir <command> --help` for the options of one command.");
  for (const { name, aliases, summary } of SUBCOMMANDS) {
    const sub = configure(program.command(name), (text) => printed += text, columns)
      .summary(summary).helpCommand(false);
    sub.aliases([...aliases]);
    if (entry?.name !== name || command === undefined) continue;
    const given = declare(sub, command);
    sub.action(() => {
      request = { kind: "run", name, command, input: inputOf(command, sub.args, given) };
    });
  }
  try {
    program.parse(joinWords(respell(argv, command), command), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isHelp = error.exitCode === EXIT.ok || error.code === "commander.help";
    if (!isHelp) throw usageError(error, entry?.name, argv);
  }
  if (request !== undefined) return request;
  const { version, helpOptions } = program.opts<{ version?: true; helpOptions?: true }>();
  if (version) return { kind: "print", text: `${VERSION}\n` };
  if (helpOptions) {
    const { describeOptions } = await import("./help_options.ts");
    return { kind: "print", text: describeOptions() };
  }
  return { kind: "print", text: printed };
}

function configure(command: Command, print: (text: string) => void, columns: number): Command {
  return command
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {}, getOutHelpWidth: () => columns })
    .configureHelp({ optionDescription: ({ description }) => description })
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .allowExcessArguments(false);
}

/** Declares operands, options and help of a subcommand; the answer fills with options as they are parsed. */
function declare(sub: Command, command: CliCommand): GivenOption[] {
  const given: GivenOption[] = [];
  sub.description(command.description);
  for (const { usage, help } of command.operands) sub.argument(usage, help);
  for (const [key, spec] of Object.entries(command.options)) {
    const option = new Option(spec.flags, spec.help);
    if (spec.group !== undefined) option.helpGroup(spec.group);
    // A value in angle brackets may itself have parts in square ones.
    option.optional &&= !option.required;
    // Without this the parser is not called for an optional value that is left out.
    if (option.optional) option.preset("");
    option.argParser((text: string | undefined) => {
      given.push({ key, value: spec.parse(text ?? "") });
      return true;
    });
    sub.addOption(option);
  }
  if (command.examples.length > 0) {
    const lines = command.examples.map(({ line, help }) => `  tapir ${line}\n      ${help}`);
    sub.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
  }
  return given;
}

function inputOf(command: CliCommand, operands: readonly string[], given: readonly GivenOption[]) {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(command.options)) {
    values[key] = valueOf(spec, given.filter((each) => each.key === key).map((each) => each.value));
  }
  return { values, operands, given };
}

function valueOf(spec: CliOption<unknown>, given: readonly unknown[]): unknown {
  switch (spec.kind) {
    case "flag":
      return given.length > 0;
    case "count":
      return given.length;
    case "one":
      return given.at(-1);
    case "many":
    case "words":
      return given;
  }
}

/** Puts the shown spelling in place of others that work. */
function respell(argv: readonly string[], command: CliCommand | undefined): string[] {
  const spellings = new Map<string, string>();
  for (const { flags, aliases = [] } of Object.values(command?.options ?? {})) {
    const shown = /--[\w-]+/.exec(flags)![0];
    for (const alias of aliases) spellings.set(alias, shown);
  }
  return argv.map((word) => {
    const [flag = "", ...value] = word.split("=");
    const shown = spellings.get(flag);
    return shown === undefined ? word : [shown, ...value].join("=");
  });
}

/** Makes one argument of the words that belong to a `words` option, as in `-c reset halt`. */
function joinWords(argv: readonly string[], command: CliCommand | undefined): string[] {
  const flags = Object.values(command?.options ?? {})
    .filter((option) => option.kind === "words")
    .flatMap((option) => option.flags.match(/--?[\w-]+/g) ?? []);
  const out: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    out.push(argv[i]!);
    if (!flags.includes(argv[i]!)) continue;
    const line: string[] = [];
    while (i + 1 < argv.length && (line.length === 0 || !argv[i + 1]!.startsWith("-"))) {
      const word = argv[++i]!;
      // The first word may be a whole line; a later one that holds spaces was quoted in the shell.
      line.push(line.length > 0 && /\s/.test(word) ? `'${word}'` : word);
    }
    if (line.length > 0) out.push(line.join(" "));
  }
  return out;
}

/** @throws {UsageError} always: there is no such subcommand */
function refuseSubcommand(wanted: string): never {
  refusePyocdSubcommand(wanted);
  const names = SUBCOMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
  throw new UsageError(`Cannot read the command line: unknown command '${wanted}'`, {
    hint: didYouMean(wanted, names) ?? "Run `tapir --help` for all commands",
  });
}

function usageError(error: CommanderError, name: string | undefined, argv: readonly string[]): UsageError {
  const [first = "", ...rest] = error.message.split("\n");
  const flag = /^error: unknown option '([^'=]+)/.exec(first)?.[1];
  if (name !== undefined && flag !== undefined) refusePyocdFlag(name, flag);
  const suggestion = /\((Did you mean .*)\)/.exec(rest.join(" "))?.[1];
  const later = name === undefined ? argv.find((word) => SUBCOMMANDS.some((each) => each.name === word)) : undefined;
  const hint = suggestion ??
    (later !== undefined && flag !== undefined
      ? `Options come after the command, as in \`tapir ${later} ${flag}\``
      : `Run \`tapir ${name === undefined ? "" : `${name} `}--help\` for what it takes`);
  return new UsageError(`Cannot read the command line: ${first.replace(/^error: /, "").replace(/\.$/, "")}`, { hint });
}
