import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { parseCommandLine } from "./program.ts";

async function parse(...argv: string[]) {
  const request = await parseCommandLine(argv);
  if (request.kind !== "run") throw new Error(`got ${request.kind}: ${request.text}`);
  return request;
}

Deno.test("parseCommandLine() refuses what no subcommand takes", async () => {
  for (
    const argv of [["falsh"], ["list", "--nope"], ["verify"], ["reset", "x"], ["commander", "-c"], ["flash", "--flm"], [
      "--nope",
    ]]
  ) {
    await assertRejects(() => parseCommandLine(argv), UsageError, "Cannot read the command line");
  }
});

Deno.test("parseCommandLine() reads flags joined to their values, repeated and counted", async () => {
  const { name, input } = await parse("load", "-tk64f", "-Oa=1", "-O", "b", "-vvv", "-f", "4m", "--uid=066E", "a.hex");
  const { target, set, verbose, frequency, uid } = input.values as Record<string, unknown>;
  assertEquals([name, target, set, verbose, frequency, uid], ["flash", "k64f", ["a=1", "b"], 3, 4_000_000, "066E"]);
  assertEquals(input.operands, ["a.hex"]);
});

Deno.test("parseCommandLine() keeps what is not given empty", async () => {
  const { values } = (await parse("reset")).input;
  const { halt, method, set, verbose } = values as Record<string, unknown>;
  assertEquals([halt, method, set, verbose], [false, undefined, [], 0]);
});

Deno.test("parseCommandLine() makes one line of the words after -c, and keeps the order of -c and -x", async () => {
  const { given } = (await parse("cmd", "-c", "reset", "halt", "-x", "a.txt", "-c", "st; reg", "-i")).input;
  assertEquals(given.map(({ value }) => value), ["reset halt", "a.txt", "st; reg", true]);
  const quoted = (await parse("cmd", "-c", "load", "my file.hex")).input.given;
  assertEquals(quoted.map(({ value }) => value), ["load 'my file.hex'"]);
});

Deno.test("parseCommandLine() takes other spellings of options", async () => {
  const { values } = (await parse("reset", "--uid", "1", "--dir", "/p", "-da", "limit_packets=1")).input;
  const { uid, projectDir, daparg } = values as Record<string, unknown>;
  assertEquals([uid, projectDir, daparg], ["1", "/p", ["limit_packets=1"]]);
});

Deno.test("parseCommandLine() takes --color with and without a value", async () => {
  const colorOf = async (...argv: string[]) =>
    ((await parse(...argv)).input.values as Record<string, unknown>)["color"];
  assertEquals(await colorOf("list", "--color=always"), "always");
  assertEquals(await colorOf("list", "--color", "-p"), "auto");
  assertEquals(await colorOf("list"), undefined);
});

Deno.test("parseCommandLine() says what to use instead of what only pyOCD has", async () => {
  const cases: [string[], string, string][] = [
    [["gdbserver", "-p", "3333"], "Cannot run gdbserver: this version of Tapir has no gdb server", "tapir commander"],
    [["help", "rtt"], "Cannot run rtt: this version of Tapir has no RTT", "tapir read"],
    [["json", "--probes"], "Cannot run json: commands print JSON themselves", "tapir list --json"],
    [["list", "--plugins"], "Cannot run list --plugins: there are no plug-ins", "tapir list"],
    [["list", "-b"], "Cannot run list -b: there is no list of boards", "tapir list"],
    [["pack", "-i", "stm32f4"], "Cannot run pack -i: it is an action now", "tapir pack install"],
  ];
  for (const [argv, message, hint] of cases) {
    const error = await assertRejects(() => parseCommandLine(argv), UsageError, message);
    assert(error.hint?.includes(hint), error.hint);
  }
});

Deno.test("parseCommandLine() refuses help for a command that does not exist", async () => {
  const error = await assertRejects(() => parseCommandLine(["help", "falsh"]), UsageError, "unknown command 'falsh'");
  assertEquals(error.hint, "Did you mean flash?");
});

Deno.test("parseCommandLine() says where options belong that stand before the command", async () => {
  const error = await assertRejects(() => parseCommandLine(["-v", "list"]), UsageError, "unknown option '-v'");
  assertEquals(error.hint, "Options come after the command, as in `tapir list -v`");
});
