/**
 * Names, bundles and checksums the standalone programs: `deno run -A scripts/release.ts [TARGET…]` →
 * dist/release/tapir-VERSION-TARGET.tar.gz and SHA256SUMS. Builds each target first; `--built` takes dist/tapir as the
 * one for this machine. Without targets, all of {@linkcode TARGETS} that this machine has a runtime for.
 *
 * @module
 */

/** Every machine a release is made for. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

const root = new URL("../", import.meta.url);
const out = new URL("dist/release/", root);
const { version }: { version: string } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
const isBuilt = Deno.args.includes("--built");
const named = Deno.args.filter((word) => !word.startsWith("--"));
// A runtime that was named by hand is one for this machine only.
const possible = isBuilt || Deno.env.get("DENORT_BIN") ? [Deno.build.target] : TARGETS;
const targets = named.length > 0 ? named : possible;

async function run(program: string, args: readonly string[], cwd = root): Promise<void> {
  const { success } = await new Deno.Command(program, { args: [...args], cwd, stdin: "null" }).spawn().status;
  if (!success) throw new Error(`Cannot make the release: ${program} ${args.join(" ")} failed`);
}

async function copyIfThere(from: URL, to: URL): Promise<void> {
  try {
    await Deno.copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function sha256(path: URL): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Builds and bundles one target; the name of the archive. */
async function bundle(target: string): Promise<string> {
  const name = `tapir-${version}-${target}`;
  const folder = new URL(`${name}/`, out);
  const program = target.includes("windows") ? "tapir.exe" : "tapir";
  await Deno.mkdir(folder, { recursive: true });
  if (isBuilt) {
    await Deno.copyFile(new URL(`dist/${program}`, root), new URL(program, folder));
  } else {
    const output = `dist/release/${name}/${program}`;
    await run(Deno.execPath(), ["run", "-A", "scripts/compile.ts", "--target", target, "--output", output]);
  }
  for (const file of ["LICENSE", "README.md", "CHANGELOG.md"]) {
    await Deno.copyFile(new URL(file, root), new URL(file, folder));
  }
  await copyIfThere(new URL(`dist/native/${target}/LICENSE.libusb`, root), new URL("LICENSE.libusb", folder));
  await run("tar", ["--create", "--gzip", "--file", `${name}.tar.gz`, name], out);
  await Deno.remove(folder, { recursive: true });
  return `${name}.tar.gz`;
}

await Deno.mkdir(out, { recursive: true });
const sums: string[] = [];
for (const target of targets) {
  const archive = await bundle(target);
  sums.push(`${await sha256(new URL(archive, out))}  ${archive}\n`);
  console.log(sums.at(-1)!.trim());
}
await Deno.writeTextFile(new URL("SHA256SUMS", out), sums.join(""));
