/**
 * Fetches what is asked for into a pack root: the index, descriptions of packs, packs.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { InterruptedError, PackError, TapirError } from "../base/errors.ts";
import type { ProgressListener } from "../base/events.ts";
import { getLogger } from "../base/log.ts";
import { downloadFile, type FileRequest } from "./download_file.ts";
import type { Network } from "./download_http.ts";
import { Lanes } from "./download_lanes.ts";
import { DOWNLOAD_LIMITS, type DownloadLimits } from "./download_stall.ts";
import { systemFiles } from "./files.ts";
import { folderUrl, type IndexEntry, parsePackIndex, readReleases, type VendorIndex } from "./index_pidx.ts";
import { packFileName, type PackId, packTitle } from "./index_version.ts";
import { Pdsc } from "./pdsc.ts";
import type { PackDescription } from "./pdsc_types.ts";
import { openPack } from "./source.ts";
import type { PackStore } from "./store.ts";
import { readIfThere, stampOf } from "./store_files.ts";

const log = getLogger("pack", "download");

/** The index of all public packs. */
export const PUBLIC_INDEX = "https://www.keil.com/pack/index.pidx";

const MIB = 1024 * 1024;
/** The largest public index, description and pack are 1, 20 and 600 MiB. */
const MAX = { index: 32 * MIB, description: 64 * MIB, pack: 4096 * MIB } as const;
/** Indexes that name indexes that name indexes are too much. */
const MAX_DEPTH = 3;
const MAX_VENDORS = 1000;

/** What downloads work with. */
export interface DownloadParts {
  /** Where everything goes. */
  readonly store: PackStore;
  /** The way to the servers; undefined when offline. */
  readonly network: Network | undefined;
  /** Time for waiting between two tries. */
  readonly clock: Clock;
  /** Folder or index file that is asked before the servers the index names. */
  readonly mirror?: string | undefined;
  /** Patience; that for public servers unless told. */
  readonly limits?: DownloadLimits;
  /** Hears of bytes of all downloads together. */
  readonly progress?: ProgressListener;
  /** Stops everything. */
  readonly signal?: AbortSignal;
}

/** Something that could not be downloaded. */
export interface DownloadFailure {
  /** What it was. */
  readonly what: string;
  /** Why, and what to do about it. */
  readonly error: TapirError;
}

/** What became of some downloads. */
export interface DownloadReport {
  /** Files that are new, by what they are. */
  readonly fetched: readonly string[];
  /** Files that had not changed. */
  readonly unchanged: readonly string[];
  /** What failed and why. */
  readonly failures: readonly DownloadFailure[];
  /** Bytes that came over the network. */
  readonly received: number;
}

/** One thing to download, from the first address that has it. */
interface Job {
  readonly what: string;
  readonly urls: readonly string[];
  /** Path inside the store. */
  readonly inside: string;
  readonly maxBytes: number;
  readonly entry?: IndexEntry | undefined;
  readonly version?: string;
  readonly check: (path: string) => Promise<void>;
}

/** Downloads into one store. */
export class PackDownloads {
  readonly #parts: DownloadParts;
  readonly #lanes = new Lanes({ total: 12, perHost: 4 });
  readonly #bytes = new Map<string, readonly [done: number, total: number]>();

  /** Downloads as `parts` say. */
  constructor(parts: DownloadParts) {
    this.#parts = parts;
  }

