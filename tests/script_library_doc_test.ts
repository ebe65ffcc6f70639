/** docs/library.md does what it says: its blocks are run one after the other, as a user script would be. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import * as library from "../mod.ts";
import { loadScript } from "../lib/script/loader.ts";

const PAGE = new URL("../docs/library.md", import.meta.url);

/** Code of the page, each line where it stands there, all else blanked, so that errors name lines of the page. */
function codeOf(page: string): string {
  let inside = false;
  return page.split("\n").map((line) => {
    if (line.startsWith("```")) {
      inside = line === "```ts";
      return "";
    }
    return inside ? line : "";
  }).join("\n");
}

/** What the page says its lines print. */
function expectedOf(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$|\/\/ prints (.*)$/gm)]
    .flatMap(([, line, lines]) => line ?? lines!.split(", "));
}

Deno.test("docs/library.md runs as written and prints what its comments say", async () => {
  const code = codeOf(await Deno.readTextFile(PAGE));
  const copy = fileURLToPath(new URL(`../docs/.library_${crypto.randomUUID()}.ts`, import.meta.url));
  const printed: string[] = [];
  const { log } = console;
  await Deno.writeTextFile(copy, code);
  console.log = (...values: unknown[]) =>
    void printed.push(
      values.map((each) => typeof each === "string" ? each : Deno.inspect(each, { colors: false })).join(" "),
    );
  try {
    await loadScript({ path: copy, base: fileURLToPath(new URL("../", import.meta.url)), library });
  } finally {
    console.log = log;
    await Deno.remove(copy);
  }
  const expected = expectedOf(code);
  assertEquals(expected.length > 15, true);
  // The first lines are the probes of this computer, if any.
  assertEquals(printed.slice(-expected.length), expected);
});
