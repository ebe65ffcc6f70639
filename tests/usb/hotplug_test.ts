/**
 * Probes that come and go while programs run, through the real libusb and udev's messages. See docs/usb.md for the set-up.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Bench, hazard, hazardCommand, rung1Test, TAPIR_SOURCE } from "./rung1.ts";

const F407 = { board: "stm32f407", serial: "0240000000000001" } as const;
const F072 = { board: "stm32f072", serial: "0240000000000002" } as const;

/** Below the second after which Tapir looks all the same, and far above what udev takes. */
const AT_ONCE_MS = 800;

/** Below the quarter of a second after which a watch looks that is not told. */
const TOLD_MS = 200;

rung1Test("rung 1: libusb tells a watch at once of what comes and goes", async () => {
  await using bench = await Bench.start([F407], { testbed: true });
  const watching = bench.spawn(hazardCommand("watch"));
  await watching.says(/^watching/);
  const delays: number[] = [];
  for (let change = 1; change <= 6; change++) {
    const start = Date.now();
    const isThere = change % 2 === 1;
    await (isThere ? bench.plug(0) : bench.pull(0));
    const line = await watching.says(new RegExp(`^change ${change}:`));
    assertMatch(line, new RegExp(`: ${isThere ? 1 : 0} devices at `));
    delays.push(Number(line.split(" ").at(-1)) - start);
  }
  console.log(`came and went: noticed after ${delays.join(", ")} ms`);
  // Each change follows the one before at once, so without udev's word all would be late; a busy machine delays some.
  assert(delays.sort((a, b) => a - b)[2]! < TOLD_MS);
  const result = await watching.says(/^{/);
  assertEquals([result, await watching.code()], ['{"wasChanged":false,"inTime":true,"leaked":0}', 0]);
});

rung1Test("rung 1: tapir goes on with the probe that is plugged in while it waits", async () => {
  await using bench = await Bench.start([F072, F407], { testbed: true });
  const tapir = bench.spawn([...TAPIR_SOURCE, "info", "-v", "-v", "-u", F407.serial]);
  await tapir.says(/waiting until one comes/);
  await bench.plug(0);
  await bench.plug(1);
  const start = performance.now();
  await tapir.says(/Probe 0240000000000001 is connected/);
  const ms = Math.round(performance.now() - start);
  console.log(`tapir goes on ${ms} ms after the probe was plugged in`);
  assertEquals(await tapir.code(), 0, tapir.output);
  assertMatch(tapir.output, /Cortex-M4/);
  assert(ms < AT_ONCE_MS, tapir.output);
});

rung1Test("rung 1: a probe that is pulled out again before it has started up is waited for once more", async () => {
  await using bench = await Bench.start([F407], { testbed: true });
  const tapir = bench.spawn([...TAPIR_SOURCE, "info", "-v", "-v"]);
  await tapir.says(/waiting until one comes/);
  await bench.plug(0);
  await tapir.says(/is connected/);
  await bench.pull(0);
  await tapir.says(/has gone again/);
  await bench.plug(0);
  assertEquals(await tapir.code(), 0, tapir.output);
  assertEquals(tapir.output.split("is connected").length, 3, tapir.output);
});

rung1Test("rung 1: Ctrl-C ends the waiting at once", async () => {
  await using bench = await Bench.start([F407], { testbed: true });
  const tapir = bench.spawn([...TAPIR_SOURCE, "info", "-v", "-v"]);
  await tapir.says(/waiting until one comes/);
  const start = performance.now();
  tapir.interrupt();
  assertEquals(await tapir.code(), 130, tapir.output);
  const ms = Math.round(performance.now() - start);
  console.log(`tapir ends ${ms} ms after Ctrl-C`);
  assert(ms < AT_ONCE_MS);
});

rung1Test("rung 1: waiting for a probe takes next to no processor time", async () => {
  await using bench = await Bench.start([F407], { testbed: true });
  const { result, code } = await hazard(bench, "waiting");
  const { failure, atOnce, percent } = result as { failure: string; atOnce: boolean; percent: number };
  console.log(`waiting for a probe takes ${percent} % of one processor`);
  assertEquals([atOnce, code], [true, 0]);
  assertMatch(failure, /interrupted while waiting for a probe/);
  assert(percent < 3);
});
