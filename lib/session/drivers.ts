/**
 * The one list of probe drivers. A new kind of probe adds its line here.
 *
 * @module
 */
import type { ProbeDriver, ProbeOpenOptions } from "../probe/probe.ts";
import { boardById } from "./boards.ts";
import type { Options } from "./options.ts";

/** A driver that is imported when it is first used, so that others do not pay for it. */
function lazyDriver(
  about: Pick<ProbeDriver, "name" | "description" | "enumerable">,
  load: () => Promise<ProbeDriver>,
): ProbeDriver {
  return {
    ...about,
    list: async (options) => await (await load()).list(options),
    open: async (uniqueId, options) => await (await load()).open(uniqueId, options),
    watch: async () => await (await load()).watch?.(),
  };
}

/** Every driver, in the order in which probes are listed. */
export const DRIVERS: readonly ProbeDriver[] = [
  lazyDriver(
    { name: "cmsisdap", description: "CMSIS-DAP", enumerable: true },
    async () => (await import("../probe/cmsis_dap/usb_driver.ts")).cmsisDapUsbDriver({ boardById }),
  ),
  lazyDriver(
    { name: "sim", description: "Simulated boards", enumerable: false },
    async () => (await import("../probe/sim/driver.ts")).simDriver,
  ),
];

/** Options of a session that drivers look at. */
export function probeOpenOptions(options: Options): ProbeOpenOptions {
  return {
    limitPackets: options.get("cmsis_dap.limit_packets"),
    deferredTransfers: options.get("cmsis_dap.deferred_transfers"),
    preferV1: options.get("cmsis_dap.prefer_v1"),
  };
}
