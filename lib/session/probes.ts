/**
 * Finding, waiting for, choosing and opening probes.
 *
 * @module
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { InterruptedError, ProbeError, TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Probe, ProbeDriver, ProbeInfo, ProbeOpenOptions } from "../probe/probe.ts";
import { matchingProbes, parseProbeQuery, selectProbe } from "../probe/select.ts";
import { Arrivals, sleepUnlessAborted } from "./arrivals.ts";

const log = getLogger("session", "probes");

/** How long a probe that has just been connected gets to start up, in milliseconds. */
const SETTLE_MS = 1000;

/** How a probe is chosen. */
export interface ProbeRequest {
  /** What the user typed: part of a unique ID, or `driver:id`; empty accepts any. */
  readonly query: string;
  /** Drivers to ask. */
  readonly drivers: readonly ProbeDriver[];
  /** Options for the driver. */
  readonly open: ProbeOpenOptions;
  /** Called once when no probe is there yet; absent when waiting is not wanted. */
  readonly onWaiting?: () => void;
  /** Asks the user to choose when several fit; absent makes that an error. */
  readonly choose?: (probes: readonly ProbeInfo[]) => Promise<ProbeInfo>;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Time for the waiting; the computer's own unless given. */
  readonly clock?: Clock;
}

/**
 * Probes of all drivers whose probes show up by themselves, sorted by description and unique ID. A driver that fails does
 * not hide what others have found.
 *
 * @param onFailure is told why a driver found nothing; the log is, unless given
 * @throws {ProbeError} and others: the first driver's failure, when no driver has found anything
 */
export async function listProbes(
  drivers: readonly ProbeDriver[],
  open: ProbeOpenOptions,
  onFailure: (driver: ProbeDriver, error: TapirError) => void = warn,
): Promise<ProbeInfo[]> {
  const asked = drivers.filter((driver) => driver.enumerable);
  const answers = await Promise.allSettled(asked.map((driver) => driver.list(open)));
  const found = answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  for (const [i, answer] of answers.entries()) {
    if (answer.status === "fulfilled") continue;
    if (found.length === 0 || !(answer.reason instanceof TapirError)) throw answer.reason;
    onFailure(asked[i]!, answer.reason);
  }
  const keyOf = (probe: ProbeInfo): string => `${probe.description} ${probe.uniqueId}`;
  return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
}

function warn(driver: ProbeDriver, error: TapirError): void {
  log.warning(`${driver.description}: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`);
}

/**
 * Opens the probe that fits the request, waiting for it where that is wanted.
 *
 * @throws {UsageError} when the kind of probe is unknown, or several probes fit and nobody can be asked
 * @throws {ProbeError} when none fits, or the one that does cannot be opened
 * @throws {InterruptedError} when the signal ends the waiting
 */
export async function openProbe(request: ProbeRequest): Promise<Probe> {
  const { driver, id } = parseProbeQuery(request.query, request.drivers);
  // Probes that do not show up by themselves are opened by what the user typed, settings included.
  if (driver !== undefined && !driver.enumerable) return await driver.open(id, request.open);
  const probe = await findProbe(id, driver === undefined ? request.drivers : [driver], request);
  if (probe.problem !== undefined) throw probe.problem;
  const owner = request.drivers.find(({ name }) => name === probe.driver);
  if (owner === undefined) throw new ProbeError(`Cannot open probe ${probe.uniqueId}: its driver is not there`);
  return await owner.open(probe.uniqueId, request.open);
}

async function findProbe(id: string, drivers: readonly ProbeDriver[], request: ProbeRequest): Promise<ProbeInfo> {
  let probes = await listProbes(drivers, request.open);
  if (matchingProbes(id, probes).length === 0 && request.onWaiting !== undefined) {
    request.onWaiting();
    probes = await waitForProbe(id, drivers, request);
  }
  const matches = matchingProbes(id, probes);
  if (matches.length > 1 && id === "" && request.choose !== undefined) return await request.choose(matches);
  return selectProbe(id, probes);
}

/** Lists probes until one fits and has had its time to start up; all probes there are then. */
async function waitForProbe(id: string, drivers: readonly ProbeDriver[], request: ProbeRequest): Promise<ProbeInfo[]> {
  const { signal, clock = systemClock } = request;
  const arrivals = await Arrivals.watch(drivers, clock);
  try {
    while (true) {
      let probes = await listProbes(drivers, request.open);
      const found = matchingProbes(id, probes)[0];
      if (found !== undefined) {
        log.info(() => `Probe ${found.uniqueId} is connected and gets ${SETTLE_MS} ms to start up`);
        await sleepUnlessAborted(clock, SETTLE_MS, signal);
        // Only now is what is wrong with it to be believed: udev gives permissions after the arrival.
        probes = await listProbes(drivers, request.open);
      }
      if (signal?.aborted) throw new InterruptedError("Cannot connect: interrupted while waiting for a probe");
      if (matchingProbes(id, probes).length > 0) return probes;
      if (found !== undefined) log.info(() => `Probe ${found.uniqueId} has gone again`);
      log.debug("No probe fits, waiting until one comes");
      await arrivals.next(signal);
    }
  } finally {
    await arrivals.close();
  }
}
