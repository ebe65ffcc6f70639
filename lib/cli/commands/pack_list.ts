/**
 * `tapir pack list`, `remove` and `clean`: the installed packs.
 *
 * @module
 */
import { counted } from "../../base/counted.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { namePattern } from "../../pack/index_pattern.ts";
import { packFileName, packTitle, parsePackReference, satisfies } from "../../pack/index_version.ts";
import type { InstalledPack } from "../../pack/store.ts";
import type { CliContext } from "../context.ts";
import { needPatterns, type PackAction, type PackValues, storeOf } from "../pack_options.ts";
import { renderTable } from "../table.ts";

/** Shows installed packs that fit any of the patterns, or all. */
export function showInstalled(context: CliContext, values: PackValues, patterns: readonly string[]): number {
  const store = storeOf(context, values);
  const tests = patterns.map(namePattern);
  const packs = store.installed().filter((pack) =>
    tests.length === 0 || tests.some((fits) => fits(packTitle(pack)) || fits(packFileName(pack)))
  );
  if (context.json) {
    context.printJson({ root: store.root, packs });
    return EXIT.ok;
  }
  if (packs.length === 0) context.say(`No pack is installed in ${store.root}`);
  else {
    const header = values.noHeader ? [] : [["Pack", "Version", "Kept as", "Path"]];
    const rows = packs.map(({ vendor, name, version, kind, path }) => [`${vendor}.${name}`, version, kind, path]);
    context.print(renderTable([...header, ...rows], { rule: !values.noHeader }));
  }
  return EXIT.ok;
}

/** `tapir pack list`. */
export const list: PackAction = {
  options: ["noHeader"],
  run: (context, values, patterns) => Promise.resolve(showInstalled(context, values, patterns)),
};

/** Installed packs that a text names: exactly, or as a pattern over `Vendor::Pack@version`. */
export function installedNamed(text: string, installed: readonly InstalledPack[]): InstalledPack[] {
  const reference = parsePackReference(text);
  const exact = reference === undefined
    ? []
    : installed.filter((pack) =>
      pack.vendor === reference.vendor && pack.name === reference.name && satisfies(pack.version, reference.range)
    );
  if (exact.length > 0 || !/[*?[]/.test(text)) return exact;
  const fits = namePattern(text);
  return installed.filter((pack) => fits(packTitle(pack)) || fits(packFileName(pack)));
}

/** `tapir pack remove`. */
export const remove: PackAction = {
  options: [],
  run(context, values, patterns) {
    needPatterns("remove", patterns, "Keil::STM32F4xx_DFP@2.17.1");
    const store = storeOf(context, values);
    const installed = store.installed();
    const chosen = new Set<InstalledPack>();
    // Nothing is removed before everything named is known.
    for (const pattern of patterns) {
      const found = installedNamed(pattern, installed);
      if (found.length === 0) {
        throw new UsageError(`Cannot remove ${pattern}: no installed pack is called that`, {
          code: "no-pack",
          hint: "See: tapir pack list",
        });
      }
      for (const pack of found) chosen.add(pack);
    }
    for (const pack of chosen) {
      store.remove(pack);
      if (!context.json) context.say(`Removed ${packTitle(pack)}`);
    }
    if (context.json) context.event("result", { removed: [...chosen].map(packFileName) });
    return Promise.resolve(EXIT.ok);
  },
};

/** `tapir pack clean`. */
export const clean: PackAction = {
  options: [],
  run(context, values, patterns) {
    if (patterns.length > 0) {
      throw new UsageError("Cannot clean single packs: clean removes everything Tapir downloaded", {
        hint: `Remove packs with: tapir pack remove ${patterns.join(" ")}`,
      });
    }
    const store = storeOf(context, values);
    const removed = store.clean();
    if (context.json) context.event("result", { removed });
    else context.say(`Removed ${counted(removed.length, "file")} that Tapir had put into ${store.root}`);
    return Promise.resolve(EXIT.ok);
  },
};
