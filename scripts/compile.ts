/**
 * Builds the standalone program: `deno task compile [--target TRIPLE] [--output FILE]` → dist/tapir.
 *
 * `deno compile` puts the program onto a `denort` runtime. Where Deno can download it, nothing more is needed; where it
 * cannot, DENORT_BIN names one, and TAPIR_COMPILER may name the deno that fits it (such as `npx -y deno@2.8.3`).
 *
 * @module
 */
const root = new URL("../", import.meta.url);

function argument(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1];
}

const target = argument("--target");
const windows = target ? target.includes("windows") : Deno.build.os === "windows";
const output = argument("--output") ?? `dist/tapir${windows ? ".exe" : ""}`;
const compiler = (Deno.env.get("TAPIR_COMPILER") ?? Deno.execPath()).split(" ");

const config: { imports: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
/** Loaded on use through computed or lazy imports, so that the compiler must be told. */
const include: string[] = [];
for (const path of ["lib/cli/commands", "lib/command/commands"]) {
  try {
    for await (const entry of Deno.readDir(new URL(path, root))) {
      if (/(?<!_test)\.ts$/.test(entry.name)) include.push(`${path}/${entry.name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
const types = await new Deno.Command(Deno.execPath(), {
  args: ["run", "--allow-all", "--no-lock", "scripts/gen_types.ts"],
  cwd: root,
  stdin: "null",
}).spawn().status;
if (!types.success) Deno.exit(1);
for (const path of ["mod.ts", "dist/native", "dist/types"]) {
  try {
    await Deno.stat(new URL(path, root));
    include.push(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
if (!config.imports["tapir"]) throw new Error("Cannot compile: deno.json does not map tapir");

const command = new Deno.Command(compiler[0]!, {
  args: [
    ...compiler.slice(1),
    "compile",
    "--quiet",
    "--allow-all",
    "--no-check",
    ...(target ? ["--target", target] : []),
    ...include.flatMap((path) => ["--include", path]),
    "--output",
    output,
    "cli.ts",
  ],
  cwd: root,
  stdin: "null",
});
const { success } = await command.spawn().status;
if (!success) Deno.exit(1);
const { size } = await Deno.stat(new URL(output, root));
console.error(`${output}: ${(size / 1e6).toFixed(0)} MB`);
