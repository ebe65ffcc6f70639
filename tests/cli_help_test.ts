/** Help, lists and version: what people see is compared with golden files. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { SUBCOMMANDS } from "../lib/cli/subcommands.ts";
import { VERSION } from "../lib/cli/version.ts";
import { OPTION_NAMES } from "../lib/session/option_table.ts";
import { runCli } from "./support/run_cli.ts";

const GOLDEN = new URL("./golden/", import.meta.url);

/** Compares with a golden file; UPDATE_GOLDEN=1 writes it instead. */
async function assertGolden(name: string, actual: string): Promise<void> {
  const url = new URL(name, GOLDEN);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(url, actual);
  assertEquals(actual, await Deno.readTextFile(url));
}

Deno.test("tapir --version prints the version of deno.json", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  assertEquals(VERSION, config.version);
  for (const flag of ["--version", "-V"]) {
    assertEquals(await runCli([flag]).then(({ code, stdout }) => [code, stdout]), [0, `${VERSION}\n`]);
  }
});

Deno.test("tapir without arguments and with --help print the overview", async () => {
  const { code, stdout, stderr } = await runCli([]);
  assertEquals([code, stderr], [0, ""]);
  await assertGolden("help.txt", stdout);
  assertEquals(await runCli(["--help"]), await runCli([]));
});

for (const { name, aliases } of SUBCOMMANDS) {
  Deno.test(`tapir ${name} --help is as agreed, under every name`, async () => {
    const { code, stdout } = await runCli([name, "--help"]);
    assertEquals(code, 0);
    await assertGolden(`help_${name}.txt`, stdout);
    for (const alias of aliases) assertEquals((await runCli([alias, "--help"])).stdout, stdout);
    assertEquals((await runCli(["help", name])).stdout, stdout);
  });
}

Deno.test("tapir --help-options names every session option", async () => {
  const { code, stdout } = await runCli(["--help-options"]);
  assertEquals(code, 0);
  for (const name of OPTION_NAMES) assertStringIncludes(stdout, `\n${name} (`.slice(name === OPTION_NAMES[0] ? 1 : 0));
});

Deno.test("tapir list shows simulated boards as a table, coloured on a terminal", async () => {
  const plain = await runCli(["list", "-u", "sim:"]);
  assertEquals(plain.code, 0);
  await assertGolden("list_sim.txt", plain.stdout);
  const coloured = await runCli(["list", "-u", "sim:"], { isTerminal: true });
  // deno-lint-ignore no-control-regex -- colours are what is taken out
  assertEquals(coloured.stdout.replaceAll(/\x1b\[\d+m/g, ""), plain.stdout);
  assertStringIncludes(coloured.stdout, "\x1b[36mstm32f407\x1b[39m");
  assertEquals((await runCli(["list", "-u", "sim:", "--color=never"], { isTerminal: true })).stdout, plain.stdout);
  assertEquals(
    (await runCli(["list", "-u", "sim:"], { isTerminal: true, env: { NO_COLOR: "1" } })).stdout,
    plain.stdout,
  );
});

Deno.test("tapir list --json prints one object", async () => {
  const { probes } = JSON.parse((await runCli(["list", "-u", "sim:stm32f407", "--json"])).stdout);
  assertEquals(probes, [{
    driver: "sim",
    uniqueId: "stm32f407",
    description: "Simulated stm32f407",
    vendor: "Tapir",
    board: { boardName: "stm32f407", targetName: "stm32f407" },
  }]);
});
