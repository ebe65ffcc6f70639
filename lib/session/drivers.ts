/**
 * The one list of probe drivers. A new kind of probe adds its line here.
 *
 * @module
 */
import type { ProbeDriver, ProbeOpenOptions } from "../probe/probe.ts";
import { simDriver } from "../probe/sim/driver.ts";
import type { Options } from "./options.ts";

/** Every driver, in the order in which probes are listed. */
export const DRIVERS: readonly ProbeDriver[] = [
  simDriver,
];

/** Options of a session that drivers look at. */
export function probeOpenOptions(options: Options): ProbeOpenOptions {
  return {
    limitPackets: options.get("cmsis_dap.limit_packets"),
    deferredTransfers: options.get("cmsis_dap.deferred_transfers"),
    preferV1: options.get("cmsis_dap.prefer_v1"),
  };
}
