/**
 * The whole program through the real libusb, with simulated probes behind it. See docs/usb.md for the set-up.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sharedData } from "../support/shared_data.ts";
import { RESPONSE_TIMEOUT_MS } from "../../lib/probe/cmsis_dap/queue.ts";
import { Bench, DEMO, hazard, packetsInMemory, ROOT, rung1Test, TAPIR_SOURCE } from "./rung1.ts";

const F407 = { board: "stm32f407", serial: "0000000000000001" } as const;

const INFO_ANSWER = [0, 1, 4];

const HAZARDS: readonly (readonly [name: string, expected: unknown])[] = [
  ["timeout", { failure: "timeout", inTime: true, after: INFO_ANSWER }],
  ["cancel", { failure: "cancelled", after: INFO_ANSWER }],
  ["stall", { control: "stall", bulk: "stall", after: INFO_ANSWER }],
  ["recover", ["probe-out-of-step", INFO_ANSWER, "probe-out-of-step", INFO_ANSWER]],
  ["strings", { strings: ["Tapir", "Tapir CMSIS-DAP", "2"], known: ["Tapir", "Tapir CMSIS-DAP", "2"] }],
  ["hid", [INFO_ANSWER, INFO_ANSWER]],
  ["close-with-read", { failure: "cancelled", quick: true, again: "gone" }],
  ["no-deadlock", INFO_ANSWER],
  ["pinned", [INFO_ANSWER.join()]],
  ["two-at-once", { quick: true, second: "none" }],
  ["reopen", { leaked: 0 }],
];

rung1Test("rung 1: libusb's hazards, each in a process of its own", async () => {
  await using bench = await Bench.start([
    F407,
    { board: "stm32f072", serial: "2", identity: { hidOut: false } },
  ]);
  for (const [name, expected] of HAZARDS) {
    const { result, timedOut, code, stderr } = await hazard(bench, name);
    assertEquals({ name, result, timedOut, code }, { name, result: expected, timedOut: false, code: 0 }, stderr);
  }
  const forced = await hazard(bench, "exit-forced");
  assertEquals([forced.result, forced.code, forced.timedOut], ["leaving", 7, false]);
  assert(forced.ms < 3000, `a forced exit took ${forced.ms} ms`);
});

rung1Test("rung 1: 40 probes that keep silent leave threads to others", async () => {
  await using bench = await Bench.start(Array.from({ length: 40 }, (_, i) => ({ board: "stm32f072", serial: `${i}` })));
  const { result, code, stderr } = await hazard(bench, "pool");
  assertEquals([result, code], [{ count: 40, failures: ["timeout"], quick: true }, 0], stderr);
});

rung1Test("rung 1: pulling the cable ends reads and writes at once", async () => {
  await using bench = await Bench.start([{ ...F407, board: "stm32f407?faults=gone@0" }]);
  const { result, code, stderr } = await hazard(bench, "unplug");
  assertEquals([result, code], [{ failures: ["gone"], quick: true }, 0], stderr);
});

rung1Test("rung 1: tapir list shows four probes, also as JSON, and a pulled one as a problem", async () => {
  await using bench = await Bench.start([
    { board: "stm32f407", serial: "0240000048824e45" },
    { board: "nrf52840", serial: "", identity: { product: "Nameless CMSIS-DAP" } },
    { board: "stm32f072", serial: "AA" },
    { board: "stm32f072?faults=hang@0", serial: "AA" },
  ]);
  const table = await bench.tapir(["list"]);
  assertEquals(table.code, 0, table.stderr);
  const lines = table.stdout.split("\n");
  const id = "0240000048824e45".padEnd(50);
  assertEquals(lines[0], `  #  Probe/Board                      ${"Unique ID".padEnd(50)}Target`);
  assertEquals(lines[1], `  0  Nameless CMSIS-DAP               ${"0d28-0204-1-2".padEnd(50)}n/a`);
  assertEquals(lines[3], `  1  Tapir CMSIS-DAP                  ${id}✖︎ k64f`);
  assertEquals(lines[4], "     FRDM-K64F");
  assertStringIncludes(table.stdout, "AA@1-3");
  assertMatch(table.stdout, /AA@1-4 +n\/a\n +Cannot talk to the probe: it does not answer DAP_Info/);
  const json = JSON.parse((await bench.tapir(["list", "--json"])).stdout);
  assertEquals(json.probes.length, 4);
  assertEquals(json.probes[3].problem.code, "probe");
});

const STM32_PACK = sharedData("dfp/Keil.STM32F4xx_DFP.3.1.2-dev");
const PACKS = [
  { what: "the demo pack", path: `${ROOT}scripts/demo/Tapir.Demo_DFP`, missing: false },
  { what: "the vendor's pack", ...STM32_PACK },
];

for (const pack of PACKS) {
  rung1Test(`rung 1: flashing with ${pack.what} sends the packets that the in-memory transport sends`, async () => {
    if (pack.missing) return;
    const argv = ["flash", "-t", "STM32F407VG", "--pack", pack.path, `${ROOT}scripts/demo/blinky.elf`];
    await using bench = await Bench.start([F407], { realTime: false });
    const { code, stderr } = await bench.tapir(argv);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "verified");
    const [counters] = await bench.counters();
    const expected = await packetsInMemory(argv);
    console.log(`flash with ${pack.what}: ${counters?.packets} packets, in memory ${expected.packets}`);
    assertEquals(counters?.digest, expected.digest);
  });
}

rung1Test("rung 1: flash works over HID and one packet at a time, and names what stands in the way", async () => {
  await using bench = await Bench.start([F407]);
  for (const option of ["cmsis_dap.prefer_v1=1", "cmsis_dap.limit_packets=1"]) {
    const { code, stderr } = await bench.tapir(["flash", ...DEMO, "-O", option]);
    assertEquals(code, 0, stderr);
  }
  const none = await bench.tapir(["info", "-u", "nothing", "-W"]);
  assertEquals(none.code, 3);
  assertStringIncludes(none.stderr, `Connected: ${F407.serial}`);
});

rung1Test("rung 1: a probe that goes away while flash is written is an error with exit code 3", async () => {
  await using bench = await Bench.start([{ ...F407, board: "stm32f407?faults=gone@60" }]);
  const { code, stderr, timedOut } = await bench.tapir(["flash", ...DEMO]);
  assertEquals([code, timedOut], [3, false], stderr);
  assertStringIncludes(stderr, "unplugged");
});

/** Presses Ctrl-C once a program has said something, on a probe that hangs after `packets`; what it said. */
async function interruptHung(packets: number, args: readonly string[], at: RegExp): Promise<string> {
  await using bench = await Bench.start([{ ...F407, board: `stm32f407?faults=hang@${packets}` }]);
  const tapir = bench.spawn([...TAPIR_SOURCE, ...args, "-v", "-v"]);
  await tapir.says(at);
  const start = performance.now();
  tapir.interrupt();
  assertEquals(await tapir.code(), 130, tapir.output);
  assert(performance.now() - start < RESPONSE_TIMEOUT_MS / 2, "it waited for the probe");
  return tapir.output;
}

