/**
 * What may stand at the end of a command line that is being typed.
 *
 * @module
 */
import type { CommandContext } from "../command/context.ts";
import { findNamed } from "../command/spec.ts";
import { VALUES } from "../command/values/mod.ts";
import { OPTION_NAMES } from "../session/option_table.ts";
import { RESET_TYPES } from "../session/reset_types.ts";
import type { Evaluator } from "./evaluator.ts";
import type { Completion } from "./terminal.ts";

/** A file or directory, as completion sees it. */
export interface ListedFile {
  /** Name. */
  readonly name: string;
  /** Whether more may follow it. */
  readonly isDirectory: boolean;
}

/** Where completion looks besides the command context. */
export interface CompletionSources {
  /** What a directory holds, by its path as typed; empty when it cannot be read. */
  readonly listFiles: (directory: string) => Promise<readonly ListedFile[]>;
  /** Names for `$`. */
  readonly evaluator?: Evaluator;
}

/** More candidates than this are no help. */
const MAX_CANDIDATES = 500;

/** Commands that take a file, at any place. */
const FILE_COMMANDS = ["load", "loadmem", "savemem", "compare"];

/**
 * Candidates for the word at the end of `line`, and that word.
 */
export async function completeLine(
  context: CommandContext,
  sources: CompletionSources,
  line: string,
): Promise<Completion> {
  const trimmed = line.trimStart();
  if (trimmed.startsWith("$")) return completeCode(sources.evaluator, trimmed.slice(1));
  if (trimmed.startsWith("!")) return [[], line];
  const { words, last } = splitTyped(line);
  const [name, ...args] = words;
  if (name === undefined) return pick(context.commands.flatMap(({ names }) => names), last, " ");
  const command = resolveName(context, name);
  switch (command) {
    case "help":
      if (args.length === 0) return pick(context.commands.flatMap(({ names }) => names), last, " ");
      return pick(VALUES.flatMap(({ names }) => names), last, " ");
    case "show":
    case "set":
      if (args.length === 0) return pick(VALUES.flatMap(({ names }) => names), last, " ");
      if (args[0] === "option") return pick(OPTION_NAMES, last, command === "set" ? "=" : " ");
      if (args[0] === "reset-type") return pick(RESET_TYPES, last, " ");
      return [[], last];
    case "core":
      return pick(context.session.target.cores.map((core) => core.name), last, " ");
    case "reset":
      return pick(["halt", ...RESET_TYPES], last, " ");
    case "reg":
    case "wreg":
      return pick(await registerNames(context, last), last, " ");
  }
  const files = command !== undefined && FILE_COMMANDS.includes(command) ? await fileNames(sources, last) : [];
  const numbers = last.startsWith('"') ? [] : await numberNames(context, last);
  return [[...files, ...pick(numbers, last, " ")[0]], last];
}

function resolveName(context: CommandContext, typed: string): string | undefined {
  try {
    return findNamed(typed, context.commands, "command").names[0];
  } catch {
    // Unknown or ambiguous: the command itself will say so.
    return undefined;
  }
}

/** The last command of a line as whole words and the word being typed, which may begin with a quote. */
function splitTyped(line: string): { words: string[]; last: string } {
  let words: string[] = [];
  let word = "";
  let quote = "";
  for (const char of line) {
    if (quote !== "") {
      word += char;
      if (char === quote) quote = "";
    } else if (char === ";") [words, word] = [[], ""];
    else if (/\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
    } else {
      if (char === '"' || char === "'") quote = char;
      word += char;
    }
  }
  return { words, last: word };
}

function pick(names: readonly string[], typed: string, after: string): Completion {
  const wanted = typed.toLowerCase();
  const found = [...new Set(names)].filter((name) => name.toLowerCase().startsWith(wanted)).slice(0, MAX_CANDIDATES);
  return [found.length === 1 ? [found[0]! + after] : found, typed];
}

async function registerNames(context: CommandContext, typed: string): Promise<string[]> {
  const core = context.hasCore ? [...context.core.registerNames, "general", "system", "float", "all"] : [];
  return [...core, ...await peripheralNames(context, typed)];
}

async function numberNames(context: CommandContext, typed: string): Promise<string[]> {
  if (typed === "") return [];
  const core = context.hasCore ? context.core.registerNames : [];
  return [...core, ...context.symbols?.names ?? [], ...await peripheralNames(context, typed)];
}

/** Names of peripherals; behind a dot, of the registers of one, and behind another, of fields. */
async function peripheralNames(context: CommandContext, typed: string): Promise<string[]> {
  const device = await context.device();
  if (device === undefined) return [];
  const [first = ""] = typed.toLowerCase().split(".", 1);
  if (!typed.includes(".")) return device.peripherals.map(({ name }) => name);
  const peripheral = device.peripherals.find(({ name }) => name.toLowerCase() === first);
  return (peripheral?.registers ?? []).flatMap((register) => {
    const name = `${peripheral!.name}.${register.name}`;
    const inside = typed.toLowerCase().startsWith(`${name.toLowerCase()}.`);
    return inside ? register.fields.map((field) => `${name}.${field.name}`) : [name];
  });
}

/** Paths below the directory typed so far, in quotes where they need them. */
async function fileNames(sources: CompletionSources, typed: string): Promise<string[]> {
  const quote = /^["']/.exec(typed)?.[0] ?? "";
  const path = typed.slice(quote.length);
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const [directory, beginning] = [path.slice(0, cut), path.slice(cut)];
  const files = await sources.listFiles(directory === "" ? "." : directory);
  return files.filter(({ name }) => name.startsWith(beginning) && (beginning !== "" || !name.startsWith(".")))
    .map(({ name, isDirectory }) => {
      const whole = `${directory}${name}${isDirectory ? "/" : ""}`;
      const mark = quote !== "" ? quote : /[\s;'"\[#]/.test(whole) ? '"' : "";
      return mark === "" ? whole : `${mark}${whole}${isDirectory ? "" : mark}`;
    })
    .sort().slice(0, MAX_CANDIDATES);
}

/** Names in scope, or members of what stands before the last dot. */
function completeCode(evaluator: Evaluator | undefined, code: string): Completion {
  const path = /(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$]?[\w$]*$/.exec(code)?.[0] ?? "";
  if (evaluator === undefined) return [[], path];
  const dot = path.lastIndexOf(".");
  if (dot < 0) return [evaluator.names.filter((name) => name.startsWith(path)), path];
  const owner = path.slice(0, dot);
  const names = membersOf(evaluator.resolve(owner)).filter((name) => name.startsWith(path.slice(dot + 1)));
  return [names.map((name) => `${owner}.${name}`), path];
}

function membersOf(value: unknown): string[] {
  const names = new Set<string>();
  for (let at: unknown = value; at !== null && at !== undefined && at !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== "constructor") names.add(name);
    at = Object.getPrototypeOf(at);
  }
  return [...names].sort();
}
