/** Choosing a probe on the command line. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EXIT, ProbeError } from "../lib/base/errors.ts";
import type { ProbeDriver, ProbeInfo } from "../lib/probe/probe.ts";
import { openSim } from "../lib/probe/sim/driver.ts";
import { runCli } from "./support/run_cli.ts";

function plugged(uniqueId: string, more: Partial<ProbeInfo> = {}): ProbeInfo {
  return { driver: "bench", uniqueId, description: `Bench ${uniqueId}`, vendor: "Test", ...more };
}

/** Simulated boards that show up as if they were plugged in; `lists` are the answers one after the other. */
function benchDriver(...lists: readonly (readonly ProbeInfo[])[]): { driver: ProbeDriver; opened: string[] } {
  const opened: string[] = [];
  let at = 0;
  const driver: ProbeDriver = {
    name: "bench",
    description: "Boards on a bench",
    enumerable: true,
    list: () => Promise.resolve([...lists[Math.min(at++, lists.length - 1)] ?? []]),
    open: async (uniqueId, open) => {
      opened.push(uniqueId);
      return (await openSim("stm32f407", open === undefined ? {} : { open })).probe;
    },
  };
  return { driver, opened };
}

Deno.test("tapir says that several probes fit when nobody can be asked", async () => {
  const { driver, opened } = benchDriver([plugged("A1"), plugged("A2")]);
  const { code, stderr } = await runCli(["reset"], { drivers: [driver] });
  assertEquals([code, opened], [EXIT.usage, []]);
  assertStringIncludes(stderr, "Cannot choose among 2 debug probes: A1 (Test Bench A1), A2 (Test Bench A2)\n");
});

Deno.test("tapir asks for the number of the probe, again after a bad answer, and takes q for quit", async () => {
  const probes = [plugged("A1"), plugged("A2")];
  const { driver, opened } = benchDriver(probes);
  const options = { drivers: [driver], isTerminal: true };
  const chosen = await runCli(["reset", "--color=never"], { ...options, input: ["5", "x", "1"] });
  assertEquals([chosen.code, opened], [EXIT.ok, ["A2"]]);
  const question = "Enter the number of the debug probe or 'q' to quit> ";
  assertEquals(chosen.stderr.split(question).length, 4);
  assertStringIncludes(chosen.stderr, "  #  Probe/Board ");
  const quit = await runCli(["reset"], { ...options, input: ["q"] });
  assertEquals([quit.code, opened.length], [EXIT.interrupted, 1]);
});

Deno.test("tapir takes part of a unique ID in any case", async () => {
  const { driver, opened } = benchDriver([plugged("066EFF"), plugged("066F00")]);
  assertEquals((await runCli(["reset", "-u", "eff"], { drivers: [driver] })).code, EXIT.ok);
  assertEquals((await runCli(["reset", "-u", "bench:066f"], { drivers: [driver] })).code, EXIT.ok);
  assertEquals(opened, ["066EFF", "066F00"]);
});

Deno.test("tapir waits for a probe, or not with -W", async () => {
  const none = await runCli(["reset", "-W"], { drivers: [benchDriver([]).driver] });
  assertEquals(none.code, EXIT.noProbe);
  assertStringIncludes(none.stderr, "Cannot find a debug probe: none is connected\n");
  const interrupted = AbortSignal.abort();
  const waiting = await runCli(["reset"], { drivers: [benchDriver([]).driver], interrupted });
  assertEquals(waiting.code, EXIT.interrupted);
  assertMatch(waiting.stderr, /^Waiting for a debug probe to be connected\.\.\.\n/);
});

Deno.test("tapir says why a probe cannot be opened, and list shows it", async () => {
  const problem = new ProbeError("Cannot open probe A1: access is denied", { hint: "Run `tapir setup udev`" });
  const { driver } = benchDriver([plugged("A1", { problem })]);
  const { code, stderr } = await runCli(["reset"], { drivers: [driver] });
  assertEquals([code, stderr], [
    EXIT.noProbe,
    "Error: Cannot open probe A1: access is denied\nHint: Run `tapir setup udev`\n",
  ]);
  const list = await runCli(["list"], { drivers: [driver] });
  assertEquals(list.code, EXIT.ok);
  assertStringIncludes(list.stdout, "Cannot open probe A1: access is denied\n");
});

Deno.test("tapir list with no probe says so", async () => {
  const { code, stdout } = await runCli(["list"], { drivers: [benchDriver([]).driver] });
  assertEquals([code, stdout], [EXIT.ok, "No available debug probes are connected\n"]);
});
