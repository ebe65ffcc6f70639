import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProbeError } from "../../base/errors.ts";
import type { DapOp } from "../probe.ts";
import { CommandQueue, RESPONSE_TIMEOUT_MS } from "./queue.ts";
import { ScriptedTransport } from "./testing/scripted_transport.ts";

const READ: DapOp = { kind: "read", port: "dp", register: 0 };
const LIMITS = { packetSize: 64, packetCount: 4, atomic: false, deferred: true };
const INFO_ANSWER = Uint8Array.of(0, 1, 4);

/** Answers transfers with zeros, everything else with OK. */
function obedient(request: Uint8Array): Uint8Array | undefined {
  const id = request[0]!;
  if (id === 7) return undefined;
  if (id === 5) return Uint8Array.of(5, request[2]!, 1, ...new Uint8Array(60));
  if (id === 6) return Uint8Array.of(6, request[2]!, request[3]!, 1, ...new Uint8Array(60));
  return id === 0 ? INFO_ANSWER : Uint8Array.of(id, 0);
}

function open(answer: (request: Uint8Array, index: number) => Uint8Array | undefined, limits = {}) {
  const transport = new ScriptedTransport(answer);
  return { transport, queue: new CommandQueue(transport, { ...LIMITS, ...limits }) };
}

Deno.test("CommandQueue reports silence, aborts and gets back into step", async () => {
  const { transport, queue } = open((request, index) => index === 0 ? undefined : obedient(request));
  const error = await assertRejects(() => queue.transfer([READ]), ProbeError, "did not answer transfer in time");
  assertEquals([error.code, transport.clock.now()], ["probe-out-of-step", RESPONSE_TIMEOUT_MS]);
  assert(error.hint?.includes("may be tried again"));
  assertEquals(transport.requests.map((request) => request[0]), [5, 7, 0]);
  assertEquals((await queue.transfer([READ])).words.length, 1);
});

Deno.test("CommandQueue takes no answer from before it got back into step for a later one", async () => {
  const question = Uint8Array.of(0, 0xfe);
  const { queue } = open((request, index) => index === 0 ? Uint8Array.of(9, 9) : obedient(request));
  await assertRejects(() => queue.commands([question, question]), ProbeError, "answered 0x09");
  assertEquals((await queue.transfer([READ])).words.length, 1);
});

Deno.test("CommandQueue reports a probe that stays silent, in limited time", async () => {
  const { transport, queue } = open(() => undefined);
  const error = await assertRejects(() => queue.command(Uint8Array.of(3)), ProbeError);
  assert(error.hint?.includes("Unplug"));
  assert(transport.clock.now() < RESPONSE_TIMEOUT_MS + 1000);
});

Deno.test("CommandQueue gives a slow wire the time it needs", async () => {
  const { transport, queue } = open((_, index) => index === 0 ? undefined : Uint8Array.of(0, 1, 4), {
    packetSize: 1024,
  });
  queue.clockHz = 1000;
  await assertRejects(() => queue.transfer([READ]), ProbeError, "in time");
  // 255 words take 12 s, a transfer that is told to wait a hundred times 5 s more.
  assert(transport.clock.now() > 17_000 && transport.clock.now() < 60_000, `${transport.clock.now()} ms`);
});

Deno.test("CommandQueue waits longer for a request that makes the probe wait", async () => {
  const { transport, queue } = open((_, index) => index === 0 ? undefined : INFO_ANSWER);
  await assertRejects(() => queue.command(Uint8Array.of(0x10), 3000), ProbeError, "in time");
  assertEquals(transport.clock.now(), RESPONSE_TIMEOUT_MS + 3000);
});

Deno.test("CommandQueue refuses a request that is too long, and goes on as if it had never been", async () => {
  const { transport, queue } = open(obedient);
  await assertRejects(() => queue.command(new Uint8Array(65)), ProbeError, "Cannot send 65 bytes");
  await queue.transfer([READ]);
  assertEquals(transport.requests.map((request) => request[0]), [5]);
});

