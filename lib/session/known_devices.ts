/**
 * The devices that can be named with `--target`.
 *
 * @module
 */
import { openPacks } from "../pack/bundle.ts";
import { systemFiles } from "../pack/files.ts";
import { matchDevices } from "../pack/find.ts";
import { installedDevices } from "../pack/store_devices.ts";
import { loadCbuildRun } from "./cbuild.ts";
import { namesFor } from "./pyocd_names.ts";
import type { TargetRequest } from "./targets.ts";

/** What {@linkcode knownDevices} looks through. */
export type KnownPlaces = Pick<TargetRequest, "packs" | "store" | "cbuildRun">;

/**
 * A question whether a target name of a board is described by one of these packs, or an installed one.
 *
 * @throws {PackError} when a pack cannot be opened
 */
export async function boardIsKnown(places: KnownPlaces): Promise<(name: string) => boolean> {
  const devices = await knownDevices(places);
  return (name) => namesFor(name).some((each) => matchDevices(each, devices).length > 0);
}

/** A device that can be named with `--target`. */
export interface KnownDevice {
  /** Part number. */
  readonly name: string;
  /** Vendor name. */
  readonly vendor: string;
  /** Family, and sub-family when it has one. */
  readonly families: readonly string[];
  /** Where its description comes from. */
  readonly source: "builtin" | "pack" | "cbuild-run";
  /** The pack or file that describes it. */
  readonly pack?: string;
}

/**
 * Every device with a Cortex-M of a cbuild-run file, of packs and of the installed packs.
 *
 * @throws {PackError} when a pack cannot be opened
 */
export async function knownDevices({ packs, store, cbuildRun }: KnownPlaces): Promise<KnownDevice[]> {
  const known = new Map<string, KnownDevice>();
  const add = (
    device: { name: string; vendor: string; family: string; subFamily?: string; isSupported: boolean },
    pack: string,
  ): void => {
    if (!device.isSupported || known.has(device.name)) return;
    const { name, vendor, family, subFamily = "" } = device;
    known.set(name, {
      name,
      vendor,
      families: [family, subFamily].filter((each) => each !== ""),
      source: "pack",
      pack,
    });
  };
  if (cbuildRun !== undefined) {
    const { name, vendor } = (await loadCbuildRun(cbuildRun)).run.device;
    known.set(name, { name, vendor, families: [], source: "cbuild-run", pack: cbuildRun });
  }
  for (const path of packs) {
    for (const pack of await openPacks(path, systemFiles)) {
      pack.close();
      for (const device of pack.pdsc.devices) add(device, pack.location);
    }
  }
  if (store) { for (const device of await installedDevices(store, systemFiles)) add(device, device.pack.path); }
  return [...known.values()];
}