  /** Fetches the index, and the indexes of vendors it names, where they have changed. */
  async updateIndex(): Promise<DownloadReport> {
    const { mirror } = this.#parts;
    const url = mirror === undefined
      ? PUBLIC_INDEX
      : /\.[pv]idx$/i.test(mirror)
      ? mirror
      : `${this.#mirrorFolder()}index.pidx`;
    const parse = (path: string, base: string) => parsePackIndex(readIfThere(path, MAX.index)!, path, base);
    const job = (what: string, from: string, inside: string): Job => ({
      what,
      urls: [from],
      inside,
      maxBytes: MAX.index,
      check: (path) => Promise.resolve(void parse(path, from)),
    });
    const main = ".Web/index.pidx";
    let report = await this.#run([job("index of packs", url, main)]);
    const seen = new Set([url]);
    let level = [{ inside: main, url }];
    for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
      const vendors: (VendorIndex & { readonly from: string })[] = [];
      for (const { inside, url: base } of level) {
        if (!stampOf(this.#parts.store.path(inside))) continue;
        for (const vendor of parse(this.#parts.store.path(inside), base).vendors) {
          const from = `${vendor.url}${vendor.vendor}.pidx`;
          if (!seen.has(from) && seen.size < MAX_VENDORS) vendors.push({ ...vendor, from });
          seen.add(from);
        }
      }
      level = vendors.map(({ vendor, from }) => ({ inside: `.tapir/vendors/${vendor}.pidx`, url: from }));
      report = merge(report, await this.#run(level.map((each) => job(`index ${each.url}`, each.url, each.inside))));
    }
    return report;
  }

  /** Fetches the descriptions of packs, unless the one at hand is of the release the index names. */
  async fetchDescriptions(entries: readonly IndexEntry[]): Promise<DownloadReport> {
    const { store } = this.#parts;
    const wanted = entries.filter((entry) => store.ledger.entry(descriptionPath(entry))?.version !== entry.version);
    return await this.#run(wanted.map((entry): Job => {
      const file = `${entry.vendor}.${entry.name}.pdsc`;
      return {
        what: `description of ${entry.vendor}::${entry.name}`,
        urls: this.#addresses(entry.url, file),
        inside: descriptionPath(entry),
        maxBytes: MAX.description,
        version: entry.version,
        check: (path) => Promise.resolve(checkPdsc(new Pdsc(readIfThere(path, MAX.description)!, file), entry)),
      };
    }));
  }

