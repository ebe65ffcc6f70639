/**
 * Loads a script into the running program.
 *
 * The standalone program cannot run TypeScript, and no runtime knows what `tapir` is, so scripts are not imported from
 * where they are: stripped copies go into a directory of their own, laid out like the originals so that relative
 * imports and cycles work unchanged, beside a module that hands out Tapir's library. Places in errors are translated
 * back.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { pathToFileURL } from "node:url";
import { TapirError, TimeoutError, UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import { prologueLength, readGraph, type ScriptGraph, showPlace } from "./graph.ts";
import type { Position } from "./strip.ts";

/** What a script is given as the module `tapir`. */
export type ScriptLibrary = Readonly<Record<string, unknown>>;

/** A place in a script. */
export interface ScriptPlace extends Position {
  /** Absolute path. */
  readonly path: string;
}

/** A script in memory. */
export interface LoadedScript {
  /** Absolute path. */
  readonly path: string;
  /** What it exports. */
  readonly exports: Readonly<Record<string, unknown>>;
  /** Absolute paths of all files it consists of. */
  readonly files: readonly string[];
  /** The innermost place in the script that an error passed through. */
  placeOf(error: unknown): ScriptPlace | undefined;
  /** Where the script exports `name`. */
  placeOfExport(name: string): ScriptPlace;
  /** Rewrites the stack of an error so that it names the script's own files. */
  translate(error: unknown): void;
}

/** Where libraries wait for the module that a script imports as `tapir`. */
const LIBRARIES = Symbol.for("tapir.script.libraries");

/** What {@linkcode loadScript} is told. */
export interface LoadRequest {
  /** Absolute path. */
  readonly path: string;
  /** Directory that paths in messages start from. */
  readonly base: string;
  /** What the script gets when it imports `tapir`. */
  readonly library: ScriptLibrary;
  /** Limit for running the script's top level, in milliseconds; {@linkcode LOAD_TIMEOUT_MS} unless given. */
  readonly timeoutMs?: number;
}

/** Time a script may take to load unless told otherwise, in milliseconds. */
export const LOAD_TIMEOUT_MS = 30_000;

/**
 * Loads a script afresh, with everything it imports.
 *
 * @throws {UsageError} with file, line and column when a file is missing or wrong
 * @throws {TapirError} what the script throws while loading, with its place
 * @throws {TimeoutError} when its top level does not end in time
 */
export async function loadScript(request: LoadRequest): Promise<LoadedScript> {
  const { path, base, library, timeoutMs = LOAD_TIMEOUT_MS } = request;
  const root = await makeRoot(path);
  const key = root;
  const release = (): void => {
    libraries().delete(key);
    Deno.removeSync(root, { recursive: true });
  };
  let keep = false;
  try {
    const facade = join(root, "tapir.js");
    const graph = await readGraph(path, base, pathToFileURL(facade).href);
    const names = Object.keys(library).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== "default");
    const copies = new Copies(root, graph, names);
    libraries().set(key, library);
    await Deno.writeTextFile(facade, facadeText(key, names));
    await copies.write();
    const exports = await copies.run(path, base, timeoutMs);
    keep = [...graph.values()].some((file) => file.script?.imports.some((site) => site.isDynamic));
    return {
      path,
      exports,
      files: [...graph.keys()],
      placeOf: (error) => copies.placeOf(error),
      placeOfExport: (name) => copies.placeOfExport(path, name),
      translate: (error) => copies.translate(error),
    };
  } finally {
    // An import() that has not run yet still needs its file.
    if (keep) globalThis.addEventListener("unload", release);
    else release();
  }
}

async function makeRoot(path: string): Promise<string> {
  try {
    return await Deno.realPath(await Deno.makeTempDir({ prefix: "tapir-script-" }));
  } catch (cause) {
    throw new UsageError(`Cannot load ${path}: the directory for temporary files cannot be written`, {
      code: "no-temporary-directory",
      hint: "Set TMPDIR (TEMP on Windows) to a directory that can",
      cause,
    });
  }
}

function libraries(): Map<string, ScriptLibrary> {
  const shared = globalThis as unknown as Record<symbol, Map<string, ScriptLibrary> | undefined>;
  return shared[LIBRARIES] ??= new Map();
}

function facadeText(key: string, names: readonly string[]): string {
  return [
    `const library = globalThis[Symbol.for("tapir.script.libraries")].get(${JSON.stringify(key)});`,
    ...names.map((name) => `export const ${name} = library.${name};`),
    "",
  ].join("\n");
}

