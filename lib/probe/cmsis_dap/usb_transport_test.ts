import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import { UsbError, type UsbSetup, type UsbTransferDone, type UsbTransferOptions } from "../../usb/mod.ts";
import { parseInfo, scripted, SimUsbConnection, simUsbDevice } from "./testing/sim_usb.ts";
import type { PacketFlow } from "./transport.ts";
import type { UsbRoute } from "./usb_match.ts";
import { UsbTransport } from "./usb_transport.ts";

const BULK: UsbRoute = {
  version: 2,
  interface: 0,
  endpointIn: 0x81,
  endpointOut: 0x01,
  maxPacketSize: 512,
  endpointSwo: 0x83,
};
const HID: UsbRoute = {
  version: 1,
  interface: 1,
  endpointIn: 0x82,
  endpointOut: 0x02,
  maxPacketSize: 64,
  endpointSwo: undefined,
};

/** A transport to firmware that answers `answer`; echoes unless told. */
function plug(
  route: UsbRoute,
  answer: (packet: Uint8Array) => readonly Uint8Array[] = (packet) => [packet.slice()],
  identity: Partial<UsbIdentity> = {},
) {
  const device = simUsbDevice(scripted(answer), identity);
  const connection = new SimUsbConnection(parseInfo({ device, port: 1 }), { device });
  return { device, connection, transport: new UsbTransport(connection, route) };
}

Deno.test("UsbTransport passes on that the interface cannot be claimed", () => {
  const device = simUsbDevice(scripted(() => []));
  const claimError = new UsbError("Cannot claim", "busy");
  const connection = new SimUsbConnection(parseInfo({ device, port: 1 }), { device, claimError });
  assertThrows(() => new UsbTransport(connection, BULK), UsbError, "Cannot claim");
});

Deno.test("UsbTransport.receive() without a request finds late answers, and waits for a limited time only", async () => {
  const { transport, device } = plug(BULK);
  await assertRejects(() => transport.receive(5), TimeoutError, "within 5 ms");
  device.out(0x01, Uint8Array.of(9));
  assertEquals(await transport.receive(1000), Uint8Array.of(9));
  await transport.close();
});

Deno.test("UsbTransport.receive() gives up after its time, and the next request is answered", async () => {
  let mute = true;
  const { transport } = plug(BULK, (packet) => mute ? [] : [packet]);
  await transport.send(Uint8Array.of(0, 1));
  await assertRejects(() => transport.receive(5), TimeoutError, "within 5 ms");
  mute = false;
  await transport.drain();
  await transport.send(Uint8Array.of(0, 2));
  assertEquals(await transport.receive(1000), Uint8Array.of(0, 2));
  await transport.close();
});

Deno.test("UsbTransport.drain() drops late answers, and reads nobody waits for", async () => {
  const { transport, device } = plug(BULK, () => []);
  await transport.send(Uint8Array.of(0, 1));
  await transport.send(Uint8Array.of(0, 2));
  await transport.drain();
  await assertRejects(() => transport.receive(5), TimeoutError);
  const late = plug(BULK);
  late.device.out(0x01, Uint8Array.of(9));
  late.device.out(0x01, Uint8Array.of(8));
  await late.transport.drain();
  await late.transport.send(Uint8Array.of(6));
  assertEquals(await late.transport.receive(1000), Uint8Array.of(6));
  await late.transport.close();
  assertEquals(device.unplugged, false);
  await transport.close();
});

Deno.test("UsbTransport.drain() does not follow a probe that babbles for ever", async () => {
  const { transport, device } = plug(BULK);
  for (let i = 0; i < 100; i++) device.out(0x01, Uint8Array.of(i));
  const error = await assertRejects(() => transport.drain(), ProbeError, "does not stop sending");
  assertEquals(error.code, "probe-babbling");
  await transport.close();
});

Deno.test("UsbTransport.drain() ends a stall", async () => {
  const { transport, device, connection } = plug(BULK);
  device.control(Uint8Array.of(2, 3, 0, 0, 0x81, 0, 0, 0), new Uint8Array());
  await transport.drain();
  assertEquals(connection.calls.filter((call) => call.startsWith("halt")), ["halt 81"]);
  await transport.close();
});

Deno.test("UsbTransport says that a probe was unplugged", async () => {
  const { transport, device } = plug(BULK);
  device.unplugged = true;
  await transport.send(Uint8Array.of(0));
  const sending = await assertRejects(() => transport.receive(1000), ProbeError, "it was unplugged");
  assertEquals(sending.code, "probe-gone");
  await transport.close();
});

