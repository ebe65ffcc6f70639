/**
 * Disturbances at random places while connecting, loading and verifying: every run ends, either with the image in flash
 * or with an error that says what to do, and nothing that was not written is reported as written.
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { TapirError } from "../lib/base/errors.ts";
import type { AddressRange } from "../lib/base/ranges.ts";
import { loadImage } from "../lib/flash/load.ts";
import { FaultInjector, type FaultPlan } from "../lib/sim/faults.ts";
import { type Bench, type BoardCase, BOARDS, needsData, openBench } from "./support/flash_bench.ts";

const RUNS = 120;
/** Milliseconds of the model within which every run has to come to an end. */
const LONGEST_MS = 120_000;

/** Numbers that are the same in every run of the tests. */
function numbers(seed: number): (below: number) => number {
  let state = Math.imul(seed, 7919) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One to three disturbances, half of them early enough to hit connecting. */
function faultPlan(random: (below: number) => number): FaultPlan {
  return Array.from({ length: 1 + random(3) }, () => {
    const early = random(2) === 0;
    if (random(2) === 0) {
      const transfer = random(early ? 900 : 9000);
      const kind = (["wait", "fault", "no-ack", "parity"] as const)[random(4)]!;
      return { kind, transfer, ...(kind === "wait" ? { count: [1, 5, 1500, 100_000][random(4)]! } : {}) };
    }
    const kind = (["drop", "short", "garbage", "gone", "hang"] as const)[random(5)]!;
    return { kind, packet: random(early ? 40 : 150), ...(kind === "short" ? { length: random(20) } : {}) };
  });
}

function bytes(random: (below: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

async function stormyRun(board: BoardCase, seed: number): Promise<"done" | "failed"> {
  const random = numbers(seed);
  const faults = faultPlan(random);
  const segment = { address: board.flash.start + random(3) * 37, data: bytes(random, 1 + random(5000)) };
  const probe = {
    faults: new FaultInjector(faults),
    packetSize: [64, 512, 1024][random(3)]!,
    packetCount: [1, 4][random(2)]!,
  };
  const what = `${board.board}, seed ${seed}: ${JSON.stringify(faults)}`;
  let bench: Bench | undefined;
  try {
    bench = await openBench(board, { board: { image: bytes(random, 8192) }, probe });
    await bench.target.connect();
    await loadImage(bench.target, [segment]);
  } catch (error) {
    assertInstanceOf(error, TapirError, what);
    assert(error.hint !== undefined, `${what}: no hint with "${error.message}"`);
    const { programmed = [] } = error.fields as { programmed?: readonly AddressRange[] };
    for (const { start, end } of programmed) {
      const from = Math.max(start, segment.address);
      const wanted = segment.data.subarray(from - segment.address, Math.max(end - segment.address, 0));
      assertEquals(bench?.board.flashBytes(from, wanted.length), wanted, `${what}: reported as programmed`);
    }
    return "failed";
  } finally {
    await bench?.probe.close();
    assert((bench?.ledger.nowMs ?? 0) < LONGEST_MS, `${what}: took ${bench?.ledger.nowMs} ms`);
  }
  assertEquals(bench.board.flashBytes(segment.address, segment.data.length), segment.data, what);
  return "done";
}

for (const board of BOARDS) {
  Deno.test({
    ...needsData(`loadImage() on ${board.board} never hangs nor lies, whatever befalls probe and wire`),
    fn: async () => {
      const ends = { done: 0, failed: 0 };
      for (let seed = 0; seed < RUNS; seed++) ends[await stormyRun(board, seed)]++;
      assert(
        ends.done > RUNS / 10 && ends.failed > RUNS / 3,
        `the storm is neither calm nor deadly: ${JSON.stringify(ends)}`,
      );
    },
  });
}
