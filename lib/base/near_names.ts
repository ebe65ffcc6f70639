/**
 * Names that look like a mistyped one.
 *
 * @module
 */

/** Edits that turn `a` into `b`: inserted, dropped, changed letters, and two neighbours swapped. */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, older[j - 2]! + 1);
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/**
 * Up to `limit` of `names` that `typed` may stand for, best first: few edits away, starting with it, or holding it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearNames } from "./near_names.ts";
 *
 * assertEquals(nearNames("frequncy", ["frequency", "persist"]), ["frequency"]);
 * assertEquals(nearNames("stm32f407", ["stm32f407vgtx", "stm32f407zgtx", "k64f"]), ["stm32f407vgtx", "stm32f407zgtx"]);
 * assertEquals(nearNames("zzz", ["frequency"]), []);
 * ```
 */
export function nearNames(typed: string, names: Iterable<string>, limit = 5): string[] {
  const wanted = typed.toLowerCase();
  if (wanted === "") return [];
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const scored: { name: string; score: number }[] = [];
  for (const name of names) {
    const candidate = name.toLowerCase();
    const part = sharedPrefix(wanted, candidate);
    if (candidate.startsWith(wanted)) scored.push({ name, score: 0 });
    else if (wanted.length >= 3 && candidate.includes(wanted)) scored.push({ name, score: 0.5 });
    else if (Math.abs(candidate.length - wanted.length) <= allowed) {
      const edits = distance(wanted, candidate);
      if (edits <= allowed) scored.push({ name, score: edits - part / 100 });
    }
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

function sharedPrefix(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}

/**
 * A hint "Did you mean …?" for a mistyped name, or undefined when nothing is near.
 */
export function didYouMean(typed: string, names: Iterable<string>): string | undefined {
  const near = nearNames(typed, names);
  if (near.length === 0) return undefined;
  const last = near.pop()!;
  return `Did you mean ${near.length === 0 ? last : `${near.join(", ")} or ${last}`}?`;
}
