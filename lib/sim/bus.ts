/**
 * The address space of one simulated chip: memories, peripherals and aliases, found fast.
 *
 * @module
 */

import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { type AccessSize, BUS_ERROR, type BusDevice, type BusMaster } from "./contracts.ts";

/** Log2 of the bytes that share one "holds decoded instructions" flag in {@linkcode MemoryBlock.code}. */
export const CODE_FLAG_SHIFT = 8;

/** Told when bytes of a memory changed, so that decoded instructions are dropped. */
export interface CodeWatcher {
  /** `length` bytes from `offset` in the memory block changed. */
  changed(offset: number, length: number): void;
}

/** Handles a store to a memory that is not plain RAM: flash, OTP. False answers with a bus error. */
export type StoreHandler = (offset: number, size: AccessSize, value: number) => boolean;

/** What {@linkcode Bus.mapMemory} needs. */
export interface MemoryOptions {
  /** Unique name, such as `flash`. */
  readonly name: string;
  /** First byte address, a multiple of four. */
  readonly start: number;
  /** The content itself, not copied; its length and offset in its buffer are multiples of four. */
  readonly bytes: Uint8Array;
  /** Whether stores change the bytes; otherwise they are bus errors unless `onWrite` takes them. */
  readonly writable: boolean;
  /** Takes every store instead; it changes `bytes` itself and then calls {@linkcode Bus.touched}. */
  readonly onWrite?: StoreHandler;
}

/** The bytes behind one memory and all its aliases. */
export class MemoryBlock {
  /** One flag per 2^{@linkcode CODE_FLAG_SHIFT} bytes: some watcher holds decoded instructions from there. */
  readonly code: Uint8Array;
  /** Those who decode instructions from this block. */
  readonly watchers: Set<CodeWatcher> = new Set<CodeWatcher>();

  /** Wraps `bytes`; stores go to `onWrite` when given. */
  constructor(
    readonly bytes: Uint8Array,
    readonly writable: boolean,
    readonly onWrite: StoreHandler | undefined,
  ) {
    this.code = new Uint8Array((bytes.length >>> CODE_FLAG_SHIFT) + 1);
  }

  /** Tells every watcher that `length` bytes from `offset` changed. */
  changed(offset: number, length: number): void {
    for (const watcher of this.watchers) watcher.changed(offset, length);
  }
}

/** A stretch of the address space; memories carry typed views, devices carry their {@linkcode BusDevice}. */
export class BusRegion {
  /** Bytes of this region; empty for a device. */
  readonly bytes: Uint8Array;
  /** The same as half-words. */
  readonly halves: Uint16Array;
  /** The same as signed words. */
  readonly words: Int32Array;
  /** Bytes from the start that a master may store to directly; 0 when stores need a handler or are refused. */
  readonly storeLimit: number;

  /** A region of `size` bytes at `start`, backed by `block` from `offset` on, or by `device`. */
  constructor(
    readonly name: string,
    readonly start: number,
    readonly size: number,
    readonly block: MemoryBlock | undefined,
    readonly offset: number,
    readonly device: BusDevice | undefined,
  ) {
    const all = block?.bytes ?? new Uint8Array(0);
    const length = block === undefined ? 0 : size;
    const at = all.byteOffset + offset;
    this.bytes = new Uint8Array(all.buffer, at, length);
    this.halves = new Uint16Array(all.buffer, at, length >>> 1);
    this.words = new Int32Array(all.buffer, at, length >>> 2);
    this.storeLimit = block?.writable === true && block.onWrite === undefined ? size : 0;
  }
}

/**
 * A chip's address space as its bus masters see it. Unmapped and misaligned accesses are bus errors.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Bus } from "./bus.ts";
 *
 * const bus = new Bus();
 * bus.mapMemory({ name: "sram", start: 0x20000000, bytes: new Uint8Array(1024), writable: true });
 * assertEquals(bus.write(0x20000004, 4, 0xdeadbeef), true);
 * assertEquals(bus.read(0x20000004, 2), 0xbeef);
 * assertEquals(bus.read(0x30000000, 4), -1);
 * ```
 */
export class Bus implements BusMaster {
  #regions: BusRegion[] = [];
  #last: BusRegion | undefined;
  #listeners: (() => void)[] = [];

  /** Maps a memory. @throws {UsageError} when it overlaps another region or is not a multiple of four bytes */
  mapMemory(options: MemoryOptions): void {
    const { name, start, bytes, writable, onWrite } = options;
    if (bytes.byteOffset % 4 !== 0) throw new UsageError(`Cannot map ${name}: its bytes start off a word boundary`);
    this.#add(new BusRegion(name, start, bytes.length, new MemoryBlock(bytes, writable, onWrite), 0, undefined));
  }

