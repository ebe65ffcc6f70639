/**
 * Tables of text.
 *
 * @module
 */
import { widthOf } from "./ansi.ts";

/**
 * Left-aligned columns two spaces apart, without space at the end of lines. Cells may be coloured.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { renderTable } from "./table.ts";
 *
 * assertEquals(renderTable([["Name", "Size"], ["flash", "4"]]), "Name   Size\nflash  4\n");
 * ```
 */
export function renderTable(rows: readonly (readonly string[])[], options: { rule?: boolean } = {}): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, widthOf(cell)));
  }
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell + " ".repeat(widths[i]! - widthOf(cell)))).join("  ")
      .trimEnd()
  );
  if (options.rule) lines.splice(1, 0, "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return lines.map((line) => `${line}\n`).join("");
}
