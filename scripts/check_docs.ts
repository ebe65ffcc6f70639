/**
 * Holds the documentation: every public symbol of the library's faces is documented (`deno doc --lint`), and every
 * relative link in README and docs/ leads somewhere.
 *
 * @module
 */
const FACES = ["mod.ts", "lib/usb/mod.ts"];
const root = new URL("../", import.meta.url);
let failures = 0;

const faces: string[] = [];
for (const face of FACES) {
  try {
    await Deno.stat(new URL(face, root));
    faces.push(face);
  } catch {
    console.error(`check_docs: ${face} is missing`);
    failures++;
  }
}
const doc = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...faces],
  cwd: root,
  stdout: "null",
  stderr: "inherit",
}).output();
if (!doc.success) failures++;

async function* markdownFiles(): AsyncGenerator<string> {
  for (const name of ["README.md", "CHANGELOG.md"]) yield name;
  for await (const entry of Deno.readDir(new URL("docs/", root))) {
    if (entry.name.endsWith(".md")) yield `docs/${entry.name}`;
  }
}

for await (const file of markdownFiles()) {
  const text = await Deno.readTextFile(new URL(file, root));
  for (const match of text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)) {
    try {
      await Deno.stat(new URL(match[1]!, new URL(file, root)));
    } catch {
      console.error(`check_docs: ${file} links to ${match[1]}, which does not exist`);
      failures++;
    }
  }
}

if (failures > 0) Deno.exit(1);
