/**
 * Non-volatile memory controller of the nRF52840 (Product Specification, chapter NVMC): word writes that only clear
 * bits, page, UICR and full erase.
 *
 * Commands given while the controller is not ready, or without the matching CONFIG, are dropped, as on silicon nobody
 * may rely on them.
 *
 * @module
 */
import type { AccessSize, BusDevice } from "../contracts.ts";
import { BusyTimer, type FlashWiring } from "./busy.ts";
import { clearBits, mergeLane, readLane } from "./lanes.ts";

const READY = 0x400, READYNEXT = 0x408, CONFIG = 0x504, ERASEPAGE = 0x508, ERASEALL = 0x50c, ERASEPCR0 = 0x510;
const ERASEUICR = 0x514, ERASEPAGEPARTIAL = 0x518, ERASEPAGEPARTIALCFG = 0x51c, ICACHECNF = 0x540;

const WRITE_ENABLED = 1, ERASE_ENABLED = 2;

/** Times of the Product Specification, "Electrical specification" of the NVMC, in nanoseconds. */
const WRITE_NS = 41_000, ERASE_PAGE_NS = 85_000_000, ERASE_ALL_NS = 169_000_000;

/** Writes allowed to one word between two erases (nWRITE). */
const N_WRITE = 2;

/** Size of the main array in bytes. */
export const NRF52840_FLASH_SIZE = 0x100000;
/** Size of a page in bytes; the UICR is one page too. */
export const NRF52840_PAGE_SIZE = 0x1000;

/** What an {@linkcode Nrf52Nvmc} is made of. */
export interface Nrf52NvmcOptions extends FlashWiring {
  /** Whether access-port protection is in force, which blocks ERASEUICR. */
  readonly isProtected: () => boolean;
}

/**
 * Registers, main array and UICR behind an nRF52840 NVMC.
 *
 * @example Writes only clear bits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualFlashHost } from "./busy.ts";
 * import { Nrf52Nvmc } from "./nrf52_nvmc.ts";
 *
 * const nvmc = new Nrf52Nvmc({ host: new ManualFlashHost(), timing: "datasheet", isProtected: () => false });
 * nvmc.write(0x504, 4, 1);
 * nvmc.program(0, 4, 0xffffff0f);
 * nvmc.program(0, 4, 0xfffffff1);
 * assertEquals(nvmc.array[0], 0x01);
 * ```
 */
export class Nrf52Nvmc implements BusDevice {
  /** The main array at 0x00000000. */
  readonly array: Uint8Array<ArrayBuffer> = new Uint8Array(NRF52840_FLASH_SIZE).fill(0xff);
  /** The user information configuration registers at 0x10001000. */
  readonly uicr: Uint8Array<ArrayBuffer> = new Uint8Array(NRF52840_PAGE_SIZE).fill(0xff);
  #options: Nrf52NvmcOptions;
  #timer: BusyTimer;
  #arrayWrites = new Uint8Array(NRF52840_FLASH_SIZE / 4);
  #uicrWrites = new Uint8Array(NRF52840_PAGE_SIZE / 4);
  #excessWrites = 0;
  #isErasing = false;
  #config = 0;
  #partialMs = 10;
  #partialDone = new Map<number, number>();
  #icache = 0;

  /** An erased chip. */
  constructor(options: Nrf52NvmcOptions) {
    this.#options = options;
    this.#timer = new BusyTimer(options.host, options.timing);
  }

  /** Writes beyond nWRITE to a word since its last erase: what a sound flash loader keeps at 0. */
  get excessWrites(): number {
    return this.#excessWrites;
  }

  /** Whether an operation is under way. */
  get busy(): boolean {
    return this.#timer.busy;
  }

  /** Reset: registers to their reset values. */
  reset(): void {
    this.#timer.abort();
    this.#config = 0;
    this.#partialMs = 10;
    this.#icache = 0;
  }

  /** Holds the current access while the array is busy: reads of the array do that. */
  waitWhileBusy(): void {
    this.#timer.wait();
  }

  /** Erases array and UICR, as ERASEALL here and in the CTRL-AP do. */
  eraseAll(): void {
    this.#eraseArray(0, this.array.length);
    this.#eraseUicr();
    this.#startErase(ERASE_ALL_NS);
    this.#options.onErase?.(0, this.array.length);
  }

