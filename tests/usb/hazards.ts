/**
 * What can go wrong between program, libusb and device; run by rung1_test.ts with simulated probes plugged in, one case
 * a process: `hazards.ts CASE`. Prints one line of JSON with what happened.
 *
 * @module
 */
import process from "node:process";
import { ProbeError } from "../../lib/base/errors.ts";
import { CommandQueue } from "../../lib/probe/cmsis_dap/queue.ts";
import { UsbTransport } from "../../lib/probe/cmsis_dap/usb_transport.ts";
import { routesTo } from "../../lib/probe/cmsis_dap/usb_match.ts";
import { connect } from "../../lib/session/connect.ts";
import { DRIVERS } from "../../lib/session/drivers.ts";
import { openProbe } from "../../lib/session/probes.ts";
import { Libusb, type UsbConnection, type UsbDevice, UsbError } from "../../lib/usb/mod.ts";

/** DAP_Info, packet count. */
const REQUEST = Uint8Array.of(0x00, 0xfe);
const SHORT = { timeoutMs: 100 } as const;
/** Four packets in flight are worth it when they make so many times the round trips of one. */
const GOOD_RATIO = 3;
/** How long waiting for a probe is looked at, in milliseconds. */
const IDLE_MS = 4000;
/** SET_FEATURE(ENDPOINT_HALT) of endpoint 0x81. */
const HALT = { requestType: 0x02, request: 3, value: 0, index: 0x81 } as const;

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof UsbError ? error.failure : String(error);
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await work(), performance.now() - start];
}

async function roundTrip(connection: UsbConnection): Promise<number[]> {
  await connection.transferOut(0x01, REQUEST, SHORT);
  return [...await connection.transferIn(0x81, 512, SHORT)];
}

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Round trips per second with so many requests under way. */
async function speed(device: UsbDevice, inFlight: number, count: number): Promise<number> {
  const transport = new UsbTransport(device.open(), routesTo(device.info, device.knownStrings()!)[0]!);
  let left = count;
  const flow = { next: () => left-- > 0 ? REQUEST : undefined, answer: () => {} };
  const [, ms] = await timed(() => transport.carry(flow, inFlight, 1000));
  await transport.close();
  return count / ms * 1000;
}

type Case = (devices: readonly UsbDevice[], usb: Libusb) => Promise<unknown>;

