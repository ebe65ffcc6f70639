/**
 * The table of probes, as `list` prints it.
 *
 * @module
 */
import { TapirError } from "../base/errors.ts";
import type { ProbeInfo } from "../probe/probe.ts";
import type { Paint } from "./ansi.ts";
import { widthOf } from "./ansi.ts";

/** Least widths of the columns, so that a short table looks like a long one. */
const WIDTHS = [3, 33, 50, 6];

/**
 * Two lines a probe when its board is known: number, name, unique ID and target, then vendor and name of the board. What
 * is wrong with a probe, and what may help, follows on lines of its own.
 *
 * @param isKnown whether a target of this name can be used
 * @param columns width to keep to where the contents allow it
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { probeTable } from "./probe_table.ts";
 *
 * const probe = { driver: "stlink", uniqueId: "066E", description: "STM32 STLink", vendor: "ST" };
 * const lines = probeTable([probe], (_, text) => text, () => true).split("\n");
 * assertEquals(lines[1]?.split(/ {2,}/), ["", "0", "STM32 STLink", "066E", "n/a"]);
 * ```
 */
export function probeTable(
  probes: readonly ProbeInfo[],
  paint: Paint,
  isKnown: (target: string) => boolean,
  columns = Infinity,
): string {
  if (probes.length === 0) return `${paint("red", "No available debug probes are connected")}\n`;
  const rows: string[][] = [["#", "Probe/Board", "Unique ID", "Target"]];
  for (const [i, probe] of probes.entries()) {
    if (i > 0) rows.push([]);
    rows.push(...rowsOf(i, probe, paint, isKnown));
  }
  // The second row's message may be long; it does not move the columns.
  const needed = WIDTHS.map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[0] === "" ? 0 : widthOf(row[column] ?? "") + 2)))
  );
  const roomy = needed.map((width, column) => Math.max(width, WIDTHS[column]!));
  // Two more at the left, two less at the right.
  const widths = roomy.reduce((sum, width) => sum + width) <= columns ? roomy : needed;
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell + " ".repeat(Math.max(0, widths[column]! - widthOf(cell))));
    return `${row.length === 0 ? "" : `  ${cells.join("")}`.trimEnd()}\n`;
  }).join("");
}

function rowsOf(index: number, probe: ProbeInfo, paint: Paint, isKnown: (target: string) => boolean): string[][] {
  const { description, uniqueId, problem } = probe;
  const { boardVendor, boardName, targetName } = probe.board ?? {};
  const target = targetName === undefined
    ? paint("dim", "n/a")
    : isKnown(targetName)
    ? `${paint("green", "✔︎")} ${targetName}`
    : `${paint("red", "✖︎")} ${targetName}`;
  const rows = [
    problem === undefined
      ? [paint("magenta", String(index)), paint("green", description), paint("cyan", uniqueId), target]
      : [
        paint("dim", String(index)),
        paint("red", description || "Error accessing probe"),
        paint("dim", uniqueId),
        target,
      ],
  ];
  const [first, second] = boardVendor === undefined ? [boardName, ""] : [boardVendor, boardName ?? ""];
  if (first !== undefined) rows.push(["", paint("yellow", first), paint("yellow", second)]);
  if (problem !== undefined) rows.push(["", paint("red", problem.message)]);
  if (problem instanceof TapirError && problem.hint !== undefined) rows.push(["", paint("cyan", problem.hint)]);
  return rows;
}
