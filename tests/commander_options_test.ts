/** Options: the one table against the code that reads it, the documentation, and what `tapir options` shows. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/base/errors.ts";
import { OPTION_NAMES, OPTION_TABLE } from "../lib/session/option_table.ts";
import { optionsDocument } from "../scripts/gen_options_doc.ts";
import { runCli } from "./support/run_cli.ts";

async function sources(directory: URL): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) texts.push(...await sources(new URL(`${name}/`, directory)));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts") && name !== "option_table.ts") {
      texts.push(await Deno.readTextFile(new URL(name, directory)));
    }
  }
  return texts;
}

Deno.test("every option is read by some code, or says which part of Tapir it waits for", async () => {
  const code = (await sources(new URL("../lib/", import.meta.url))).join("\n");
  // Names that are put together, such as `flash.timeout.${name}`, count by the words that go into them.
  const families = [...code.matchAll(/get\(`([\w.]+)\$\{\w+\}`\)/g)].map((match) => match[1]!);
  const isRead = (name: string): boolean => {
    const quoted = name.replaceAll(".", "\\.");
    if (new RegExp(`(?:get|isSet)\\(\\s*"${quoted}"`).test(code)) return true;
    const family = families.find((start) => name.startsWith(start));
    return family !== undefined && code.includes(`"${name.slice(family.length)}"`);
  };
  const dead = OPTION_NAMES.filter((name) => OPTION_TABLE[name].awaits === undefined && !isRead(name));
  const alive = OPTION_NAMES.filter((name) => OPTION_TABLE[name].awaits !== undefined && isRead(name));
  assertEquals({ dead, alive }, { dead: [], alive: [] });
});

Deno.test("docs/options.md is what the table says (run scripts/gen_options_doc.ts after changing it)", async () => {
  assertEquals(await Deno.readTextFile(new URL("../docs/options.md", import.meta.url)), optionsDocument());
});

Deno.test("tapir options shows values and which layer they come from", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${cwd}/pyocd.yaml`,
      "frequency: 2MHz\nsmart_flash: off\nprobes:\n  ABC:\n    reset_type: hw\n",
    );
    const env = { TAPIR_SMART_FLASH: "yes", TAPIR_CONNECT_MODE: "attach" };
    const shown = async (...argv: string[]) => (await runCli(["options", ...argv], { cwd, env })).stdout;
    assertMatch(await shown("frequency"), /^Option +Value +From\nfrequency +2000000 +.*pyocd\.yaml\n$/s);
    assertMatch(await shown("smart_flash"), /smart_flash +true +environment variable TAPIR_SMART_FLASH\n$/);
    assertMatch(await shown("-O", "connect_mode=halt", "connect_mode"), /connect_mode +halt +-O\n$/);
    assertMatch(await shown("reset_type"), /reset_type +default +built-in default\n$/);
    const probe = JSON.parse(await shown("--json", "-u", "0abc1", "reset_type"));
    assertEquals([probe[0].value, probe[0].layer], ["hardware", "probe-section"]);
    assertEquals((await shown("--changed")).includes("reset_type"), false);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("tapir options refuses unknown names and bad values with near ones", async () => {
  for (
    const [argv, env, says] of [
      [["frequncy"], {}, "Did you mean frequency?"],
      [["-O", "smart_flash=maybe"], {}, "smart_flash takes true or false"],
      [[], { TAPIR_FREQUENCY: "fast" }, "environment variable TAPIR_FREQUENCY"],
      [["-O", "logging=loud"], {}, "it is no mapping from category patterns to levels"],
      [["-O", "reset_type=hrdware"], {}, "reset_type takes one of"],
    ] as const
  ) {
    const { code, stderr } = await runCli(["options", ...argv], { env });
    assertEquals(code, EXIT.usage, argv.join(" "));
    assertStringIncludes(stderr, says);
  }
});

Deno.test("an option that nothing reads yet warns", async () => {
  const { code, stderr } = await runCli(["options", "-O", "jlink.power=off", "jlink.power"]);
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stderr, "Option jlink.power of -O has no effect: this version has no J-Link driver");
});
