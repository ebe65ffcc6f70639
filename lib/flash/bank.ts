/**
 * Flash banks: the stretches of flash one algorithm serves, and the sectors in them.
 *
 * @module
 */
import { alignDown } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import { type AddressRange, intersect, mergeRanges, subtractRanges } from "../base/ranges.ts";
import type { FlashAlgorithm, FlashAlgorithmSource, MemoryRegion } from "../target/description.ts";
import { type MemoryMap, rangeOf } from "../target/memory_map.ts";

/** What one flash algorithm serves. */
export interface FlashBank {
  /** Names of the memory regions, for people. */
  readonly name: string;
  /** How to erase and program it. */
  readonly algorithm: FlashAlgorithm;
  /** Addresses served, sorted and merged. */
  readonly ranges: readonly AddressRange[];
}

/** One erasable unit. */
export interface Sector {
  /** First byte address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
}

/** The addresses of the algorithm as it describes itself. */
export function algorithmRange(algorithm: { readonly start: number; readonly size: number }): AddressRange {
  return { start: algorithm.start, end: algorithm.start + algorithm.size };
}

/**
 * Where ProgramPage of an algorithm begins, as an offset in bytes.
 *
 * @throws {FlashError} when it has none; `address` is what was to be programmed
 */
export function programPageOf(algorithm: FlashAlgorithm, address: number): number {
  const { name, entry: { programPage } } = algorithm;
  if (programPage !== undefined) return programPage;
  throw new FlashError(
    `Cannot program ${hex(address)}: flash algorithm ${name} can only erase, it has no ProgramPage`,
    {
      code: "flash-no-program-page",
      hint: "Choose another algorithm with --algorithm or --flm",
      fields: { address, algorithm: name },
    },
  );
}

/** The sector of `bank` that holds a byte address, or undefined when its algorithm names none. */
export function sectorAt(bank: FlashBank, address: number): Sector | undefined {
  for (const run of bank.algorithm.sectors) {
    if (address >= run.start && address < run.start + run.size * run.count) {
      return { start: run.start + alignDown(address - run.start, run.size), size: run.size };
    }
  }
  return undefined;
}

/**
 * Sectors that hold any byte of `range`, in order.
 *
 * @throws {FlashError} when the algorithm names no sector for one of the bytes
 */
export function sectorsIn(bank: FlashBank, range: AddressRange): Sector[] {
  const out: Sector[] = [];
  for (let at = range.start; at < range.end;) {
    const sector = sectorAt(bank, at);
    if (sector === undefined) {
      throw new FlashError(
        `Cannot find a sector at ${hex(at)}: flash algorithm ${bank.algorithm.name} names none there`,
        {
          code: "flash-no-sector",
          hint: "The algorithm is not for this memory; choose another one with --algorithm or --flm",
          fields: { address: at, algorithm: bank.algorithm.name },
        },
      );
    }
    out.push(sector);
    at = sector.start + sector.size;
  }
  return out;
}

/** Every sector of a bank, in order. @throws {FlashError} when the sector table has a hole */
export function allSectors(bank: FlashBank): Sector[] {
  const out: Sector[] = [];
  for (const range of bank.ranges) {
    for (const sector of sectorsIn(bank, range)) {
      const last = out.at(-1);
      if (last === undefined || sector.start > last.start) out.push(sector);
    }
  }
  return out;
}

/** The bank that serves a byte address. */
export function bankAt(banks: readonly FlashBank[], address: number): FlashBank | undefined {
  return banks.find((bank) => bank.ranges.some((range) => address >= range.start && address < range.end));
}

/** An algorithm asked to serve a region, and the addresses it is asked for. */
interface Candidate {
  readonly source: FlashAlgorithmSource;
  readonly asked: AddressRange;
}

/**
 * Algorithms in the order in which they are asked to serve a region: the one the region names, then every default one,
 * because a region may be larger than what its own algorithm is declared for. What is left goes to its own algorithm
 * again, because packs declare too little as well; its table of sectors tells how far it reaches.
 */
function candidateAlgorithms(region: MemoryRegion, algorithms: readonly FlashAlgorithmSource[]): Candidate[] {
  const own = region.algorithm;
  const others = algorithms.filter((source) =>
    source !== own && source.isDefault && (source.pname === undefined || source.pname === region.pname) &&
    intersect(algorithmRange(source), rangeOf(region)) !== undefined
  );
  if (own === undefined) return [];
  const declared = [own, ...others].map((source) => ({ source, asked: algorithmRange(source) }));
  return [...declared, { source: own, asked: rangeOf(region) }];
}

/**
 * Loads the algorithms needed for `wanted` addresses and says which addresses each of them serves.
 *
 * @throws {PackError} when an algorithm cannot be loaded
 */
export async function loadBanks(
  map: MemoryMap,
  algorithms: readonly FlashAlgorithmSource[],
  wanted: readonly AddressRange[],
): Promise<FlashBank[]> {
  const found = new Map<
    FlashAlgorithmSource,
    { algorithm: FlashAlgorithm; names: Set<string>; ranges: AddressRange[] }
  >();
  for (const region of map.byKind("flash")) {
    if (!wanted.some((range) => intersect(range, rangeOf(region)) !== undefined)) continue;
    let free: AddressRange[] = [rangeOf(region)];
    for (const { source, asked } of candidateAlgorithms(region, algorithms)) {
      const open = free.flatMap((range) => intersect(range, asked) ?? []);
      if (open.length === 0) continue;
      const algorithm = await loadAlgorithm(source);
      // Descriptions may promise more than the algorithm's own table of sectors keeps.
      const reach = algorithm.sectors.map((run) => ({ start: run.start, end: run.start + run.size * run.count }));
      const ranges = open.flatMap((range) => reach.flatMap((run) => intersect(range, run) ?? []));
      if (ranges.length === 0) continue;
      free = free.flatMap((range) => subtractRanges(range, ranges));
      const entry = found.get(source) ?? { algorithm, names: new Set(), ranges: [] };
      entry.names.add(region.name);
      entry.ranges.push(...ranges);
      found.set(source, entry);
    }
  }
  return [...found.values()].map(({ algorithm, names, ranges }) => ({
    name: [...names].join(", "),
    algorithm,
    ranges: mergeRanges(ranges),
  }));
}

async function loadAlgorithm(source: FlashAlgorithmSource): Promise<FlashAlgorithm> {
  const loaded = await source.load();
  return loaded.ram === undefined && source.ram !== undefined ? { ...loaded, ram: source.ram } : loaded;
}
