/**
 * Finds devices among all packs of a pack root.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";
import { type CachedDevice, DeviceCache } from "./cache_devices.ts";
import { findDevice, matchDevices } from "./find.ts";
import type { FileAccess } from "./source.ts";
import { type InstalledPack, PackStore } from "./store.ts";

const log = getLogger("pack", "store");

/** A device of an installed pack. */
export interface InstalledDevice extends CachedDevice {
  /** The pack that describes it. */
  readonly pack: InstalledPack;
}

/** Every device of the newest installed packs, those for other processors included. */
export async function installedDevices(store: PackStore, files: FileAccess): Promise<InstalledDevice[]> {
  const packs = new Map(store.newest().map((pack) => [pack.path, pack]));
  if (packs.size === 0) return [];
  const cache = new DeviceCache(store.path(".tapir/devices.json"), files);
  const out: InstalledDevice[] = [];
  for (const { path, devices } of await cache.load([...packs.keys()])) {
    const pack = packs.get(path)!;
    for (const device of devices) out.push({ ...device, pack });
  }
  return out;
}

/**
 * The installed pack that describes the device people mean by `name`; undefined when none does. Of several packs with
 * the same device a local one wins, else the first by name.
 *
 * @throws {PackError} when several devices fit the name
 */
export async function findInstalled(
  name: string,
  store: PackStore,
  files: FileAccess,
): Promise<InstalledDevice | undefined> {
  const fitting = matchDevices(name, await installedDevices(store, files));
  const [first] = fitting;
  if (first === undefined) return undefined;
  const distinct = fitting.filter((device, i) => fitting.findIndex((other) => other.name === device.name) === i);
  // Raises the error that lists them when there are several.
  findDevice(name, distinct);
  const chosen = fitting.find(({ pack }) => pack.kind === "local") ?? first;
  const others = fitting.filter((device) => device !== chosen).map(({ pack }) => `${pack.vendor}::${pack.name}`);
  if (others.length > 0) {
    log.warning(`${chosen.name} is taken from ${chosen.pack.path}; also described by ${others.join(", ")}`);
  }
  return chosen;
}