Deno.test("UsbTransport.receive() says that its request did not go out, and the next one ends the stall", async () => {
  const { transport, device, connection } = plug(BULK);
  device.control(Uint8Array.of(2, 3, 0, 0, 0x01, 0, 0, 0), new Uint8Array());
  await transport.send(Uint8Array.of(0));
  const error = await assertRejects(() => transport.receive(1000), ProbeError, "Cannot send a packet");
  assertEquals(error.code, "probe-usb");
  await transport.send(Uint8Array.of(0, 1));
  assertEquals(await transport.receive(1000), Uint8Array.of(0, 1));
  assertEquals(connection.calls.filter((call) => call.startsWith("halt")), ["halt 1"]);
  await transport.close();
});

Deno.test("UsbTransport.send() says that a request did not go out which nothing answers", async () => {
  const { transport, device } = plug(BULK);
  device.control(Uint8Array.of(2, 3, 0, 0, 0x01, 0, 0, 0), new Uint8Array());
  await assertRejects(() => transport.send(Uint8Array.of(0x07)), ProbeError, "Cannot send a packet");
  await transport.close();
});

Deno.test("UsbTransport.close() ends a read that is under way", async () => {
  const { transport } = plug(BULK, () => []);
  await transport.send(Uint8Array.of(0));
  const read = assertRejects(() => transport.receive(60_000), ProbeError);
  await Promise.all([transport.close(), transport.close()]);
  await read;
});

Deno.test("UsbTransport keeps answers in the order of the requests", async () => {
  const { transport } = plug(BULK);
  for (let i = 0; i < 7; i++) await transport.send(Uint8Array.of(i));
  for (let i = 0; i < 7; i++) assertEquals(await transport.receive(1000), Uint8Array.of(i));
  await transport.close();
});

Deno.test("UsbTransport posts no read for what nothing answers", async () => {
  const { transport } = plug(BULK, () => []);
  await transport.send(Uint8Array.of(0x07));
  await transport.send(Uint8Array.of(0x7e, 0));
  await assertRejects(() => transport.receive(5), TimeoutError);
  await transport.close();
});

Deno.test("UsbTransport ends a request that fills its last USB packet with an empty one, unless it is of full length", async () => {
  const cases: readonly (readonly [packetSize: number, length: number, string[]])[] = [
    [512, 511, ["out 01 511"]],
    [512, 512, ["out 01 512"]],
    [1024, 512, ["out 01 512", "out 01 0"]],
    [1024, 1024, ["out 01 1024"]],
    [8192, 4096, ["out 01 4096", "out 01 0"]],
  ];
  for (const [packetSize, length, expected] of cases) {
    const { transport, connection } = plug(BULK);
    transport.packetSize = packetSize;
    await transport.send(new Uint8Array(length));
    assertEquals(connection.calls.filter((call) => call.startsWith("out")), expected);
    await transport.close();
  }
});

Deno.test("UsbTransport asks for answers of the probe's packet size, so that none needs an end mark", async () => {
  const cases: readonly (readonly [UsbRoute, packetSize: number | undefined, length: number])[] = [
    [BULK, undefined, 512],
    [BULK, 512, 512],
    [BULK, 1000, 1024],
    [{ ...BULK, maxPacketSize: 64 }, 64, 64],
    [HID, 1024, 64],
  ];
  for (const [route, packetSize, length] of cases) {
    const { transport, connection } = plug(route);
    if (packetSize !== undefined) transport.packetSize = packetSize;
    await transport.send(Uint8Array.of(0, 4));
    await transport.receive(1000);
    assertEquals(connection.asked, [length]);
    await transport.close();
  }
});

Deno.test("UsbTransport fills HID reports", async () => {
  const { transport, connection } = plug(HID);
  await transport.send(Uint8Array.of(0, 4));
  const response = await transport.receive(1000);
  assertEquals([response.length, ...response.subarray(0, 3)], [64, 0, 4, 0]);
  assertEquals(connection.calls, ["claim 1", "out 02 64"]);
  await transport.close();
});

Deno.test("UsbTransport sends HID reports by SET_REPORT where there is no OUT endpoint", async () => {
  const { transport, connection } = plug({ ...HID, endpointOut: undefined }, undefined, { hidOut: false });
  await transport.send(Uint8Array.of(0, 4));
  assertEquals((await transport.receive(1000)).subarray(0, 2), Uint8Array.of(0, 4));
  assertEquals(connection.calls, ["claim 1", "control 09 64"]);
  await transport.close();
});

