/**
 * Reading options from text (`-O`, environment, commander) and from configuration values.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { parseYaml } from "../format/yaml.ts";
import { didYouMean } from "../base/near_names.ts";
import { OPTION_NAMES, OPTION_TABLE, type OptionName, type OptionType, resolveOptionName } from "./option_table.ts";

/** One option with the value it is to have. */
export interface OptionSetting {
  /** The option. */
  readonly name: OptionName;
  /** Its value, of the type the table says. */
  readonly value: unknown;
}

/**
 * Reads `name=value`, `name` (true) or `no-name` (false).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseOptionSetting } from "./option_text.ts";
 *
 * assertEquals(parseOptionSetting("frequency=4M"), { name: "frequency", value: 4_000_000 });
 * assertEquals(parseOptionSetting("no-smart_flash"), { name: "smart_flash", value: false });
 * ```
 * @throws {UsageError} when the name is unknown or the value does not fit
 */
export function parseOptionSetting(text: string): OptionSetting {
  const equals = text.indexOf("=");
  const typed = (equals < 0 ? text : text.slice(0, equals)).trim();
  const negated = resolveOptionName(typed) === undefined && /^no-/i.test(typed);
  const name = requireOptionName(negated ? typed.slice(3) : typed);
  const isBool = OPTION_TABLE[name].type === "bool";
  if (equals < 0) {
    if (!isBool) throw new UsageError(`Cannot set option ${name} without a value`, { hint: valueHint(name) });
    return { name, value: !negated };
  }
  const value = parseOptionValue(name, text.slice(equals + 1));
  if (!negated) return { name, value };
  if (!isBool) throw new UsageError(`Cannot negate option ${name}: it is not true or false`);
  return { name, value: value !== true };
}

/**
 * The option called `typed`.
 *
 * @throws {UsageError} with near names when there is none
 */
export function requireOptionName(typed: string): OptionName {
  const name = resolveOptionName(typed);
  if (name !== undefined) return name;
  throw new UsageError(`Cannot use option ${typed}: there is no such option`, {
    code: "unknown-option",
    hint: didYouMean(typed, OPTION_NAMES) ?? "Run `tapir --help-options` for all options",
    fields: { option: typed },
  });
}

/**
 * The value that `text` gives to an option.
 *
 * @throws {UsageError} when the text does not fit the option's type or choices
 */
export function parseOptionValue(name: OptionName, text: string): unknown {
  const value = READERS[OPTION_TABLE[name].type](text);
  return checkChoice(name, value, text);
}

/**
 * The value that a configuration file gives to an option; texts are read as on the command line.
 *
 * @throws {UsageError} when it does not fit the option's type or choices
 */
export function checkOptionValue(name: OptionName, raw: unknown): unknown {
  const { type } = OPTION_TABLE[name];
  if (typeof raw === "string") return parseOptionValue(name, raw);
  // YAML 1.1 reads a bare `off` as false, which is a choice of load.pre_reset and stdio_mode.
  if (raw === false && (type === "string" || type === "strings")) return checkChoice(name, "off", raw);
  return checkChoice(name, acceptTyped(type, raw), raw);
}

function checkChoice(name: OptionName, value: unknown, given: unknown): unknown {
  const { choices, synonyms, unit } = OPTION_TABLE[name];
  if (typeof value === "string" && synonyms !== undefined && Object.hasOwn(synonyms, value)) return synonyms[value];
  const bad = value === undefined || (choices !== undefined && !choices.includes(value as string | number)) ||
    // Neither a time nor a speed is below zero.
    (unit !== undefined && !((value as number) >= 0 && (value as number) < Infinity));
  if (bad) {
    const shown = typeof given === "string" ? given : JSON.stringify(given);
    throw new UsageError(`Cannot set option ${name} to ${shown === "" ? "an empty value" : shown}`, {
      code: "bad-option-value",
      hint: valueHint(name),
      fields: { option: name, value: given },
    });
  }
  return value;
}

function valueHint(name: OptionName): string {
  const { choices, type, unit } = OPTION_TABLE[name];
  if (choices !== undefined) return `${name} takes one of ${choices.join(", ")}`;
  return `${name} takes ${unit === "s" ? "a number of seconds, not below 0" : EXPECTED[type]}`;
}

