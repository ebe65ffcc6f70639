/**
 * Choosing one probe among those found. Pure.
 *
 * @module
 */
import { ProbeError, UsageError } from "../base/errors.ts";
import { nearNames } from "../base/near_names.ts";
import type { ProbeDriver, ProbeInfo } from "./probe.ts";

/** What the user typed, taken apart. */
export interface ProbeQuery {
  /** The driver named before the colon, or undefined for all that list their probes by themselves. */
  readonly driver: ProbeDriver | undefined;
  /** What is asked of the unique ID; empty accepts any. */
  readonly id: string;
}

/** What pyOCD has besides, so that whoever asks for it learns that nothing was misspelt. */
const DRIVERS_OF_PYOCD: Readonly<Record<string, string>> = {
  stlink: "ST-Link",
  jlink: "J-Link",
  picoprobe: "Picoprobe",
  pemicro: "PE Micro probes",
  remote: "remote probes",
};

/**
 * Takes `[driver:]id` apart. Case does not matter in the driver's name.
 *
 * @throws {UsageError} when there is no driver of that name
 */
export function parseProbeQuery(text: string, drivers: readonly ProbeDriver[]): ProbeQuery {
  const colon = text.indexOf(":");
  if (colon < 0) return { driver: undefined, id: text };
  const name = text.slice(0, colon).toLowerCase();
  const driver = drivers.find((candidate) => candidate.name.toLowerCase() === name);
  if (!driver) {
    const near = nearNames(name, drivers.map((candidate) => candidate.name));
    const reason = Object.hasOwn(DRIVERS_OF_PYOCD, name)
      ? `this version of Tapir has no driver for ${DRIVERS_OF_PYOCD[name]}`
      : `there is no kind of probe named "${text.slice(0, colon)}"`;
    throw new UsageError(`Cannot select probe "${text}": ${reason}`, {
      code: "unknown-probe-kind",
      hint: near.length > 0
        ? `Near names: ${near.join(", ")}`
        : `Kinds of probes: ${drivers.map((candidate) => candidate.name).join(", ")}`,
    });
  }
  return { driver, id: text.slice(colon + 1) };
}

/**
 * The probes that fit: the one whose unique ID is exactly `id`, otherwise all that contain it, whatever the case.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { matchingProbes } from "./select.ts";
 *
 * const probes = ["0240A", "0240AB"].map((uniqueId) => ({ driver: "x", uniqueId, description: "", vendor: "" }));
 * assertEquals(matchingProbes("0240A", probes).length, 1);
 * assertEquals(matchingProbes("240a", probes).length, 2);
 * ```
 */
export function matchingProbes(id: string, probes: readonly ProbeInfo[]): ProbeInfo[] {
  const exact = probes.filter((probe) => probe.uniqueId === id);
  if (exact.length > 0) return exact;
  const wanted = id.toLowerCase();
  return probes.filter((probe) => probe.uniqueId.toLowerCase().includes(wanted));
}

/**
 * The one probe that fits `id`.
 *
 * @throws {ProbeError} when none does
 * @throws {UsageError} when several do; the message lists them
 */
export function selectProbe(id: string, probes: readonly ProbeInfo[]): ProbeInfo {
  const matches = matchingProbes(id, probes);
  const [match] = matches;
  if (!match) {
    throw new ProbeError(
      id === "" ? "Cannot find a debug probe: none is connected" : `Cannot find a debug probe that matches "${id}"`,
      {
        code: "no-probe",
        hint: probes.length === 0
          ? "Check the cable; tapir list shows what is connected"
          : `Connected: ${probes.map((probe) => probe.uniqueId).join(", ")}`,
      },
    );
  }
  if (matches.length > 1) {
    const list = matches.map((probe) => `${probe.uniqueId} (${probe.vendor} ${probe.description})`).join(", ");
    throw new UsageError(`Cannot choose among ${matches.length} debug probes: ${list}`, {
      code: "ambiguous-probe",
      hint: "Give more of the unique ID with --probe",
      fields: { matches: matches.map((probe) => probe.uniqueId) },
    });
  }
  return match;
}
