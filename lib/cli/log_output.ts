/**
 * Log lines as people read them.
 *
 * @module
 */
import type { LogLevel, LogLine } from "../base/log.ts";
import type { Paint, Style } from "./ansi.ts";

const STYLES: Readonly<Record<LogLevel, Style>> = {
  critical: "red",
  error: "red",
  warning: "yellow",
  info: "green",
  debug: "dim",
};

/**
 * One line: milliseconds since `start`, the first letter of the level, the text, the category.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { renderLogLine } from "./log_output.ts";
 *
 * const line = { level: "info", category: "flash", message: "Erasing", time: 1500 } as const;
 * assertEquals(renderLogLine(line, 140, (_, text) => text), "0001360 I Erasing [flash]\n");
 * ```
 */
export function renderLogLine(line: LogLine, start: number, paint: Paint): string {
  const time = String(Math.max(0, Math.round(line.time - start))).padStart(7, "0");
  const letter = line.level[0]!.toUpperCase();
  const style = STYLES[line.level];
  return `${paint("blue", time)} ${paint(style, letter)} ${line.message} ${paint("dim", `[${line.category}]`)}\n`;
}
