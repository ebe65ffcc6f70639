/**
 * Builds the standalone program: `deno task compile [--target TRIPLE] [--output FILE]` → dist/tapir.
 *
 * First all code is bundled into dist/build, with one chunk for each part that is imported on use, and what is not
 * needed left out: the program starts as fast as an empty one. Then `deno compile` puts it onto a `denort` runtime. Where
 * Deno can download that, nothing more is needed; where it cannot, DENORT_BIN names one, and TAPIR_COMPILER may name the
 * deno that fits it (such as `npx -y deno@2.8.3`).
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { resolve } from "@std/path";

const root = new URL("../", import.meta.url);

/** Code and files of the program; see lib/base/resources.ts. */
const BUILD = "dist/build";

function argument(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1];
}

async function run(program: readonly string[]): Promise<void> {
  const [name, ...args] = program;
  const { success } = await new Deno.Command(name!, { args, cwd: root, stdin: "null", stdout: "null" }).spawn().status;
  if (!success) {
    console.error(`Cannot build: ${program.slice(0, 4).join(" ")} … failed`);
    Deno.exit(1);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(new URL(path, root), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Makes the bundle the same on every machine, and gives CommonJS packages in it what they look for: the folder they are
 * in, and the WebAssembly beside them.
 */
async function tidyBundle(): Promise<void> {
  for await (const { name } of Deno.readDir(new URL(`${BUILD}/`, root))) {
    if (!name.endsWith(".js")) continue;
    const file = new URL(`${BUILD}/${name}`, root);
    const text = await Deno.readTextFile(file);
    const usesFolder = /\b__dirname\b/.test(text);
    if (usesFolder) {
      for (const [, folder] of text.matchAll(/^ +"([^"]+\/)[^"/]+\.c?js"\(exports, module\)/gm)) {
        await copyWasm(folder!);
      }
    }
    const tidy = text.replaceAll(/(?:\.\.\/)+[^"\s]*\/npm\/[^/"\s]+\//g, "npm/");
    await Deno.writeTextFile(file, usesFolder ? `const __dirname = import.meta.dirname;\n${tidy}` : tidy);
  }
}

async function copyWasm(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(new URL(folder, root))) {
    if (name.endsWith(".wasm")) await Deno.copyFile(new URL(folder + name, root), new URL(`${BUILD}/${name}`, root));
  }
}

/** Puts libusb into the program, for systems without one, where scripts/fetch_libusb.sh has got it. */
async function copyNative(): Promise<void> {
  const from = new URL(`dist/native/${target ?? Deno.build.target}/`, root);
  const to = new URL(`${BUILD}/native/`, root);
  try {
    for await (const { name } of Deno.readDir(from)) {
      await Deno.mkdir(to, { recursive: true });
      await Deno.copyFile(new URL(name, from), new URL(name, to));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`No libusb for ${target ?? Deno.build.target}: the program will use the system's`);
  }
}

const target = argument("--target");
const windows = target ? target.includes("windows") : Deno.build.os === "windows";
const output = argument("--output") ?? `dist/tapir${windows ? ".exe" : ""}`;
const compiler = (Deno.env.get("TAPIR_COMPILER") ?? Deno.execPath()).split(" ");

await removeIfThere(BUILD);
await run([Deno.execPath(), "bundle", "--platform", "deno", "--code-splitting", "--outdir", BUILD, "cli.ts"]);
await tidyBundle();
await copyNative();
await run([Deno.execPath(), "run", "--allow-all", "--no-lock", "scripts/gen_types.ts", `${BUILD}/types/tapir.d.ts`]);
await run([
  ...compiler,
  "compile",
  "--quiet",
  "--allow-all",
  "--no-check",
  "--no-config",
  "--no-lock",
  ...(target ? ["--target", target] : []),
  "--include",
  BUILD,
  "--output",
  output,
  `${BUILD}/cli.js`,
]);
const { size } = await Deno.stat(resolve(fileURLToPath(root), output));
console.error(`${output}: ${(size / 1e6).toFixed(0)} MB`);
