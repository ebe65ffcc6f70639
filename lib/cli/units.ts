/**
 * Quantities as people read them.
 *
 * @module
 */

/**
 * Bytes with a unit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { byteCount } from "./units.ts";
 *
 * assertEquals([byteCount(512), byteCount(1536), byteCount(1 << 20)], ["512 B", "1.5 KiB", "1 MiB"]);
 * ```
 */
export function byteCount(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1 << 20 ? [bytes / 1024, "KiB"] : [bytes / (1 << 20), "MiB"];
  return `${Number(value.toFixed(1))} ${unit}`;
}

/**
 * Milliseconds with a unit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duration } from "./units.ts";
 *
 * assertEquals([duration(12.34), duration(2500)], ["12 ms", "2.50 s"]);
 * ```
 */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** Bytes per second for an amount of bytes in a time in milliseconds, or a dash when no time passed. */
export function rate(bytes: number, ms: number): string {
  return ms <= 0 ? "–" : `${byteCount(Math.round((bytes * 1000) / ms))}/s`;
}