  /** Fetches pack files. Their descriptions, which say where they are, have to be there or are fetched first. */
  async fetchPacks(entries: readonly IndexEntry[]): Promise<DownloadReport> {
    const undescribed = entries.filter((entry) => !stampOf(this.#parts.store.path(descriptionPath(entry))));
    const described = await this.fetchDescriptions(undescribed);
    const report = await this.#run(entries.map((entry): Job => ({
      what: packTitle(entry),
      urls: this.#packAddresses(entry),
      inside: `.Download/${packFileName(entry)}.pack`,
      maxBytes: MAX.pack,
      entry,
      check: (path) => checkPack(path, entry),
    })));
    // A missing description is no failure when the pack was found without it.
    const failed = new Set(report.failures.map(({ what }) => what));
    const missing = described.failures.filter(({ what }) =>
      entries.some((entry) => what.endsWith(`${entry.vendor}::${entry.name}`) && failed.has(packTitle(entry)))
    );
    return merge({ ...report, failures: [...missing, ...report.failures] }, {
      ...described,
      fetched: [],
      failures: [],
    });
  }

  /** Fetches a pack file from an address that names it. @throws {TapirError} when it cannot be had */
  async fetchUrl(url: string, id: PackId): Promise<DownloadReport> {
    return await this.#run([{
      what: packTitle(id),
      urls: [url],
      inside: `.Download/${packFileName(id)}.pack`,
      maxBytes: MAX.pack,
      check: (path) => checkPack(path, id),
    }]);
  }

  #packAddresses(entry: IndexEntry): string[] {
    const file = `${packFileName(entry)}.pack`;
    const path = this.#parts.store.path(descriptionPath(entry));
    const urls: string[] = [];
    const bytes = readIfThere(path, MAX.description);
    if (bytes !== undefined) {
      const { url, releases } = readReleases(bytes, path);
      const own = releases.find((release) => release.version === entry.version)?.url;
      if (own !== undefined) urls.push(own);
      if (url !== undefined) urls.push(`${url}${file}`);
    }
    return [...new Set([...this.#addresses(entry.url, file).slice(0, -1), ...urls, `${entry.url}${file}`])];
  }

  /** The mirror's address of a file before its own. */
  #addresses(folder: string, file: string): string[] {
    return this.#parts.mirror === undefined
      ? [`${folder}${file}`]
      : [`${this.#mirrorFolder()}${file}`, `${folder}${file}`];
  }

  #mirrorFolder(): string {
    const { mirror = "" } = this.#parts;
    const folder = folderUrl(mirror.replace(/[^/]+\.[pv]idx$/i, ""));
    if (folder !== undefined) return folder;
    throw new PackError(`Cannot use ${mirror} as a mirror: it is not an address`, {
      hint: "Give the address of a folder or of an index file, such as https://mirror.example/packs/",
    });
  }

  async #run(jobs: readonly Job[]): Promise<DownloadReport> {
    const fetched: string[] = [];
    const unchanged: string[] = [];
    const failures: DownloadFailure[] = [];
    let received = 0;
    this.#bytes.clear();
    await Promise.all(jobs.map(async (job) => {
      try {
        const outcome = await this.#fetch(job);
        (outcome.status === "new" ? fetched : unchanged).push(job.what);
        received += outcome.received;
      } catch (error) {
        if (!(error instanceof TapirError)) throw error;
        failures.push({ what: job.what, error });
      }
    }));
    this.#parts.store.ledger.save();
    if (this.#parts.signal?.aborted) throw new InterruptedError();
    return { fetched: fetched.sort(), unchanged: unchanged.sort(), failures, received };
  }

  async #fetch(job: Job): Promise<{ readonly status: "new" | "unchanged"; readonly received: number }> {
    const { store, network, clock, limits = DOWNLOAD_LIMITS, signal } = this.#parts;
    const errors: TapirError[] = [];
    for (const url of job.urls) {
      if (network === undefined) {
        throw new PackError(`Cannot download ${url}: only what is on this computer is asked for`, {
          code: "offline",
          hint: "Leave out --offline",
        });
      }
      const known = store.ledger.entry(job.inside);
      const request: FileRequest = {
        url,
        path: store.path(job.inside),
        maxBytes: job.maxBytes,
        size: job.entry?.size,
        sha256: job.entry?.sha256,
        known: known?.url === url ? known : undefined,
        check: job.check,
        progress: (done, total) => this.#tell(job.inside, done, total),
        signal,
      };
      try {
        const outcome = await this.#lanes.run(new URL(url).host, () => downloadFile(request, network, clock, limits));
        const { etag, lastModified } = outcome;
        store.ledger.note(job.inside, {
          url,
          ...(etag === undefined ? {} : { etag }),
          ...(lastModified === undefined ? {} : { lastModified }),
          ...(job.version === undefined ? {} : { version: job.version }),
        });
        return outcome;
      } catch (error) {
        if (!(error instanceof TapirError) || error instanceof InterruptedError) throw error;
        if (job.urls.length > 1) log.info(error.message);
        errors.push(error);
      }
    }
    throw errors.at(-1)!;
  }

  #tell(inside: string, done: number, total: number): void {
    this.#bytes.set(inside, [done, Math.max(done, total)]);
    let [sumDone, sumTotal] = [0, 0];
    for (const [bytes, all] of this.#bytes.values()) {
      sumDone += bytes;
      sumTotal += all;
    }
    this.#parts.progress?.({ phase: "download", done: sumDone, total: sumTotal });
  }
}

/** Where the description of a pack is kept, inside the store. */
export function descriptionPath({ vendor, name }: Pick<PackId, "vendor" | "name">): string {
  return `.Web/${vendor}.${name}.pdsc`;
}

/** Both reports as one. */
export function merge(a: DownloadReport, b: DownloadReport): DownloadReport {
  return {
    fetched: [...a.fetched, ...b.fetched],
    unchanged: [...a.unchanged, ...b.unchanged],
    failures: [...a.failures, ...b.failures],
    received: a.received + b.received,
  };
}

function checkPdsc(pdsc: PackDescription, { vendor, name }: Pick<PackId, "vendor" | "name">): void {
  if (pdsc.vendor === vendor && pdsc.name === name) return;
  throw new PackError(
    `Cannot use ${pdsc.fileName}: it describes ${pdsc.vendor}::${pdsc.name}, not ${vendor}::${name}`,
    {
      code: "wrong-pack",
    },
  );
}

/** Whether a file is a pack that can be read, and the one that was asked for. */
async function checkPack(path: string, id: PackId): Promise<void> {
  const pack = await openPack(path, systemFiles);
  pack.close();
  checkPdsc(pack.pdsc, id);
  if (pack.pdsc.version !== id.version) {
    log.warning(`${packFileName(id)}.pack says of itself that it is release ${pack.pdsc.version}`);
  }
}
