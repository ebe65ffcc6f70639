import { assertEquals, assertRejects } from "@std/assert";
import { ProbeError } from "../../base/errors.ts";
import { greet, readPacketCount } from "./identify.ts";
import { CommandQueue } from "./queue.ts";
import { ScriptedTransport } from "./testing/scripted_transport.ts";

const SIZE_512 = Uint8Array.of(0, 2, 0, 2);

/** A probe that gives these answers in turn and then the last one for ever; undefined is silence. */
function answering(...answers: readonly (Uint8Array | undefined)[]): ScriptedTransport {
  return new ScriptedTransport((_, i) => answers[Math.min(i, answers.length - 1)]);
}

Deno.test("greet() gives a probe up that never answers, after less than 1.5 seconds", async () => {
  const transport = answering(undefined);
  const error = await assertRejects(() => greet(transport), ProbeError, "it does not answer DAP_Info");
  assertEquals([error.hint !== undefined, transport.clock.now()], [true, 800]);
});

/** What a probe answers that is no answer to DAP_Info, and how it is shown. */
const GARBAGE: readonly (readonly [what: string, answer: Uint8Array, shown: string])[] = [
  ["other bytes", Uint8Array.of(0x55, 0xaa), "55 aa (2 bytes)"],
  ["nothing but the command", Uint8Array.of(0), "00 (1 bytes)"],
  ["an empty packet", new Uint8Array(), "an empty packet"],
  ["less than it promises", Uint8Array.of(0, 200, 1), "00 c8 01 (3 bytes)"],
  ["that it does not know the command", Uint8Array.of(0xff), "ff (1 bytes)"],
  ["a whole report", new Uint8Array(64).fill(0xab), "ab ab ab ab ab ab ab ab … (64 bytes)"],
];

for (const [what, answer, shown] of GARBAGE) {
  Deno.test(`greet() says what a probe answers that answers ${what}`, async () => {
    const transport = answering(answer);
    const message = `Cannot talk to the probe: it answers DAP_Info with ${shown}`;
    const error = await assertRejects(() => greet(transport), ProbeError);
    assertEquals([error.message, error.code, transport.requests.length], [message, "probe-garbage", 16]);
  });
}

Deno.test("greet() ends in time with a probe that answers garbage slowly", async () => {
  const transport = answering(Uint8Array.of(0x55));
  const receive = transport.receive.bind(transport);
  transport.receive = async (timeoutMs) => {
    await transport.clock.sleep(300);
    return await receive(timeoutMs);
  };
  await assertRejects(() => greet(transport), ProbeError, "55 (1 bytes)");
  assertEquals(transport.clock.now(), 1200);
});

/** Packet sizes that probes report, and the one that is used. */
const SIZES: readonly (readonly [what: string, answer: Uint8Array, used: number])[] = [
  ["64", Uint8Array.of(0, 2, 64, 0), 64],
  ["512 with bytes behind", Uint8Array.of(0, 2, 0, 2, 0, 0), 512],
  ["512 in four bytes", Uint8Array.of(0, 4, 0, 2, 0, 0), 512],
  ["0", Uint8Array.of(0, 2, 0, 0), 64],
  ["nothing", Uint8Array.of(0, 0), 64],
  ["1 byte", Uint8Array.of(0, 2, 1, 0), 64],
  ["64 in a single byte", Uint8Array.of(0, 1, 64), 64],
  ["65535", Uint8Array.of(0, 2, 0xff, 0xff), 64],
  ["more than the carrier takes", Uint8Array.of(0, 2, 0, 4), 512],
];

for (const [what, answer, used] of SIZES) {
  Deno.test(`greet() works with packets of ${used} bytes when the probe reports ${what}`, async () => {
    assertEquals(await greet(answering(answer)), used);
  });
}

Deno.test("greet() does not take a stale answer for a packet size", async () => {
  assertEquals(await greet(answering(Uint8Array.of(5, 1, 1), Uint8Array.of(0, 1, 4), SIZE_512)), 512);
});

Deno.test("greet() waits for answers that come late, so that nobody else gets them", async () => {
  const late: Uint8Array[] = [];
  const transport = new ScriptedTransport((_, i) => {
    if (i > 0) return SIZE_512;
    late.push(SIZE_512);
    return undefined;
  });
  const receive = transport.receive.bind(transport);
  let received = 0;
  transport.receive = (timeoutMs) => ++received === 3 ? Promise.resolve(late.shift()!) : receive(timeoutMs);
  assertEquals([await greet(transport), received, late.length], [512, 3, 0]);
});

Deno.test("readPacketCount() makes sense of whatever is reported", async () => {
  const cases = [[[0, 0], 1], [[0, 1, 0], 1], [[0, 1, 4], 4], [[0, 1, 255], 64], [
    [0, 4, 255, 255, 255, 255],
    64,
  ]] as const;
  for (const [answer, count] of cases) {
    const limits = { packetSize: 64, packetCount: 1, atomic: false, deferred: true };
    const queue = new CommandQueue(answering(Uint8Array.from(answer)), limits);
    assertEquals(await readPacketCount(queue), count);
  }
});
