/**
 * The devices of all packs at hand, remembered in a file, so that no description is parsed a second time.
 *
 * @module
 */
import { TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { FileAccess } from "./source.ts";
import { openPack } from "./source.ts";
import { type FileStamp, readIfThere, stampOf, writeAtomically } from "./store_files.ts";

const log = getLogger("pack", "cache");
/** Changes when the file's layout does. */
const LAYOUT = 2;
const MAX_CACHE = 128 * 1024 * 1024;

/** A device of a pack. */
export interface CachedDevice {
  /** Dvariant, or Dname of a device without variants. */
  readonly name: string;
  /** Dname of a variant. */
  readonly deviceName?: string;
  /** Vendor name without the number. */
  readonly vendor: string;
  /** Dfamily. */
  readonly family: string;
  /** DsubFamily, or an empty text. */
  readonly subFamily: string;
  /** Whether it has a Cortex-M that Tapir can debug. */
  readonly isSupported: boolean;
}

/** What a pack describes. */
export interface CachedPack {
  /** The pack file or description. */
  readonly path: string;
  /** Its devices; none when it cannot be used. */
  readonly devices: readonly CachedDevice[];
  /** Why it cannot be used. */
  readonly problem?: string;
}

/** Devices as stored: names of a group share vendor, family, sub-family and, where they are variants, device. */
type StoredGroup = readonly [
  vendor: string,
  family: string,
  subFamily: string,
  deviceName: string,
  supported: 0 | 1,
  names: string[],
];

interface StoredPack {
  readonly mtime: number;
  readonly size: number;
  readonly groups?: readonly StoredGroup[];
  readonly problem?: string;
}

/** What looking into packs cost. */
export interface CacheUse {
  /** Packs whose devices were remembered. */
  readonly remembered: number;
  /** Packs that had to be parsed. */
  readonly parsed: number;
}

/** Devices of packs by path of the pack, kept in one file. */
export class DeviceCache {
  readonly #file: string;
  readonly #files: FileAccess;
  #use: CacheUse = { remembered: 0, parsed: 0 };

  /** Remembers in `file`; `files` opens packs that are new. */
  constructor(file: string, files: FileAccess) {
    this.#file = file;
    this.#files = files;
  }

  /** What the last {@linkcode load} cost. */
  get use(): CacheUse {
    return this.#use;
  }

  /**
   * The devices of these packs, in the order given. Packs that are new or have changed are parsed and remembered, those
   * that are no longer named are forgotten; a pack that cannot be used has no devices and says why.
   */
  async load(paths: readonly string[], progress?: (done: number, total: number) => void): Promise<CachedPack[]> {
    const known = this.#read();
    const next: Record<string, StoredPack> = {};
    let parsed = 0;
    for (const [index, path] of paths.entries()) {
      const stamp = stampOf(path);
      if (stamp === undefined) continue;
      const old = known[path];
      const isFresh = old !== undefined && old.mtime === stamp.mtime && old.size === stamp.size;
      next[path] = isFresh ? old : await this.#parse(path, stamp);
      if (!isFresh) parsed++;
      progress?.(index + 1, paths.length);
    }
    const remembered = Object.keys(next).length - parsed;
    this.#use = { remembered, parsed };
    if (parsed > 0 || remembered < Object.keys(known).length) this.#write(next);
    return Object.entries(next).map(([path, stored]) => unfold(path, stored));
  }

  async #parse(path: string, { mtime, size }: FileStamp): Promise<StoredPack> {
    log.debug(`Looking into ${path}`);
    try {
      const pack = await openPack(path, this.#files);
      pack.close();
      const groups = new Map<string, StoredGroup>();
      for (const { name, deviceName, vendor, family, subFamily = "", isSupported } of pack.pdsc.devices) {
        const variantOf = deviceName === name ? "" : deviceName;
        const key = JSON.stringify([vendor, family, subFamily, variantOf, isSupported]);
        const group = groups.get(key);
        if (group) group[5].push(name);
        else groups.set(key, [vendor, family, subFamily, variantOf, isSupported ? 1 : 0, [name]]);
      }
      return { mtime, size, groups: [...groups.values()] };
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      log.warning(error.message);
      return { mtime, size, problem: error.message };
    }
  }

  #read(): Record<string, StoredPack> {
    try {
      const bytes = readIfThere(this.#file, MAX_CACHE);
      if (bytes === undefined) return {};
      const root: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (isRecord(root) && root["layout"] === LAYOUT && isRecord(root["packs"])) {
        const packs = root["packs"];
        if (Object.values(packs).every(isStoredPack)) return packs as Record<string, StoredPack>;
      }
      log.info(`The list of devices ${this.#file} is of another layout and made again`);
    } catch (error) {
      log.info(`The list of devices ${this.#file} cannot be read and is made again: ${String(error)}`);
    }
    return {};
  }

  /** A store that cannot be written to is still good for reading. */
  #write(packs: Record<string, StoredPack>): void {
    try {
      writeAtomically(this.#file, JSON.stringify({ layout: LAYOUT, packs }));
    } catch (error) {
      log.info(`The list of devices ${this.#file} cannot be written: ${String(error)}`);
    }
  }
}

function unfold(path: string, { groups, problem }: StoredPack): CachedPack {
  const devices: CachedDevice[] = [];
  for (const [vendor, family, subFamily, deviceName, supported, names] of groups ?? []) {
    const shared = { vendor, family, subFamily, isSupported: supported === 1, ...(deviceName ? { deviceName } : {}) };
    for (const name of names) devices.push({ name, ...shared });
  }
  return { path, devices, ...(problem === undefined ? {} : { problem }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStoredPack(value: unknown): value is StoredPack {
  if (!isRecord(value) || typeof value["mtime"] !== "number" || typeof value["size"] !== "number") return false;
  const { groups, problem } = value;
  if (problem !== undefined && typeof problem !== "string") return false;
  return groups === undefined || (Array.isArray(groups) && groups.every(isStoredGroup));
}

function isStoredGroup(value: unknown): value is StoredGroup {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [vendor, family, subFamily, deviceName, supported, names] = value as unknown[];
  return [vendor, family, subFamily, deviceName].every((text) => typeof text === "string") &&
    (supported === 0 || supported === 1) && Array.isArray(names) && names.every((name) => typeof name === "string");
}