  /** Maps a peripheral of `size` bytes. @throws {UsageError} when it overlaps another region */
  mapDevice(name: string, start: number, size: number, device: BusDevice): void {
    this.#add(new BusRegion(name, start, size, undefined, 0, device));
  }

  /**
   * Maps `size` bytes of the memory called `of`, from `offset` on, a second time at `start`.
   *
   * @throws {UsageError} when there is no such memory, or the alias reaches past it or overlaps another region
   */
  alias(name: string, start: number, of: string, offset = 0, size?: number): void {
    const source = this.#named(of);
    const length = size ?? source.size - offset;
    if (source.block === undefined || offset + length > source.size) {
      throw new UsageError(`Cannot map ${name}: ${length} bytes at offset ${hex(offset)} are not memory of ${of}`);
    }
    this.#add(new BusRegion(name, start, length, source.block, source.offset + offset, undefined));
  }

  /** Takes the region called `name` out of the address space. @throws {UsageError} when there is none */
  unmap(name: string): void {
    const region = this.#named(name);
    this.#regions = this.#regions.filter((other) => other !== region);
    this.#remapped();
  }

  /**
   * Must be called after bytes of a memory changed behind the bus's back, so that masters drop decoded instructions.
   *
   * @throws {UsageError} when no region is called `name`
   */
  touched(name: string, offset: number, length: number): void {
    const region = this.#named(name);
    region.block?.changed(region.offset + offset, length);
  }

  /** Calls `listener` whenever regions were added or removed. */
  onRemap(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The region holding the byte at `address` (unsigned), if any. */
  find(address: number): BusRegion | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.start && address - last.start < last.size) return last;
    let low = 0;
    let high = this.#regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const region = this.#regions[middle]!;
      if (address < region.start) high = middle - 1;
      else if (address - region.start >= region.size) low = middle + 1;
      else return this.#last = region;
    }
    return undefined;
  }

  /** Reads an unsigned value, or {@linkcode BUS_ERROR} when unmapped, misaligned or refused. */
  read(address: number, size: AccessSize): number {
    const region = this.find(address);
    if (region === undefined || (address & (size - 1)) !== 0) return BUS_ERROR;
    const offset = address - region.start;
    if (region.device !== undefined) return region.device.read(offset, size);
    if (size === 4) return region.words[offset >>> 2]! >>> 0;
    return size === 2 ? region.halves[offset >>> 1]! : region.bytes[offset]!;
  }

  /** Writes; false when unmapped, misaligned or refused. */
  write(address: number, size: AccessSize, value: number): boolean {
    const region = this.find(address);
    if (region === undefined || (address & (size - 1)) !== 0) return false;
    const offset = address - region.start;
    const block = region.block;
    if (block === undefined) return region.device!.write(offset, size, value);
    if (block.onWrite !== undefined) return block.onWrite(region.offset + offset, size, value);
    if (!block.writable) return false;
    if (size === 4) region.words[offset >>> 2] = value;
    else if (size === 2) region.halves[offset >>> 1] = value;
    else region.bytes[offset] = value;
    const at = region.offset + offset;
    if (block.code[at >>> CODE_FLAG_SHIFT] !== 0) block.changed(at, size);
    return true;
  }

  #named(name: string): BusRegion {
    const region = this.#regions.find((candidate) => candidate.name === name);
    if (region === undefined) throw new UsageError(`Cannot use region ${name}: the bus has none of that name`);
    return region;
  }

  #add(region: BusRegion): void {
    const { name, start, size } = region;
    const where = `${name} at ${hex(start)}`;
    if (start % 4 !== 0 || size % 4 !== 0 || size <= 0 || start + size > 2 ** 32) {
      throw new UsageError(`Cannot map ${where}: ${size} bytes are not whole words of the address space`);
    }
    for (const other of this.#regions) {
      if (other.name === name) throw new UsageError(`Cannot map ${where}: the name is taken`);
      if (start < other.start + other.size && other.start < start + size) {
        throw new UsageError(`Cannot map ${where}: it overlaps ${other.name} at ${hex(other.start)}`);
      }
    }
    this.#regions.push(region);
    this.#regions.sort((a, b) => a.start - b.start);
    this.#remapped();
  }

  #remapped(): void {
    this.#last = undefined;
    for (const listener of this.#listeners) listener();
  }
}
