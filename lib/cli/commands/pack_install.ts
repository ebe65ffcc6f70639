/**
 * `tapir pack install` and `tapir pack update`: downloads packs, and the index of packs.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { counted } from "../../base/counted.ts";
import { EXIT, PackError, UsageError } from "../../base/errors.ts";
import { descriptionPath, type DownloadReport, merge, type PackDownloads } from "../../pack/download_packs.ts";
import { systemFiles } from "../../pack/files.ts";
import { type IndexEntry, readReleases } from "../../pack/index_pidx.ts";
import {
  compareVersions,
  newest,
  packFileName,
  type PackId,
  type PackReference,
  packTitle,
  parsePackFileName,
  parsePackReference,
  satisfies,
} from "../../pack/index_version.ts";
import type { PackStore } from "../../pack/store.ts";
import { importArchive } from "../../pack/store_import.ts";
import { unpackArchive } from "../../pack/store_unpack.ts";
import type { CliContext } from "../context.ts";
import {
  exitOf,
  needPatterns,
  type PackAction,
  type PackValues,
  reportToJson,
  sayFailures,
  storeOf,
  withDownloads,
} from "../pack_options.ts";
import { byteCount } from "../units.ts";
import { ensureIndex, findDevices, NOTHING } from "./pack_find.ts";

/** What is to be installed. */
interface Wanted {
  /** From the index. */
  readonly entries: IndexEntry[];
  /** From addresses. */
  readonly urls: { readonly url: string; readonly id: PackId }[];
  /** From files. */
  readonly files: string[];
  /** What nothing fits. */
  readonly unknown: string[];
}

/** `tapir pack install`. */
export const install: PackAction = {
  options: ["update", "clean", "noDownload", "unpack"],
  async run(context, values, patterns) {
    needPatterns("install", patterns, "stm32f407vg");
    const store = storeOf(context, values);
    return await withDownloads(context, store, values, async (downloads) => {
      const before = new Set(store.installed().map(packTitle));
      const { wanted, report: lookedUp } = await resolve(context, store, values, patterns, downloads);
      const fresh = wanted.entries.filter((entry) => !before.has(packTitle(entry)));
      const present = wanted.entries.filter((entry) => before.has(packTitle(entry)));
      const titles = [...fresh, ...wanted.urls.map(({ id }) => id)].map(packTitle).concat(wanted.files);
      for (const pattern of wanted.unknown) context.say(context.paint("red", `No pack or device fits ${pattern}`));
      if (!context.json) {
        for (const entry of present) context.say(`${packTitle(entry)} is installed already`);
        if (titles.length > 0) context.say(values.noDownload ? "Would download packs:" : "Downloading packs:");
        for (const title of titles) context.say(`  ${title}`);
      }
      const report = values.noDownload ? lookedUp : merge(lookedUp, await fetchAll(store, fresh, wanted, downloads));
      if (values.unpack && !values.noDownload) await unpackAll(context, store, [...wanted.entries, ...wanted.urls]);
      sayFailures(context, report);
      if (context.json) {
        const planned = values.noDownload ? { planned: titles } : {};
        const installed = present.map(packTitle);
        context.event("result", { ...reportToJson(report), ...planned, installed, unknown: wanted.unknown });
      } else if (report.received > 0) context.say(`Received ${byteCount(report.received)} into ${store.root}`);
      return wanted.unknown.length > 0 ? EXIT.failed : exitOf(report);
    });
  },
};

async function fetchAll(
  store: PackStore,
  entries: readonly IndexEntry[],
  { urls, files }: Wanted,
  downloads: PackDownloads,
): Promise<DownloadReport> {
  let report = entries.length > 0 ? await downloads.fetchPacks(entries) : NOTHING;
  for (const { url, id } of urls) report = merge(report, await downloads.fetchUrl(url, id));
  const imported: string[] = [];
  for (const file of files) imported.push(packTitle(await importArchive(store, file, systemFiles)));
  return merge(report, { ...NOTHING, fetched: imported });
}

async function unpackAll(
  context: CliContext,
  store: PackStore,
  items: readonly (PackId | { readonly id: PackId })[],
): Promise<void> {
  for (const id of items.map((item) => ("id" in item ? item.id : item))) {
    if (await systemFiles.stat(store.archivePath(id)) === undefined) continue;
    await unpackArchive(store, id, systemFiles);
    context.say(`Unpacked ${packTitle(id)} to ${store.unpackedPath(id)}`);
  }
}

