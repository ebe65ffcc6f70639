/**
 * Speed of the USB path on rung 1, on a machine that does nothing else: `deno test -A tests/usb/rung1_speed.ts`.
 */
import { assert, assertEquals } from "@std/assert";
import { Bench, hazard, isFile, ROOT, rung1Test, TAPIR_SOURCE } from "./rung1.ts";

const F407 = { board: "stm32f407", serial: "0000000000000001" } as const;

const STANDALONE = `${ROOT}dist/tapir`;

rung1Test(
  "rung 1: tapir list with four probes, from source and standalone, shows the same; times are printed",
  async () => {
    await using bench = await Bench.start(["1", "2", "3", "4"].map((serial) => ({ board: "stm32f407", serial })));
    const outputs: string[] = [];
    for (const program of [TAPIR_SOURCE, ...(isFile(STANDALONE) ? [[STANDALONE]] : [])]) {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const { code, stdout, stderr, ms } = await bench.run([...program, "list"]);
        assertEquals(code, 0, stderr);
        times.push(ms);
        outputs.push(stdout);
      }
      console.log(`${program[0]} list: ${Math.round(Math.min(...times))} ms of ${times.map(Math.round).join(", ")}`);
    }
    assertEquals(new Set(outputs).size, 1);
  },
);

/** What is asked of the best of several rounds: a busy neighbour hides the gain of one. */
const MIN_RATIO = 3;

rung1Test("rung 1: four packets in flight make a multiple of the round trips of one", async () => {
  await using bench = await Bench.start([F407]);
  const { result, stderr } = await hazard(bench, "flight");
  const { rates, ratio } = result as { rates: number[][]; ratio: number };
  console.log(`round trips/s, one and four in flight: ${JSON.stringify(rates)}, ratio ${ratio.toFixed(2)}`);
  assert(ratio >= MIN_RATIO, `ratio ${ratio}: ${stderr}`);
});

/** 262144 words, at most 126 in a packet of 512 bytes, and a TAR write for every 256. */
const MEGABYTE_PACKETS = 2112;

rung1Test("rung 1: a megabyte takes as few packets as fit it, and the CPU time of each is printed", async () => {
  await using bench = await Bench.start([F407]);
  const { result } = await hazard(bench, "cpu");
  const { packets, first, next } = result as { packets: number; first: number; next: number[] };
  const µs = (times: number[]): string => times.map((time) => time.toFixed(1)).join(", ");
  console.log(`Tapir, 1 MiB RAM write: ${µs([first])} µs of CPU per packet at first, then ${µs(next)}`);
  assertEquals(packets, MEGABYTE_PACKETS);
});
