/**
 * The memory map as a table.
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
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    context.write(`${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()}\n`);
  }
}

async function rowOf(region: MemoryRegion): Promise<string[]> {
  const end = region.start + region.size - 1;
  const head = [region.name, region.kind, hex(region.start), hex(end), hex(region.size), region.access];
  if (region.algorithm === undefined) return [...head, "", ""];
  const { sectors, pageSize } = await region.algorithm.load();
  const sizes = [...new Set(sectors.filter((run) => run.start <= end).map((run) => hex(run.size)))];
  return [...head, sizes.join(", "), hex(pageSize)];
}
