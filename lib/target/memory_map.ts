/**
 * A chip's address space and the questions asked of it.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import type { AddressRange } from "../base/ranges.ts";
import { InternalError } from "../base/errors.ts";
import type { MemoryRegion, RegionKind } from "./description.ts";

/** A region and how far away it is. */
export interface NearestRegion {
  /** The region. */
  readonly region: MemoryRegion;
  /** Bytes between the address and the region, 0 when it is inside. */
  readonly distance: number;
}

/** The addresses of a region. */
export function rangeOf(region: MemoryRegion): AddressRange {
  return { start: region.start, end: region.start + region.size };
}

/**
 * A region for people: name, kind and range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeRegion, ramRegion } from "./memory_map.ts";
 *
 * assertEquals(describeRegion(ramRegion("SRAM", 0x20000000, 0x1000)), "SRAM (ram, 0x20000000-0x20000fff)");
 * ```
 */
export function describeRegion(region: MemoryRegion): string {
  return `${region.name} (${region.kind}, ${hex(region.start)}-${hex(region.start + region.size - 1)})`;
}

const DEFAULT_ACCESS: Readonly<Record<RegionKind, string>> = {
  ram: "rwx",
  rom: "rx",
  flash: "rx",
  device: "rw",
  other: "rwx",
};

/** A region of any kind with the usual access letters; `more` overrides any field. */
export function makeRegion(
  name: string,
  kind: RegionKind,
  start: number,
  size: number,
  more: Partial<MemoryRegion> = {},
): MemoryRegion {
  return { name, kind, start, size, access: DEFAULT_ACCESS[kind], isBoot: false, isDefault: true, ...more };
}

/** A default RAM region of `size` bytes at byte address `start`. */
export function ramRegion(name: string, start: number, size: number, more: Partial<MemoryRegion> = {}): MemoryRegion {
  return makeRegion(name, "ram", start, size, more);
}

/**
 * Memory regions sorted by address.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { makeRegion, MemoryMap, ramRegion } from "./memory_map.ts";
 *
 * const map = new MemoryMap([ramRegion("SRAM", 0x20000000, 0x5000), makeRegion("FLASH", "flash", 0x08000000, 0x10000)]);
 * assertEquals(map.regionAt(0x08000004)?.name, "FLASH");
 * assertEquals(map.nearest(0x1fffff00)?.region.name, "SRAM");
 * ```
 */
export class MemoryMap {
  /** Sorted by start address; names are unique. */
  readonly regions: readonly MemoryRegion[];

  /**
   * Sorts `regions`; one whose name is taken gets a numbered suffix, as in `RAM_1`.
   *
   * @throws {InternalError} for a region without bytes
   */
  constructor(regions: readonly MemoryRegion[]) {
    const names = new Set<string>();
    this.regions = [...regions].sort((a, b) => a.start - b.start || a.size - b.size).map((region) => {
      if (region.size <= 0) {
        throw new InternalError(`Cannot add region ${region.name} at ${hex(region.start)}: it is empty`);
      }
      let name = region.name;
      for (let n = 1; names.has(name); n++) name = `${region.name}_${n}`;
      names.add(name);
      return name === region.name ? region : { ...region, name };
    });
  }

  /** The region that holds a byte address; where several do, one that can be programmed first, then the smallest. */
  regionAt(address: number): MemoryRegion | undefined {
    let best: MemoryRegion | undefined;
    for (const region of this.regions) {
      if (region.start > address) break;
      if (address < region.start + region.size && (best === undefined || isMoreSpecific(region, best))) best = region;
    }
    return best;
  }

  /** Whether every address of `range` lies in some region. */
  contains(range: AddressRange): boolean {
    let at = range.start;
    while (at < range.end) {
      const region = this.regionAt(at);
      if (region === undefined) return false;
      at = region.start + region.size;
    }
    return true;
  }

  /** Regions that share at least one address with `range`. */
  intersecting(range: AddressRange): MemoryRegion[] {
    return this.regions.filter((r) => r.start < range.end && range.start < r.start + r.size);
  }

  /** Regions of one kind. */
  byKind(kind: RegionKind): MemoryRegion[] {
    return this.regions.filter((region) => region.kind === kind);
  }

  /** The region with this exact name. */
  byName(name: string): MemoryRegion | undefined {
    return this.regions.find((region) => region.name === name);
  }

  /** Where the chip starts from: the first region marked so. */
  boot(): MemoryRegion | undefined {
    return this.regions.find((region) => region.isBoot);
  }

  /** The RAM that algorithms run in: the first one marked default, else the largest one that can hold code. */
  defaultRam(): MemoryRegion | undefined {
    const ram = this.byKind("ram");
    const marked = ram.find((region) => region.isDefault);
    if (marked !== undefined) return marked;
    return ram.filter((region) => !region.external).sort((a, b) => b.size - a.size)[0];
  }

  /** The map as one processor sees it: without the regions that belong to another. */
  forProcessor(pname: string | undefined): MemoryMap {
    if (pname === undefined) return this;
    return new MemoryMap(this.regions.filter((region) => region.pname === undefined || region.pname === pname));
  }

  /** The region closest to a byte address, for messages. */
  nearest(address: number): NearestRegion | undefined {
    let best: NearestRegion | undefined;
    for (const region of this.regions) {
      const end = region.start + region.size;
      const distance = address < region.start ? region.start - address : address >= end ? address - end + 1 : 0;
      if (best === undefined || distance < best.distance) best = { region, distance };
    }
    return best;
  }

  /** The map with `region` added, replacing one of the same name. */
  with(region: MemoryRegion): MemoryMap {
    return new MemoryMap([...this.regions.filter((r) => r.name !== region.name), region]);
  }

  /** The map without the region of this name. */
  without(name: string): MemoryMap {
    return new MemoryMap(this.regions.filter((region) => region.name !== name));
  }
}

function isMoreSpecific(a: MemoryRegion, b: MemoryRegion): boolean {
  const aProgrammable = a.algorithm !== undefined;
  const bProgrammable = b.algorithm !== undefined;
  return aProgrammable === bProgrammable ? a.size < b.size : aProgrammable;
}

const STEP = 0x2000_0000;

/** The address space every Cortex-M has, for chips nothing is known about (Armv7-M Architecture Reference Manual, B3.1). */
export const CORTEX_M_REGIONS: readonly MemoryRegion[] = [
  makeRegion("Code", "ram", 0, STEP, { isDefault: false, isBoot: true }),
  makeRegion("SRAM", "ram", STEP, STEP),
  makeRegion("Peripheral", "device", 2 * STEP, STEP),
  makeRegion("RAM1", "ram", 3 * STEP, STEP, { isDefault: false }),
  makeRegion("RAM2", "ram", 4 * STEP, STEP, { isDefault: false }),
  makeRegion("Device1", "device", 5 * STEP, STEP),
  makeRegion("Device2", "device", 6 * STEP, STEP),
  makeRegion("PPB", "device", 7 * STEP, STEP),
];
