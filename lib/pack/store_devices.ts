/**
 * Finds devices among all packs of a pack root.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";
import { type CachedDevice, DeviceCache } from "./cache_devices.ts";
import { matchDevices } from "./find.ts";
import { packTitle } from "./index_version.ts";
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
 * A device that fits what people type, and the installed pack that describes it; undefined when none does. Of several
 * packs with fitting devices a local one wins, else the first by name.
 */
export async function findInstalled(
  name: string,
  store: PackStore,
  files: FileAccess,
): Promise<InstalledDevice | undefined> {
  const fitting = matchDevices(name, await installedDevices(store, files));
  const chosen = fitting.find(({ pack }) => pack.kind === "local") ?? fitting[0];
  const others = new Set(fitting.filter(({ pack }) => pack !== chosen?.pack).map(({ pack }) => packTitle(pack)));
  if (chosen && others.size > 0) {
    log.warning(`${name} is described by ${packTitle(chosen.pack)}, which is taken, and by ${[...others].join(", ")}`);
  }
  return chosen;
}
