/** `tapir script`, --script, and scripts that are found by their name. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "./support/run_cli.ts";

/** Runs `work` in a fresh directory with these files. */
async function inProject(files: Readonly<Record<string, string>>, work: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${cwd}/${name}`, text);
    await work(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

const BOARD = ["-W", "-u", "sim:stm32f407", "-t", "cortex_m"];

Deno.test("tapir script init writes a script that passes its own check, and types beside it", async () => {
  await inProject({}, async (cwd) => {
    assertEquals((await runCli(["script", "init"], { cwd })).code, 0);
    const { code, stdout } = await runCli(["script", "check"], { cwd });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "delegates: did_connect, will_reset\n  commands: cpuid\n");
    assertMatch(await Deno.readTextFile(`${cwd}/tapir.d.ts`), /declare module "tapir" \{/);
    const run = await runCli(["commander", ...BOARD, "-c", "reset; cpuid"], { cwd });
    assertEquals([run.code, run.stdout.split("\n").at(-2)], [0, "Cortex-M4: CPUID = 0x410fc241"]);
  });
});

Deno.test("tapir script init writes where it is told, and overwrites no script", async () => {
  await inProject({ "mine.ts": "// mine" }, async (cwd) => {
    const { code, stderr } = await runCli(["script", "init", "mine.ts"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stderr, `Cannot write ${cwd}/mine.ts: it exists`);
    assertEquals((await runCli(["script", "init", "yours.ts"], { cwd })).code, 0);
    assertEquals((await runCli(["script", "check", "yours.ts"], { cwd })).code, 0);
  });
});

Deno.test("tapir script check lists every problem with its place, and ends with 2", async () => {
  const text = [
    "export function will_rest() {}",
    "export const did_reset = 3;",
    "export function will_connect(board: unknown, target: unknown) { return [board, target]; }",
    "export const set_reset_catch = async ({ core, reset_type }: any): Promise<void> => void [core, reset_type];",
    "export function will_disconnect({ target, resume }: any): void { void [target, resume]; }",
  ].join("\n");
  await inProject({ "a.ts": text }, async (cwd) => {
    const { code, stdout, stderr } = await runCli(["script", "check", "a.ts"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stdout, "delegates: did_reset, set_reset_catch, will_connect, will_disconnect\n");
    const places = stderr.split("\n").filter((line) => line.startsWith("/")).map((line) => line.slice(cwd.length));
    assertEquals(places, [
      "/a.ts:1:17: will_rest: there is no delegate of this name",
      "/a.ts:2:14: did_reset: it is not a function",
      "/a.ts:3:17: will_connect: it has 2 parameters, but is called with one object",
      "/a.ts:4:14: set_reset_catch: it asks for reset_type, which it does not get",
    ]);
    const json = JSON.parse((await runCli(["script", "check", "--json", "a.ts"], { cwd })).stdout);
    assertEquals(json.problems.map(({ name, line }: { name: string; line: number }) => [name, line]), [
      ["will_rest", 1],
      ["did_reset", 2],
      ["will_connect", 3],
      ["set_reset_catch", 4],
    ]);
  });
});

Deno.test("tapir script refuses other actions, and checks without a script", async () => {
  await inProject({}, async (cwd) => {
    for (
      const [argv, message] of [
        [["script", "run"], "Cannot run a script"],
        [["script", "check"], `Cannot check a user script: ${cwd} has none`],
        [["script", "check", "no.ts"], `Cannot load user script ${cwd}/no.ts: it does not exist`],
      ] as const
    ) {
      const { code, stderr } = await runCli([...argv], { cwd });
      assertEquals([code, stderr.includes(message)], [2, true], stderr);
    }
  });
});

const SAYS = (text: string): string =>
  `import { command } from "tapir";
command({ name: "who" }, ({ print }) => print("${text}"));`;

Deno.test("the script is the named one, else tapir_user.ts, .tapir_user.ts, tapir_user.js, .tapir_user.js", async () => {
  const names = ["tapir_user.ts", ".tapir_user.ts", "tapir_user.js", ".tapir_user.js"];
  const files = Object.fromEntries([...names, "named.ts"].map((name) => [name, SAYS(name)]));
  await inProject({ ...files, "tapir.yaml": "" }, async (cwd) => {
    const who = async (...argv: string[]): Promise<string> =>
      (await runCli(["commander", ...BOARD, ...argv, "-c", "who"], { cwd })).stdout.trim();
    assertEquals(await who("--script", "named.ts"), "named.ts");
    assertEquals(await who("-O", `user_script=${cwd}/named.ts`), "named.ts");
    await Deno.writeTextFile(`${cwd}/tapir.yaml`, "user_script: named.ts\n");
    assertEquals(await who(), "named.ts");
    await Deno.writeTextFile(`${cwd}/tapir.yaml`, "");
    for (const name of names) {
      assertEquals(await who(), name);
      await Deno.remove(`${cwd}/${name}`);
    }
    const { code, stderr } = await runCli(["commander", ...BOARD, "-c", "who"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "there is no such command");
  });
});

Deno.test("a command of a script may not take a name that exists", async () => {
  await inProject({ "tapir_user.ts": SAYS("x").replace('"who"', '["halt", "h"]') }, async (cwd) => {
    const { code, stderr } = await runCli(["commander", ...BOARD, "-c", "status"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stderr, "Cannot add command halt");
  });
});

Deno.test("add_target_command_groups adds commands, and reload replaces all of them", async () => {
  const text = (word: string): string =>
    `import { command } from "tapir";
export function add_target_command_groups({ command_set, target }: any): void {
  command_set.add(command({ name: "late-${word}" }, ({ print }) => print("${word}", target.description.name)));
}
command({ name: "rewrite" }, async () => {
  await Deno.writeTextFile(new URL(import.meta.url), (await Deno.readTextFile(new URL(import.meta.url))).replaceAll("one", "two"));
});`;
  await inProject({ "tapir_user.ts": text("one") }, async (cwd) => {
    const run = await runCli(["commander", ...BOARD, "-c", "late-one; rewrite; reload; late-two; late-one"], { cwd });
    assertEquals(run.stdout, `one cortex_m\nLoaded ${cwd}/tapir_user.ts\ntwo cortex_m\n`);
    assertEquals(run.code, 2);
    assertStringIncludes(run.stderr, "Cannot run late-one");
  });
});

Deno.test("a broken script ends every command before the probe is touched, with its place", async () => {
  await inProject({ "tapir_user.ts": "const a: number = ;\n" }, async (cwd) => {
    for (const argv of [["reset"], ["commander", "-c", "status"], ["read", "0x20000000", "4"]]) {
      const { code, stderr } = await runCli([...argv, "-W", "-u", "sim:nonexistent"], { cwd });
      assertEquals(code, 2);
      assert(stderr.startsWith("Error: Cannot load tapir_user.ts:1:19: Unexpected token"), stderr);
    }
  });
});

Deno.test("a listener of a script that throws is named with its place", async () => {
  const text = `export function will_connect({ target }: any): void {
  target.events.on(({ type }: any): void => {
    if (type === "pre-reset") throw new Error("not now");
  });
}
`;
  await inProject({ "tapir_user.ts": text }, async (cwd) => {
    const { code, stderr } = await runCli(["reset", ...BOARD], { cwd });
    assertEquals([code, stderr], [1, "Error: not now (tapir_user.ts:3:37)\n"]);
  });
});

Deno.test("a Python script of pyOCD is refused by name, and not passed over in silence", async () => {
  await inProject({ "pyocd_user.py": "def will_reset(core, reset_type): pass\n" }, async (cwd) => {
    const named = await runCli(["reset", ...BOARD, "--script", "pyocd_user.py"], { cwd });
    assertEquals(named.code, 2);
    assertStringIncludes(named.stderr, "pyocd_user.py: scripts are written in TypeScript or JavaScript\nHint: ");
    const found = await runCli(["reset", ...BOARD], { cwd });
    assertEquals(found.code, 0);
    assertStringIncludes(found.stderr, "User script pyocd_user.py is not run");
  });
});
