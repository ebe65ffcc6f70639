/**
 * Sorts the bytes of an image by where they go: flash banks, or memory that can simply be written. Pure.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import type { ImageSegment } from "../format/image.ts";
import { describeRegion, type MemoryMap } from "../target/memory_map.ts";
import { bankAt, type FlashBank } from "./bank.ts";

/** Bytes that are simply written to memory. */
export interface RamWrite {
  /** First byte address. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
  /** Name of the memory region. */
  readonly region: string;
}

/** An image sorted by where its bytes go. */
export interface DividedImage {
  /** Pieces per flash bank, sorted by address, none crossing out of the bank. */
  readonly flash: ReadonlyMap<FlashBank, readonly ImageSegment[]>;
  /** Everything else, sorted by address. */
  readonly ram: readonly RamWrite[];
}

/** What people call a segment in messages. */
export function describeSegment(segment: ImageSegment): string {
  const last = segment.address + segment.data.length - 1;
  return `segment ${segment.name === undefined ? "" : `${segment.name} `}${hex(segment.address)}-${hex(last)}`;
}

/**
 * Cuts segments where the memory below them changes. Empty segments are dropped.
 *
 * @throws {FlashError} when a byte cannot go anywhere, or two segments claim the same byte
 */
export function divide(
  segments: readonly ImageSegment[],
  map: MemoryMap,
  banks: readonly FlashBank[],
): DividedImage {
  const sorted = segments.filter((s) => s.data.length > 0).sort((a, b) => a.address - b.address);
  refuseOverlaps(sorted);
  const flash = new Map<FlashBank, ImageSegment[]>();
  const ram: RamWrite[] = [];
  for (const segment of sorted) {
    const end = segment.address + segment.data.length;
    for (let at = segment.address; at < end;) {
      const bank = bankAt(banks, at);
      if (bank !== undefined) {
        const stop = bank.ranges.find((range) => at >= range.start && at < range.end)?.end ?? end;
        const piece = slice(segment, at, Math.min(end, stop));
        const pieces = flash.get(bank);
        if (pieces === undefined) flash.set(bank, [piece]);
        else pieces.push(piece);
        at += piece.data.length;
        continue;
      }
      const region = map.regionAt(at);
      if (region === undefined) throw outsideMemory(segment, at, map);
      if (region.kind === "flash") {
        throw cannotProgram(segment, at, describeRegion(region), "no flash algorithm serves it");
      }
      if (!region.access.includes("w") || region.kind === "rom") {
        throw cannotProgram(segment, at, describeRegion(region), "it cannot be written");
      }
      const next = banks.flatMap((b) => b.ranges).map((r) => r.start).filter((start) => start > at);
      const piece = slice(segment, at, Math.min(end, region.start + region.size, ...next));
      ram.push({ address: at, data: piece.data, region: region.name });
      at += piece.data.length;
    }
  }
  return { flash, ram };
}

function slice(segment: ImageSegment, start: number, end: number): ImageSegment {
  const data = segment.data.subarray(start - segment.address, end - segment.address);
  return segment.name === undefined ? { address: start, data } : { address: start, data, name: segment.name };
}

function refuseOverlaps(sorted: readonly ImageSegment[]): void {
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1]!;
    const segment = sorted[i]!;
    if (segment.address >= before.address + before.data.length) continue;
    throw new FlashError(`Cannot load ${describeSegment(segment)}: it overlaps ${describeSegment(before)}`, {
      code: "image-overlap",
      hint: "Two files, or two parts of one file, claim the same addresses; load them one after the other",
      fields: { address: segment.address },
    });
  }
}

function outsideMemory(segment: ImageSegment, at: number, map: MemoryMap): FlashError {
  const near = map.nearest(at);
  const where = near === undefined
    ? "the chip has no memory map"
    : `the nearest region is ${describeRegion(near.region)}`;
  return new FlashError(`Cannot load ${describeSegment(segment)}: no memory at ${hex(at)}, ${where}`, {
    code: "image-outside-memory",
    hint: "Check that the image was built for this chip and that the target type is the right one",
    fields: { address: at, segment: segment.name, nearest: near?.region.name },
  });
}

function cannotProgram(segment: ImageSegment, at: number, region: string, reason: string): FlashError {
  return new FlashError(`Cannot load ${describeSegment(segment)}: ${hex(at)} is in ${region}, and ${reason}`, {
    code: "image-not-programmable",
    hint: "The chip's pack may have to be given with --pack, or another target type chosen",
    fields: { address: at, segment: segment.name },
  });
}
