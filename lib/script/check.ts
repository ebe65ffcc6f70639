/**
 * Finds mistakes in what a script exports, which would otherwise go unnoticed: a delegate that is misspelt is never
 * called.
 *
 * @module
 */
import { nearNames } from "../base/near_names.ts";
import { ScriptCommand } from "./command.ts";
import { type DelegateName, DELEGATES, EVERYWHERE } from "./services.ts";

/** Something wrong with an export. */
export interface ExportProblem {
  /** Name of the export. */
  readonly name: string;
  /** What is wrong. */
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string;
}

const NAMES = Object.keys(DELEGATES) as DelegateName[];

/** Whether `name` is the name of a delegate. */
export function isDelegateName(name: string): name is DelegateName {
  return Object.hasOwn(DELEGATES, name);
}

/**
 * What is wrong with the exports of a script. Exports that do not look like delegates are nobody's business.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkExports } from "./check.ts";
 *
 * const [problem] = checkExports({ will_rest: () => true, helper: 3 });
 * assertEquals([problem?.name, problem?.hint], ["will_rest", "Did you mean will_reset?"]);
 * ```
 */
export function checkExports(exports: Readonly<Record<string, unknown>>): ExportProblem[] {
  const problems: ExportProblem[] = [];
  for (const [name, value] of Object.entries(exports)) {
    if (name === "default") {
      problems.push(...checkDefault(value));
      continue;
    }
    const found = isDelegateName(name) ? checkDelegate(name, value) : checkOther(name, value);
    if (found !== undefined) problems.push({ name, ...found });
  }
  return problems;
}

type Finding = Omit<ExportProblem, "name">;

function checkDelegate(name: DelegateName, value: unknown): Finding | undefined {
  if (typeof value !== "function") {
    return { reason: "it is not a function", hint: `Write export function ${name}({ … }) { … }` };
  }
  const known = [...DELEGATES[name], ...EVERYWHERE];
  if (value.length > 1) {
    return {
      reason: `it has ${value.length} parameters, but is called with one object`,
      hint: `Write ${name}({ ${[...DELEGATES[name], "target"].join(", ")} })`,
    };
  }
  for (const key of destructuredKeys(String(value))) {
    if (known.includes(key)) continue;
    const [near] = nearNames(key.replaceAll("_", ""), known);
    return {
      reason: `it asks for ${key}, which it does not get`,
      hint: near === undefined ? `It gets ${known.join(", ")}` : `Did you mean ${near}? It gets ${known.join(", ")}`,
    };
  }
  return undefined;
}

/** Names in the object pattern that is a function's first parameter; empty when it has none, or a nested one. */
function destructuredKeys(text: string): string[] {
  const pattern = /^[^({=]*\(?\s*\{([^{}]*)\}/.exec(text)?.[1];
  return (pattern ?? "").split(",")
    .map((part) => part.split(/[:=]/)[0]!.replace(/\/\*.*?\*\/|\/\/.*/g, "").trim())
    .filter((key) => /^[A-Za-z_$][\w$]*$/.test(key));
}

/** Delegates that hide in the default export, where nothing looks for them. */
function checkDefault(value: unknown): ExportProblem[] {
  const hidden = typeof value === "function"
    ? [value.name]
    : typeof value === "object" && value !== null
    ? Object.keys(value)
    : [];
  return hidden.filter(isDelegateName).map((name) => ({
    name: "default",
    reason: `${name} is called only when it is exported by name`,
    hint: `Write export function ${name}({ … }) { … }`,
  }));
}

function checkOther(name: string, value: unknown): Finding | undefined {
  if (typeof value !== "function" || value instanceof ScriptCommand) return undefined;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).toLowerCase();
  const near = isDelegateName(snake)
    ? [snake]
    : nearNames(snake, NAMES, 3).filter((each) => Math.abs(each.length - snake.length) <= 2);
  const looksLikeOne = /^(will|did)_/.test(snake) || near.length > 0 && snake.includes("_");
  if (!looksLikeOne) return undefined;
  return {
    reason: "there is no delegate of this name",
    hint: near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : `Delegates: ${NAMES.join(", ")}; give other functions a name that does not begin with will_ or did_`,
  };
}
