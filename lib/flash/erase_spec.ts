/**
 * What `erase` is asked to erase: addresses and ranges as people write them. Pure.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { FlashError, UsageError } from "../base/errors.ts";
import { type AddressRange, mergeRanges, subtractRanges } from "../base/ranges.ts";
import { describeRegion, type MemoryMap } from "../target/memory_map.ts";
import { bankAt, type FlashBank, type Sector, sectorsIn } from "./bank.ts";

/** Sectors of one bank to erase. */
export interface EraseJob {
  /** The bank. */
  readonly bank: FlashBank;
  /** In order, each once. */
  readonly sectors: readonly Sector[];
}

/** Sectors to erase, and what goes with them unasked. */
export interface ErasePlan {
  /** Per bank. */
  readonly jobs: readonly EraseJob[];
  /** Addresses that were not asked for but share a sector with some that were. */
  readonly unasked: readonly AddressRange[];
}

/**
 * Parses `ADDRESS`, `START-END` (end exclusive) or `START+LENGTH`; numbers are decimal, `0x`, `0o` or `0b`, with `_`
 * between digits allowed, and lengths may be given in `k` and `M`. A single address stands for the one byte there, and so for its sector.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseEraseSpec } from "./erase_spec.ts";
 *
 * assertEquals(parseEraseSpec("0x08000000+0x400"), { start: 0x08000000, end: 0x08000400 });
 * assertEquals(parseEraseSpec("16-32"), { start: 16, end: 32 });
 * assertEquals(parseEraseSpec("0x100"), { start: 0x100, end: 0x101 });
 * ```
 *
 * @throws {UsageError} when it is none of these
 */
export function parseEraseSpec(spec: string): AddressRange {
  const match = /^\s*([0-9a-z_]+)\s*(?:([-+])\s*([0-9a-z_]+))?\s*$/i.exec(spec);
  const start = number(match?.[1]);
  const operator = match?.[2];
  const second = operator === "+" ? byteCount(match?.[3]) : number(match?.[3]);
  if (start === undefined || (operator !== undefined && second === undefined)) {
    throw new UsageError(`Cannot erase ${spec}: it is not an address or a range`, {
      hint: "Write ADDRESS, START-END (end exclusive) or START+LENGTH, as in 0x08004000+0x800 or 0x08004000+2k",
    });
  }
  const end = operator === undefined ? start + 1 : operator === "-" ? second! : start + second!;
  if (end <= start || end > 0x1_0000_0000) {
    const reason = end < start ? "ends before it starts" : end === start ? "is empty" : "ends beyond 4 GB";
    throw new UsageError(`Cannot erase ${spec}: the range ${reason}`, {
      hint: "Write START-END with an END that is not erased itself, or START+LENGTH, as in 0x08004000+0x800",
    });
  }
  return { start, end };
}

/** A number, or a decimal one with `k` or `M` for 1024 bytes and 1024 times that. */
function byteCount(text: string | undefined): number | undefined {
  const [, digits = text, letter = ""] = /^([0-9_]+)([km])(?:i?b)?$/i.exec(text ?? "") ?? [];
  const value = number(digits);
  return value === undefined ? undefined : value * { "": 1, k: 1024, m: 1024 * 1024 }[letter.toLowerCase()]!;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$/i.test(text)) return undefined;
  const value = Number(text.replaceAll("_", ""));
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The sectors that hold any byte of `ranges`.
 *
 * @throws {FlashError} when an address is not in flash, or no algorithm serves it; nothing is planned then
 */
export function planErase(ranges: readonly AddressRange[], map: MemoryMap, banks: readonly FlashBank[]): ErasePlan {
  const asked = mergeRanges(ranges);
  const jobs = new Map<FlashBank, Sector[]>();
  for (const range of asked) {
    for (let at = range.start; at < range.end;) {
      const bank = bankAt(banks, at);
      if (bank === undefined) throw notFlash(at, map);
      const stop = bank.ranges.find((r) => at >= r.start && at < r.end)?.end ?? range.end;
      const sectors = jobs.get(bank) ?? [];
      for (const sector of sectorsIn(bank, { start: at, end: Math.min(stop, range.end) })) {
        if (!sectors.some((known) => known.start === sector.start)) sectors.push(sector);
      }
      jobs.set(bank, sectors);
      at = Math.min(stop, range.end);
    }
  }
  const touched = [...jobs.values()].flat().map((s) => ({ start: s.start, end: s.start + s.size }));
  return {
    jobs: [...jobs].map(([bank, sectors]) => ({ bank, sectors })),
    unasked: mergeRanges(touched).flatMap((range) => subtractRanges(range, asked)),
  };
}

function notFlash(address: number, map: MemoryMap): FlashError {
  const region = map.regionAt(address);
  const near = map.nearest(address);
  const reason = region !== undefined
    ? region.kind === "flash"
      ? `no flash algorithm serves ${describeRegion(region)}`
      : `${describeRegion(region)} is not flash`
    : near !== undefined
    ? `no memory is there, the nearest region is ${describeRegion(near.region)}`
    : "the chip has no memory map";
  return new FlashError(`Cannot erase at ${hex(address)}: ${reason}`, {
    code: "erase-not-flash",
    hint: "Nothing was erased",
    fields: { address },
  });
}
