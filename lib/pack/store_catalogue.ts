/**
 * The devices of all packs that are known: installed ones, and those whose descriptions were downloaded.
 *
 * @module
 */
import { type CachedDevice, DeviceCache } from "./cache_devices.ts";
import type { IndexEntry } from "./index_pidx.ts";
import { mayDescribe, namePattern } from "./index_pattern.ts";
import { packTitle } from "./index_version.ts";
import type { FileAccess } from "./source.ts";
import type { PackStore } from "./store.ts";
import { installedDevices } from "./store_devices.ts";

/** A device and the pack that describes it. */
export interface CatalogueDevice extends CachedDevice {
  /** Vendor of the pack. */
  readonly packVendor: string;
  /** Name of the pack. */
  readonly packName: string;
  /** Release: the newest there is, or the installed one when nothing newer is known. */
  readonly version: string;
  /** Whether this very release is installed. */
  readonly isInstalled: boolean;
}

/** Every known device with a Cortex-M, sorted by name. */
export async function catalogue(
  store: PackStore,
  files: FileAccess,
  progress?: (done: number, total: number) => void,
): Promise<CatalogueDevice[]> {
  const out = new Map<string, CatalogueDevice>();
  const add = (device: CachedDevice, pack: { vendor: string; name: string; version: string }, isInstalled: boolean) => {
    const key = `${device.name}\n${pack.vendor}\n${pack.name}`;
    if (!device.isSupported || out.has(key)) return;
    const { name, vendor, family, subFamily, isSupported } = device;
    const { version } = pack;
    out.set(key, {
      ...{ name, vendor, family, subFamily, isSupported },
      ...{ packVendor: pack.vendor, packName: pack.name, version, isInstalled },
    });
  };
  const installed = new Set(store.installed().map(packTitle));
  const entries = new Map(store.index()?.packs.map((entry) => [`${entry.vendor}.${entry.name}`, entry]) ?? []);
  const descriptions = new Map(store.descriptions().map((each) => [each.path, each]));
  const cache = new DeviceCache(store.path(".tapir/catalogue.json"), files);
  for (const { path, devices } of await cache.load([...descriptions.keys()], progress)) {
    const { vendor, name } = descriptions.get(path)!;
    const version = entries.get(`${vendor}.${name}`)?.version;
    if (version === undefined) continue;
    for (const device of devices) {
      add(device, { vendor, name, version }, installed.has(packTitle({ vendor, name, version })));
    }
  }
  for (const device of await installedDevices(store, files)) add(device, device.pack, true);
  return [...out.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Devices that fit a pattern: by their own name, or by that of their pack when the pattern names packs. */
export function fittingDevices(pattern: string, devices: readonly CatalogueDevice[]): CatalogueDevice[] {
  const fits = namePattern(pattern);
  if (!/::|_DFP|DeviceFamilyPack/i.test(pattern)) return devices.filter(({ name }) => fits(name));
  return devices.filter(({ packVendor, packName }) => fits(`${packVendor}::${packName}`));
}

/** Packs of the index whose descriptions are not there. */
export function undescribed(store: PackStore): IndexEntry[] {
  const known = new Set(store.descriptions().map(({ vendor, name }) => `${vendor}.${name}`));
  return store.index()?.packs.filter(({ vendor, name }) => !known.has(`${vendor}.${name}`)) ?? [];
}

/** Those of some packs that by their names may describe devices of a pattern. */
export function likely(entries: readonly IndexEntry[], pattern: string): IndexEntry[] {
  const fits = namePattern(pattern);
  return entries.filter((entry) => mayDescribe(entry.name, pattern) || fits(`${entry.vendor}::${entry.name}`));
}

/** Those of some packs that may describe devices at all: packs of boards do not, and deprecated ones have successors. */
export function mayHoldDevices(entries: readonly IndexEntry[]): IndexEntry[] {
  return entries.filter(({ name, deprecated }) => !/_BSP$/i.test(name) && deprecated === undefined);
}
