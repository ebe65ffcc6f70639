/**
 * Puts memories and flash algorithms of a description together into the regions of a chip. Pure.
 *
 * @module
 */
import { type AddressRange, containsRange, intersect, overlaps, subtractRanges } from "../base/ranges.ts";
import type { FlashAlgorithmSource, MemoryRegion, RegionKind } from "../target/description.ts";
import type { PdscFlashInfo, PdscMemory } from "./pdsc_types.ts";

/** A stretch of a memory that one algorithm serves, or none. */
interface Piece {
  readonly range: AddressRange;
  readonly algorithm?: FlashAlgorithmSource;
  readonly isFlash: boolean;
}

/**
 * Regions of a chip, sorted by address.
 *
 * A memory that algorithms cover becomes flash, split where one algorithm ends and another begins; what no algorithm
 * covers stays what its access letters say. Default algorithms count first; another one is taken only where it is
 * the only choice, because several mean that the user has to choose. A default algorithm outside of every memory
 * makes a flash region of its own.
 */
export function assembleRegions(
  memories: readonly PdscMemory[],
  algorithms: readonly FlashAlgorithmSource[],
  flashInfos: readonly PdscFlashInfo[],
): MemoryRegion[] {
  const regions: MemoryRegion[] = [];
  const names = new Set<string>();
  for (const memory of memories) {
    for (const [index, piece] of pieces(memory, algorithms, flashInfos).entries()) {
      regions.push(toRegion(memory, piece, index === 0, uniqueName(memory, names)));
    }
  }
  addExtraRegions(regions, algorithms, flashInfos, names);
  regions.sort((a, b) => a.start - b.start || a.size - b.size);
  return withBootRegion(regions);
}

function rangeOf(area: { readonly start: number; readonly size: number }): AddressRange {
  return { start: area.start, end: area.start + area.size };
}

function pieces(
  memory: PdscMemory,
  algorithms: readonly FlashAlgorithmSource[],
  flashInfos: readonly PdscFlashInfo[],
): Piece[] {
  const whole = rangeOf(memory);
  const usable = algorithms.filter((algorithm) => canServe(algorithm, memory));
  const out: Piece[] = [];
  let open: AddressRange[] = [whole];
  while (open.length > 0) {
    const best = bestAlgorithm(open, usable);
    if (!best) break;
    const served = rangeOf(best);
    for (const range of open) {
      const part = intersect(range, served);
      if (part) out.push({ range: part, algorithm: best, isFlash: true });
    }
    open = open.flatMap((range) => subtractRanges(range, [served]));
  }
  const wider = widened(memory, out, open);
  if (wider) return [wider];
  for (const range of open) {
    const bySequence = flashInfos.flatMap((info) => intersect(range, rangeOf(info)) ?? []);
    for (const part of bySequence) out.push({ range: part, isFlash: true });
    for (const part of subtractRanges(range, bySequence)) out.push({ range: part, isFlash: false });
  }
  return out.sort((a, b) => a.range.start - b.range.start);
}

/**
 * The whole memory as one piece, where the only algorithm for it begins with it but is declared smaller. Many packs
 * give a size that was copied from elsewhere; the algorithm's own table of sectors tells how far it really reaches.
 */
function widened(memory: PdscMemory, served: readonly Piece[], open: readonly AddressRange[]): Piece | undefined {
  const [only, ...others] = served;
  const [rest, ...moreRest] = open;
  if (!only?.algorithm || !rest || others.length > 0 || moreRest.length > 0) return undefined;
  if (only.range.start !== memory.start || memory.access.includes("w") || memory.isExternal) return undefined;
  return { ...only, range: rangeOf(memory) };
}

/**
 * Whether an algorithm may be meant for a memory. Writable memory is flash only to an algorithm that is plainly about
 * it: others merely declare a generous size that runs into RAM.
 */
function canServe(algorithm: FlashAlgorithmSource, memory: PdscMemory): boolean {
  if (algorithm.pname !== undefined && memory.pname !== undefined && algorithm.pname !== memory.pname) return false;
  const [own, served] = [rangeOf(memory), rangeOf(algorithm)];
  if (!overlaps(own, served) || memory.access.includes("p")) return false;
  if (!memory.access.includes("w")) return true;
  const runsHere = algorithm.ram !== undefined && overlaps(own, rangeOf(algorithm.ram));
  return !runsHere && !memory.isDefault && containsRange(own, { start: served.start, end: served.start + 1 });
}

