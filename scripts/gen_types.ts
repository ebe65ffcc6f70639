/**
 * Writes dist/build/types/tapir.d.ts: the types of Tapir's library in one file that needs nothing else, for editors that
 * open user scripts. `deno run -A --no-lock scripts/gen_types.ts [FILE]`; scripts/compile.ts runs it before every build, and
 * `tapir script init` puts the file beside the script it writes.
 *
 * @module
 */
import { fileURLToPath, pathToFileURL } from "node:url";

/** The part of TypeScript's compiler interface that is used here. */
interface Compiler {
  createProgram(files: readonly string[], options: Readonly<Record<string, unknown>>): {
    emit(file: undefined, write: (...written: WrittenFile) => void): void;
  };
  readonly ScriptTarget: { readonly ESNext: number };
  readonly ModuleKind: { readonly ESNext: number };
  readonly ModuleResolutionKind: { readonly Bundler: number };
}

/** Path, text, byte-order mark, error handler and sources of a file the compiler makes. */
type WrittenFile = [path: string, text: string, mark: boolean, onError: unknown, sources?: readonly SourceFile[]];

interface SourceFile {
  readonly fileName: string;
}

/** Imported by a computed name and run with --no-lock: what deno.lock lists grows the standalone program by 24 MB. */
const COMPILER = "npm:typescript@5.9.3";
const ts: Compiler = (await import(COMPILER)).default;
const root = new URL("../", import.meta.url);

/** Name of the ambient module that stands for a source file. */
function moduleName(path: string): string {
  return path === "mod.ts" ? "tapir" : `tapir/${path}`;
}

/** An import or export at the start of a line; examples in comments start with a star. */
const IMPORT = /^((?:import|export)\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+)"(\.[^"]+)"/gm;

/** Declarations of every source file that mod.ts needs, by path. */
function emitDeclarations(): Map<string, string> {
  const texts = new Map<string, string>();
  const program = ts.createProgram([fileURLToPath(new URL("mod.ts", root))], {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    // `deno check` does that, and knows Deno's own types.
    noCheck: true,
    strict: true,
    exactOptionalPropertyTypes: true,
  });
  program.emit(undefined, (_, text, __, ___, [source] = []) => {
    if (source !== undefined) texts.set(pathToFileURL(source.fileName).href.slice(root.href.length), text);
  });
  return texts;
}

/** The declarations that mod.ts exposes, as ambient modules. */
function ambientModules(): string {
  const texts = emitDeclarations();
  const modules = new Map<string, string>();
  const queue = ["mod.ts"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (modules.has(path)) continue;
    const from = new URL(path, root);
    const text = texts.get(path);
    if (text === undefined) throw new Error(`${path}: no declarations were made`);
    const rename = (specifier: string): string => {
      const target = new URL(specifier, from).href.slice(root.href.length);
      queue.push(target);
      return JSON.stringify(moduleName(target));
    };
    const body = text
      .replace(IMPORT, (_, before: string, specifier: string) => before + rename(specifier))
      .replace(/(?<=\bimport\()"(\.[^"]+)"/g, (_, specifier: string) => rename(specifier))
      .replace(/^(export )?declare /gm, "$1");
    modules.set(path, `declare module "${moduleName(path)}" {\n${body.trimEnd()}\n}\n`);
  }
  return [...modules].sort(([a], [b]) => a < b ? -1 : 1).map(([, text]) => text).join("\n");
}

const [named] = Deno.args;
const output = named === undefined ? new URL("dist/build/types/tapir.d.ts", root) : pathToFileURL(named);
await Deno.mkdir(new URL(".", output), { recursive: true });
const text = `// Types of Tapir's library, written by Tapir. Changes are lost.\n\n${ambientModules()}`;
await Deno.writeTextFile(output, text);
console.error(`${output.pathname}: ${(text.length / 1e3).toFixed(0)} kB`);
