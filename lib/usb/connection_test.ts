import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternalError } from "../base/errors.ts";
import { LibusbConnection } from "./connection.ts";
import { fakeHandle, fakeInfo, FakeLibusb, type FakeTransfer, isControl } from "./testing/fake_libusb.ts";
import { TransferPump } from "./transfers.ts";
import { UsbError } from "./usb.ts";

const OPTIONS = { timeoutMs: 100 };

function connect(onSubmit: (transfer: FakeTransfer) => void = () => {}) {
  const fake = new FakeLibusb();
  fake.onSubmit = onSubmit;
  const pump = new TransferPump(fake.symbols, fakeHandle(1n), (code) => code);
  let closed = 0;
  const connection = new LibusbConnection({
    info: fakeInfo(),
    symbols: fake.symbols,
    handle: fakeHandle(2n),
    pump,
    closed: () => closed++,
  });
  return { fake, pump, connection, closings: () => closed };
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work, UsbError)).failure;
}

Deno.test("LibusbConnection.claim() says who is in the way", () => {
  const { fake, connection } = connect();
  fake.claimCode = -6;
  const error = assertThrows(() => connection.claim(0), UsbError, "Cannot claim interface 0 of 0d28:0204");
  assertEquals([error.failure, error.hint?.startsWith("Close ")], ["busy", true]);
});

Deno.test("LibusbConnection turns each way to fail into words", async () => {
  const cases = [
    ["error", "io"],
    ["timed-out", "timeout"],
    ["cancelled", "cancelled"],
    ["stall", "stall"],
    ["no-device", "gone"],
    ["overflow", "overflow"],
  ] as const;
  for (const [status, failure] of cases) {
    const { connection, pump } = connect((transfer) => transfer.finish(status));
    assertEquals(await failureOf(connection.transferIn(0x81, 64, OPTIONS)), failure);
    assertEquals(await failureOf(connection.transferOut(0x01, Uint8Array.of(1), OPTIONS)), failure);
    await connection.close();
    await pump.close();
  }
});

Deno.test("LibusbConnection.transferIn() takes a time-out with data for data", async () => {
  const { connection, pump } = connect((transfer) => {
    transfer.buffer.set([1, 2, 3]);
    transfer.finish("timed-out", 3);
  });
  assertEquals(await connection.transferIn(0x81, 64, OPTIONS), Uint8Array.of(1, 2, 3));
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.transferOut() is not done with half of the bytes", async () => {
  const { connection, pump } = connect((transfer) => transfer.finish("completed", 1));
  const error = await assertRejects(() => connection.transferOut(0x01, Uint8Array.of(1, 2), OPTIONS), UsbError);
  assertEquals([error.failure, error.transferred], ["io", 1]);
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.transferOut() sends nothing as nothing", async () => {
  const lengths: number[] = [];
  const { connection, pump } = connect((transfer) => {
    lengths.push(transfer.buffer.length);
    transfer.finish("completed", 0);
  });
  await connection.transferOut(0x01, new Uint8Array(), OPTIONS);
  assertEquals(lengths, [0]);
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection uses interrupt transfers on interrupt endpoints", async () => {
  const types: number[] = [];
  const { connection, pump } = connect((transfer) => {
    types.push(transfer.type);
    transfer.finish("completed", 0);
  });
  await connection.transferIn(0x82, 64, OPTIONS);
  await connection.transferIn(0x81, 64, OPTIONS);
  assertEquals(types, [3, 2]);
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.readString() asks for the first language, once", async () => {
  const setups: number[][] = [];
  const { connection, pump } = connect((transfer) => {
    assertEquals([isControl(transfer), transfer.endpoint], [true, 0]);
    setups.push([...transfer.buffer.subarray(0, 8)]);
    const answer = transfer.buffer[2] === 0 ? [4, 3, 0x07, 0x04] : [6, 3, 0x41, 0, 0x6c, 0];
    transfer.buffer.set(answer, 8);
    transfer.finish("completed", answer.length);
  });
  assertEquals(await connection.readString(0), "");
  assertEquals(await connection.readString(5), "Al");
  assertEquals(await connection.readString(6), "Al");
  assertEquals(setups, [
    [0x80, 6, 0, 3, 0, 0, 255, 0],
    [0x80, 6, 5, 3, 0x07, 0x04, 255, 0],
    [0x80, 6, 6, 3, 0x07, 0x04, 255, 0],
  ]);
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.readString() believes neither the length byte nor an odd one", async () => {
  const { connection, pump } = connect((transfer) => {
    const answer = transfer.buffer[2] === 0 ? [] : [200, 3, 0x41, 0, 0x42];
    transfer.buffer.set(answer, 8);
    transfer.finish("completed", answer.length);
  });
  assertEquals(await connection.readString(1), "A");
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.controlOut() puts the setup packet before the data", async () => {
  let sent: number[] = [];
  const { connection, pump } = connect((transfer) => {
    sent = [...transfer.buffer];
    transfer.finish("completed", 2);
  });
  const setup = { requestType: 0x21, request: 9, value: 0x0200, index: 1 };
  await connection.controlOut(setup, Uint8Array.of(0xaa, 0xbb), OPTIONS);
  assertEquals(sent, [0x21, 9, 0, 2, 1, 0, 2, 0, 0xaa, 0xbb]);
  await connection.close();
  await pump.close();
});

Deno.test("LibusbConnection.close() cancels, releases and closes, once", async () => {
  const { fake, connection, pump, closings } = connect();
  connection.claim(0);
  connection.release(3);
  const read = connection.transferIn(0x81, 64, { timeoutMs: 0 });
  const failure = failureOf(read);
  await Promise.all([connection.close(), connection.close()]);
  assertEquals(await failure, "cancelled");
  assertEquals([fake.calls, closings()], [["claim", "release", "close"], 1]);
  assertThrows(() => connection.claim(0), UsbError, "it was closed");
  assertEquals(await failureOf(connection.transferIn(0x81, 64, OPTIONS)), "gone");
  await pump.close();
  assertEquals(fake.allocated, 0);
});

Deno.test("LibusbConnection.close() ends transfers that cannot be cancelled, too", async () => {
  const { fake, connection, pump, closings } = connect();
  fake.answersCancel = false;
  const failure = failureOf(connection.transferIn(0x81, 64, { timeoutMs: 0 }));
  pump.cancelAll = () => Promise.reject(new InternalError("they do not come back"));
  await assertRejects(() => connection.close(), InternalError, "do not come back");
  assertEquals([await failure, fake.calls, closings()], ["io", ["close"], 1]);
  await pump.close();
});

Deno.test("LibusbConnection.cancel() leaves a handle alone that has the address of its closed one", async () => {
  const { fake, connection, pump } = connect();
  await connection.close();
  const second = new LibusbConnection({
    info: fakeInfo(),
    symbols: fake.symbols,
    handle: fakeHandle(2n),
    pump,
    closed: () => {},
  });
  const failure = failureOf(second.transferIn(0x81, 64, { timeoutMs: 0 }));
  connection.cancel(0x81);
  assertEquals(fake.pending.length, 1);
  second.cancel(0x81);
  assertEquals(await failure, "cancelled");
  await second.close();
  await pump.close();
});
