/** Queue and USB together: what comes after a transfer has failed on the bus. */
import { assertEquals, assertRejects } from "@std/assert";
import { ProbeError } from "../../base/errors.ts";
import { UsbError } from "../../usb/mod.ts";
import type { DapOp } from "../probe.ts";
import { greet } from "./identify.ts";
import { CommandQueue } from "./queue.ts";
import { parseInfo, scripted, SimUsbConnection, simUsbDevice } from "./testing/sim_usb.ts";
import { UsbTransport } from "./usb_transport.ts";

const ROUTE = {
  version: 2,
  interface: 0,
  endpointIn: 0x81,
  endpointOut: 0x01,
  maxPacketSize: 512,
  endpointSwo: undefined,
} as const;

/** Answers blocks of reads with the number of the register, everything else with OK. */
function firmware(packet: Uint8Array): Uint8Array[] {
  const [id = 0, , low = 0, high = 0, request = 0] = packet;
  if (id === 0x07) return [];
  if (id === 0x00) return [Uint8Array.of(0, 1, 4)];
  if (id !== 0x06) return [Uint8Array.of(id, 0)];
  const words = new Uint32Array(low | (high << 8)).fill(request & 0xc);
  return [Uint8Array.of(6, low, high, 1, ...new Uint8Array(words.buffer))];
}

function plug(answer = firmware) {
  const device = simUsbDevice(scripted(answer));
  const connection = new SimUsbConnection(parseInfo({ device, port: 1 }), { device });
  const transport = new UsbTransport(connection, ROUTE);
  transport.packetSize = 64;
  const queue = new CommandQueue(transport, { packetSize: 64, packetCount: 4, atomic: false, deferred: true });
  return { device, connection, transport, queue };
}

function block(register: number, count = 100): DapOp {
  return { kind: "read-block", port: "ap", register, count };
}

/** What one register reads as, over and over; right or not. */
async function valuesOf(queue: CommandQueue, register: number): Promise<number[]> {
  return [...new Set((await queue.transfer([block(register)])).words)];
}

/** Stalls an endpoint, as a device does with what it refuses. */
function halt(device: ReturnType<typeof simUsbDevice>, endpoint: number): void {
  device.control(Uint8Array.of(2, 3, 0, 0, endpoint, 0, 0, 0), new Uint8Array());
}

Deno.test("CommandQueue takes no answer from before an error on the bus for a later one", async () => {
  for (const lost of [1, 2, 3, 4, 6]) {
    const { queue, connection, transport } = plug();
    const startIn = connection.startIn.bind(connection);
    let reads = 0;
    connection.startIn = (endpoint, length, options, done) => {
      if (++reads !== lost) return startIn(endpoint, length, options, done);
      queueMicrotask(() => done(new UsbError("Cannot read: input/output error", "io"), new Uint8Array()));
    };
    const error = await assertRejects(() => queue.transfer([block(0)]), ProbeError, "input/output error");
    assertEquals(error.code, "probe-out-of-step");
    assertEquals(await valuesOf(queue, 12), [12]);
    await transport.close();
  }
});

Deno.test("CommandQueue goes on after the probe has stalled an endpoint", async () => {
  for (const endpoint of [ROUTE.endpointIn, ROUTE.endpointOut]) {
    const { queue, device, connection, transport } = plug();
    assertEquals(await valuesOf(queue, 4), [4]);
    halt(device, endpoint);
    const error = await assertRejects(() => queue.transfer([block(0)]), ProbeError);
    assertEquals(error.hint?.includes("may be tried again"), true, error.hint);
    assertEquals(connection.calls.filter((call) => call.startsWith("halt")), [`halt ${endpoint.toString(16)}`]);
    assertEquals(await valuesOf(queue, 8), [8]);
    await transport.close();
  }
});

Deno.test("greet() gets through to a probe that was left with stalled endpoints", async () => {
  const { device, transport, connection } = plug((packet) =>
    packet[0] === 0 ? [Uint8Array.of(0, 2, 64, 0)] : firmware(packet)
  );
  halt(device, ROUTE.endpointIn);
  halt(device, ROUTE.endpointOut);
  assertEquals(await greet(transport), 64);
  assertEquals(connection.calls.filter((call) => call.startsWith("halt")), ["halt 81", "halt 1"]);
  await transport.close();
});

Deno.test("greet() does not get through to a probe on a broken bus", async () => {
  const { transport, connection } = plug();
  connection.startOut = (_endpoint, _bytes, _options, done) =>
    queueMicrotask(() => done(new UsbError("Cannot write: input/output error", "io"), new Uint8Array()));
  const error = await assertRejects(() => greet(transport), ProbeError, "input/output error");
  assertEquals(error.code, "probe-usb");
  await transport.close();
});

Deno.test("CommandQueue finds the answer it knows among late ones", async () => {
  let isFirst = true;
  const { queue, transport } = plug((packet) => {
    if (packet[0] === 0) return [Uint8Array.of(6, 0, 0, 1), Uint8Array.of(6, 0, 0, 1), ...firmware(packet)];
    if (!isFirst) return firmware(packet);
    isFirst = false;
    return [Uint8Array.of(0xa5)];
  });
  await assertRejects(() => queue.transfer([block(0)]), ProbeError, "answered 0xa5");
  assertEquals(await valuesOf(queue, 4), [4]);
  await transport.close();
});

Deno.test("CommandQueue goes on saying that the probe was unplugged", async () => {
  const { queue, device, transport } = plug();
  device.unplugged = true;
  for (let i = 0; i < 3; i++) {
    const error = await assertRejects(() => queue.transfer([block(0)]), ProbeError, "it was unplugged");
    assertEquals(error.code, "probe-gone");
  }
  await transport.close();
});
