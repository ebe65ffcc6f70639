import { assertEquals, assertThrows } from "@std/assert";
import { planRelease, type ReleaseFacts, targetOf, TARGETS } from "./release_plan.ts";

const HOST = "x86_64-unknown-linux-gnu";
const ARM = "aarch64-unknown-linux-gnu";

/** Each target's action in short. */
function plan(facts: Partial<ReleaseFacts>): Record<string, string> {
  const steps = planRelease({ named: [], host: HOST, isBuilt: false, ...facts });
  return Object.fromEntries(
    steps.map((step) => [
      step.target,
      step.action === "skip" ? step.reason : step.action === "build" ? `build ${step.runtime}` : step.action,
    ]),
  );
}

Deno.test("planRelease() refuses what is no target", () => {
  assertThrows(() => plan({ named: ["riscv64-unknown-linux-gnu"] }), Error, "for riscv64-unknown-linux-gnu");
});

Deno.test("planRelease() never takes the program of this machine for another's", () => {
  assertEquals(plan({ isBuilt: true, named: [HOST] }), { [HOST]: "take-built" });
  assertEquals(plan({ isBuilt: true, named: [ARM] }), { [ARM]: "the program that was built is for this machine" });
});

Deno.test("planRelease() builds everything where Deno gets the runtimes", () => {
  assertEquals(plan({}), Object.fromEntries(TARGETS.map((target) => [target, "build undefined"])));
});

Deno.test("planRelease() keeps to the runtimes that are named, and says what is missing", () => {
  assertEquals(plan({ hostRuntime: "/denort", named: [HOST, ARM] }), {
    [HOST]: "build /denort",
    [ARM]: "DENORT_BIN is for this machine",
  });
  const runtimes = new Map([[ARM, `/runtimes/${ARM}/denort`]]);
  assertEquals(plan({ runtimes, hostRuntime: "/denort", named: [HOST, ARM] }), {
    [HOST]: "build /denort",
    [ARM]: `build /runtimes/${ARM}/denort`,
  });
  assertEquals(plan({ runtimes, named: [HOST] }), { [HOST]: `DENORT_DIR has no ${HOST}/denort` });
});

Deno.test("targetOf() tells programs of all targets, and what is none", () => {
  const file = (...parts: readonly (readonly [number, readonly number[]])[]): Uint8Array => {
    const bytes = new Uint8Array(256);
    for (const [at, data] of parts) bytes.set(data, at);
    return bytes;
  };
  const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
  const macho = [0xcf, 0xfa, 0xed, 0xfe];
  const pe = (machine: readonly number[]): Uint8Array =>
    file([0, [0x4d, 0x5a]], [0x3c, [0x80]], [0x80, [0x50, 0x45, 0, 0, ...machine]]);
  assertEquals([
    targetOf(file([0, elf], [18, [0x3e, 0]])),
    targetOf(file([0, elf], [18, [0xb7, 0]])),
    targetOf(file([0, macho], [4, [7, 0, 0, 1]])),
    targetOf(file([0, macho], [4, [12, 0, 0, 1]])),
    targetOf(pe([0x64, 0x86])),
  ], [...TARGETS]);
  const others = [new Uint8Array(0), file(), file([0, elf], [18, [0x28, 0]]), pe([0x4c, 0x01]), pe([0x64, 0xaa])];
  for (const other of others) assertEquals(targetOf(other), undefined);
  assertEquals(targetOf(file([0, [0x4d, 0x5a]], [0x3c, [0xff, 0xff, 0xff, 0xff]])), undefined);
});
