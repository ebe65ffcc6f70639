/**
 * What loading an image will erase, program, keep and lose, as plain data. Pure.
 *
 * @module
 */
import { counted } from "../base/counted.ts";
import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { type AddressRange, intersect, mergeRanges, overlaps, subtractRanges } from "../base/ranges.ts";
import type { ImageSegment } from "../format/image.ts";
import { type MemoryMap, rangeOf } from "../target/memory_map.ts";
import { algorithmRange, allSectors, type FlashBank, programPageOf, type Sector, sectorsIn } from "./bank.ts";
import { divide, type RamWrite } from "./divide.ts";

/** How flash is erased before programming. */
export type EraseMode = "sector" | "chip" | "auto";

/** What a plan is made for. */
export interface PlanOptions {
  /**
   * `sector` (default) erases what the image touches; `chip` erases all of every bank that holds image bytes; `auto`
   * erases a whole bank at once where that loses nothing more than erasing its sectors would, which is only certain
   * for chips with one bank.
   */
  readonly erase?: EraseMode;
  /** Bytes of touched sectors outside the image are read first and programmed back. */
  readonly keepUnwritten?: boolean;
}

/** A sector the image touches, and what it holds afterwards. */
export interface SectorPlan extends Sector {
  /** All bytes of the sector: the image's, the rest as erased. */
  readonly content: Uint8Array;
  /** Addresses that come from the image. */
  readonly image: readonly AddressRange[];
}

/** What happens to one flash bank. */
export interface BankPlan {
  /** The bank. */
  readonly bank: FlashBank;
  /** `chip`: one EraseChip call; `sectors`: one EraseSector call each. */
  readonly erase: "chip" | "sectors";
  /** Sectors that are erased without the image touching them (no EraseChip routine, but asked for the whole chip). */
  readonly alsoErased: readonly Sector[];
  /** Sectors the image touches. */
  readonly sectors: readonly SectorPlan[];
  /** Addresses outside the image whose contents are lost. */
  readonly lost: readonly AddressRange[];
  /** Addresses outside the image whose contents are read and programmed back. */
  readonly kept: readonly AddressRange[];
}

/** Everything that loading an image does. */
export interface FlashPlan {
  /** Flash, in order of address. */
  readonly banks: readonly BankPlan[];
  /** Plain memory writes, done last. */
  readonly ram: readonly RamWrite[];
}

