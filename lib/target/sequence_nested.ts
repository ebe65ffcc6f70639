/**
 * Memory access ports whose registers lie in the memory of another access port (ADIv6, accessportV2 with `parent`).
 *
 * Source: ADIv6.0 (IHI 0074) chapters C1.1 and C2: the registers of an access port take 4 KB of its parent's space.
 *
 * @module
 */
import { bytesToWords, wordsToBytes } from "../base/bytes.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { AP, AP_V2_OFFSET, CSW } from "../dap/registers.ts";

/** What the parent has to offer. */
export type ParentMemory = Pick<MemoryInterface, "read32" | "write32" | "flush">;

/** Address of a register of the access port at `base`; offsets below 0x100 are those of ADIv5. */
function registerAt(base: number, register: number): number {
  return base + register + (register < 0x100 ? AP_V2_OFFSET : 0);
}

/**
 * Memory behind a nested access port, one access at a time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { MemoryInterface } from "../dap/memory.ts";
 * import { NestedAp } from "./sequence_nested.ts";
 *
 * const registers = new Map<number, number>([[0x300dfc, 0x34770008]]);
 * const parent = {
 *   read32: (address: number) => Promise.resolve(registers.get(address) ?? 0),
 *   write32: (address: number, value: number) => void registers.set(address, value),
 * } as MemoryInterface;
 * const nested = new NestedAp(parent, 0x300000);
 * assertEquals(await nested.readRegister(0xfc), 0x34770008);
 * nested.write32(0x20000000, 5);
 * assertEquals([registers.get(0x300d04), registers.get(0x300d0c)], [0x20000000, 5]);
 * ```
 */
export class NestedAp {
  readonly #parent: ParentMemory;
  readonly #base: number;

  /** The access port whose registers start at byte address `base` of `parent`. */
  constructor(parent: ParentMemory, base: number) {
    this.#parent = parent;
    this.#base = base;
  }

  /** Reads a register. @throws {TransferError} */
  readRegister(register: number): Promise<number> {
    return this.#parent.read32(registerAt(this.#base, register));
  }

  /** Queues the write of a register. */
  writeRegister(register: number, value: number): void {
    this.#parent.write32(registerAt(this.#base, register), value);
  }

  /** Reads a byte. @throws {TransferError} */
  async read8(address: number): Promise<number> {
    return ((await this.#read(address, CSW.size8)) >>> (8 * (address % 4))) & 0xff;
  }

  /** Reads a half-word. @throws {TransferError} */
  async read16(address: number): Promise<number> {
    return ((await this.#read(address, CSW.size16)) >>> (8 * (address % 4))) & 0xffff;
  }

  /** Reads a word. @throws {TransferError} */
  read32(address: number): Promise<number> {
    return this.#read(address, CSW.size32);
  }

  /** Reads words. @throws {TransferError} */
  async readWords(address: number, count: number): Promise<Uint32Array> {
    const words = Array.from({ length: count }, (_, i) => this.read32(address + 4 * i));
    return Uint32Array.from(await Promise.all(words));
  }

  /** Reads bytes of whole words. @throws {TransferError} */
  async readBytes(address: number, length: number): Promise<Uint8Array> {
    const start = address - address % 4;
    const bytes = wordsToBytes(await this.readWords(start, Math.ceil((address + length - start) / 4)));
    return bytes.subarray(address - start, address - start + length);
  }

  /** Queues a byte. */
  write8(address: number, value: number): void {
    this.#write(address, CSW.size8, value << (8 * (address % 4)));
  }

  /** Queues a half-word. */
  write16(address: number, value: number): void {
    this.#write(address, CSW.size16, value << (8 * (address % 4)));
  }

  /** Queues a word. */
  write32(address: number, value: number): void {
    this.#write(address, CSW.size32, value);
  }

  /** Queues words. */
  writeWords(address: number, words: Uint32Array): void {
    for (const [index, word] of words.entries()) this.write32(address + 4 * index, word);
  }

  /** Queues bytes. */
  writeBytes(address: number, data: Uint8Array): void {
    if (address % 4 === 0 && data.length % 4 === 0) return this.writeWords(address, bytesToWords(data));
    for (const [index, byte] of data.entries()) this.write8(address + index, byte);
  }

  /** Waits until everything queued is done. @throws {TransferError} */
  flush(): Promise<void> {
    return this.#parent.flush();
  }

  #read(address: number, size: number): Promise<number> {
    this.#select(address, size);
    return this.readRegister(AP.drw);
  }

  #write(address: number, size: number, value: number): void {
    this.#select(address, size);
    this.writeRegister(AP.drw, value >>> 0);
  }

  #select(address: number, size: number): void {
    this.writeRegister(AP.csw, (CSW.hprotData | CSW.hprotPrivileged | size) >>> 0);
    this.writeRegister(AP.tar, address >>> 0);
  }
}
