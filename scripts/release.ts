/**
 * Builds, names, bundles and checksums the standalone programs: `deno task release [TARGET…]` →
 * dist/release/tapir-VERSION-TARGET.tar.gz (.zip for Windows) and SHA256SUMS. `--built` takes dist/tapir as the program
 * for this machine and builds nothing.
 *
 * Deno gets the runtime of each target by itself. Where it cannot, DENORT_DIR names a folder that holds TARGET/denort
 * (denort.exe for Windows), and DENORT_BIN the runtime for this machine; targets without one are skipped, and the reason
 * is told. libusb for each target is got by scripts/fetch_libusb.sh, unless dist/native/TARGET is there; `--libraries`
 * does that for every target and nothing else.
 *
 * The exit code is 2 for a wrong name, 1 when a program could not be made, when a target that was named was skipped, or
 * when nothing was made.
 *
 * @module
 */
import { makeZip } from "../lib/pack/bundle_zip.ts";
import { planRelease, type ReleaseStep, type Target, targetOf, TARGETS } from "./release_plan.ts";

const root = new URL("../", import.meta.url);
const out = new URL("dist/release/", root);
const { version }: { version: string } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));

async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd = root,
): Promise<void> {
  const command = new Deno.Command(program, { args: [...args], cwd, env, stdin: "null" });
  if (!(await command.spawn().status).success) throw new Error(`${program} ${args.join(" ")} failed`);
}

async function exists(path: string | URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What DENORT_DIR holds, by target. */
async function runtimesIn(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const target of TARGETS) {
    const path = `${await Deno.realPath(folder)}/${target}/denort${target.includes("windows") ? ".exe" : ""}`;
    if (await exists(path)) found.set(target, path);
  }
  return found;
}

/** @throws {Error} when the file is a program or library for another machine */
async function checkMachine(path: URL, target: Target): Promise<void> {
  using file = await Deno.open(path);
  const header = new Uint8Array(1024);
  await file.read(header);
  const actual = targetOf(header);
  if (actual !== target) throw new Error(`${path.pathname} is for ${actual ?? "no machine that is known"}`);
}

async function archive(name: string, files: ReadonlyMap<string, URL>, target: Target): Promise<string> {
  if (target.includes("windows")) {
    const contents = [...files].map(async ([file, from]) => ({
      name: `${name}/${file}`,
      data: await Deno.readFile(from),
    }));
    await Deno.writeFile(new URL(`${name}.zip`, out), await makeZip(await Promise.all(contents)));
    return `${name}.zip`;
  }
  const folder = new URL(`${name}/`, out);
  await Deno.mkdir(folder, { recursive: true });
  for (const [file, from] of files) await Deno.copyFile(from, new URL(file, folder));
  await run("tar", ["--create", "--gzip", "--file", `${name}.tar.gz`, name], {}, out);
  await Deno.remove(folder, { recursive: true });
  return `${name}.tar.gz`;
}

/** The folder with libusb and its licence for a target, got if it is not there. */
async function nativeFor(target: Target): Promise<URL> {
  const folder = new URL(`dist/native/${target}/`, root);
  if (!await exists(folder)) await run("bash", ["scripts/fetch_libusb.sh", target]);
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== "LICENSE.libusb") await checkMachine(new URL(name, folder), target);
  }
  return folder;
}

/** Builds the program of a target, checks it, and makes its archive; the archive's name. */
async function release(step: Exclude<ReleaseStep, { action: "skip" }>): Promise<string> {
  const { target } = step;
  const native = await nativeFor(target);
  const isBuilt = step.action === "take-built";
  const name = target.includes("windows") ? "tapir.exe" : "tapir";
  const folder = isBuilt ? new URL("dist/", root) : new URL(`${target}/`, out);
  const program = new URL(name, folder);
  try {
    if (!isBuilt) {
      const runtime: Record<string, string> = step.runtime === undefined ? {} : { DENORT_BIN: step.runtime };
      const output = `dist/release/${target}/${name}`;
      await run(Deno.execPath(), ["run", "-A", "scripts/compile.ts", "--target", target, "--output", output], runtime);
    }
    await checkMachine(program, target);
    const documents = ["LICENSE", "README.md", "CHANGELOG.md"].map((file) => [file, new URL(file, root)] as const);
    const licence = ["LICENSE.libusb", new URL("LICENSE.libusb", native)] as const;
    const files = new Map([[name, program], ...documents, licence]);
    return await archive(`tapir-${version}-${target}`, files, target);
  } finally {
    if (!isBuilt && await exists(folder)) await Deno.remove(folder, { recursive: true });
  }
}

async function sha256(path: URL): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is to be done here, from the arguments and the environment. */
async function plan(named: readonly string[]): Promise<ReleaseStep[]> {
  const folder = Deno.env.get("DENORT_DIR");
  return planRelease({
    named,
    host: Deno.build.target,
    isBuilt: Deno.args.includes("--built"),
    hostRuntime: Deno.env.get("DENORT_BIN"),
    runtimes: folder === undefined ? undefined : await runtimesIn(folder),
  });
}

if (Deno.args.includes("--libraries")) {
  for (const target of TARGETS) await nativeFor(target);
  Deno.exit();
}
const named = Deno.args.filter((word) => !word.startsWith("--"));
const steps = await plan(named).catch((error: Error) => {
  console.error(error.message);
  Deno.exit(2);
});
if (await exists(out)) await Deno.remove(out, { recursive: true });
await Deno.mkdir(out, { recursive: true });
const sums: string[] = [];
let isComplete = true;
const report: string[] = [];
for (const step of steps) {
  if (step.action === "skip") {
    report.push(`skipped  ${step.target}: ${step.reason}`);
    if (named.length > 0) isComplete = false;
    continue;
  }
  try {
    const name = await release(step);
    sums.push(`${await sha256(new URL(name, out))}  ${name}\n`);
    report.push(`made     ${step.target}: ${name}`);
  } catch (error) {
    report.push(`FAILED   ${step.target}: ${error instanceof Error ? error.message : error}`);
    isComplete = false;
  }
}
await Deno.writeTextFile(new URL("SHA256SUMS", out), sums.join(""));
console.log(report.join("\n"));
if (!isComplete || sums.length === 0) Deno.exit(1);
