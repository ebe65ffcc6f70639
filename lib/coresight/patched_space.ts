/**
 * Corrects what chips report wrongly about their own debug components (CMSIS-Pack specification, `datapatch` element):
 * discovery reads through it.
 *
 * @module
 */
import type { WaitingSpace } from "./batch.ts";

/** Bits of a word that read differently from what the chip says. */
export interface WordPatch {
  /** Word-aligned byte address. */
  readonly address: number;
  /** What those bits read as. */
  readonly value: number;
  /** Which bits. */
  readonly mask: number;
}

/**
 * The address space of an access port with some words replaced on reading. Writes go through as they are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FakeMemory } from "./testing/fake_memory.ts";
 * import { PatchedSpace } from "./patched_space.ts";
 *
 * const memory = new FakeMemory();
 * memory.store(0x1000, 0x1122, 5);
 * const space = new PatchedSpace(memory, [{ address: 0x1000, value: 0x90, mask: 0xff }]);
 * assertEquals(await space.readWords(0x1000, 2), Uint32Array.of(0x1190, 5));
 * ```
 */
export class PatchedSpace implements WaitingSpace {
  readonly #memory: WaitingSpace;
  readonly #patches: ReadonlyMap<number, WordPatch>;

  /** Reads of `memory` go through `patches`. */
  constructor(memory: WaitingSpace, patches: readonly WordPatch[]) {
    this.#memory = memory;
    this.#patches = new Map(patches.map((patch) => [patch.address, patch]));
  }

  /** One word. @throws {TransferError} */
  async read32(address: number): Promise<number> {
    return this.#corrected(address, await this.#memory.read32(address));
  }

  /** `count` words. @throws {TransferError} */
  async readWords(address: number, count: number): Promise<Uint32Array> {
    const words = await this.#memory.readWords(address, count);
    return words.map((word, i) => this.#corrected(address + 4 * i, word));
  }

  /** Queues one word. */
  write32(address: number, value: number): void {
    this.#memory.write32(address, value);
  }

  /** Waits for a value of the chip itself. @throws {TransferError} */
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean> {
    return this.#memory.waitFor32(address, mask, value, timeoutMs);
  }

  #corrected(address: number, word: number): number {
    const patch = this.#patches.get(address);
    return patch === undefined ? word : ((word & ~patch.mask) | (patch.value & patch.mask)) >>> 0;
  }
}
