/**
 * Serves simulated probes as USB devices: over USB/IP, so that any Linux machine attaches them with `usbip attach`, and
 * over usbredir for QEMU. Every debugger on that machine then sees a real CMSIS-DAP probe.
 *
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import { getLogger } from "../../base/log.ts";
import { createBoard } from "../../sim/boards/mod.ts";
import { SimProbe } from "../../sim/probe/probe.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import { SimUsbDevice } from "../../sim/usb/device.ts";
import { UsbIpSession } from "../../sim/usb/usbip.ts";
import { UsbRedirSession } from "../../sim/usb/usbredir.ts";
import { parseSimId } from "./driver.ts";

const log = getLogger("probe", "sim.serve");

/** How often a board's time is brought up to the wall clock while nobody talks to it, in milliseconds. */
const TICK_MS = 10;

/** Time that one step of catching up simulates at most: a busy board may run slower than real time, never stall. */
const MAX_STEP_MS = 20;

/** A simulated probe on the USB, with its board kept in real time. */
export interface ServedProbe {
  /** The USB device. */
  readonly device: SimUsbDevice;
  /** Brings the board's time up to the wall clock. */
  tick(): void;
}

/**
 * Makes the USB device for `BOARD?setting=value&…`, as after `sim:`. Both interfaces lead to the same board.
 *
 * @throws {UsageError} for an unknown board or setting
 */
export function createServedProbe(id: string, serial: string, identity: Partial<UsbIdentity> = {}): ServedProbe {
  const { name, options } = parseSimId(id);
  const board = createBoard(name, options.board);
  const common = { ...options.probe, serial, product: "Tapir CMSIS-DAP" };
  const v2 = new SimProbe(board, common);
  const v1 = new SimProbe(board, { ...common, packetSize: 64, packetCount: 4 });
  let last = performance.now();
  const tick = (): void => {
    const now = performance.now();
    board.advance(Math.min(now - last, MAX_STEP_MS) * 1e6);
    last = now;
  };
  const timed = (probe: SimProbe) => ({
    submit: (packet: Uint8Array): Uint8Array[] => {
      tick();
      return probe.submit(packet);
    },
    takeSwoStream: (): Uint8Array => probe.takeSwoStream(),
  });
  const device = new SimUsbDevice(
    {
      vendorId: 0x0d28,
      productId: 0x0204,
      manufacturer: "Tapir",
      product: "Tapir CMSIS-DAP",
      serial,
      v2: true,
      swo: true,
      v1: true,
      hidOut: true,
      ...identity,
    },
    timed(v2),
    timed(v1),
  );
  return {
    device,
    tick: () => {
      tick();
      device.pollSwo();
    },
  };
}

/** Which protocol clients speak. */
export type ServeProtocol = "usbip" | "usbredir";

/** Where to listen: a TCP port of this computer, or a Unix socket. */
export type ServeAddress = { readonly port: number; readonly hostname?: string } | { readonly path: string };

/** A server that runs until it is stopped. */
export interface SimServer {
  /** The TCP port, when it listens on one. */
  readonly port: number | undefined;
  /** Resolves when the server has stopped. */
  readonly finished: Promise<void>;
  /** Closes the listener and every connection. */
  stop(): void;
}

/**
 * Starts serving.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken
 */
export function serveProbes(
  protocol: ServeProtocol,
  address: ServeAddress,
  probes: readonly ServedProbe[],
): SimServer {
  const listener: Deno.Listener = "path" in address
    ? listenUnix(address.path)
    : Deno.listen({ hostname: address.hostname ?? "127.0.0.1", port: address.port });
  const connections = new Set<Deno.Conn>();
  const timer = setInterval(() => probes.forEach((probe) => probe.tick()), TICK_MS);
  const accept = async (): Promise<void> => {
    for await (const connection of listener) {
      connections.add(connection);
      serveConnection(protocol, connection, probes).catch((error) => {
        log.debug(() => `Connection ended: ${error}`);
      }).finally(() => connections.delete(connection));
    }
  };
  return {
    port: listener.addr.transport === "tcp" ? listener.addr.port : undefined,
    finished: accept().finally(() => clearInterval(timer)),
    stop: () => {
      clearInterval(timer);
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

function listenUnix(path: string): Deno.Listener {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return Deno.listen({ transport: "unix", path });
}

async function serveConnection(
  protocol: ServeProtocol,
  connection: Deno.Conn,
  probes: readonly ServedProbe[],
): Promise<void> {
  if (connection.remoteAddr.transport === "tcp") (connection as Deno.TcpConn).setNoDelay(true);
  const writer = new CoalescingWriter(connection);
  const send = (bytes: Uint8Array): void => writer.send(bytes);
  const session = protocol === "usbip"
    ? new UsbIpSession(probes.map(({ device }) => device), send)
    : new UsbRedirSession(probes[0]!.device, send);
  const chunk = new Uint8Array(65536);
  try {
    while (true) {
      const length = await connection.read(chunk);
      if (length === null || !session.receive(chunk.subarray(0, length))) return;
    }
  } finally {
    session.close();
    try {
      connection.close();
    } catch {
      // The client closed first.
    }
  }
}

/** Keeps one write under way and sends what has gathered meanwhile in one go. */
class CoalescingWriter {
  #waiting: Uint8Array[] = [];
  #busy = false;
  readonly #connection: Deno.Conn;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  send(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#waiting.length > 0) {
        const bytes = concatBytes(this.#waiting.splice(0));
        for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
      }
    } catch (error) {
      // The reading side notices that the client has gone and closes the connection.
      log.debug(() => `Cannot send to the client: ${error}`);
      this.#waiting = [];
    } finally {
      this.#busy = false;
    }
  }
}
