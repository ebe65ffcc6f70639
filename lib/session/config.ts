/**
 * Configuration files: which one is read, what it may say, and the options it gives to single probes.
 *
 * @module
 */
import { basename, isAbsolute, join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { didYouMean } from "../base/near_names.ts";
import { parseYaml } from "../format/yaml.ts";
import { whyNot } from "./files.ts";
import { OPTION_NAMES, type OptionName, resolveOptionName } from "./option_table.ts";
import { checkOptionValue, type OptionSetting, requireOptionName } from "./option_text.ts";

/** Options for the probes whose unique ID contains `pattern`. */
export interface ProbeSection {
  /** Part of a unique ID; letter case does not matter. */
  readonly pattern: string;
  /** Options for those probes. */
  readonly settings: readonly OptionSetting[];
}

/** What a configuration file says. */
export interface Configuration {
  /** Its path; undefined when there is none. */
  readonly path: string | undefined;
  /** Options for every session. */
  readonly settings: readonly OptionSetting[];
  /** Options for some probes. */
  readonly probes: readonly ProbeSection[];
}

/** File names that are looked for in the project directory, the first that exists wins. */
export const CONFIG_NAMES: readonly string[] = [
  "tapir.yaml",
  "tapir.yml",
  ".tapir.yaml",
  ".tapir.yml",
  "pyocd.yaml",
  "pyocd.yml",
  ".pyocd.yaml",
  ".pyocd.yml",
];

/** Options that decide which file is read, and so cannot come from it. */
const TOO_EARLY: readonly OptionName[] = ["project_dir", "config_file", "no_config"];

const log = getLogger("session", "config");

/** A project without a configuration file. */
export const NO_CONFIGURATION: Configuration = { path: undefined, settings: [], probes: [] };

/**
 * Reads `file`, or else the first of {@linkcode CONFIG_NAMES} in `projectDir`.
 *
 * @throws {UsageError} when `file` cannot be read, or a file says something that does not exist
 */
export async function loadConfiguration(projectDir: string, file?: string): Promise<Configuration> {
  if (file !== undefined) {
    const path = isAbsolute(file) ? file : join(projectDir, file);
    const text = await readIfPresent(path);
    if (text === undefined) throw new UsageError(`Cannot read configuration file ${path}: it does not exist`);
    return parseConfiguration(text, path);
  }
  for (const name of CONFIG_NAMES) {
    const path = join(projectDir, name);
    const text = await readIfPresent(path);
    if (text !== undefined) {
      log.info(`Reading configuration file ${path}`);
      return parseConfiguration(text, path);
    }
  }
  return NO_CONFIGURATION;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new UsageError(`Cannot read configuration file ${path}: ${await whyNot(path, cause)}`, { cause });
  }
}

/**
 * Reads the text of a configuration file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseConfiguration } from "./config.ts";
 *
 * const config = parseConfiguration("frequency: 4M\nprobes:\n  '066E':\n    connect_mode: attach\n", "tapir.yaml");
 * assertEquals(config.settings, [{ name: "frequency", value: 4_000_000 }]);
 * assertEquals(config.probes, [{ pattern: "066E", settings: [{ name: "connect_mode", value: "attach" }] }]);
 * ```
 * What only pyOCD knows is passed over with a warning in pyOCD's own files, and is an error elsewhere.
 *
 * @throws {UsageError} when an option is unknown or does not take its value
 * @throws {FormatError} when the text is no YAML
 */
export function parseConfiguration(text: string, path: string): Configuration {
  const root = mappingOf(parseYaml(text, path), path, "the file");
  const probes: ProbeSection[] = [];
  const settings: OptionSetting[] = [];
  for (const [key, value] of root) {
    if (key !== "probes") settings.push(...settingOf(key, value, { path, text, after: [] }));
    else {
      for (const [pattern, section] of mappingOf(value, path, "probes")) {
        const entries = mappingOf(section, path, `probes.${pattern}`);
        probes.push({
          pattern,
          settings: entries.flatMap(([name, each]) =>
            settingOf(name, each, { path, text, after: ["probes", pattern] })
          ),
        });
      }
    }
  }
  return { path, settings, probes };
}

/** Options that a configuration gives to one probe; where several sections match, the later one wins. */
export function settingsForProbe(config: Configuration, uniqueId: string): OptionSetting[] {
  const id = uniqueId.toLowerCase();
  return config.probes.filter(({ pattern }) => id.includes(pattern.toLowerCase())).flatMap((each) => each.settings);
}

/** Where to look for the line of an option: behind some other keys. */
interface Origin {
  readonly path: string;
  readonly text: string;
  readonly after: readonly string[];
}

function settingOf(key: string, value: unknown, origin: Origin): OptionSetting[] {
  // An option without a value is not set.
  if (value === null || value === undefined) return [];
  try {
    const reason = isOfPyocd(origin.path) ? notForUs(key, value) : undefined;
    if (reason !== undefined) {
      log.warning(`Option ${key} has no effect (${placeOf(key, origin)}): ${reason}`);
      return [];
    }
    const name = requireOptionName(key);
    if (TOO_EARLY.includes(name)) {
      throw new UsageError(`Cannot set option ${name} in a configuration file: it is needed to find the file`);
    }
    return [{ name, value: checkOptionValue(name, value) }];
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError(`Cannot use configuration file ${placeOf(key, origin)}: ${cause.message}`, {
      cause,
      code: cause.code,
    });
  }
}

/** Whether a file is pyOCD's own, and so may hold what only pyOCD knows. */
function isOfPyocd(path: string): boolean {
  return /^\.?pyocd\.ya?ml$/i.test(basename(path));
}

/** Why an option of pyOCD is passed over rather than refused; undefined for one that is to be taken. */
function notForUs(key: string, value: unknown): string | undefined {
  const name = resolveOptionName(key);
  if (name === undefined) return [`there is no such option`, didYouMean(key, OPTION_NAMES)].filter(Boolean).join(". ");
  if (TOO_EARLY.includes(name)) return "it is needed to find the file";
  if (name === "user_script" && /\.py$/i.test(String(value))) {
    return "it is a Python script, and Tapir runs TypeScript; `tapir script init` writes a starter";
  }
  const isPyocdLogging = name === "logging" &&
    (typeof value !== "object" || Object.values(value as object).some((level) => typeof level !== "string"));
  return isPyocdLogging ? "it is for Python's logging; write logging: {dap*: debug}" : undefined;
}

function placeOf(key: string, { path, text, after }: Origin): string {
  const line = lineOf([...after, key], text);
  return line === undefined ? path : `${path}: line ${line}`;
}

/** The line of the last of some keys, each looked for behind the one before; undefined for keys written otherwise. */
function lineOf(keys: readonly string[], text: string): number | undefined {
  let at = 0;
  for (const key of keys) {
    const plain = key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    const found = new RegExp(`^(?:[^#\n]*[{,])?[ \\t]*["']?${plain}["']?[ \\t]*:`, "m").exec(text.slice(at));
    if (found === null) return undefined;
    at += found.index + found[0].length;
  }
  return text.slice(0, at).split("\n").length;
}

function mappingOf(value: unknown, path: string, what: string): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new UsageError(`Cannot use configuration file ${path}: ${what} must be a mapping from names to values`);
  }
  return value instanceof Map
    ? [...value].map(([key, each]) => [String(key), each])
    : Object.entries(value as Record<string, unknown>);
}