async function resolve(
  context: CliContext,
  store: PackStore,
  values: PackValues,
  patterns: readonly string[],
  downloads: PackDownloads,
): Promise<{ readonly wanted: Wanted; readonly report: DownloadReport }> {
  const wanted: Wanted = { entries: [], urls: [], files: [], unknown: [] };
  const named: { pattern: string; reference: PackReference | undefined }[] = [];
  for (const pattern of patterns) {
    if (/^https?:\/\//i.test(pattern)) wanted.urls.push({ url: pattern, id: idOfUrl(pattern) });
    else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern)) {
      throw new UsageError(`Cannot install ${pattern}: packs are downloaded from http and https addresses only`);
    } else if (/\.pack$/i.test(pattern)) {
      wanted.files.push(isAbsolute(pattern) ? pattern : join(context.streams.cwd, pattern));
    } else if (/[/\\]/.test(pattern)) {
      throw new UsageError(`Cannot install ${pattern}: it is no pack file`, {
        hint: "The names of pack files end with .pack; a folder is used with --pack as it is",
      });
    } else named.push({ pattern, reference: parsePackReference(pattern) });
  }
  if (named.length === 0) return { wanted, report: NOTHING };
  let report = await ensureIndex(context, store, values, downloads);
  const index = store.index()?.packs ?? [];
  const devices: string[] = [];
  for (const { pattern, reference } of named) {
    const entry = reference && index.find((each) => each.vendor === reference.vendor && each.name === reference.name);
    if (reference === undefined || entry === undefined) {
      // With a version it can only be a pack; otherwise it may be part of the name of a device.
      if (reference?.range !== undefined || pattern.includes("::")) wanted.unknown.push(pattern);
      else devices.push(pattern);
      continue;
    }
    const [chosen, more] = await chooseRelease(store, entry, reference.range, downloads);
    report = merge(report, more);
    if (chosen) wanted.entries.push(chosen);
    else wanted.unknown.push(pattern);
  }
  if (devices.length === 0) return { wanted, report };
  for (const pattern of devices) {
    const found = await findDevices(context, store, [pattern], downloads, values.offline);
    report = merge(report, found.report);
    const packs = new Set(found.devices.map(({ packVendor, packName }) => `${packVendor}.${packName}`));
    const entries = index.filter(({ vendor, name }) => packs.has(`${vendor}.${name}`));
    wanted.entries.push(...entries.filter((entry) => !wanted.entries.includes(entry)));
    if (entries.length === 0) wanted.unknown.push(pattern);
  }
  return { wanted, report };
}

/** The newest release of a pack that fulfils a condition; older ones are named in its description only. */
async function chooseRelease(
  store: PackStore,
  entry: IndexEntry,
  range: string | undefined,
  downloads: PackDownloads,
): Promise<[IndexEntry | undefined, DownloadReport]> {
  if (satisfies(entry.version, range)) return [entry, NOTHING];
  const report = await downloads.fetchDescriptions([entry]);
  const path = store.path(descriptionPath(entry));
  if (await systemFiles.stat(path) === undefined) return [undefined, report];
  const { releases } = readReleases(await systemFiles.read(path), path);
  const version = newest(releases.filter((release) => satisfies(release.version, range)))?.version;
  const { vendor, name, url } = entry;
  return [version === undefined ? undefined : { vendor, name, url, version }, report];
}

function idOfUrl(url: string): PackId {
  const file = URL.canParse(url) ? new URL(url).pathname.replace(/^.*\//, "") : "";
  const id = file.toLowerCase().endsWith(".pack") ? parsePackFileName(file.slice(0, -".pack".length)) : undefined;
  if (id !== undefined) return id;
  throw new UsageError(`Cannot install ${url}: the address does not end with Vendor.Pack.Version.pack`);
}

/** `tapir pack update`. */
export const update: PackAction = {
  options: ["clean", "all"],
  async run(context, values, patterns) {
    if (patterns.length > 0) {
      throw new UsageError("Cannot update single packs: update fetches the index", {
        hint: `Install the newest release with: tapir pack install ${patterns.join(" ")}`,
      });
    }
    const store = storeOf(context, values);
    if (values.clean) store.clean();
    const report = await withDownloads(context, store, values, async (downloads) => {
      const index = await downloads.updateIndex();
      const known = new Set(store.descriptions().map(({ vendor, name }) => `${vendor}.${name}`));
      const stale = (store.index()?.packs ?? []).filter((entry) =>
        values.all || (known.has(`${entry.vendor}.${entry.name}`) &&
          store.ledger.entry(descriptionPath(entry)) !== undefined)
      );
      return merge(index, await downloads.fetchDescriptions(stale));
    });
    const index = store.index();
    if (index === undefined && report.failures.length === 0) throw new PackError("Cannot update: there is no index");
    const newer = store.newest().flatMap((pack) => {
      const entry = index?.packs.find(({ vendor, name }) => vendor === pack.vendor && name === pack.name);
      return entry && compareVersions(entry.version, pack.version) > 0 ? [{ pack, entry }] : [];
    });
    sayFailures(context, report);
    if (context.json) {
      const outdated = newer.map(({ pack, entry }) => ({ pack: packFileName(pack), newest: entry.version }));
      context.event("result", { ...reportToJson(report), packs: index?.packs.length ?? 0, outdated });
    } else {
      context.say(`The index names ${counted(index?.packs.length ?? 0, "pack")}`);
      for (const { pack, entry } of newer) context.say(`  ${packTitle(pack)} is installed, ${entry.version} is newest`);
    }
    return exitOf(report);
  },
};
