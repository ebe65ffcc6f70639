import { assertEquals, assertRejects } from "@std/assert";
import { type Clock, VirtualClock } from "../base/clock.ts";
import { InternalError } from "../base/errors.ts";
import { fakeHandle, FakeLibusb } from "./testing/fake_libusb.ts";
import type { TransferRequest, TransferStatus } from "./slot.ts";
import { TRANSFER_TYPE } from "./symbols.ts";
import { TransferPump } from "./transfers.ts";
import { UsbError } from "./usb.ts";

const HANDLE = fakeHandle(0x1000n);

function pumpOver(fake: FakeLibusb, clock?: Clock): TransferPump {
  return new TransferPump(fake.symbols, fakeHandle(0x2000n), (code, what) => {
    if (code < 0) throw new UsbError(`Cannot ${what}`, "io");
    return code;
  }, clock);
}

interface Outcome {
  readonly status: TransferStatus;
  readonly actual: number;
}

const READ = {
  handle: HANDLE,
  endpoint: 0x81,
  type: TRANSFER_TYPE.bulk,
  bytes: new Uint8Array(0),
  room: 64,
  timeoutMs: 0,
} as const;

/** Submits a read; how it ends. */
function submitRead(pump: TransferPump, changes: Partial<TransferRequest> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    pump.submit({ ...READ, ...changes, done: (status, actual) => resolve({ status, actual }) });
  });
}

Deno.test("TransferPump.submit() throws what libusb refuses, and keeps nothing", async () => {
  const fake = new FakeLibusb();
  fake.submitCode = -4;
  const pump = pumpOver(fake);
  let failure: unknown;
  try {
    await submitRead(pump);
  } catch (error) {
    failure = error;
  }
  assertEquals((failure as Error).message, "Cannot submit a transfer");
  assertEquals(pump.pending, 0);
  await pump.close();
  assertEquals(fake.allocated, 0);
});

Deno.test("TransferPump fails every transfer when libusb's event loop fails, and never frees their memory", async () => {
  const fake = new FakeLibusb();
  fake.eventCode = -99;
  const pump = pumpOver(fake);
  const outcome = await submitRead(pump);
  assertEquals(outcome.status, "error");
  assertEquals(pump.pending, 0);
  fake.eventCode = 0;
  fake.onSubmit = (transfer) => transfer.finish("completed", 1);
  assertEquals((await submitRead(pump)).status, "completed");
  await pump.close();
  assertEquals(fake.allocated, 1);
});

Deno.test("TransferPump goes on when a signal interrupts libusb's event loop", async () => {
  const fake = new FakeLibusb();
  fake.eventCode = -10;
  const pump = pumpOver(fake);
  const read = submitRead(pump);
  for (let turn = 0; turn < 100; turn++) await undefined;
  fake.eventCode = 0;
  fake.pending[0]!.finish("completed", 3);
  assertEquals((await read).actual, 3);
  await pump.close();
});

Deno.test("TransferPump.cancelAll() gives up on a transfer that does not come back", async () => {
  const fake = new FakeLibusb();
  fake.answersCancel = false;
  const pump = pumpOver(fake);
  const read = submitRead(pump);
  await assertRejects(() => pump.cancelAll(HANDLE, 20), InternalError, "do not come back");
  fake.pending[0]!.finish("cancelled");
  await read;
  await pump.close();
});

Deno.test("TransferPump.abandon() ends what libusb has forgotten, never frees its memory, and lets the pump stop", async () => {
  const fake = new FakeLibusb();
  fake.answersCancel = false;
  const pump = pumpOver(fake);
  const other = submitRead(pump, { handle: fakeHandle(0x3000n) });
  const own = submitRead(pump);
  pump.abandon(HANDLE);
  assertEquals([(await own).status, pump.pending], ["error", 1]);
  fake.pending[0]!.finish("completed", 3);
  assertEquals((await other).actual, 3);
  await pump.close();
  assertEquals(fake.allocated, 1);
});

Deno.test("TransferPump completes transfers in whatever order they end, several at once", async () => {
  const fake = new FakeLibusb();
  const pump = pumpOver(fake);
  const order: number[] = [];
  const reads = [1, 2, 3].map(async (id) => {
    const outcome = await submitRead(pump);
    order.push(id);
    return outcome;
  });
  const [first, second, third] = fake.pending;
  second!.buffer.set([7, 8]);
  second!.finish("completed", 2);
  await reads[1];
  third!.finish("stall");
  first!.finish("completed", 0);
  assertEquals((await Promise.all(reads)).map(({ status, actual }) => [status, actual]), [
    ["completed", 0],
    ["completed", 2],
    ["stall", 0],
  ]);
  assertEquals(order[0], 2);
  assertEquals(fake.allocated, 3);
  await pump.close();
  assertEquals(fake.allocated, 0);
});

Deno.test("TransferPump stands in nobody's way while answers are slow, and waits for quick ones", async () => {
  const fake = new FakeLibusb();
  const clock = new VirtualClock();
  const pump = pumpOver(fake, clock);
  const waits: number[] = [];
  for (const answerMs of [1, 1, 0.2, 0.2, 1, 0.2]) {
    const before = fake.waits.length;
    const read = submitRead(pump);
    while (fake.waits.length === before) await undefined;
    await clock.sleep(answerMs);
    fake.pending[0]!.finish("completed", 1);
    await read;
    waits.push(fake.waits[before]!);
  }
  assertEquals(waits, [500, 0, 0, 500, 500, 0]);
  await pump.close();
});

