/**
 * Tables, and the memory map as one.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import type { MemoryRegion } from "../target/description.ts";
import type { CommandContext } from "./context.ts";

/** Prints the memory map of the selected core. */
export async function showMap(context: CommandContext): Promise<void> {
  const map = context.hasCore ? context.session.flash.map : context.session.target.map;
  const rows = [["Region", "Type", "Start", "End", "Size", "Access", "Sector", "Page"]];
  for (const region of map.regions) rows.push(await rowOf(region));
  context.write(formatTable(rows));
}

/** Left-aligned columns, two spaces apart; every row has as many cells as the first. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()}\n`).join("");
}

async function rowOf(region: MemoryRegion): Promise<string[]> {
  const end = region.start + region.size - 1;
  const head = [region.name, region.kind, hex(region.start), hex(end), hex(region.size), region.access];
  if (region.algorithm === undefined) return [...head, "", ""];
  const { sectors, pageSize } = await region.algorithm.load();
  const sizes = [...new Set(sectors.filter((run) => run.start <= end).map((run) => hex(run.size)))];
  return [...head, sizes.join(", "), hex(pageSize)];
}
