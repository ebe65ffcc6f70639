import { assertEquals } from "@std/assert";
import { ProbeError, TapirError, UsageError } from "../base/errors.ts";
import type { Progress } from "../base/events.ts";
import type { ProbeInfo } from "../probe/probe.ts";
import { painter } from "./ansi.ts";
import { logLevelOf } from "./common_options.ts";
import { probeTable } from "./probe_table.ts";
import { barDisplay, jsonDisplay, lineDisplay, type ProgressDisplay } from "./progress.ts";
import { errorToJson, renderError } from "./render_error.ts";
import type { Output } from "./streams.ts";

const plain = painter(false);

Deno.test("renderError() gives the hint nearest to the top, and causes only when asked", () => {
  const below = new ProbeError("Cannot open USB device: access is denied", { hint: "Add a udev rule" });
  const error = new TapirError("Cannot connect", { cause: below });
  assertEquals(renderError(error, { details: false, paint: plain }), "Error: Cannot connect\nHint: Add a udev rule\n");
  const detailed = renderError(error, { details: true, paint: plain }).split("\n");
  assertEquals(detailed[2], "  because: Cannot open USB device: access is denied");
  assertEquals(detailed[3]?.startsWith("    at "), true);
});

Deno.test("renderError() names the kind of an unplanned error and survives what is no error", () => {
  assertEquals(renderError(new RangeError("x"), { details: false, paint: plain }), "Error: RangeError: x\n");
  assertEquals(renderError("text", { details: true, paint: plain }), "Error: text\n");
});

Deno.test("errorToJson() carries code, exit code, fields and causes", () => {
  const error = new UsageError("Cannot x", { fields: { line: 2 }, cause: new Error("y") });
  assertEquals(errorToJson(error), {
    code: "usage",
    message: "Cannot x",
    hint: undefined,
    exit: 2,
    fields: { line: 2 },
    causes: ["y"],
  });
});

function shown(make: (output: Output) => ProgressDisplay, steps: readonly Progress[]): string {
  let text = "";
  const display = make({ isTerminal: true, columns: 44, write: (data) => text += data });
  steps.forEach((step) => display.update(step));
  display.close();
  return text;
}

const ALTERNATING: readonly Progress[] = [
  { phase: "compare", done: 5, total: 10 },
  { phase: "erase", done: 5, total: 10 },
  { phase: "compare", done: 10, total: 10 },
  { phase: "erase", done: 10, total: 10 },
  { phase: "program", done: 0, total: 0 },
];

Deno.test("barDisplay() draws over a phase until it is complete", () => {
  const lines = shown(barDisplay, ALTERNATING).split("\n").map((line) => line.split("\r").slice(1));
  assertEquals(lines.map((line) => line.map((part) => part.slice(0, 9).trim())), [
    ["Comparing", "Erasing", "Comparing"],
    ["Erasing"],
    ["Programmi"],
    [],
  ]);
});

Deno.test("lineDisplay() prints each quarter of each phase once", () => {
  const steps = [...ALTERNATING, ...ALTERNATING];
  assertEquals(
    shown(lineDisplay, steps),
    "Comparing 10 B: 50%\nErasing 10 B: 50%\nComparing 10 B: 100%\nErasing 10 B: 100%\nProgramming 0 B: 100%\n",
  );
});

Deno.test("jsonDisplay() prints one event per percent", () => {
  const steps = [1, 2, 3].map((done): Progress => ({ phase: "read", done, total: 1000 }));
  assertEquals(shown(jsonDisplay, steps), '{"event":"progress","phase":"read","done":1,"total":1000}\n');
});

Deno.test("probeTable() shows boards, unknown targets and probes that cannot be used", () => {
  const probes: ProbeInfo[] = [
    {
      driver: "cmsisdap",
      uniqueId: "02400b0129164e4500440012706e0007f301000097969900",
      description: "Arm DAPLink CMSIS-DAP",
      vendor: "Arm",
      board: { boardVendor: "NXP", boardName: "FRDM-K64F", targetName: "k64f" },
    },
    {
      driver: "stlink",
      uniqueId: "002500074741500420383733",
      description: "STLINK-V3",
      vendor: "ST",
      board: { targetName: "stm32u585aiix" },
    },
    { driver: "jlink", uniqueId: "960177309", description: "Segger J-Link OB-K22-NordicSemi", vendor: "SEGGER" },
    { driver: "stlink", uniqueId: "1", description: "", vendor: "", problem: new ProbeError("Cannot open: busy") },
    {
      driver: "cmsisdap",
      uniqueId: "2",
      description: "DAPLink",
      vendor: "",
      board: { boardName: "FRDM-K64F", targetName: "k64f" },
      problem: new ProbeError("Cannot claim: another program uses it", { hint: "Close openocd (process 77)" }),
    },
  ];
  const rows = [
    ["#", "Probe/Board", "Unique ID", "Target"],
    ["0", "Arm DAPLink CMSIS-DAP", "02400b0129164e4500440012706e0007f301000097969900", "✔︎ k64f"],
    ["NXP", "FRDM-K64F"],
    [],
    ["1", "STLINK-V3", "002500074741500420383733", "✖︎ stm32u585aiix"],
    [],
    ["2", "Segger J-Link OB-K22-NordicSemi", "960177309", "n/a"],
    [],
    ["3", "Error accessing probe", "1", "n/a"],
    ["Cannot open: busy"],
    [],
    ["4", "DAPLink", "2", "✔︎ k64f"],
    ["FRDM-K64F"],
    ["Cannot claim: another program uses it"],
    ["Close openocd (process 77)"],
  ];
  const lines = probeTable(probes, plain, (name) => name === "k64f").trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(/ {2,}/).filter((cell) => cell !== "")), rows);
  const column = lines[0]!.indexOf("Unique ID");
  assertEquals([lines[1]!.indexOf("0240"), lines[2]!.indexOf("FRDM"), lines[6]!.indexOf("9601")], [
    column,
    column,
    column,
  ]);
  assertEquals(probeTable([], plain, () => true), "No available debug probes are connected\n");
});

Deno.test("probeTable() draws its columns together where a terminal is narrow", () => {
  const probe = { driver: "cmsisdap", uniqueId: "0240000034544e45", description: "DAPLink CMSIS-DAP", vendor: "Arm" };
  const widest = (columns?: number): number =>
    Math.max(...probeTable([probe], plain, () => true, columns).split("\n").map((line) => line.length));
  assertEquals([widest(), widest(120), widest(80)], [94, 94, 48]);
});

Deno.test("logLevelOf() moves with -v and -q and stays within the levels", () => {
  assertEquals(logLevelOf("warning", { verbose: 0, quiet: 0 }), "warning");
  assertEquals(logLevelOf("warning", { verbose: 1, quiet: 0 }), "info");
  assertEquals(logLevelOf("warning", { verbose: 9, quiet: 0 }), "debug");
  assertEquals(logLevelOf("warning", { verbose: 1, quiet: 2 }), "error");
  assertEquals(logLevelOf("warning", { verbose: 0, quiet: 9 }), "critical");
});
