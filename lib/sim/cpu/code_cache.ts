/**
 * Decoded instructions of one memory region, dropped when the bytes below them change.
 *
 * @module
 */

import { type BusRegion, CODE_FLAG_SHIFT, type CodeWatcher } from "../bus.ts";
import type { Insn } from "./insn.ts";

/** A page holds the instructions of this many bytes. */
const PAGE_BYTES = 0x1000;

/** Decoded instructions of a region, one slot per half-word, in lazily made pages. */
export class CodeCache implements CodeWatcher {
  /** First address of the region. */
  readonly start: number;
  /** Bytes of the region. */
  readonly size: number;
  /** Pages of slots, by offset >> 12. */
  readonly pages: ((Insn | undefined)[] | undefined)[];
  #region: BusRegion;

  /** An empty cache for `region`. */
  constructor(region: BusRegion) {
    this.#region = region;
    this.start = region.start;
    this.size = region.size;
    this.pages = new Array<undefined>(Math.ceil(region.size / PAGE_BYTES)).fill(undefined);
  }

  /** The instruction decoded at byte `offset` of the region, if any. */
  get(offset: number): Insn | undefined {
    return this.pages[Math.floor(offset / PAGE_BYTES)]?.[(offset % PAGE_BYTES) >>> 1];
  }

  /** Remembers the instruction at byte `offset` of the region. */
  put(offset: number, insn: Insn): void {
    const index = Math.floor(offset / PAGE_BYTES);
    const page = this.pages[index] ??= new Array<undefined>(PAGE_BYTES / 2).fill(undefined);
    page[(offset % PAGE_BYTES) >>> 1] = insn;
    const { block, offset: base } = this.#region;
    if (block === undefined) return;
    block.code[(base + offset) >>> CODE_FLAG_SHIFT] = 1;
    block.code[(base + offset + insn.size - 1) >>> CODE_FLAG_SHIFT] = 1;
  }

  /** Drops what was decoded from changed bytes, including a 32-bit instruction that began one half-word before. */
  changed(offset: number, length: number): void {
    const first = Math.max(offset - this.#region.offset - 2, 0);
    const last = Math.min(offset - this.#region.offset + length, this.size);
    for (let at = first - (first % 2); at < last; at += 2) {
      const page = this.pages[Math.floor(at / PAGE_BYTES)];
      if (page === undefined) at += PAGE_BYTES - (at % PAGE_BYTES) - 2;
      else page[(at % PAGE_BYTES) >>> 1] = undefined;
    }
  }

  /** Drops the instruction at an absolute address, if it lies in this region. */
  dropAddress(address: number): void {
    const offset = address - this.start;
    if (offset < 0 || offset >= this.size) return;
    const page = this.pages[Math.floor(offset / PAGE_BYTES)];
    if (page !== undefined) page[(offset % PAGE_BYTES) >>> 1] = undefined;
  }
}