  /** Reads a register at byte `offset` from 0x4001E000. */
  read(offset: number, size: AccessSize): number {
    return readLane(this.#readWord(offset & ~3), offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    const word = mergeLane(this.#readWord(register), offset, size, value);
    switch (register) {
      case CONFIG:
        if (!this.busy) this.#config = word & 3;
        break;
      case ERASEPAGEPARTIALCFG:
        this.#partialMs = word & 0x7f;
        break;
      case ICACHECNF:
        this.#icache = word & 0x101;
        break;
      default:
        if (this.#config === ERASE_ENABLED && !this.busy) this.#command(register, word);
    }
    return true;
  }

  /** A store into the main array at byte `offset`; false when it ends in a bus error. */
  program(offset: number, size: AccessSize, value: number): boolean {
    return this.#writeCell(this.array, this.#arrayWrites, offset, size, value);
  }

  /** A store into the UICR at byte `offset`; false when it ends in a bus error. */
  programUicr(offset: number, size: AccessSize, value: number): boolean {
    return this.#writeCell(this.uicr, this.#uicrWrites, offset, size, value);
  }

  #readWord(register: number): number {
    switch (register) {
      case READY:
        return this.#timer.poll() ? 0 : 1;
      case READYNEXT:
        return this.#isErasing && this.busy || this.#timer.remaining > this.#timer.scaled(WRITE_NS) ? 0 : 1;
      case CONFIG:
        return this.#config;
      case ERASEPAGEPARTIALCFG:
        return this.#partialMs;
      case ICACHECNF:
        return this.#icache;
      default:
        return 0;
    }
  }

  #command(register: number, word: number): void {
    const page = word - (word % NRF52840_PAGE_SIZE);
    switch (register) {
      case ERASEPAGE:
      case ERASEPCR0:
        if (page >= this.array.length) return;
        this.#eraseArray(page, NRF52840_PAGE_SIZE);
        this.#startErase(ERASE_PAGE_NS);
        this.#options.onErase?.(page, NRF52840_PAGE_SIZE);
        return;
      case ERASEPAGEPARTIAL:
        if (page < this.array.length) this.#erasePartially(page);
        return;
      case ERASEALL:
        if (word & 1) this.eraseAll();
        return;
      case ERASEUICR:
        if (!(word & 1) || this.#options.isProtected()) return;
        this.#eraseUicr();
        this.#startErase(ERASE_PAGE_NS);
        return;
    }
  }

  /** Partial erases add up; the page is erased once their durations reach that of a full erase. */
  #erasePartially(page: number): void {
    const ns = this.#partialMs * 1_000_000;
    const done = (this.#partialDone.get(page) ?? 0) + ns;
    this.#partialDone.set(page, done);
    if (done >= ERASE_PAGE_NS) this.#eraseArray(page, NRF52840_PAGE_SIZE);
    this.#startErase(ns);
    this.#options.onErase?.(page, NRF52840_PAGE_SIZE);
  }

  #eraseArray(offset: number, length: number): void {
    this.array.fill(0xff, offset, offset + length);
    this.#arrayWrites.fill(0, offset / 4, (offset + length) / 4);
    for (const page of this.#partialDone.keys()) {
      if (page >= offset && page < offset + length) this.#partialDone.delete(page);
    }
  }

  #eraseUicr(): void {
    this.uicr.fill(0xff);
    this.#uicrWrites.fill(0);
  }

  #startErase(ns: number): void {
    this.#timer.start(ns);
    this.#isErasing = true;
  }

  #writeCell(cells: Uint8Array, writes: Uint8Array, offset: number, size: AccessSize, value: number): boolean {
    if (size !== 4 || this.#config !== WRITE_ENABLED) return false;
    // One write runs and one waits in the buffer that READYNEXT reports; a third holds the bus.
    this.#timer.wait(this.#isErasing ? 0 : this.#timer.scaled(WRITE_NS));
    this.#isErasing = false;
    const word = offset >> 2;
    if (writes[word]! < N_WRITE) writes[word]!++;
    else this.#excessWrites++;
    clearBits(cells, offset, 4, value);
    this.#timer.start(WRITE_NS);
    return true;
  }
}