Deno.test("UsbTransport waits for a SET_REPORT that a busy probe does not take as long as for its answer", async () => {
  const { transport, connection } = plug({ ...HID, endpointOut: undefined }, undefined, { hidOut: false });
  const cancelled: number[] = [];
  const stuck = Promise.withResolvers<void>();
  let limitMs: number | undefined;
  connection.controlOut = (_setup: UsbSetup, _bytes: Uint8Array, options?: UsbTransferOptions) => {
    limitMs = options?.timeoutMs;
    return stuck.promise;
  };
  const cancel = connection.cancel.bind(connection);
  connection.cancel = (endpoint) => {
    cancelled.push(endpoint);
    if (endpoint === 0) stuck.reject(new UsbError("Cannot control", "cancelled"));
    cancel(endpoint);
  };
  await assertRejects(() => transport.carry(counting(1), 1, 5), TimeoutError, "within 5 ms");
  assertEquals([limitMs, cancelled.slice(0, 2)], [0, [0x82, 0]]);
  await transport.close();
});

Deno.test("UsbTransport.readSwo() has nothing, or what has come", async () => {
  const device = simUsbDevice({ submit: () => [], takeSwoStream: () => Uint8Array.of(1, 2) });
  const connection = new SimUsbConnection(parseInfo({ device, port: 1 }), { device });
  const transport = new UsbTransport(connection, BULK);
  assertEquals(await transport.readSwo?.(5), Uint8Array.of(1, 2));
  const silent = plug(BULK);
  assertEquals(await silent.transport.readSwo?.(1), new Uint8Array());
  silent.device.control(Uint8Array.of(2, 3, 0, 0, 0x83, 0, 0, 0), new Uint8Array());
  await assertRejects(() => silent.transport.readSwo!(1), ProbeError, "read SWO data");
  assertEquals(plug(HID).transport.readSwo, undefined);
});

/** A flow of `count` requests with a number each; what it has heard. */
function counting(count: number): PacketFlow & { readonly heard: number[]; sent: number } {
  return {
    heard: [],
    sent: 0,
    next() {
      return this.sent < count ? Uint8Array.of(0, this.sent++) : undefined;
    },
    answer(response) {
      this.heard.push(response[1]!);
    },
  };
}

/** Gives one request of this length. */
function once(length: number): () => Uint8Array | undefined {
  let isGiven = false;
  return () => {
    if (isGiven) return undefined;
    isGiven = true;
    return new Uint8Array(length);
  };
}

Deno.test("UsbTransport.carry() keeps requests under way, and takes the answers in order", async () => {
  for (const route of [BULK, HID, { ...HID, endpointOut: undefined }]) {
    const { transport } = plug(route);
    const flow = counting(9);
    let most = 0;
    const next = flow.next.bind(flow);
    flow.next = () => {
      most = Math.max(most, flow.sent - flow.heard.length + 1);
      return next();
    };
    await transport.carry(flow, 3, 1000);
    assertEquals([flow.heard, most], [[0, 1, 2, 3, 4, 5, 6, 7, 8], 3]);
    await transport.close();
  }
});

Deno.test("UsbTransport.carry() of nothing is done at once", async () => {
  const { transport, connection } = plug(BULK);
  await transport.carry(counting(0), 3, 1000);
  assertEquals(connection.asked, []);
  await transport.close();
});

Deno.test("UsbTransport.carry() gives up when an answer takes too long, and leaves nothing under way", async () => {
  const { transport } = plug(BULK, (packet) => packet[1] === 2 ? [] : [packet]);
  const flow = counting(9);
  await assertRejects(() => transport.carry(flow, 1, 5), TimeoutError, "within 5 ms");
  assertEquals([flow.heard, flow.sent], [[0, 1], 3]);
  await transport.drain();
  const second = counting(2);
  await transport.carry(second, 2, 1000);
  assertEquals(second.heard, [0, 1]);
  await transport.close();
});

Deno.test("UsbTransport.carry() reports that the probe was unplugged in the middle", async () => {
  const { transport, device } = plug(BULK, (packet) => {
    if (packet[1] === 2) device.unplugged = true;
    return [packet];
  });
  const error = await assertRejects(() => transport.carry(counting(9), 2, 1000), ProbeError, "unplugged");
  assertEquals(error.code, "probe-gone");
  await transport.close();
});

Deno.test("UsbTransport.carry() ends with the error of the flow, and takes no further answer", async () => {
  const { transport } = plug(BULK);
  const flow = counting(9);
  const answer = flow.answer.bind(flow);
  flow.answer = (response) => {
    answer(response);
    if (response[1] === 1) throw new ProbeError("no such answer");
  };
  await assertRejects(() => transport.carry(flow, 4, 1000), ProbeError, "no such answer");
  assertEquals(flow.heard, [0, 1]);
  await transport.close();
});

