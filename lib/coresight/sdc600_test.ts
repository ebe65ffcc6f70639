import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type TapirError, TargetError, TimeoutError, UsageError } from "../base/errors.ts";
import { COM_FLAG, stuff, Unstuffer } from "./com_protocol.ts";
import { Sdc600 } from "./sdc600.ts";
import { FakeMemory } from "./testing/fake_memory.ts";

const BASE = 0x1000;

/** A port whose other end says `answers`, and keeps what it hears in `sent`. */
function make(answers: number[]): { readonly port: Sdc600; readonly sent: number[] } {
  const memory = new FakeMemory();
  const sent: number[] = [];
  memory.onRead.set(BASE + 0xd2c, () => (0x80000001 | (answers.length > 0 ? 0x10000 : 0)) >>> 0);
  memory.onRead.set(BASE + 0xd20, () => 0xafafaf00 | (answers.shift() ?? COM_FLAG.NULL));
  memory.onWrite.set(BASE + 0xd20, (value) => void sent.push(value & 0xff));
  return { port: new Sdc600(memory, memory.clock, BASE), sent };
}

const OPEN = [COM_FLAG.LPH1RL, COM_FLAG.LPH1RA, COM_FLAG.LPH2RA];

async function opened(answers: number[]): Promise<{ readonly port: Sdc600; readonly sent: number[] }> {
  const made = make([...OPEN, ...answers]);
  await made.port.open(1);
  await made.port.open(2);
  return made;
}

Deno.test("Sdc600.open() runs out of time when nobody answers", async () => {
  await assertRejects(() => make([]).port.open(1, 100), TimeoutError, "limit 100 ms");
});

Deno.test("Sdc600 refuses what the phase of the link does not allow", async () => {
  const { port } = make([]);
  await assertRejects(() => port.open(2), UsageError, "the link is closed");
  await assertRejects(() => port.sendPacket(new Uint8Array(1)), UsageError, "the link is closed");
});

Deno.test("Sdc600.receivePacket() answers and reports when the target closes phase 2", async () => {
  const { port, sent } = await opened([COM_FLAG.START, 1, COM_FLAG.LPH2RL]);
  const error = await assertRejects(() => port.receivePacket(), TargetError, "closed the link");
  assertEquals([(error as TapirError).code, port.phase, sent.at(-1)], ["com-link-closed", 1, COM_FLAG.LPH2RL]);
});

Deno.test("Sdc600.receivePacket() reports link errors and reserved flags", async () => {
  const lerr = await opened([COM_FLAG.LERR]);
  await assertRejects(() => lerr.port.receivePacket(), TargetError, "link error");
  const reserved = await opened([0xb3]);
  await assertRejects(() => reserved.port.receivePacket(), TargetError, "got 0xb3 instead of START");
});

Deno.test("Sdc600 sends and receives packets with escapes, past fillers", async () => {
  const { port, sent } = await opened([COM_FLAG.NULL, COM_FLAG.START, 1, COM_FLAG.ESC, 0x2d, COM_FLAG.END]);
  await port.sendPacket(Uint8Array.of(0xac, 7));
  assertEquals(sent.slice(-5), [COM_FLAG.START, COM_FLAG.ESC, 0x2c, 7, COM_FLAG.END]);
  assertEquals(await port.receivePacket(), Uint8Array.of(1, 0xad));
});

Deno.test("Unstuffer inverts stuff() for every byte, and refuses half an escape", () => {
  const data = Uint8Array.from({ length: 256 }, (_, n) => n);
  const unstuffer = new Unstuffer();
  for (const byte of stuff(data)) unstuffer.push(byte);
  assertEquals(unstuffer.done(), data);
  const half = new Unstuffer();
  half.push(COM_FLAG.ESC);
  assertThrows(() => half.done(), TargetError, "escape");
});
