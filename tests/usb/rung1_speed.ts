/**
 * Speed of the USB path on rung 1, on a machine that does nothing else: `deno test -A tests/usb/rung1_speed.ts`.
 */
import { assert } from "@std/assert";
import { Bench, hazard, rung1Missing } from "./rung1.ts";

const missing = rung1Missing();

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} (ignored: ${missing})`,
    ignore: missing !== undefined,
    fn,
  });
}

const F407 = { board: "stm32f407", serial: "0000000000000001" } as const;

test("rung 1: the time of tapir list with four probes is printed", async () => {
  await using bench = await Bench.start(["1", "2", "3", "4"].map((serial) => ({ board: "stm32f407", serial })));
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push((await bench.tapir(["list"])).ms);
  console.log(`tapir list, 4 probes: ${Math.round(Math.min(...times))} ms of ${times.map(Math.round).join(", ")}`);
  assert(Math.min(...times) < 2000);
});

test("rung 1: four packets in flight make at least three times the round trips of one", async () => {
  await using bench = await Bench.start([F407]);
  const { result, stderr } = await hazard(bench, "flight");
  const { rates, ratio } = result as { rates: number[][]; ratio: number };
  console.log(`round trips/s, one and four in flight: ${JSON.stringify(rates)}, ratio ${ratio.toFixed(2)}`);
  assert(ratio >= 3, `ratio ${ratio}: ${stderr}`);
});

test("rung 1: CPU time of the host per packet is printed", async () => {
  await using bench = await Bench.start([F407]);
  const { result } = await hazard(bench, "cpu");
  console.log(`1 MiB RAM write: ${JSON.stringify(result)}`);
});
