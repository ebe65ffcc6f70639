/**
 * Serves simulated probes over USB/IP for a test, in a process of its own. Argument: JSON of {@linkcode ServePlan}.
 * Prints `ready` when it listens, and the folder of its testbed if it has one. A line on stdin makes it print its counters
 * as JSON, after `unplug N` has made probe N go silent for good, and `plug N` or `pull N` has put it into its socket of the
 * testbed or out of it.
 *
 * @module
 */
import { serveProbes } from "../../lib/probe/sim/serve.ts";
import { createServedProbe } from "../../lib/probe/sim/served_probe.ts";
import type { UsbIdentity } from "../../lib/sim/usb/descriptors.ts";
import { Testbed } from "./testbed.ts";
import { TextLineStream } from "./lines.ts";
import { PacketDigest } from "./packet_digest.ts";
import { umockdevDescription } from "./umockdev.ts";

/** What to serve. */
export interface ServePlan {
  /** Socket to listen on; the umockdev description goes beside it, with `.umockdev` added. */
  readonly socket: string;
  /** Which protocol. */
  readonly protocol: "usbip" | "usbredir";
  /** Boards, serial numbers and identities. */
  readonly probes: readonly {
    readonly board: string;
    readonly serial: string;
    readonly identity?: Partial<UsbIdentity>;
  }[];
  /** Whether boards follow the wall clock; otherwise only packets let time pass, the same in every run. */
  readonly realTime?: boolean;
  /** Whether sockets are filled and emptied while programs run, see {@linkcode Testbed}; they are empty at first. */
  readonly testbed?: boolean;
}

/** What has happened to one probe. */
export interface ServeCounters {
  /** Request packets so far. */
  readonly packets: number;
  /** See {@linkcode PacketDigest}. */
  readonly digest: number;
}

if (import.meta.main) {
  const plan: ServePlan = JSON.parse(Deno.args[0]!);
  const digests = plan.probes.map(() => new PacketDigest());
  const probes = plan.probes.map(({ board, serial, identity }, index) =>
    createServedProbe(board, serial, {
      ...(identity ? { identity } : {}),
      ...(plan.realTime === false ? { now: () => 0 } : {}),
      onPacket: (packet) => digests[index]!.add(packet),
    })
  );
  const devices = probes.map(({ device }) => device);
  await Deno.writeTextFile(`${plan.socket}.umockdev`, umockdevDescription(devices));
  const server = serveProbes(plan.protocol, { path: plan.socket }, probes);
  using testbed = plan.testbed ? new Testbed(devices) : undefined;
  console.log(`ready ${testbed?.folder ?? ""}`);
  for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    const [verb, index] = [line.split(" ")[0], Number(line.split(" ")[1])];
    if (verb === "unplug") devices[index]!.unplugged = true;
    if (verb === "plug") testbed!.plug(index);
    if (verb === "pull") testbed!.pull(index);
    console.log(JSON.stringify(digests.map(({ packets, value }): ServeCounters => ({ packets, digest: value }))));
  }
  server.stop();
  await server.finished;
}