/** Bytes to hand to one ProgramPage call. */
export interface Page {
  /** First byte address. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
}

/**
 * Plans loading `segments` into a chip.
 *
 * @throws {FlashError} when a segment lies outside every memory, in flash without an algorithm that programs, in memory
 * that cannot be written, or overlaps another
 * @throws {UsageError} when the options contradict each other
 */
export function planFlash(
  segments: readonly ImageSegment[],
  map: MemoryMap,
  banks: readonly FlashBank[],
  options: PlanOptions = {},
): FlashPlan {
  const { erase = "sector", keepUnwritten = false } = options;
  if (keepUnwritten && erase === "chip") {
    throw new UsageError("Cannot keep unwritten bytes and erase the whole chip: choose one of them");
  }
  const parts = divide(segments, map, banks);
  const plans = [...parts.flash].map(([bank, pieces]) => planBank(bank, pieces, map, erase, keepUnwritten));
  plans.sort((a, b) => (a.sectors[0]?.start ?? 0) - (b.sectors[0]?.start ?? 0));
  return { banks: plans, ram: parts.ram };
}

function planBank(
  bank: FlashBank,
  pieces: readonly ImageSegment[],
  map: MemoryMap,
  mode: EraseMode,
  keepUnwritten: boolean,
): BankPlan {
  const image = mergeRanges(pieces.map((p) => ({ start: p.address, end: p.address + p.data.length })));
  const sectors = touchedSectors(bank, image).map((sector) => planSector(bank, sector, pieces, image));
  const touched = mergeRanges(sectors.map((s) => ({ start: s.start, end: s.start + s.size })));
  const beside = touched.flatMap((range) => subtractRanges(range, image));
  // Before anything is erased.
  programPageOf(bank.algorithm, image[0]?.start ?? bank.algorithm.start);
  const hasEraseChip = bank.algorithm.entry.eraseChip !== undefined;
  const wholeBank = reachOfEraseChip(bank, map).flatMap((range) => subtractRanges(range, image));

  if (mode === "chip" && !hasEraseChip) {
    const all = allSectors(bank);
    const alsoErased = all.filter((sector) => !sectors.some((s) => s.start === sector.start));
    const lost = mergeRanges(all.map((s) => ({ start: s.start, end: s.start + s.size })));
    return {
      bank,
      erase: "sectors",
      alsoErased,
      sectors,
      lost: lost.flatMap((range) => subtractRanges(range, image)),
      kept: [],
    };
  }
  const losesNoMore = isOnlyFlash(bank, map) &&
    wholeBank.every((range) => subtractRanges(range, beside).length === 0);
  if (mode === "chip" || (mode === "auto" && hasEraseChip && !keepUnwritten && losesNoMore)) {
    return { bank, erase: "chip", alsoErased: [], sectors, lost: mergeRanges([...wholeBank, ...beside]), kept: [] };
  }
  return {
    bank,
    erase: "sectors",
    alsoErased: [],
    sectors,
    lost: keepUnwritten ? [] : beside,
    kept: keepUnwritten ? beside : [],
  };
}

/** EraseChip may reach flash that belongs to other algorithms: that of nRF52 chips takes UICR along. */
function isOnlyFlash(bank: FlashBank, map: MemoryMap): boolean {
  const programmable = map.byKind("flash").filter((region) => region.algorithm !== undefined);
  return programmable.every((region) => bank.ranges.some((range) => overlaps(range, rangeOf(region))));
}

/** EraseChip acts on all the algorithm serves, which may be more than the bank's own regions. */
function reachOfEraseChip(bank: FlashBank, map: MemoryMap): AddressRange[] {
  const reach = algorithmRange(bank.algorithm);
  const known = map.byKind("flash").flatMap((region) => intersect(rangeOf(region), reach) ?? []);
  return mergeRanges([...known, ...bank.ranges]);
}

function touchedSectors(bank: FlashBank, image: readonly AddressRange[]): Sector[] {
  const byStart = new Map<number, Sector>();
  for (const range of image) for (const sector of sectorsIn(bank, range)) byStart.set(sector.start, sector);
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

function planSector(
  bank: FlashBank,
  sector: Sector,
  pieces: readonly ImageSegment[],
  image: readonly AddressRange[],
): SectorPlan {
  const range = { start: sector.start, end: sector.start + sector.size };
  const content = new Uint8Array(sector.size).fill(bank.algorithm.erasedByte);
  for (const piece of pieces) {
    const part = intersect(range, { start: piece.address, end: piece.address + piece.data.length });
    if (part === undefined) continue;
    content.set(piece.data.subarray(part.start - piece.address, part.end - piece.address), part.start - sector.start);
  }
  return { ...sector, content, image: image.flatMap((r) => intersect(r, range) ?? []) };
}

/**
 * Pages of a sector that must be programmed after it was erased: those that hold anything but erased bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pagesOf } from "./plan.ts";
 *
 * const content = Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 2);
 * assertEquals(pagesOf({ start: 0x100, content }, 2, 0xff).map((page) => page.address), [0x100, 0x104]);
 * ```
 */
export function pagesOf(
  sector: { readonly start: number; readonly content: Uint8Array },
  pageSize: number,
  erasedByte: number,
): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < sector.content.length; at += pageSize) {
    const data = sector.content.subarray(at, at + pageSize);
    if (data.some((byte) => byte !== erasedByte)) pages.push({ address: sector.start + at, data });
  }
  return pages;
}

/**
 * The plan in words, one line each, for `--dry-run`.
 */
export function describePlan(plan: FlashPlan): string[] {
  const lines: string[] = [];
  for (const { bank, erase, alsoErased, sectors, lost, kept } of plan.banks) {
    const { algorithm } = bank;
    const pages = sectors.flatMap((sector) => pagesOf(sector, algorithm.pageSize, algorithm.erasedByte));
    lines.push(`${bank.name}: flash algorithm ${algorithm.name}`);
    lines.push(
      erase === "chip"
        ? "  erase the whole chip"
        : `  erase ${counted(sectors.length + alsoErased.length, "sector")}: ${
          ranges([...sectors, ...alsoErased].map(rangeOfSector))
        }`,
    );
    lines.push(`  program ${counted(pages.length, "page")}: ${ranges(sectors.flatMap((sector) => sector.image))}`);
    if (lost.length > 0) lines.push(`  lose ${countBytes(lost)} bytes outside the image: ${ranges(lost)}`);
    if (kept.length > 0) lines.push(`  keep ${countBytes(kept)} bytes outside the image: ${ranges(kept)}`);
  }
  for (const write of plan.ram) {
    lines.push(`${write.region}: write ${write.data.length} bytes at ${hex(write.address)}`);
  }
  return lines;
}

function rangeOfSector(sector: Sector): AddressRange {
  return { start: sector.start, end: sector.start + sector.size };
}

/** Sum of the lengths of ranges that do not overlap, in bytes. */
export function countBytes(list: readonly AddressRange[]): number {
  return list.reduce((sum, range) => sum + range.end - range.start, 0);
}

/** Ranges for people, the last address included; `nothing` when there are none. */
export function ranges(list: readonly AddressRange[]): string {
  const merged = mergeRanges(list);
  return merged.length === 0 ? "nothing" : merged.map((r) => `${hex(r.start)}-${hex(r.end - 1)}`).join(", ");
}
