import { assert, assertEquals, assertThrows } from "@std/assert";
import { hexBytes, parseHexBytes as bytes } from "../../base/bytes.ts";
import { ProbeError } from "../../base/errors.ts";
import type { AtomicPart } from "../probe.ts";
import { planAtomic, readAtomic } from "./atomic_batch.ts";

const LIMITS = { packetSize: 64, atomic: true };
const PARTS: readonly AtomicPart[] = [
  { kind: "transfer", ops: [{ kind: "write", port: "dp", register: 8, value: 0 }] },
  { kind: "pins", output: 0, select: 0x80, waitUs: 1000 },
  { kind: "delay", us: 70_000 },
  { kind: "sequence", count: 16, bits: Uint8Array.of(0x9e, 0xe7) },
  { kind: "transfer", ops: [{ kind: "read", port: "dp", register: 0 }] },
];

Deno.test("planAtomic() makes one packet of transfers, pins, delays and sequences", () => {
  const plan = planAtomic(PARTS, LIMITS)!;
  assertEquals(
    hexBytes(plan.request),
    hexBytes(bytes(
      "7f 06 05 00 01 08 00 00 00 00 10 00 80 e8 03 00 00 09 ff ff 09 71 11 12 10 9e e7 05 00 01 02",
    )),
  );
  assertEquals([plan.count, plan.waitMs], [6, 71]);
});

Deno.test("readAtomic() tells what became of each part", () => {
  const plan = planAtomic(PARTS, LIMITS)!;
  const outcomes = readAtomic(plan, bytes("7f 06 05 01 01 10 2f 09 00 09 00 12 00 05 01 01 77 14 a0 2b"));
  assertEquals(outcomes, [
    { words: new Uint32Array(0), done: 1, partial: 0 },
    0x2f,
    undefined,
    undefined,
    { words: Uint32Array.of(0x2ba01477), done: 1, partial: 0 },
  ]);
});

Deno.test("readAtomic() counts nothing as done after a transfer that failed", () => {
  const plan = planAtomic(PARTS, LIMITS)!;
  const [first, ...rest] = readAtomic(plan, bytes("7f 06 05 00 07 10 2f 09 00 09 00 12 00 05 01 01 77 14 a0 2b"));
  assert(typeof first === "object" && first.fault === "no-ack" && first.done === 0);
  assert(rest.every((outcome) => typeof outcome === "object" && outcome.fault === "not-run"));
});

Deno.test("readAtomic() refuses answers that are too few, too short or an error", () => {
  const plan = planAtomic(PARTS, LIMITS)!;
  for (const answer of ["7f 05", "7f 06 05 01 01 10", "7f 06 05 01 01 10 2f 09 ff 09 00 12 00", "ff"]) {
    assertThrows(() => readAtomic(plan, bytes(answer)), ProbeError);
  }
});

Deno.test("planAtomic() and readAtomic() take transfers of nothing", () => {
  const plan = planAtomic([{ kind: "delay", us: 1 }, { kind: "transfer", ops: [] }], LIMITS)!;
  assertEquals(plan.count, 1);
  assertEquals(readAtomic(plan, bytes("7f 01 09 00")), [undefined, { words: new Uint32Array(0), done: 0, partial: 0 }]);
});

Deno.test("planAtomic() leaves what does not fit, and polls, to others", () => {
  const long: AtomicPart = { kind: "sequence", count: 600, bits: new Uint8Array(75) };
  assertEquals(planAtomic([...PARTS, long], LIMITS), undefined);
  const many = Array.from({ length: 40 }, (): AtomicPart => ({ kind: "delay", us: 1 }));
  assertEquals(planAtomic(many, LIMITS), undefined);
  const poll = { kind: "match", port: "dp", register: 4, mask: 1, value: 1, retries: 1 } as const;
  assertEquals(planAtomic([{ kind: "transfer", ops: [poll] }], LIMITS), undefined);
  const block = { kind: "read-block", port: "ap", register: 0xc, count: 20 } as const;
  assertEquals(planAtomic([{ kind: "transfer", ops: [block] }], LIMITS), undefined);
  assert(planAtomic([{ kind: "transfer", ops: [block] }], { packetSize: 512, atomic: true }));
});