/** The algorithm that serves most of what is open: a default one, else the only other one there is. */
function bestAlgorithm(
  open: readonly AddressRange[],
  algorithms: readonly FlashAlgorithmSource[],
): FlashAlgorithmSource | undefined {
  const scored = algorithms.map((algorithm) => ({ algorithm, covered: coverage(open, rangeOf(algorithm)) }))
    .filter(({ covered }) => covered > 0);
  const defaults = scored.filter(({ algorithm }) => algorithm.isDefault);
  const candidates = defaults.length > 0 ? defaults : scored;
  // Sorting is stable: of equals the one the description names first wins.
  candidates.sort((a, b) => b.covered - a.covered || a.algorithm.size - b.algorithm.size);
  if (defaults.length === 0 && new Set(candidates.map(({ algorithm }) => algorithm.name)).size > 1) return undefined;
  return candidates[0]?.algorithm;
}

function coverage(open: readonly AddressRange[], served: AddressRange): number {
  let bytes = 0;
  for (const range of open) {
    const part = intersect(range, served);
    if (part) bytes += part.end - part.start;
  }
  return bytes;
}

function toRegion(memory: PdscMemory, piece: Piece, isFirst: boolean, name: string): MemoryRegion {
  return {
    name,
    kind: piece.isFlash ? "flash" : kindOf(memory.access),
    start: piece.range.start,
    size: piece.range.end - piece.range.start,
    access: memory.access,
    isBoot: memory.isStartup && isFirst,
    isDefault: memory.isDefault,
    ...(memory.alias === undefined ? {} : { alias: memory.alias }),
    ...(memory.pname === undefined ? {} : { pname: memory.pname }),
    ...(memory.isExternal ? { external: true } : {}),
    ...(piece.algorithm ? { algorithm: piece.algorithm } : {}),
  };
}

function kindOf(access: string): RegionKind {
  if (access.includes("p")) return "device";
  if (access.includes("w")) return "ram";
  return /[rx]/.test(access) ? "rom" : "other";
}

/** The memory's name; pieces after the first, and memories of other processors, get a suffix. */
function uniqueName(memory: { readonly name: string; readonly pname?: string }, taken: Set<string>): string {
  let name = memory.name;
  if (taken.has(name) && memory.pname !== undefined) name = `${memory.name}_${memory.pname}`;
  for (let i = 2; taken.has(name); i++) name = `${memory.name}_${i}`;
  taken.add(name);
  return name;
}

/** Flash that no memory element mentions: default algorithms and flash information on their own. */
function addExtraRegions(
  regions: MemoryRegion[],
  algorithms: readonly FlashAlgorithmSource[],
  flashInfos: readonly PdscFlashInfo[],
  names: Set<string>,
): void {
  const add = (
    area: { name: string; start: number; size: number; pname?: string },
    algorithm?: FlashAlgorithmSource,
  ) => {
    if (regions.some((region) => overlaps(rangeOf(region), rangeOf(area)))) return;
    regions.push({
      name: uniqueName(area, names),
      kind: "flash",
      start: area.start,
      size: area.size,
      access: "rx",
      isBoot: false,
      isDefault: false,
      ...(area.pname === undefined ? {} : { pname: area.pname }),
      ...(algorithm ? { algorithm } : {}),
    });
  };
  for (const algorithm of algorithms.filter((candidate) => candidate.isDefault)) {
    const name = algorithm.name.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
    add({ name, start: algorithm.start, size: algorithm.size }, algorithm);
  }
  for (const info of flashInfos) add(info);
}

/** Where no memory says that the chip starts from it, the first flash of the chip itself does. */
function withBootRegion(regions: readonly MemoryRegion[]): MemoryRegion[] {
  if (regions.some((region) => region.isBoot)) return [...regions];
  const flash = regions.filter((region) => region.kind === "flash");
  const boot = flash.find((region) => region.isDefault) ??
    flash.find((region) => region.algorithm && !region.external) ?? flash.find((region) => region.algorithm) ??
    flash[0];
  return regions.map((region) => region === boot ? { ...region, isBoot: true } : region);
}
