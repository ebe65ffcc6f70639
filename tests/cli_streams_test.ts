/** What becomes of output that cannot be written, and of errors in the command line with --json; on the real program. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "./support/run_cli.ts";

const ROOT = new URL("../", import.meta.url);
const isLinux = Deno.build.os === "linux";

/** Runs a line of sh with `$TAPIR` for the program. */
async function shell(line: string): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: ROOT,
    env: { TAPIR: `${Deno.execPath()} run -A cli.ts`, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

for (const argv of ["--version", "list -u sim: --json"]) {
  Deno.test({
    name: `tapir ${argv} says so when standard output cannot be written (Linux)`,
    ignore: !isLinux,
    fn: async () => {
      const { code, err } = await shell(`$TAPIR ${argv} > /dev/full`);
      assertEquals(code, 1);
      assertStringIncludes(err, "Error: Cannot write to standard output: No space left");
    },
  });
}

Deno.test({
  name: "tapir goes on when standard error cannot be written (Linux)",
  ignore: !isLinux,
  fn: async () => {
    assertEquals((await shell("$TAPIR reset -u sim:stm32f407 2> /dev/full")).code, 0);
    assertEquals((await shell("$TAPIR info -W -u nobody 2> /dev/full")).code, 3);
  },
});

Deno.test({
  name: "tapir ends well when whoever reads its output has left (Linux)",
  ignore: !isLinux,
  fn: async () => {
    const { out, err } = await shell("($TAPIR --help-options; echo $? >&2) | true");
    assertEquals([out, err], ["", "0\n"]);
  },
});

Deno.test("tapir --json reports a wrong command line as JSON too", async () => {
  for (const argv of [["flash", "--nope", "--json"], ["bogus", "--json"], ["--json", "list"]]) {
    const { code, stdout } = await runCli(argv);
    const { event, exit } = JSON.parse(stdout);
    assertEquals([code, event, exit], [2, "error", 2]);
  }
});

Deno.test("tapir reset and write print their results with --json", async () => {
  const target = ["-u", "sim:stm32f407", "--json"];
  const reset = await runCli(["reset", "--halt", "-m", "hw", ...target]);
  assertEquals(JSON.parse(reset.stdout), { event: "result", reset: "hardware", halted: true });
  const write = await runCli(["write", "0x20000000", "1", "2", ...target]);
  assertEquals(JSON.parse(write.stdout), { event: "result", address: 0x20000000, bytes: 8 });
});

Deno.test({
  name: "tapir ends with a statement of what was done when SIGTERM comes (not on Windows)",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli.ts", "info", "-u", "nobody", "--json"],
      cwd: ROOT,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stderr.getReader();
    assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "Waiting for a debug probe");
    reader.releaseLock();
    child.kill("SIGTERM");
    const { code, stdout } = await child.output();
    assertEquals([code, JSON.parse(new TextDecoder().decode(stdout)).code], [130, "interrupted"]);
  },
});

Deno.test("tapir sim serve names the address that it cannot listen on", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = taken.addr as Deno.NetAddr;
    const { code, stderr } = await runCli(["sim", "serve", "--usbip", `${port}`]);
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      `Error: Cannot listen on 127.0.0.1:${port}: another program does already\nHint: Choose`,
    );
  } finally {
    taken.close();
  }
});

Deno.test("the option debug.traceback adds causes and stacks to errors, as -v does", async () => {
  const argv = ["read", "-u", "sim:stm32f407", "0x90000000", "4"];
  assertEquals((await runCli(argv)).stderr.includes("\n    at "), false);
  for (const more of [["-O", "debug.traceback"], ["-v"]]) {
    assertStringIncludes((await runCli([...argv, ...more])).stderr, "\n    at ");
  }
});
