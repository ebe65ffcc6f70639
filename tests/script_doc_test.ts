/** docs/scripts.md: every delegate is described with what it receives, and every block of code loads. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import * as library from "../mod.ts";
import { checkExports } from "../lib/script/check.ts";
import { loadScript } from "../lib/script/loader.ts";
import { DELEGATES, TAKES_OVER } from "../lib/script/services.ts";

const page = await Deno.readTextFile(new URL("../docs/scripts.md", import.meta.url));

Deno.test("docs/scripts.md lists every delegate with what it receives and what its answer means", () => {
  const listed: Record<string, string[]> = {};
  const takeOver: string[] = [];
  for (const [, names, receives, meaning] of page.matchAll(/^\| (`[a-z_`, ]+`) *\| ([^|]*)\|[^|]*\| ([^|]*)\|$/gm)) {
    const words = (text: string): string[] => [...text.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
    for (const name of words(names!)) {
      listed[name] = words(receives!);
      if (meaning!.startsWith("done")) takeOver.push(name);
    }
  }
  assertEquals(takeOver.sort(), [...TAKES_OVER].sort());
  const sorted = (table: object): unknown[] => Object.entries(table).sort(([a], [b]) => a < b ? -1 : 1);
  assertEquals(sorted(listed), sorted(DELEGATES));
});

for (const [index, [, code]] of [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].entries()) {
  Deno.test(`docs/scripts.md: block ${index + 1} loads and its delegates are sound`, async () => {
    const base = await Deno.makeTempDir();
    try {
      const path = `${fileURLToPath(new URL(`file://${base}/`))}block.ts`;
      await Deno.writeTextFile(path, code!);
      assertEquals(checkExports((await loadScript({ path, base, library })).exports), []);
    } finally {
      await Deno.remove(base, { recursive: true });
    }
  });
}