Deno.test("UsbTransport.carry() does not wait for ever for a request that is answered but does not get out", async () => {
  const { transport, connection } = plug(BULK);
  const stuck: UsbTransferDone[] = [];
  connection.startOut = (_endpoint, _bytes, _options, done) => void stuck.push(done);
  connection.startIn = (_endpoint, _length, _options, done) =>
    queueMicrotask(() => done(undefined, Uint8Array.of(0, 0)));
  connection.cancel = (endpoint) => {
    if (endpoint !== BULK.endpointOut) return;
    for (const done of stuck.splice(0)) done(new UsbError("Cannot write", "cancelled"), new Uint8Array());
  };
  await assertRejects(() => transport.carry(counting(1), 1, 5), TimeoutError, "within 5 ms");
  await transport.close();
});

Deno.test("UsbTransport.carry() reports a transfer that cannot even be started", async () => {
  for (const start of ["startIn", "startOut"] as const) {
    const { transport, connection } = plug(BULK);
    connection[start] = () => {
      throw new UsbError("Cannot submit", "gone");
    };
    await assertRejects(() => transport.carry(counting(3), 2, 1000), ProbeError, "unplugged");
    await transport.close();
  }
});

Deno.test("UsbTransport.carry() ends at once when a transfer fails, whatever else is under way", async () => {
  const { transport, connection } = plug(BULK, () => []);
  const startIn = connection.startIn.bind(connection);
  connection.startIn = (endpoint, length, options, done) => {
    startIn(endpoint, length, options, done);
    connection.startIn = (_endpoint, _length, _options, failed) =>
      queueMicrotask(() => failed(new UsbError("Cannot read: overflow", "overflow"), new Uint8Array()));
  };
  const error = await assertRejects(() => transport.carry(counting(2), 2, 60_000), ProbeError, "overflow");
  assertEquals(error.code, "probe-usb");
  await transport.close();
});

Deno.test("UsbTransport says that a request did not go out of which only the end mark did", async () => {
  const { transport, connection } = plug(BULK);
  transport.packetSize = 1024;
  connection.startOut = (_endpoint, bytes, _options, done) =>
    queueMicrotask(() => done(bytes.length > 0 ? new UsbError("Cannot write", "io") : undefined, new Uint8Array()));
  await assertRejects(
    () => transport.carry({ ...counting(1), next: once(512) }, 1, 60_000),
    ProbeError,
    "send a packet",
  );
  await transport.close();
});

Deno.test("UsbTransport.drain() forgets requests that did not go out", async () => {
  const { transport, device } = plug(BULK);
  device.control(Uint8Array.of(2, 3, 0, 0, 0x01, 0, 0, 0), new Uint8Array());
  await transport.send(Uint8Array.of(0));
  await transport.drain();
  await assertRejects(() => transport.receive(5), TimeoutError);
  await transport.close();
});

Deno.test("UsbTransport.carry() goes on undisturbed when transfers end that were given up before", async () => {
  for (const answers of [true, false]) {
    let isMute = true;
    const { transport, connection, device } = plug(BULK, (packet) => isMute ? [] : [packet.slice()]);
    const { cancel, startIn, startOut } = connection;
    const started: UsbTransferDone[] = [];
    connection.cancel = () => {};
    connection.startIn = (_endpoint, _length, _options, done) => void started.push(done);
    connection.startOut = (_endpoint, _bytes, _options, done) => void started.push(done);
    await assertRejects(() => transport.carry(counting(1), 1, 5), ProbeError, "does not cancel");
    Object.assign(connection, { cancel, startIn, startOut });
    const flow = counting(1);
    const second = transport.carry(flow, 1, 20);
    for (const done of started) done(new UsbError("Cannot transfer", "cancelled"), new Uint8Array());
    isMute = !answers;
    device.out(0x01, Uint8Array.of(0, 0));
    if (answers) await second;
    else await assertRejects(() => second, TimeoutError);
    assertEquals(flow.heard, answers ? [0] : []);
    await transport.close();
  }
});

Deno.test("UsbTransport does not wait for ever for transfers that cannot be cancelled", async () => {
  const { transport, connection } = plug(BULK, () => []);
  connection.cancel = () => {};
  const error = await assertRejects(() => transport.carry(counting(1), 1, 5), ProbeError, "does not cancel");
  assertEquals(error.code, "probe-stuck");
  await transport.send(Uint8Array.of(0, 1));
  await assertRejects(() => transport.receive(5), ProbeError, "does not cancel");
});
