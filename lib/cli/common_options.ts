/**
 * Options that many subcommands share.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { LevelRule, LogLevel } from "../base/log.ts";
import type { OptionValues } from "../session/options.ts";
import type { ColorMode } from "./ansi.ts";
import { type CliOption, type CliValues, count, flag, group, many, one, text } from "./command_spec.ts";
import { choice, frequency } from "./values.ts";

/** Ways of connecting, for `-M`. */
export const CONNECT_MODES = ["halt", "pre-reset", "under-reset", "attach"] as const;

const LEVELS: readonly LogLevel[] = ["critical", "error", "warning", "info", "debug"];

const colorMode = choice<ColorMode>("--color", ["always", "auto", "never"]);

/** Options about messages. */
export const LOGGING: {
  readonly verbose: CliOption<number>;
  readonly quiet: CliOption<number>;
  readonly logLevel: CliOption<readonly LevelRule[][]>;
  readonly color: CliOption<ColorMode | undefined>;
} = group("Messages:", {
  verbose: count("-v, --verbose", "say more; repeatable"),
  quiet: count("-q, --quiet", "say less; repeatable"),
  logLevel: many(
    "-L, --log-level <categories=level>",
    "level of some categories, such as dap*,flash=debug",
    levelRules,
  ),
  color: one(
    "--color [when]",
    "colour output: always, auto or never",
    Object.assign((word: string) => word === "" ? "auto" : colorMode(word), { words: colorMode.words ?? [] }),
  ),
});

/** Options about files and session options. */
export const CONFIG: {
  readonly projectDir: CliOption<string | undefined>;
  readonly config: CliOption<string | undefined>;
  readonly noConfig: CliOption<boolean>;
  readonly set: CliOption<readonly string[]>;
  readonly daparg: CliOption<readonly string[]>;
  readonly pack: CliOption<readonly string[]>;
  readonly cbuildRun: CliOption<string | undefined>;
  readonly script: CliOption<string | undefined>;
} = group("Configuration:", {
  projectDir: one("-j, --project <dir>", "directory that relative paths and the configuration file are in", text, [
    "--dir",
  ]),
  config: one("--config <file>", "configuration file", text),
  noConfig: flag("--no-config", "read no configuration file"),
  set: many("-O, --option <name=value>", "set a session option; repeatable, see --help-options", text),
  daparg: many("--daparg <name=value>", "old spelling of -O cmsis_dap.name=value", text, ["-da"]),
  pack: many("--pack <path>", "CMSIS-Pack, as a .pack file or a directory; repeatable", text),
  cbuildRun: one("--cbuild-run <file>", "*.cbuild-run.yml that describes target and images", text),
  script: one("--script <file>", "user script; tapir_user.ts in the project directory unless given", text),
});

/** Options about probe and target. */
export const CONNECT: {
  readonly uid: CliOption<string | undefined>;
  readonly target: CliOption<string | undefined>;
  readonly frequency: CliOption<number | undefined>;
  readonly noWait: CliOption<boolean>;
  readonly connect: CliOption<(typeof CONNECT_MODES)[number] | undefined>;
  readonly wireStats: CliOption<boolean>;
  readonly traceSequences: CliOption<boolean>;
} = group("Connection:", {
  uid: one("-u, --probe <id>", "probe: part of its unique ID, or driver:id such as sim:stm32f407", text, ["--uid"]),
  target: one("-t, --target <type>", "target type, such as stm32f407vg", text),
  frequency: one("-f, --frequency <hz>", "SWD or JTAG clock, with k or M", frequency),
  noWait: flag("-W, --no-wait", "do not wait for a probe to be connected"),
  connect: one(
    "-M, --connect <mode>",
    `while connecting: ${CONNECT_MODES.join(", ")}`,
    choice("--connect", CONNECT_MODES),
  ),
  wireStats: flag("--wire-stats", "print what went over the wire"),
  traceSequences: flag("--trace-sequences", "log every call of the pack's debug sequences with its line"),
});

/** The option for machine-readable output. */
export const JSON_OUTPUT: { readonly json: CliOption<boolean> } = {
  json: flag("--json", "print JSON"),
};

/** Values of the options that every subcommand has. */
export type LoggingValues = CliValues<typeof LOGGING>;
/** Values of the options about files. */
export type ConfigValues = CliValues<typeof CONFIG>;
/** Values of the options about probe and target. */
export type ConnectValues = CliValues<typeof CONNECT>;

/** Session options that the shared flags set. */
export function optionsOfFlags(values: Partial<ConfigValues & ConnectValues>): OptionValues {
  return {
    project_dir: values.projectDir,
    config_file: values.config,
    no_config: values.noConfig ? true : undefined,
    pack: values.pack === undefined || values.pack.length === 0 ? undefined : values.pack,
    cbuild_run: values.cbuildRun,
    target_override: values.target,
    user_script: values.script,
    frequency: values.frequency,
    connect_mode: values.connect,
    "pack.debug_sequences.trace": values.traceSequences ? true : undefined,
  };
}

/** Texts of `-O`, with old spellings made new. */
export function optionTexts(values: Partial<ConfigValues>): string[] {
  return [...(values.daparg ?? []).map((each) => `cmsis_dap.${each}`), ...(values.set ?? [])];
}

/**
 * The level to log at: `start`, more with each `-v`, less with each `-q`.
 */
export function logLevelOf(start: LogLevel, values: Pick<LoggingValues, "verbose" | "quiet">): LogLevel {
  const at = LEVELS.indexOf(start) + values.verbose - values.quiet;
  return LEVELS[Math.min(Math.max(at, 0), LEVELS.length - 1)]!;
}

function levelRules(value: string): LevelRule[] {
  const [patterns, word, ...rest] = value.split("=");
  if (patterns === undefined || patterns === "" || word === undefined || rest.length > 0) {
    throw new UsageError(`Cannot read log level ${value}`, {
      hint: "Write categories=level, such as dap*,flash=debug",
    });
  }
  const level = choice("a log level", LEVELS)(word);
  return patterns.split(",").map((pattern) => ({ pattern: pattern.trim(), level }));
}