Deno.test("CommandQueue gets into step after a failure that nobody foresaw", async () => {
  const { transport, queue } = open((request, index) => {
    if (index === 0) throw new TypeError("a mistake");
    return obedient(request);
  });
  await assertRejects(() => queue.transfer([READ]), TypeError);
  await queue.transfer([READ]);
  assertEquals(transport.requests.map((request) => request[0]), [5, 7, 0, 5]);
});

Deno.test("CommandQueue sends commands one by one whose answers would not fit into one packet", async () => {
  const disconnects = Array.from({ length: 32 }, () => Uint8Array.of(3));
  const { transport, queue } = open(obedient, { atomic: true });
  await queue.statusCommands(disconnects);
  assertEquals([transport.requests.length, transport.requests[0]], [32, Uint8Array.of(3)]);
});

Deno.test("CommandQueue sets the retries of polls again when a failure leaves them in doubt", async () => {
  const poll: DapOp = { kind: "match", port: "ap", register: 0, mask: 1, value: 1, retries: 77 };
  const { transport, queue } = open((request, index) => index === 0 ? undefined : obedient(request));
  await assertRejects(() => queue.transfer([poll]), ProbeError, "did not answer transferConfigure in time");
  await queue.transfer([poll]);
  assertEquals(transport.requests.map((request) => request[0]), [4, 7, 0, 4, 5]);
});

Deno.test("CommandQueue waits for a probe that has fallen silent once only, and notices when it is back", async () => {
  let silent = true;
  const { transport, queue } = open((request) => silent ? undefined : obedient(request));
  await assertRejects(() => queue.command(Uint8Array.of(3)), ProbeError, "did not answer disconnect in time");
  const start = transport.clock.now();
  const error = await assertRejects(() => queue.transfer([READ]), ProbeError, "does not respond any more");
  assertEquals(error.code, "probe-out-of-step");
  assert(transport.clock.now() - start <= 500);
  silent = false;
  assertEquals((await queue.transfer([READ])).words.length, 1);
});

Deno.test("CommandQueue does not take a stray answer for its own", async () => {
  const { queue } = open((request, index) => index === 0 ? Uint8Array.of(0x06, 1, 0, 1) : obedient(request));
  await assertRejects(() => queue.transfer([READ]), ProbeError, "answered 0x06 to transfer");
  await queue.transfer([READ]);
});

Deno.test("CommandQueue does not take a short answer for words", async () => {
  const { queue } = open((request, index) => index === 0 ? Uint8Array.of(5, 1, 1, 9) : obedient(request));
  const error = await assertRejects(() => queue.transfer([READ]), ProbeError, "too short");
  assertEquals(error.code, "probe-out-of-step");
});

Deno.test("CommandQueue passes on that a command is not known", async () => {
  const { queue } = open(() => Uint8Array.of(0xff));
  const error = await assertRejects(() => queue.statusCommands([Uint8Array.of(0x17, 0)]), ProbeError);
  assertEquals(error.code, "probe-unsupported");
});

Deno.test("CommandQueue sends one by one after the probe refused several commands in a packet", async () => {
  const { transport, queue } = open((request) => request[0] === 0x7f ? Uint8Array.of(0xff) : obedient(request), {
    atomic: true,
  });
  await queue.statusCommands([Uint8Array.of(0x11, 0), Uint8Array.of(0x13, 0)]);
  assertEquals(transport.requests.map((request) => request[0]), [0x7f, 0x11, 0x13]);
  assertEquals(queue.limits.atomic, false);
});

Deno.test("CommandQueue keeps as many packets in flight as the probe buffers, and no more", async () => {
  const block: DapOp = { kind: "read-block", port: "ap", register: 12, count: 100 };
  for (const packetCount of [1, 2, 4]) {
    const { transport, queue } = open(obedient, { packetCount });
    assertEquals((await queue.transfer([block])).words.length, 100);
    assertEquals([transport.mostInFlight, transport.requests.length], [packetCount, 7]);
  }
});