const CASES: Readonly<Record<string, Case>> = {
  timeout: async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const [failure, ms] = await timed(() => failureOf(connection.transferIn(0x81, 512, SHORT)));
    return { failure, inTime: ms > 90 && ms < 1000, after: await roundTrip(connection) };
  },
  cancel: async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const abort = new AbortController();
    const read = failureOf(connection.transferIn(0x81, 512, { timeoutMs: 0, signal: abort.signal }));
    setTimeout(() => abort.abort(), 20);
    return { failure: await read, after: await roundTrip(connection) };
  },
  stall: async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const vendor = { requestType: 0xc0, request: 0x55, value: 0, index: 0 };
    const control = await failureOf(connection.controlIn(vendor, 8, SHORT));
    await connection.controlOut(HALT, new Uint8Array(), SHORT);
    const bulk = await failureOf(connection.transferIn(0x81, 512, SHORT));
    connection.clearHalt(0x81);
    return { control, bulk, after: await roundTrip(connection) };
  },
  recover: async ([device]) => {
    const connection = device!.open();
    const transport = new UsbTransport(connection, routesTo(device!.info, device!.knownStrings()!)[0]!);
    const queue = new CommandQueue(transport, { packetSize: 512, packetCount: 4, atomic: false, deferred: true });
    const results: unknown[] = [];
    for (const index of [0x81, 0x01]) {
      await connection.controlOut({ ...HALT, index }, new Uint8Array(), SHORT);
      const requests = Array.from({ length: 9 }, () => REQUEST);
      const error = await queue.commands(requests).then(() => undefined, (failure: Error) => failure);
      results.push(error instanceof ProbeError && error.code, [...await queue.command(REQUEST)]);
    }
    await transport.close();
    return results;
  },
  strings: async ([, device]) => {
    const connection = device!.open();
    const { manufacturerIndex, productIndex, serialIndex } = device!.info;
    const strings: string[] = [];
    for (const index of [manufacturerIndex, productIndex, serialIndex]) {
      strings.push(await connection.readString(index));
    }
    await connection.close();
    const known = device!.knownStrings()!;
    return { strings, known: [known.manufacturer, known.product, known.serial] };
  },
  hid: async (devices) => {
    const answers: number[][] = [];
    for (const device of devices) {
      const routes = routesTo(device.info, device.knownStrings()!, true);
      const transport = new UsbTransport(device.open(), routes[0]!);
      await transport.send(REQUEST);
      answers.push([...(await transport.receive(1000)).subarray(0, 3)]);
      await transport.close();
    }
    return answers;
  },
  "close-with-read": async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const read = failureOf(connection.transferIn(0x81, 512, { timeoutMs: 0 }));
    const [, ms] = await timed(() => connection.close());
    return { failure: await read, quick: ms < 500, again: await failureOf(roundTrip(connection)) };
  },
  "no-deadlock": async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    connection.claim(1);
    const read = connection.transferIn(0x81, 512, { timeoutMs: 3000 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    // Calls that block in libusb, while its event loop sleeps in another thread.
    connection.clearHalt(0x82);
    connection.release(1);
    await connection.transferOut(0x01, REQUEST, SHORT);
    return [...await read];
  },
  pinned: async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const reads = Array.from({ length: 32 }, () => connection.transferIn(0x81, 512, { timeoutMs: 5000 }));
    // More than the collector lets lie about: what nobody holds goes, and something else takes its place.
    for (let i = 0; i < 400; i++) new Uint8Array(1 << 20).fill(0xee);
    for (let i = 0; i < 400_000; i++) new Uint8Array(4096).fill(0xee, 0, 8);
    for (let i = 0; i < reads.length; i++) await connection.transferOut(0x01, REQUEST, SHORT);
    return [...new Set((await Promise.all(reads)).map((bytes) => bytes.join()))];
  },
  pool: async (devices) => {
    const buses = devices.map(() => Libusb.open());
    const silent = buses.map((usb, i) => {
      const connection = usb.list().find(({ info }) => info.ports[0] === devices[i]!.info.ports[0])!.open();
      connection.claim(0);
      return failureOf(connection.transferIn(0x81, 512, { timeoutMs: 600 }));
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [, ms] = await timed(() => Deno.readTextFile("/proc/version"));
    const failures = [...new Set(await Promise.all(silent))];
    for (const usb of buses) await usb.close();
    return { count: silent.length, failures, quick: ms < 300 };
  },
  "two-at-once": async ([first, second]) => {
    const one = first!.open();
    const two = second!.open();
    one.claim(0);
    two.claim(0);
    const waiting = failureOf(two.transferIn(0x81, 512, { timeoutMs: 0 }));
    const [, ms] = await timed(async () => {
      for (let i = 0; i < 50; i++) await roundTrip(one);
      await one.close();
    });
    const answer = two.transferOut(0x01, REQUEST, SHORT);
    await answer;
    return { quick: ms < 2000, second: await waiting };
  },
  unplug: async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    const read = failureOf(connection.transferIn(0x81, 512, { timeoutMs: 0 }));
    await roundTrip(connection).catch(() => {});
    const [failures, ms] = await timed(async () => {
      const failures = [await read];
      for (let i = 0; i < 3; i++) failures.push(await failureOf(connection.transferOut(0x01, REQUEST, SHORT)));
      return failures;
    });
    await connection.close();
    return { failures: [...new Set(failures.slice(1))], quick: ms < 1000 };
  },
  watch: async (_, usb) => {
    const watch = usb.watch();
    console.error("watching");
    // Longer than the test has patience: only the system's word ends these.
    for (let change = 1; change <= 6 && await watch.changed(15_000); change++) {
      console.error(`change ${change}: ${usb.list().length} devices at ${Date.now()}`);
    }
    const before = openFiles();
    const [wasChanged, ms] = await timed(() => watch.changed(100));
    return { wasChanged, inTime: ms > 90 && ms < 500, leaked: openFiles() - before };
  },
  waiting: async () => {
    const abort = new AbortController();
    let [from, share] = [process.cpuUsage(), 0];
    // The first second goes to loading and compiling.
    setTimeout(() => from = process.cpuUsage(), 1000);
    setTimeout(() => {
      const { user, system } = process.cpuUsage(from);
      share = (user + system) / (IDLE_MS * 1000);
      abort.abort();
    }, 1000 + IDLE_MS);
    const open = openProbe({ query: "", drivers: DRIVERS, open: {}, onWaiting: () => {}, signal: abort.signal });
    const [failure, ms] = await timed(() => failureOf(open));
    return { failure, atOnce: ms < 1100 + IDLE_MS, percent: Math.round(share * 1000) / 10 };
  },
  reopen: async ([device]) => {
    const before = openFiles();
    for (let i = 0; i < 50; i++) {
      const connection = device!.open();
      connection.claim(0);
      await roundTrip(connection);
      await connection.close();
    }
    return { leaked: openFiles() - before };
  },
  "exit-forced": async ([device]) => {
    const connection = device!.open();
    connection.claim(0);
    connection.transferIn(0x81, 512, { timeoutMs: 0 }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify("leaving"));
    Deno.exit(7);
  },
  flight: async ([device]) => {
    await speed(device!, 4, 500);
    const rates: [number, number][] = [];
    let ratio = 0;
    // A neighbour that takes the processor away spoils a round, not the measurement.
    for (let round = 0; round < 8 && ratio < GOOD_RATIO; round++) {
      const [one, four] = [await speed(device!, 1, 1500), await speed(device!, 4, 6000)];
      rates.push([one, four]);
      ratio = Math.max(ratio, four / one);
    }
    return { rates: rates.map((pair) => pair.map(Math.round)), ratio };
  },
  cpu: async () => {
    await using session = await connect({ options: { connect_mode: "halt", frequency: 10_000_000 } });
    const core = session.coreAt(0);
    const data = new Uint8Array(65536).map((_, i) => i * 7);
    const write = async (): Promise<void> => {
      core.writeBytes(0x20000000, data);
      await core.flush();
    };
    let packets = 0;
    const megabyte = async (): Promise<number> => {
      const sent = session.probe.stats.packets;
      const before = process.cpuUsage();
      for (let i = 0; i < 16; i++) await write();
      const { user, system } = process.cpuUsage(before);
      packets = session.probe.stats.packets - sent;
      return (user + system) / packets;
    };
    const first = await megabyte();
    const next: number[] = [];
    for (let i = 0; i < 5; i++) next.push(await megabyte());
    return { packets, first, next };
  },
};

if (import.meta.main) {
  const name = Deno.args[0] ?? "";
  const usb = Libusb.open();
  const devices = usb.list().filter(({ info }) => info.vendorId === 0x0d28);
  const result = await CASES[name]!(devices, usb);
  await usb.close();
  console.log(JSON.stringify(result));
}