Deno.test("TransferPump uses a transfer's memory again", async () => {
  const fake = new FakeLibusb();
  fake.onSubmit = (transfer) => transfer.finish("completed", 1);
  const pump = pumpOver(fake);
  for (let i = 0; i < 600; i++) await submitRead(pump);
  assertEquals(fake.allocated, 1);
  await pump.close();
});

Deno.test("TransferPump.submit() cancels with its signal, before and after submission", async () => {
  const fake = new FakeLibusb();
  const pump = pumpOver(fake);
  assertEquals((await submitRead(pump, { signal: AbortSignal.abort() })).status, "cancelled");
  const abort = new AbortController();
  const read = submitRead(pump, { signal: abort.signal });
  abort.abort();
  assertEquals((await read).status, "cancelled");
  await pump.close();
});

Deno.test("TransferPump.cancelAll() leaves other handles alone", async () => {
  const fake = new FakeLibusb();
  const pump = pumpOver(fake);
  const other = submitRead(pump, { handle: fakeHandle(0x3000n) });
  const own = submitRead(pump);
  await pump.cancelAll(HANDLE);
  assertEquals([(await own).status, pump.pending], ["cancelled", 1]);
  fake.pending[0]!.finish("completed", 3);
  assertEquals((await other).actual, 3);
  await pump.close();
});

Deno.test("TransferPump hands handle, endpoint and limit to libusb, also of a transfer that is used again", async () => {
  const fake = new FakeLibusb();
  const seen: unknown[] = [];
  fake.onSubmit = (transfer) => {
    const { handle, endpoint, type, timeoutMs, buffer } = transfer;
    seen.push([handle, endpoint, type, timeoutMs, buffer.length]);
    transfer.finish("timed-out");
  };
  const pump = pumpOver(fake);
  await submitRead(pump, { endpoint: 0x82, type: TRANSFER_TYPE.interrupt, timeoutMs: 150 });
  const outcome = await submitRead(pump, { handle: fakeHandle(0x3000n) });
  assertEquals([outcome.status, seen, fake.allocated], [
    "timed-out",
    [[0x1000n, 0x82, 3, 150, 64], [0x3000n, 0x81, 2, 0, 64]],
    1,
  ]);
  await pump.close();
});

Deno.test("TransferPump has room for whatever is read", async () => {
  const fake = new FakeLibusb();
  fake.onSubmit = ({ buffer, finish }) => {
    buffer.fill(buffer.length & 0xff);
    finish("completed", buffer.length);
  };
  const pump = pumpOver(fake);
  for (const room of [64, 32768, 5000]) {
    const received = await new Promise<Uint8Array>((resolve) => {
      const done = (_status: TransferStatus, _actual: number, bytes: Uint8Array): void => resolve(bytes.slice());
      pump.submit({ ...READ, room, done });
    });
    assertEquals(received, new Uint8Array(room).fill(room & 0xff));
  }
  await pump.close();
});

Deno.test("TransferPump cancels nothing by the signal of a transfer that has ended", async () => {
  const fake = new FakeLibusb();
  const pump = pumpOver(fake);
  const abort = new AbortController();
  const first = submitRead(pump, { signal: abort.signal });
  fake.pending[0]!.finish("completed", 1);
  await first;
  const second = submitRead(pump);
  abort.abort();
  assertEquals([pump.pending, fake.allocated], [1, 1]);
  fake.pending[0]!.finish("completed", 2);
  assertEquals(await second, { status: "completed", actual: 2 });
  await pump.close();
});

Deno.test("TransferPump.cancel() leaves other endpoints and other handles alone", async () => {
  const fake = new FakeLibusb();
  const pump = pumpOver(fake);
  const own = submitRead(pump);
  const others = [submitRead(pump, { endpoint: 0x83 }), submitRead(pump, { handle: fakeHandle(0x3000n) })];
  pump.cancel(HANDLE, 0x81);
  assertEquals([(await own).status, pump.pending], ["cancelled", 2]);
  for (const { finish } of fake.pending) finish("completed", 1);
  assertEquals((await Promise.all(others)).map(({ status }) => status), ["completed", "completed"]);
  await pump.close();
});

Deno.test("TransferPump leaves threads of the pool to others when very many devices keep silent", async () => {
  const fakes = Array.from({ length: 40 }, () => new FakeLibusb());
  const pumps = fakes.map((fake) => pumpOver(fake));
  const reads = pumps.map((pump) => submitRead(pump));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(fakes.filter(({ isWaited }) => isWaited).length, 24);
  for (const fake of fakes) fake.pending[0]!.finish("completed", 1);
  for (const read of reads) assertEquals((await read).status, "completed");
  for (const pump of pumps) await pump.close();
  assertEquals(fakes.filter(({ isWaited }) => isWaited).length, 0);
});

Deno.test("TransferPump lets timers have their turn in a row of transfers without a pause", async () => {
  const fake = new FakeLibusb();
  fake.onEvents = () => {
    for (const { finish } of fake.pending) finish("completed", 1);
  };
  const pump = pumpOver(fake);
  let hadTurn = false;
  const timer = setTimeout(() => hadTurn = true);
  let transfers = 0;
  await new Promise<void>((resolve) => {
    const next = (): void => hadTurn || ++transfers > 20_000 ? resolve() : pump.submit({ ...READ, done: next });
    next();
  });
  assertEquals(hadTurn, true);
  clearTimeout(timer);
  await pump.close();
});
