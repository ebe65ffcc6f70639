/**
 * A script and every file it imports, read and stripped of types.
 *
 * @module
 */
import { relative, sep } from "@std/path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../base/errors.ts";
import { exists, readUserFile } from "../session/files.ts";
import { type Position, ScriptSyntaxError, type StrippedScript, stripTypes } from "./strip.ts";

/** One file of a script. */
export interface ScriptFile {
  /** Absolute path. */
  readonly path: string;
  /** Its text; for TypeScript and JavaScript, without types. */
  readonly script: StrippedScript | undefined;
  /** Text to write where the runtime reads it. */
  readonly text: string;
}

/** All files of a script by absolute path. */
export type ScriptGraph = ReadonlyMap<string, ScriptFile>;

/** What scripts import Tapir's library as. */
export const LIBRARY_NAME = "tapir";

/** `path:line:column` for people; files below `base` are shown relative to it. */
export function showPlace(base: string, path: string, position?: Position): string {
  const inside = relative(base, path);
  const shown = inside === "" || inside.startsWith(`..${sep}`) || inside === ".." ? path : inside;
  return position === undefined ? shown : `${shown}:${position.line}:${position.column}`;
}

/** An error about a place in a script. */
export function scriptError(
  base: string,
  path: string,
  position: Position,
  reason: string,
  more: { readonly hint?: string; readonly code?: string; readonly cause?: unknown } = {},
): UsageError {
  return new UsageError(`Cannot load ${showPlace(base, path, position)}: ${reason}`, {
    code: "script-broken",
    ...more,
    fields: { file: path, line: position.line, column: position.column },
  });
}

/**
 * Reads `path` and everything it imports, directly or not.
 *
 * @param base directory that paths in messages start from
 * @param library specifier that imports of `tapir` are to become
 * @throws {UsageError} with the place of a syntax error, or of an import that cannot work
 */
export async function readGraph(path: string, base: string, library: string): Promise<ScriptGraph> {
  const files = new Map<string, ScriptFile>();
  const queue = [path];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (files.has(next)) continue;
    const file = await readScriptFile(next, base, library);
    files.set(next, file);
    for (const site of file.script?.imports ?? []) {
      const position = file.script?.sourceOf(site) ?? site;
      const target = resolveImport(site.specifier, { base, path: next, position });
      if (target === undefined) continue;
      if (!await exists(target)) {
        throw scriptError(base, next, position, `${site.specifier} does not exist`, {
          hint: "Write imports with their ending, as in ./helper.ts",
        });
      }
      queue.push(target);
    }
  }
  return files;
}

async function readScriptFile(path: string, base: string, library: string): Promise<ScriptFile> {
  const source = new TextDecoder().decode(await readUserFile(path)).replaceAll("\r\n", "\n").replace(/^#!.*/, "");
  if (path.endsWith(".json")) {
    checkJson(source, path, base);
    return { path, script: undefined, text: source };
  }
  try {
    const script = stripTypes(source, path);
    return { path, script, text: prologue(path) + withLibrary(script, library) };
  } catch (cause) {
    if (!(cause instanceof ScriptSyntaxError)) throw cause;
    throw scriptError(base, path, cause.position, cause.message, { code: "script-syntax", cause });
  }
}

/** The runtime would blame the file that imports the JSON. */
function checkJson(text: string, path: string, base: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, " ");
    throw new UsageError(`Cannot load ${showPlace(base, path)}: ${reason}`, {
      code: "script-syntax",
      fields: { file: path },
      cause,
    });
  }
}

/** Columns that {@linkcode prologue} puts in front of the first line. */
export function prologueLength(path: string): number {
  return prologue(path).length;
}

/** The runtime reads a copy; a script asking where it is shall hear about the original. */
function prologue(path: string): string {
  const { href } = pathToFileURL(path);
  const directory = fileURLToPath(new URL(".", href)).replace(/(?<=.)[/\\]$/, "");
  const set = (name: string, value: string): string => `import.meta.${name}=${JSON.stringify(value)};`;
  return set("url", href) + set("filename", path) + set("dirname", directory);
}

function withLibrary({ code, imports }: StrippedScript, library: string): string {
  let text = code;
  for (const { specifier, range: [start, end] } of imports.toReversed()) {
    if (specifier === LIBRARY_NAME) text = text.slice(0, start) + JSON.stringify(library) + text.slice(end);
  }
  return text;
}

/** Absolute path of an imported file; undefined for the library and what the runtime brings. */
function resolveImport(
  specifier: string | undefined,
  from: { readonly base: string; readonly path: string; readonly position: Position },
): string | undefined {
  const refuse = (reason: string, hint: string): UsageError =>
    scriptError(from.base, from.path, from.position, reason, { code: "script-import", hint });
  if (specifier === undefined) {
    throw refuse("import() of a computed name does not work in scripts", "Write the name as a plain string");
  }
  if (specifier === LIBRARY_NAME || specifier.startsWith("node:")) return undefined;
  const isFile = /^(\.{0,2}\/|file:)/.test(specifier);
  if (!isFile) {
    const isRemote = /^(npm|jsr|https?|data|blob):/.test(specifier);
    throw refuse(
      `${specifier} cannot be imported`,
      isRemote
        ? "Scripts import local files, tapir and node: modules only, so that they run without a network"
        : `Scripts import local files by path, as in ./${specifier}.ts, besides tapir and node: modules`,
    );
  }
  const path = fileURLToPath(new URL(specifier, pathToFileURL(from.path)));
  if (!/\.(m?[jt]s|json)$/.test(path)) {
    throw refuse(
      `${specifier} is no script`,
      "Files end in .ts, .mts, .js, .mjs or .json, and imports name the ending",
    );
  }
  return path;
}