const EXPECTED: Readonly<Record<OptionType, string>> = {
  bool: "true or false",
  int: "a whole number, such as 10 or 0x10",
  float: "a number",
  frequency: "a frequency, such as 500k, 4M or 1000000",
  string: "a text",
  words: "words separated by commas",
  paths: "a path, or a list of them",
  ints: "a whole number, or a list of them",
  strings: "a text, or a list of them",
  data: "YAML",
};

const READERS: Readonly<Record<OptionType, (text: string) => unknown>> = {
  bool: parseBool,
  int: parseInteger,
  float: (text) => (/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : undefined),
  frequency: parseFrequency,
  string: (text) => text,
  words: (text) => text.split(",").map((word) => word.trim()).filter((word) => word !== ""),
  paths: (text) => (text === "" ? undefined : [text]),
  ints: (text) => /[\[,]/.test(text) ? acceptTyped("ints", listOf(text).map(parseInteger)) : parseInteger(text),
  strings: (text) => (/^\s*\[/.test(text) ? listOf(text) : text),
  data: (text) => parseYaml(text, "option"),
};

function listOf(text: string): string[] {
  return text.replace(/^\s*[\[(]/, "").replace(/[\])]\s*$/, "").split(",").map((item) => item.trim());
}

function acceptTyped(type: OptionType, raw: unknown): unknown {
  switch (type) {
    case "bool":
      return typeof raw === "boolean" ? raw : raw === 0 ? false : raw === 1 ? true : undefined;
    case "int":
      return Number.isSafeInteger(raw) ? raw : undefined;
    case "frequency":
      return Number.isSafeInteger(raw) && (raw as number) > 0 ? raw : undefined;
    case "float":
      return typeof raw === "number" && Number.isFinite(raw) ? raw : undefined;
    case "string":
      return typeof raw === "number" ? String(raw) : undefined;
    case "words":
    case "paths":
      return Array.isArray(raw) && raw.every((item) => typeof item === "string") ? raw : undefined;
    case "ints":
      return Number.isSafeInteger(raw) || (Array.isArray(raw) && raw.every(Number.isSafeInteger)) ? raw : undefined;
    case "strings":
      if (typeof raw === "number") return String(raw);
      return Array.isArray(raw) ? raw.map((item) => (item === false ? "off" : String(item))) : undefined;
    case "data":
      return raw;
  }
}

function parseBool(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (["true", "1", "yes", "on"].includes(word)) return true;
  return ["false", "0", "no", "off"].includes(word) ? false : undefined;
}

/**
 * A whole number as the command line takes it: decimal or `0x`, `0o`, `0b`, an optional sign, underscores between
 * digits; undefined when the text is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseInteger } from "./option_text.ts";
 *
 * assertEquals([parseInteger("0x2000_0000"), parseInteger("-1"), parseInteger("12k")], [0x20000000, -1, undefined]);
 * ```
 */
export function parseInteger(text: string): number | undefined {
  const match = /^\s*([-+]?)(0x[\da-f_]+|0b[01_]+|0o[0-7_]+|\d[\d_]*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const value = Number(match[2]!.replaceAll("_", ""));
  if (!Number.isSafeInteger(value)) return undefined;
  return match[1] === "-" ? -value : value;
}

/**
 * Hertz from text such as `4M`, `500k`, `1.5MHz`, `1000000`; undefined when the text is none or not above zero.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFrequency } from "./option_text.ts";
 *
 * assertEquals([parseFrequency("1.5MHz"), parseFrequency("500k"), parseFrequency("fast")], [1_500_000, 500_000, undefined]);
 * ```
 */
export function parseFrequency(text: string): number | undefined {
  const match = /^\s*(\d+\.?\d*|\.\d+)([km]?)(?:hz)?\s*$/i.exec(text);
  if (match === null) return undefined;
  const scale = { "": 1, k: 1e3, m: 1e6 }[match[2]!.toLowerCase()]!;
  const hertz = Math.round(Number(match[1]) * scale);
  return Number.isSafeInteger(hertz) && hertz > 0 ? hertz : undefined;
}
