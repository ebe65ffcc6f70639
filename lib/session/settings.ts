/**
 * Gathers the options of a session from everything that may set one, before a probe is known.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { type Configuration, loadConfiguration, NO_CONFIGURATION } from "./config.ts";
import { nearNames } from "../base/near_names.ts";
import { environmentName, OPTION_NAMES } from "./option_table.ts";
import { parseOptionSetting, parseOptionValue } from "./option_text.ts";
import { Options, type OptionValues } from "./options.ts";

/** Variables of Tapir's own that are no session options. */
const OTHER_VARIABLES: readonly string[] = ["TAPIR_COLOR", "TAPIR_HISTORY", "TAPIR_LIBUSB", "TAPIR_PACKS"];

/** Everything that sets options. */
export interface SettingsSource {
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** A variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /** Names of all variables of the environment, in which misspelt options are looked for. */
  readonly envNames?: readonly string[];
  /** What dedicated flags say. */
  readonly flags?: OptionValues;
  /** Texts of `-O`, in order. */
  readonly settings?: readonly string[];
  /** What the subcommand changes in the built-in defaults. */
  readonly defaults?: OptionValues;
}

/** The options of a session and where they come from. */
export interface Settings {
  /** The options; the section of the probe is not in yet. */
  readonly options: Options;
  /** The configuration file. */
  readonly config: Configuration;
  /** Directory that relative paths start from, absolute. */
  readonly projectDir: string;
}

/** @throws {UsageError} when `path` is no directory */
async function requireDirectory(path: string): Promise<void> {
  const isDirectory = await Deno.stat(path).then((info) => info.isDirectory, () => undefined);
  if (isDirectory) return;
  const reason = isDirectory === undefined ? "it does not exist" : "it is no directory";
  throw new UsageError(`Cannot use project directory ${path}: ${reason}`, { code: "no-project" });
}

/**
 * Reads options from flags, `-O`, the environment and the configuration file.
 *
 * @throws {UsageError} when one is unknown or does not take its value
 */
export async function gatherSettings(source: SettingsSource): Promise<Settings> {
  const options = new Options();
  options.fill("command-line", source.flags ?? {}, "command line");
  options.fill("subcommand", source.defaults ?? {}, "subcommand");
  refuseMisspeltVariables(source.envNames ?? []);
  for (const text of source.settings ?? []) {
    const { name, value } = parseOptionSetting(text);
    options.put("-O", name, value, "-O");
  }
  for (const name of OPTION_NAMES) {
    const variable = environmentName(name);
    const text = source.env(variable);
    if (text === undefined || text === "") continue;
    try {
      options.put("environment", name, parseOptionValue(name, text), `environment variable ${variable}`);
    } catch (cause) {
      if (!(cause instanceof UsageError)) throw cause;
      throw new UsageError(`Cannot use environment variable ${variable}: ${cause.message}`, { cause });
    }
  }
  const packRoot = source.env("CMSIS_PACK_ROOT");
  if (packRoot && !options.isSet("pack.root")) {
    options.put("environment", "pack.root", packRoot, "environment variable CMSIS_PACK_ROOT");
  }
  const projectDir = resolvePath(source.cwd, options.get("project_dir") ?? ".");
  if (options.isSet("project_dir")) await requireDirectory(projectDir);
  const config = options.get("no_config")
    ? NO_CONFIGURATION
    : await loadConfiguration(projectDir, options.get("config_file"));
  for (const { name, value } of config.settings) options.put("config", name, value, config.path ?? "configuration");
  if (options.get("cbuild_run") !== undefined) {
    // Imported when needed, since few runs have such a file and it brings the reader of packs with it.
    const { applyCbuildRun } = await import("./cbuild.ts");
    await applyCbuildRun(options, projectDir);
  }
  return { options, config, projectDir };
}

/** Variables that are no options and look like none are left alone: they may belong to others. @throws {UsageError} */
function refuseMisspeltVariables(names: readonly string[]): void {
  const variables = OPTION_NAMES.map(environmentName);
  for (const name of names) {
    if (!name.startsWith("TAPIR_") || variables.includes(name) || OTHER_VARIABLES.includes(name)) continue;
    // The prefix would make everything look alike.
    const near = nearNames(name.slice(6), variables.map((each) => each.slice(6)))
      .filter((each) => Math.abs(each.length - (name.length - 6)) <= 2);
    if (near.length === 0) continue;
    throw new UsageError(`Cannot use environment variable ${name}: there is no such option`, {
      code: "unknown-option",
      hint: `Did you mean ${near.map((each) => `TAPIR_${each}`).join(" or ")}?`,
      fields: { variable: name },
    });
  }
}

/** `path` as it is when absolute, else below `base`. */
export function resolvePath(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path);
}