/** Colours that some runtimes put into messages. */
// deno-lint-ignore no-control-regex
const ANSI = /\x1b\[[\d;]*m/g;

/** The copies of a script's files that the runtime reads. */
class Copies {
  readonly #graph: ScriptGraph;
  readonly #copyOf: (path: string) => string;
  readonly #originals = new Map<string, string>();
  readonly #placePattern: RegExp;
  /** What the module `tapir` exports. */
  readonly #names: readonly string[];

  constructor(root: string, graph: ScriptGraph, names: readonly string[]) {
    this.#graph = graph;
    this.#names = names;
    this.#copyOf = (path) => join(root, "files", path.replace(/^([A-Za-z]):/, "$1"));
    for (const path of graph.keys()) {
      const { href } = pathToFileURL(this.#copyOf(path));
      // Stacks show addresses decoded, messages about links between files do not.
      for (const form of [href, decodeURIComponent(href)]) this.#originals.set(form, path);
    }
    const forms = [...this.#originals.keys()].map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.#placePattern = new RegExp(`(${forms.join("|")}):(\\d+):(\\d+)`, "g");
  }

  async write(): Promise<void> {
    for (const { path, text } of this.#graph.values()) {
      const copy = this.#copyOf(path);
      await Deno.mkdir(dirname(copy), { recursive: true });
      await Deno.writeTextFile(copy, text);
    }
  }

  async run(path: string, base: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const reason = `its top level has not ended after ${timeoutMs / 1000} s`;
      timer = setTimeout(() => reject(new TimeoutError(`Cannot load ${showPlace(base, path)}: ${reason}`)), timeoutMs);
    });
    try {
      return await Promise.race([import(pathToFileURL(this.#copyOf(path)).href), late]);
    } catch (cause) {
      throw cause instanceof TimeoutError ? cause : this.#loadError(cause, path, base);
    } finally {
      clearTimeout(timer);
    }
  }

  #loadError(cause: unknown, path: string, base: string): TapirError {
    const place = this.placeOf(cause) ?? { path, line: 1, column: 1 };
    this.translate(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    const reason = message.replace(ANSI, "")
      .replace(/^(The module's source code could not be parsed: |SyntaxError: )/, "")
      .replace(/ at \S+:\d+:\d+$/, "")
      .split("\n")[0]!
      .replace(/The requested module '[^']*\/tapir\.js'/, "The module tapir");
    const known = cause instanceof TapirError ? cause : undefined;
    const hint = known?.hint ?? this.#hintFor(reason);
    const Kind = known === undefined || known instanceof UsageError ? UsageError : TapirError;
    return new Kind(`Cannot load ${showPlace(base, place.path, place)}: ${reason}`, {
      code: known?.code ?? "script-failed",
      ...(known === undefined ? {} : { exitCode: known.exitCode }),
      ...(hint === undefined ? {} : { hint }),
      cause,
      fields: { file: place.path, line: place.line, column: place.column },
    });
  }

  /** A near name for what a script wants from `tapir` in vain. */
  #hintFor(reason: string): string | undefined {
    const wanted = /^The module tapir does not provide an export named '(.*)'/.exec(reason)?.[1];
    return wanted === undefined ? undefined : didYouMean(wanted, this.#names);
  }

  placeOf(error: unknown): ScriptPlace | undefined {
    if (!(error instanceof Error)) return undefined;
    // Failures to link carry their place in the message, all others in the stack only.
    return this.#places(`${error.message}\n${error.stack ?? ""}`).next().value?.place;
  }

  placeOfExport(path: string, name: string): ScriptPlace {
    const code = this.#graph.get(path)?.script?.code ?? "";
    const word = `(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`;
    const exported = new RegExp(`^[ \\t]*export\\b.*?${word}`, "m").exec(code) ?? new RegExp(word).exec(code);
    const before = code.slice(0, exported === null ? 0 : exported.index + exported[0].length - name.length);
    const position = { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
    return { path, ...(this.#graph.get(path)?.script?.sourceOf(position) ?? position) };
  }

  translate(error: unknown): void {
    // Scripts may throw errors that are their own cause, or frozen.
    const seen = new Set<unknown>();
    for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
      seen.add(each);
      const { stack } = each;
      if (stack === undefined) continue;
      let text = stack.replace(ANSI, "");
      for (const { found, place } of [...this.#places(stack)]) {
        text = text.replaceAll(found, `${pathToFileURL(place.path).href}:${place.line}:${place.column}`);
      }
      Reflect.set(each, "stack", text);
    }
  }

  *#places(text: string): Generator<{ readonly found: string; readonly place: ScriptPlace }> {
    for (const [found, form, line, column] of text.replace(ANSI, "").matchAll(this.#placePattern)) {
      const path = this.#originals.get(form!);
      if (path !== undefined) yield { found, place: this.#original(path, Number(line), Number(column)) };
    }
  }

  #original(path: string, line: number, column: number): ScriptPlace {
    const script = this.#graph.get(path)?.script;
    const inFile = { line, column: line === 1 && script !== undefined ? column - prologueLength(path) : column };
    return { path, ...(script?.sourceOf(inFile) ?? inFile) };
  }
}
