import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { ProbeError, TransferError } from "../base/errors.ts";
import type { DapOp } from "../probe/probe.ts";
import { FakeProbe } from "./testing/fake_probe.ts";
import { TransferQueue } from "./queue.ts";

function failing(fault: "fault" | "wait" | "no-ack", value: number): FakeProbe {
  const probe = new FakeProbe();
  probe.inject = (op) => op.kind === "write" && op.value === value ? fault : undefined;
  return probe;
}

Deno.test("TransferQueue rejects the read behind a failed write with the write's error", async () => {
  const queue = new TransferQueue(failing("wait", 7));
  queue.write("ap", 0xc, 7, { ap: "AHB-AP#0", address: 0x2000_0000 });
  const error = await assertRejects(() => queue.read("dp", 0), TransferError);
  assertEquals([error.fault, error.address, error.fields["port"]], ["wait", 0x2000_0000, "ap"]);
  assert(error.message.startsWith("Cannot write memory at 0x20000000 through AHB-AP#0"));
});

Deno.test("TransferQueue does not run what follows a failure, and says so", async () => {
  const probe = failing("fault", 7);
  const queue = new TransferQueue(probe);
  queue.write("dp", 8, 7);
  const first = queue.read("dp", 0);
  queue.write("dp", 8, 0x1000_0000);
  const second = queue.read("dp", 0);
  assertEquals((await assertRejects(() => first, TransferError)).fault, "fault");
  const error = await assertRejects(() => second, TransferError);
  assertEquals(error.fault, "not-run");
  assert(error.cause instanceof TransferError);
  assertEquals(error.message, `Cannot read DP register 0x0: an earlier transfer failed: ${error.cause.message}`);
  assertEquals(error.hint, error.cause.hint);
  assertEquals(probe.select, 0);
});

Deno.test("TransferQueue gives what was not run the exit code of what went wrong", async () => {
  const probe = new FakeProbe();
  const queue = new TransferQueue(probe);
  probe.transfer = () => Promise.reject(new ProbeError("Cannot send: gone", { hint: "Plug it in" }));
  const first = queue.read("dp", 0);
  const second = queue.read("dp", 0);
  await assertRejects(() => first, ProbeError);
  const error = await assertRejects(() => second, TransferError);
  assertEquals([error.exitCode, error.hint], [3, "Plug it in"]);
});

Deno.test("TransferQueue keeps the failure of a lone write for the next read, and drops writes until then", async () => {
  const probe = failing("fault", 7);
  const queue = new TransferQueue(probe);
  queue.write("dp", 8, 7);
  await probe.clock.sleep(1);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  queue.write("dp", 8, 0x1000_0000);
  assertEquals((await assertRejects(() => queue.read("dp", 0), TransferError)).fault, "fault");
  assertEquals(probe.select, 0);
  assertEquals(await queue.read("dp", 0), 0x2ba01477);
});

Deno.test("TransferQueue does not run what was enqueued while the failing batch was under way", async () => {
  const probe = failing("fault", 7);
  const queue = new TransferQueue(probe);
  queue.write("dp", 8, 7);
  await Promise.resolve();
  queue.write("dp", 8, 0x1000_0000);
  await assertRejects(() => queue.flush(), TransferError);
  assertEquals(probe.select, 0);
});

Deno.test("TransferQueue passes on a failure of the probe itself", async () => {
  const probe = new FakeProbe();
  const gone = new ProbeError("Cannot send: gone");
  probe.transfer = () => Promise.reject(gone);
  const queue = new TransferQueue(probe);
  assertStrictEquals(await assertRejects(() => queue.read("dp", 0), ProbeError), gone);
});

Deno.test("TransferQueue recovers before it delivers the failure", async () => {
  const queue = new TransferQueue(failing("no-ack", 7));
  const steps: string[] = [];
  queue.faultHandler = async (fault) => {
    await Promise.resolve();
    steps.push(fault);
  };
  queue.write("dp", 8, 7);
  await queue.flush().catch(() => steps.push("delivered"));
  assertEquals(steps, ["no-ack", "delivered"]);
});

Deno.test("TransferQueue sends what is enqueued in one microtask as one batch", async () => {
  const probe = new FakeProbe();
  const queue = new TransferQueue(probe);
  queue.write("dp", 8, 0);
  const reads = [queue.read("dp", 0), queue.readBlock("dp", 0, 3)] as const;
  await Promise.all(reads);
  await queue.read("dp", 0);
  assertEquals(probe.batches.map((batch) => batch.length), [3, 1]);
});

Deno.test("TransferQueue repeats a poll that others wait for, and gives up in time", async () => {
  const probe = new FakeProbe();
  const queue = new TransferQueue(probe);
  const condition = { mask: 0xff, value: 0, retries: 3, limitMs: 20 };
  const matched = queue.match("dp", 0, condition);
  const behind = queue.read("dp", 0);
  assertEquals(await matched, false);
  assertEquals((await assertRejects(() => behind, TransferError)).fault, "not-run");
  assert(probe.clock.now() >= 20);
  assertEquals(await queue.match("dp", 0, { ...condition, value: 0x77 }), true);
});

Deno.test("TransferQueue leaves repeating to the caller when nothing waits for the poll", async () => {
  const probe = new FakeProbe();
  const queue = new TransferQueue(probe);
  assertEquals(await queue.match("dp", 0, { mask: 0xff, value: 0, retries: 3, limitMs: 1000 }), false);
  assertEquals(probe.clock.now(), 0);
  assertEquals(await queue.read("dp", 0), 0x2ba01477);
});

Deno.test("TransferQueue never loses, repeats or reorders writes under random faults", async () => {
  const step = fc.record({ fail: fc.integer({ min: 0, max: 9 }), kind: fc.constantFrom("write", "read", "turn") });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const probe = new FakeProbe();
      const carried: number[] = [];
      const broken = new Set<number>();
      for (const [index, { fail }] of steps.entries()) if (fail === 0) broken.add(index);
      probe.inject = (op: DapOp) => {
        if (op.kind !== "write") return undefined;
        if (broken.delete(op.value >>> 8)) return "fault";
        carried.push(op.value >>> 8);
        return undefined;
      };
      const queue = new TransferQueue(probe);
      let safe = -1;
      let failures = 0;
      for (const [index, { kind }] of steps.entries()) {
        if (kind === "turn") await Promise.resolve();
        else if (kind === "write") queue.write("dp", 8, index << 8);
        else {
          try {
            await queue.read("dp", 0);
            safe = index;
          } catch (error) {
            assert(error instanceof TransferError);
            failures++;
          }
          const pending = steps.slice(0, index).flatMap((s, i) => s.kind === "write" ? [i] : []);
          const done = carried.filter((i) => pending.includes(i));
          if (safe === index && failures === 0) assertEquals(done, pending);
        }
      }
      await queue.flush().catch(() => {});
      assertEquals(carried, [...carried].sort((a, b) => a - b));
      assertEquals(new Set(carried).size, carried.length);
    }),
    { numRuns: 200 },
  );
});
