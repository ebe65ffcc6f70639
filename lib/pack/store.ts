/**
 * The packs of this computer, in the layout that the CMSIS-Toolbox, Keil and other tools share:
 *
 * - `Vendor/Pack/Version/Vendor.Pack.pdsc` – a pack that some tool unpacked
 * - `.Download/Vendor.Pack.Version.pack` – a pack file as downloaded; Tapir reads it in place
 * - `.Local/local_repository.pidx` – packs that their developers work on, wherever they are
 * - `.Web/index.pidx`, `.Web/Vendor.Pack.pdsc` – what could be downloaded
 * - `.tapir/` – what Tapir remembers about all that
 *
 * @module
 */
import { PackError, TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { type IndexEntry, type PackIndex, parsePackIndex } from "./index_pidx.ts";
import {
  compareVersions,
  isSafeName,
  isVersion,
  packFileName,
  type PackId,
  packTitle,
  parsePackFileName,
} from "./index_version.ts";
import { namesIn, readIfThere, removeIfEmpty, removeIfThere, stampOf } from "./store_files.ts";
import { StoreLedger } from "./store_ledger.ts";

const log = getLogger("pack", "store");

/** The public index is smaller than 1 MiB. */
const MAX_INDEX = 32 * 1024 * 1024;

/** Index files may name others; the ones Tapir fetched are beside this path. */
const VENDOR_INDEXES = ".tapir/vendors";

/** A pack on this computer. */
export interface InstalledPack extends PackId {
  /** What to open: the description of an unpacked pack, or the pack file. */
  readonly path: string;
  /** How it is kept. */
  readonly kind: "unpacked" | "archive" | "local";
}

/** The description of a pack that could be downloaded. */
export interface WebDescription {
  /** Vendor name. */
  readonly vendor: string;
  /** Pack name. */
  readonly name: string;
  /** Its file. */
  readonly path: string;
}

/** A pack root. */
export class PackStore {
  /** Its directory. */
  readonly root: string;
  /** What Tapir itself put there. */
  readonly ledger: StoreLedger;

  /** Packs below `root`, which need not exist yet. */
  constructor(root: string) {
    this.root = root;
    this.ledger = new StoreLedger(root);
  }

  /** Path of something in the store, by steps with slashes. */
  path(inside: string): string {
    return `${this.root}/${inside}`;
  }

  /** Every pack, each release once: a local one rather than an unpacked one, an unpacked one rather than its archive. */
  installed(): InstalledPack[] {
    const found = new Map<string, InstalledPack>();
    for (const pack of [...this.#local(), ...this.#unpacked(), ...this.#archives()]) {
      const key = packTitle(pack);
      if (!found.has(key)) found.set(key, pack);
    }
    return [...found.values()].sort(inOrder);
  }

  /** The newest release of every pack; local ones count as newest. */
  newest(): InstalledPack[] {
    const best = new Map<string, InstalledPack>();
    for (const pack of this.installed()) {
      const key = `${pack.vendor}.${pack.name}`;
      const other = best.get(key);
      // Releases come from old to new.
      if (other === undefined || other.kind !== "local" || pack.kind === "local") best.set(key, pack);
    }
    return [...best.values()];
  }

  /** The index of packs with those of the vendors; undefined before the first `tapir pack update`. */
  index(): PackIndex | undefined {
    const main = this.#readIndex(".Web/index.pidx");
    if (main === undefined) return undefined;
    const packs = new Map<string, IndexEntry>();
    const problems = [...main.problems];
    const add = (entries: readonly IndexEntry[]): void => {
      for (const entry of entries) {
        const key = `${entry.vendor}.${entry.name}`;
        const known = packs.get(key);
        if (known === undefined || compareVersions(entry.version, known.version) > 0) packs.set(key, entry);
      }
    };
    add(main.packs);
    for (const { name } of namesIn(this.path(VENDOR_INDEXES))) {
      try {
        const vendor = this.#readIndex(`${VENDOR_INDEXES}/${name}`);
        if (vendor === undefined) continue;
        add(vendor.packs);
        problems.push(...vendor.problems);
      } catch (error) {
        if (!(error instanceof TapirError)) throw error;
        problems.push(error.message);
      }
    }
    const sorted = [...packs.values()].sort(inOrder);
    return { timestamp: main.timestamp, vendors: main.vendors, packs: sorted, problems };
  }

  /** Descriptions that were downloaded without their packs. */
  descriptions(): WebDescription[] {
    const out: WebDescription[] = [];
    for (const { name: file, isFile } of namesIn(this.path(".Web"))) {
      const [, vendor = "", name = ""] = /^([^.]+)\.(.+)\.pdsc$/.exec(file) ?? [];
      if (isFile && isSafeName(vendor) && isSafeName(name)) out.push({ vendor, name, path: this.path(`.Web/${file}`) });
    }
    return out;
  }

  /** Where the pack file of a release is kept. */
  archivePath(id: PackId): string {
    return this.path(`.Download/${packFileName(id)}.pack`);
  }

  /** Where a release is unpacked to. */
  unpackedPath({ vendor, name, version }: PackId): string {
    return this.path(`${vendor}/${name}/${version}`);
  }

  /**
   * Removes one release: what was unpacked, and the file it came from.
   *
   * @throws {PackError} when it is a local pack, whose folder belongs to its developer
   */
  remove(pack: InstalledPack): void {
    if (pack.kind === "local") {
      throw new PackError(`Cannot remove ${packTitle(pack)}: it is a local pack at ${pack.path}`, {
        hint: `Take it out of ${this.path(".Local/local_repository.pidx")} instead`,
      });
    }
    const file = `.Download/${packFileName(pack)}`;
    for (const inside of [`${pack.vendor}/${pack.name}/${pack.version}`, `${file}.pack`, `${file}.pdsc`]) {
      removeIfThere(this.path(inside));
      this.ledger.forget(inside);
    }
    removeIfEmpty(this.path(`${pack.vendor}/${pack.name}`));
    removeIfEmpty(this.path(pack.vendor));
    this.ledger.save();
  }

  /** Removes everything that Tapir itself put into the store, and nothing else; answers what it was. */
  clean(): string[] {
    const removed = this.ledger.paths().filter((inside) => removeIfThere(this.path(inside)));
    for (const inside of removed) {
      const steps = inside.split("/").slice(0, -1);
      for (; steps.length > 0; steps.pop()) removeIfEmpty(this.path(steps.join("/")));
    }
    removeIfThere(this.path(".tapir"));
    this.ledger.clear();
    return removed;
  }

  #readIndex(inside: string): PackIndex | undefined {
    const path = this.path(inside);
    const bytes = readIfThere(path, MAX_INDEX);
    return bytes && parsePackIndex(bytes, path, this.ledger.entry(inside)?.url);
  }

  *#unpacked(): Generator<InstalledPack> {
    const directories = (path: string) =>
      namesIn(path).filter((entry) => (entry.isDirectory || entry.isSymlink) && !entry.name.startsWith("."))
        .map((entry) => entry.name);
    for (const vendor of directories(this.root).filter(isSafeName)) {
      for (const name of directories(`${this.root}/${vendor}`).filter(isSafeName)) {
        for (const version of directories(`${this.root}/${vendor}/${name}`).filter(isVersion)) {
          const path = `${this.root}/${vendor}/${name}/${version}/${vendor}.${name}.pdsc`;
          if (stampOf(path)) yield { vendor, name, version, path, kind: "unpacked" };
        }
      }
    }
  }

  *#archives(): Generator<InstalledPack> {
    for (const { name, isFile, isSymlink } of namesIn(this.path(".Download"))) {
      const id = name.endsWith(".pack") ? parsePackFileName(name.slice(0, -".pack".length)) : undefined;
      if (id && (isFile || isSymlink)) yield { ...id, path: this.path(`.Download/${name}`), kind: "archive" };
    }
  }

  *#local(): Generator<InstalledPack> {
    const path = this.path(".Local/local_repository.pidx");
    let index: PackIndex | undefined;
    try {
      const bytes = readIfThere(path, MAX_INDEX);
      index = bytes && parsePackIndex(bytes, path);
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      log.warning(`Local packs are left out: ${error.message}`);
    }
    for (const { vendor, name, version, url } of index?.packs ?? []) {
      if (!url.startsWith("file:")) continue;
      const folder = decodeURIComponent(new URL(url).pathname).replace(/^\/(?=[A-Za-z]:)/, "");
      const pdsc = `${folder}${vendor}.${name}.pdsc`;
      if (stampOf(pdsc)) yield { vendor, name, version, path: pdsc, kind: "local" };
    }
  }
}

/** By vendor and name, old releases before new ones. */
function inOrder(a: PackId, b: PackId): number {
  return a.vendor === b.vendor
    ? a.name === b.name ? compareVersions(a.version, b.version) : a.name < b.name ? -1 : 1
    : a.vendor < b.vendor
    ? -1
    : 1;
}
