/**
 * `tapir pack find`: which packs describe a device.
 *
 * @module
 */
import { counted } from "../../base/counted.ts";
import { EXIT, FormatError } from "../../base/errors.ts";
import { type DownloadReport, merge, type PackDownloads } from "../../pack/download_packs.ts";
import { systemFiles } from "../../pack/files.ts";
import {
  catalogue,
  type CatalogueDevice,
  fittingDevices,
  likely,
  mayHoldDevices,
  undescribed,
} from "../../pack/store_catalogue.ts";
import type { PackStore } from "../../pack/store.ts";
import type { CliContext } from "../context.ts";
import {
  needPatterns,
  type PackAction,
  type PackValues,
  sayFailures,
  storeOf,
  withDownloads,
} from "../pack_options.ts";
import { renderTable } from "../table.ts";

/** Nothing was downloaded. */
export const NOTHING: DownloadReport = { fetched: [], unchanged: [], failures: [], received: 0 };

/** Makes sure there is an index; fetches it when asked to, or when there is none. */
export async function ensureIndex(
  context: CliContext,
  store: PackStore,
  values: PackValues,
  downloads: PackDownloads,
): Promise<DownloadReport> {
  if (values.clean) store.clean();
  if (values.offline || (!values.update && !values.clean && hasIndex(context, store))) return NOTHING;
  context.say("Fetching the index of packs");
  return await downloads.updateIndex();
}

/** Whether there is an index that can be read; one that cannot is forgotten, so that it is fetched whole. */
function hasIndex(context: CliContext, store: PackStore): boolean {
  try {
    return store.index() !== undefined;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    context.say(error.message);
    store.ledger.forget(".Web/index.pidx");
    return false;
  }
}

/**
 * Devices that fit any of the patterns. Descriptions that are not there are fetched: first those of packs whose names
 * suggest that they describe such devices, and all others only when these do not.
 */
export async function findDevices(
  context: CliContext,
  store: PackStore,
  patterns: readonly string[],
  downloads: PackDownloads,
  isOffline: boolean,
): Promise<{ readonly devices: readonly CatalogueDevice[]; readonly report: DownloadReport }> {
  let report = NOTHING;
  const guesses = isOffline ? [] : [...new Set(patterns.flatMap((pattern) => likely(undescribed(store), pattern)))];
  if (guesses.length > 0) report = await downloads.fetchDescriptions(guesses);
  let known = await catalogue(store, systemFiles);
  const missing = patterns.filter((pattern) => fittingDevices(pattern, known).length === 0);
  const others = isOffline || missing.length === 0 ? [] : mayHoldDevices(undescribed(store));
  if (others.length > 0) {
    context.say(`No known pack describes ${missing.join(", ")}; looking into ${counted(others.length, "more pack")}`);
    report = merge(report, await downloads.fetchDescriptions(others));
    known = await catalogue(store, systemFiles);
  }
  const found = new Set(patterns.flatMap((pattern) => fittingDevices(pattern, known)));
  return { devices: known.filter((device) => found.has(device)), report };
}

/** `tapir pack find`. */
export const find: PackAction = {
  options: ["update", "clean", "noHeader"],
  async run(context, values, patterns) {
    needPatterns("find", patterns, "stm32f407*");
    const store = storeOf(context, values);
    const { devices, report } = await withDownloads(context, store, values, async (downloads) => {
      const index = await ensureIndex(context, store, values, downloads);
      const found = await findDevices(context, store, patterns, downloads, values.offline);
      return { ...found, report: merge(index, found.report) };
    });
    sayFailures(context, report);
    if (context.json) {
      context.printJson({ devices: devices.map(deviceToJson), failures: report.failures.map(({ what }) => what) });
    } else if (devices.length > 0) {
      const header = values.noHeader ? [] : [["Part", "Vendor", "Pack", "Version", "Installed"]];
      const rows = devices.map(({ name, vendor, packVendor, packName, version, isInstalled }) => [
        name,
        vendor,
        `${packVendor}.${packName}`,
        version,
        isInstalled ? "yes" : "no",
      ]);
      context.print(renderTable([...header, ...rows], { rule: !values.noHeader }));
    }
    if (devices.length > 0) return EXIT.ok;
    context.say(`No device fits ${patterns.join(", ")}${values.offline ? " among the packs on this computer" : ""}`);
    return EXIT.failed;
  },
};

function deviceToJson({ name, vendor, family, packVendor, packName, version, isInstalled }: CatalogueDevice): object {
  return { name, vendor, family, pack: `${packVendor}.${packName}`, version, installed: isInstalled };
}