rung1Test("rung 1: Ctrl-C ends waiting for a probe that hangs, and says what has been done", async () => {
  await interruptHung(60, ["read", "0x20000000", "0x10000"], /post_connect_hook/);
  assertMatch(await interruptHung(100, ["flash", ...DEMO], /Loaded /), /erased .*; programmed .*; not programmed 0x/);
});

/** Works with probes that have faults, all at once. */
async function faultRuns(boards: readonly string[]): Promise<{ runs: number; failed: number; slowestMs: number }> {
  await using bench = await Bench.start(boards.map((board, i) => ({ board, serial: `F${i}` })));
  const command = [Deno.execPath(), "run", "-A", "--no-check", "--config", `${ROOT}deno.json`];
  const done = await bench.run([...command, `${ROOT}tests/usb/fault_runs.ts`], { timeoutMs: 60_000 });
  assertEquals([done.code, done.timedOut], [0, false], done.stderr);
  return JSON.parse(done.stdout);
}

rung1Test("rung 1: 200 random faults end within their time", async () => {
  // Those that cost no time-out come more often.
  const cheap = ["short", "garbage", "gone"];
  const kinds = ["drop", "hang", ...cheap, ...cheap, ...cheap, ...cheap];
  const random = xorshift(20_260_101);
  const boards = Array.from({ length: 200 }, () => {
    const faults = Array.from({ length: 1 + random() % 2 }, () => `${kinds[random() % kinds.length]}@${random() % 60}`);
    return `stm32f407?faults=${faults.join(",")}`;
  });
  const batches = Array.from({ length: 8 }, (_, i) => boards.slice(i * 25, i * 25 + 25));
  const done = await Promise.all(batches.map(faultRuns));
  const sum = (key: "runs" | "failed"): number => done.reduce((total, each) => total + each[key], 0);
  const slowest = Math.max(...done.map(({ slowestMs }) => slowestMs));
  console.log(`200 random faults: ${sum("failed")} failed as they should, slowest ${slowest} ms`);
  assertEquals(sum("runs"), 200);
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
