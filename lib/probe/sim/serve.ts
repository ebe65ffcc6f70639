/**
 * Serves simulated probes as USB devices: over USB/IP, so that any Linux machine attaches them with `usbip attach`, and
 * over usbredir for QEMU. Every debugger on that machine then sees a real CMSIS-DAP probe.
 *
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import { getLogger } from "../../base/log.ts";
import { UsbIpSession } from "../../sim/usb/usbip.ts";
import { UsbRedirSession } from "../../sim/usb/usbredir.ts";
import type { ServedProbe } from "./served_probe.ts";

const log = getLogger("probe", "sim.serve");

/** How often boards are brought up to the wall clock while somebody is connected, in milliseconds. */
const TICK_MS = 10;

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
  const clients = new Set<Client>();
  // While nobody is connected, the boards' time stands still and costs nothing.
  let timer: ReturnType<typeof setInterval> | undefined;
  const watch = (): void => {
    clearInterval(timer);
    timer = undefined;
    if (clients.size > 0) timer = setInterval(tick, TICK_MS);
  };
  const tick = (): void => {
    for (const probe of probes) probe.tick();
    for (const { connection, session } of clients) if (session.isUnplugged) close(connection);
  };
  const accept = async (): Promise<void> => {
    for await (const connection of listener) {
      const client = newClient(protocol, connection, probes);
      clients.add(client);
      watch();
      serveClient(client).catch((error) => {
        log.debug(() => `Connection ended: ${error}`);
      }).finally(() => {
        clients.delete(client);
        watch();
      });
    }
  };
  return {
    port: listener.addr.transport === "tcp" ? listener.addr.port : undefined,
    finished: accept(),
    stop: () => {
      listener.close();
      for (const { connection } of clients) close(connection);
    },
  };
}

interface Client {
  readonly connection: Deno.Conn;
  readonly session: UsbIpSession | UsbRedirSession;
}

function newClient(protocol: ServeProtocol, connection: Deno.Conn, probes: readonly ServedProbe[]): Client {
  if (connection.remoteAddr.transport === "tcp") (connection as Deno.TcpConn).setNoDelay(true);
  const writer = new CoalescingWriter(connection);
  const send = (bytes: Uint8Array): void => writer.send(bytes);
  const session = protocol === "usbip"
    ? new UsbIpSession(probes.map(({ device }) => device), send)
    : new UsbRedirSession(probes[0]!.device, send);
  return { connection, session };
}

function listenUnix(path: string): Deno.Listener {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return Deno.listen({ transport: "unix", path });
}

async function serveClient({ connection, session }: Client): Promise<void> {
  const chunk = new Uint8Array(65536);
  try {
    while (true) {
      const length = await connection.read(chunk);
      if (length === null || !session.receive(chunk.subarray(0, length))) return;
    }
  } finally {
    session.close();
    close(connection);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed before, from here or by an error.
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
