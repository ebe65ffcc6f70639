/** Completion scripts, run in the shells that are installed. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { OPTION_NAMES } from "../lib/session/option_table.ts";
import { SUBCOMMANDS } from "../lib/cli/subcommands.ts";
import { runCli } from "./support/run_cli.ts";

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const absent = (program: string): string => isInstalled(program) ? "" : ` (ignored: ${program} is not installed)`;

/** Completes a line in bash, as its Tab key would. */
async function completeInBash(line: string): Promise<string[]> {
  const { stdout: script } = await runCli(["completions", "bash"]);
  const words = line.split(" ").map((word) => `'${word}'`).join(" ");
  const check = `${script}
COMP_WORDS=(${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _tapir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, success } = await new Deno.Command("bash", { args: ["--norc", "-c", check] }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""], line);
  return new TextDecoder().decode(stdout).split("\n").filter((word) => word !== "").sort();
}

Deno.test({
  name: `the bash script completes subcommands, flags and options${absent("bash")}`,
  ignore: !isInstalled("bash"),
  fn: async () => {
    assertEquals(await completeInBash("tapir comm"), ["commander"]);
    assertEquals(await completeInBash("tapir commander --int"), ["--interactive"]);
    assertEquals(await completeInBash("tapir cmd --el"), ["--elf"]);
    assertEquals(await completeInBash("tapir reset -O cmsis_dap.lim"), ["cmsis_dap.limit_packets"]);
    assertEquals(await completeInBash("tapir reset -O frequ"), ["frequency="]);
    assertEquals(await completeInBash("tapir reset -O no-smart"), ["no-smart_flash"]);
    assertEquals(await completeInBash("tapir load -e "), ["auto", "chip", "sector"]);
    assertEquals(await completeInBash("tapir info --connect = under"), ["under-reset"]);
    assertEquals(await completeInBash("tapir info --connect ="), ["attach", "halt", "pre-reset", "under-reset"]);
    assertEquals(await completeInBash("tapir reset -m vec"), ["vectreset"]);
    assertEquals(await completeInBash("tapir read --width 6"), ["64"]);
    assertEquals(await completeInBash("tapir pack in"), ["install"]);
    assertEquals(await completeInBash("tapir options primary"), ["primary_core"]);
    assertEquals(await completeInBash("tapir help seq"), ["sequences"]);
    const all = await completeInBash("tapir ");
    for (const { name } of SUBCOMMANDS) assertEquals(all.includes(name), true, name);
  },
});

Deno.test({
  name: `the zsh script is one that zsh can read${absent("zsh")}`,
  ignore: !isInstalled("zsh"),
  fn: async () => {
    const { stdout: script } = await runCli(["completions", "zsh"]);
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, script);
      const { success, stderr } = await new Deno.Command("zsh", { args: ["-n", file] }).output();
      assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    } finally {
      await Deno.remove(file);
    }
  },
});

for (const shell of ["bash", "zsh", "fish", "powershell"]) {
  Deno.test(`the ${shell} script names every subcommand, every option and flags of each`, async () => {
    const { code, stdout } = await runCli(["completions", shell]);
    assertEquals(code, 0);
    for (const { name } of SUBCOMMANDS) assertStringIncludes(stdout, name);
    for (const name of OPTION_NAMES) assertStringIncludes(stdout, name);
    for (const flag of ["interactive", "elf", "no-wait", "dry-run"]) assertStringIncludes(stdout, flag);
  });
}

Deno.test("completions refuses a shell that it does not know", async () => {
  const { code, stderr } = await runCli(["completions", "tcsh"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "tcsh");
});
