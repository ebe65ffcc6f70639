/**
 * `tapir sim serve`: simulated probes as USB devices for other programs.
 *
 * @module
 */
import { EXIT, TapirError, UsageError } from "../../base/errors.ts";
import { serveProbes, type SimServer } from "../../probe/sim/serve.ts";
import { createServedProbe } from "../../probe/sim/served_probe.ts";
import type { CliContext } from "../context.ts";
import { defineCommand, many, one, text } from "../command_spec.ts";
import { LOGGING } from "../common_options.ts";

/** The port that `usbip` tools expect. */
const USBIP_PORT = 3240;

/** The subcommand. */
export const command = defineCommand({
  description:
    "Serves simulated probes until Ctrl-C. Over USB/IP, any Linux machine attaches them with `usbip attach`; " +
    "over usbredir, QEMU plugs one into its guest. Every debugger there sees a real CMSIS-DAP probe.",
  operands: [{ usage: "<action>", help: "serve", words: ["serve"] }],
  options: {
    usbip: one("--usbip [port-or-socket]", `TCP port or Unix socket for USB/IP; ${USBIP_PORT} unless told`, text),
    usbredir: one("--usbredir <socket>", "Unix socket for QEMU's usb-redir device; serves one board", text),
    host: one("--host <address>", "address to listen on; 127.0.0.1 unless told", text),
    boards: many("--board <id>", "board with its settings, as after sim:; may be given several times", text),
    ...LOGGING,
  },
  examples: [
    { line: "sim serve --usbip", help: "serve one board on port 3240; attach with: usbip attach -r localhost -b 1-1" },
    { line: "sim serve --usbredir /tmp/probe.sock --board nrf52840", help: "serve one board to QEMU" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const { usbip, usbredir, host = "127.0.0.1" } = values;
    const boards = values.boards.length > 0 ? values.boards : ["stm32f407"];
    if (operands[0] !== "serve") {
      throw new UsageError(`Cannot do "${operands[0]}" with the simulator: only serve is known`, {
        hint: "Use `tapir sim serve`",
      });
    }
    if (usbip !== undefined && usbredir !== undefined) {
      throw new UsageError("Cannot serve two protocols at once: give either --usbip or --usbredir");
    }
    if (usbredir !== undefined && boards.length > 1) {
      throw new UsageError(`Cannot serve ${boards.length} boards over usbredir: one connection carries one device`);
    }
    const probes = boards.map((id, index) => createServedProbe(id, serialOf(index)));
    const address = usbredir === undefined ? usbipAddress(usbip, host) : socketAddress(usbredir);
    const server = serve(usbredir === undefined ? "usbip" : "usbredir", address, probes);
    const where = "path" in address ? address.path : `${host}:${server.port}`;
    context.say(`Serving ${boards.map((id, i) => `${id} (${serialOf(i)})`).join(", ")} on ${where}; stop with Ctrl-C`);
    await untilInterrupted(context, server);
    return EXIT.ok;
  },
});

/** As {@linkcode serveProbes}. @throws {UsageError} when nothing can listen there */
function serve(...[protocol, address, probes]: Parameters<typeof serveProbes>): SimServer {
  try {
    return serveProbes(protocol, address, probes);
  } catch (cause) {
    if (cause instanceof TapirError || !(cause instanceof Error)) throw cause;
    const where = "path" in address ? address.path : `${address.hostname}:${address.port}`;
    const isBusy = cause instanceof Deno.errors.AddrInUse;
    throw new UsageError(
      `Cannot listen on ${where}: ${isBusy ? "another program does already" : cause.message.replace(/ \(os.*$/, "")}`,
      {
        code: "cannot-listen",
        hint: protocol === "usbip"
          ? "Choose another port with --usbip PORT, an address of this computer with --host"
          : "Choose another path",
        cause,
      },
    );
  }
}

/** Serial numbers as DAPLink has them: 0000 is the board ID of a stand-alone probe. */
function serialOf(index: number): string {
  return `0000${String(index + 1).padStart(8, "0")}5449`;
}

function usbipAddress(
  text: string | undefined,
  hostname: string,
): { port: number; hostname: string } | { path: string } {
  const port = text === undefined || text === "" ? USBIP_PORT : Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65536) return { port, hostname };
  if (text?.includes("/")) return socketAddress(text);
  throw new UsageError(`Cannot listen on "${text}": neither a TCP port nor the path of a Unix socket`);
}

/** Where to listen for clients on this computer; `os` is as `Deno.build.os`. @throws {UsageError} on Windows */
export function socketAddress(path: string, os: string = Deno.build.os): { path: string } {
  if (os !== "windows") return { path };
  throw new UsageError(`Cannot listen on ${path}: Unix sockets do not work on Windows`, {
    hint: "Serve USB/IP on a TCP port: --usbip 3240",
  });
}

async function untilInterrupted(context: CliContext, server: SimServer): Promise<void> {
  const { interrupted } = context.streams;
  const stop = (): void => server.stop();
  if (interrupted.aborted) stop();
  else interrupted.addEventListener("abort", stop, { once: true });
  await server.finished;
}
