/**
 * Half-open address ranges `[start, end)` in bytes.
 *
 * @module
 */

/** Addresses from `start` up to but not including `end`, in bytes. */
export interface AddressRange {
  /** First address. */
  readonly start: number;
  /** Address after the last. */
  readonly end: number;
}

/** Whether two ranges share an address. */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Whether `outer` holds all of `inner`. */
export function containsRange(outer: AddressRange, inner: AddressRange): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** The addresses in both, or undefined when there are none. */
export function intersect(a: AddressRange, b: AddressRange): AddressRange | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : undefined;
}

/**
 * Sorted ranges with touching and overlapping ones joined, empty ones dropped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mergeRanges } from "./ranges.ts";
 *
 * assertEquals(mergeRanges([{ start: 8, end: 9 }, { start: 0, end: 4 }, { start: 4, end: 6 }]), [
 *   { start: 0, end: 6 },
 *   { start: 8, end: 9 },
 * ]);
 * ```
 */
export function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = ranges.filter((r) => r.end > r.start).sort((a, b) => a.start - b.start);
  const out: { start: number; end: number }[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else out.push({ start: range.start, end: range.end });
  }
  return out;
}

/**
 * What is left of `from` when all `holes` are taken out, sorted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { subtractRanges } from "./ranges.ts";
 *
 * assertEquals(subtractRanges({ start: 0, end: 10 }, [{ start: 2, end: 4 }]), [
 *   { start: 0, end: 2 },
 *   { start: 4, end: 10 },
 * ]);
 * ```
 */
export function subtractRanges(from: AddressRange, holes: readonly AddressRange[]): AddressRange[] {
  const out: AddressRange[] = [];
  let at = from.start;
  for (const hole of mergeRanges(holes)) {
    if (hole.end <= at || hole.start >= from.end) continue;
    if (hole.start > at) out.push({ start: at, end: hole.start });
    at = Math.max(at, hole.end);
  }
  if (at < from.end) out.push({ start: at, end: from.end });
  return out;
}
