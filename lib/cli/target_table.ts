/**
 * Targets that can be named with `--target`, as `tapir list --targets` shows them.
 *
 * @module
 */
import type { KnownDevice } from "../session/known_devices.ts";
import { GENERIC_TARGET } from "../session/targets.ts";
import { renderTable } from "./table.ts";

/** Which targets are shown. */
export interface TargetFilter {
  /** Part of the name; letter case does not matter. */
  readonly name?: string | undefined;
  /** Part of the vendor's name. */
  readonly vendor?: string | undefined;
  /** Where the description comes from. */
  readonly source?: string | undefined;
}

/** The targets that pass the filter, the generic one among them, sorted by name. */
export function chooseTargets(devices: readonly KnownDevice[], filter: TargetFilter): KnownDevice[] {
  const { name, vendor, families } = GENERIC_TARGET;
  const has = (text: string, part: string | undefined): boolean =>
    text.toLowerCase().includes((part ?? "").toLowerCase());
  return [{ name, vendor, families, source: "builtin" as const }, ...devices]
    .filter((device) => has(device.name, filter.name) && has(device.vendor, filter.vendor))
    .filter((device) => filter.source === undefined || device.source === filter.source)
    .sort((a, b) => a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);
}

/** A table of targets. */
export function targetTable(devices: readonly KnownDevice[], hasHeader: boolean): string {
  const header = hasHeader ? [["Name", "Vendor", "Part Number", "Families", "Source"]] : [];
  const rows = devices.map(({ name, vendor, families, source }) => [
    name.toLowerCase(),
    vendor,
    name,
    families.join(", "),
    source,
  ]);
  return renderTable([...header, ...rows], { rule: hasHeader });
}