Deno.test("CommandQueue waits for the answer to a poll before it sends on", async () => {
  const poll: DapOp = { kind: "match", port: "ap", register: 0, mask: 1, value: 1, retries: 0 };
  const block: DapOp = { kind: "write-block", port: "ap", register: 12, values: new Uint32Array(40) };
  const { transport, queue } = open((request) =>
    request[0] === 5 && request[3] === 0x20 ? Uint8Array.of(5, 1, 0x11) : obedient(request)
  );
  const result = await queue.transfer([poll, block]);
  assertEquals([result.fault, result.done, transport.requests.length], ["mismatch", 0, 1]);
});

Deno.test("CommandQueue sets the mask of a poll once, and again when a failure leaves it in doubt", async () => {
  const poll: DapOp = { kind: "match", port: "ap", register: 0, mask: 0x10, value: 0x10, retries: 0 };
  const { transport, queue } = open((request, index) => index === 0 ? Uint8Array.of(5, 0, 4) : obedient(request));
  const masks = (index: number) => transport.requests[index]![3]! & 0x20;
  assertEquals((await queue.transfer([poll])).fault, "fault");
  await queue.transfer([poll]);
  await queue.transfer([poll]);
  assertEquals([masks(0), masks(1), masks(2)], [0x20, 0x20, 0]);
});

Deno.test("CommandQueue sets the retries of polls once", async () => {
  const poll: DapOp = { kind: "match", port: "ap", register: 0, mask: 1, value: 1, retries: 77 };
  const { transport, queue } = open(obedient);
  await queue.transfer([poll, poll]);
  await queue.transfer([READ, poll]);
  assertEquals(transport.requests.map((request) => request[0]), [4, 5, 5]);
  assertEquals([...transport.requests[0]!], [4, 0, 100, 0, 77, 0]);
});

Deno.test("CommandQueue sends polls with different retries in packets of their own", async () => {
  const poll = (retries: number): DapOp => ({ kind: "match", port: "ap", register: 0, mask: 1, value: 1, retries });
  const { transport, queue } = open(obedient);
  await queue.transfer([poll(5), poll(6), READ]);
  assertEquals(transport.requests.map((request) => request[0]), [4, 5, 4, 5]);
  assertEquals([transport.requests[0]![4], transport.requests[2]![4]], [5, 6]);
});

Deno.test("CommandQueue lays a failure to the access that nothing has confirmed", async () => {
  const write = (value: number): DapOp => ({ kind: "write", port: "ap", register: value % 2 ? 4 : 12, value });
  const cases: [DapOp[], number[], [number, number, number]][] = [
    [[write(1), write(2), write(3)], [5, 2, 4], [1, 0, 0]],
    [[write(1), write(2), write(3)], [5, 3, 4], [2, 0, 0]],
    [[write(1), write(2)], [5, 0, 4], [0, 0, 0]],
    [[READ, write(1), READ], [5, 2, 4, 9, 0, 0, 0], [1, 0, 1]],
    [[{ kind: "read", port: "ap", register: 0 }, { kind: "read", port: "ap", register: 12 }], [5, 1, 4], [0, 0, 0]],
    [[{ kind: "read-block", port: "ap", register: 12, count: 9 }], [6, 2, 0, 4, 1, 0, 0, 0, 2, 0, 0, 0], [0, 2, 2]],
    [[{ kind: "write-block", port: "ap", register: 12, values: new Uint32Array(9) }], [6, 5, 0, 4], [0, 4, 0]],
  ];
  for (const [ops, answer, [done, partial, words]] of cases) {
    const { queue } = open(() => Uint8Array.from(answer));
    const result = await queue.transfer(ops);
    assertEquals([result.fault, result.done, result.partial, result.words.length], ["fault", done, partial, words]);
  }
});

Deno.test("CommandQueue carries out operations one by one when told not to defer", async () => {
  const { transport, queue } = open(obedient, { deferred: false });
  assertEquals((await queue.transfer([READ, READ, READ])).done, 3);
  assertEquals(transport.requests.length, 3);
});
