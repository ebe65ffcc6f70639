/**
 * Flash controller of the STM32F0 series (RM0091 section 3): unlock keys, half-word programming, page and mass erase,
 * option bytes.
 *
 * Where the manual leaves a case open, the choice here is the one that exposes a careless driver: writes to FLASH_CR
 * during an operation are dropped, and so are writes to the array without PG.
 *
 * @module
 */
import { type AccessSize, BUS_ERROR, type BusDevice } from "../contracts.ts";
import { BusyTimer, type FlashWiring } from "./busy.ts";
import { clearBits, loadBytes, mergeLane, readLane } from "./lanes.ts";
import { KEY_ACCEPTED, KEY_REFUSED, KeyLock } from "./key_lock.ts";

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, AR = 0x14, OBR = 0x1c, WRPR = 0x20;

const SR_BSY = 1 << 0, SR_PGERR = 1 << 2, SR_WRPRTERR = 1 << 4, SR_EOP = 1 << 5;
const SR_CLEARABLE = SR_PGERR | SR_WRPRTERR | SR_EOP;

const CR_PG = 1 << 0, CR_PER = 1 << 1, CR_MER = 1 << 2, CR_OPTPG = 1 << 4, CR_OPTER = 1 << 5, CR_STRT = 1 << 6;
const CR_LOCK = 1 << 7, CR_OPTWRE = 1 << 9, CR_OBL_LAUNCH = 1 << 13;
/** Everything software may set; ERRIE and EOPIE are bits 10 and 12. */
const CR_WRITABLE = CR_PG | CR_PER | CR_MER | CR_OPTPG | CR_OPTER | 1 << 10 | 1 << 12;
const CR_MODES = CR_PG | CR_PER | CR_MER | CR_OPTPG | CR_OPTER;

const ACR_WRITABLE = 0x1f, ACR_RESET = 0x30, ACR_PRFTBE = 1 << 4, ACR_PRFTBS = 1 << 5;

/** Typical times of the STM32F072 data sheet (DS9826, "Flash memory characteristics"), in nanoseconds. */
const PROGRAM_NS = 53_500, ERASE_NS = 30_000_000;

const RDP_OPEN = 0xaa, RDP_CLOSED = 0xcc;

/** What an {@linkcode Stm32F0Flash} is made of. */
export interface Stm32F0FlashOptions extends FlashWiring {
  /** Size of the main array in bytes. */
  readonly size: number;
  /** Size of a page in bytes. */
  readonly pageSize: number;
  /** OBL_LAUNCH was set: the chip must reset, which loads the option bytes. */
  readonly onOptionLaunch: () => void;
}

/**
 * Registers, main array and option bytes of an STM32F0 flash interface.
 *
 * @example Programming a half-word
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualFlashHost } from "./busy.ts";
 * import { Stm32F0Flash } from "./stm32f0.ts";
 *
 * const host = new ManualFlashHost();
 * const onOptionLaunch = () => {};
 * const flash = new Stm32F0Flash({ size: 0x20000, pageSize: 0x800, host, timing: "datasheet", onOptionLaunch });
 * flash.write(0x04, 4, 0x45670123);
 * flash.write(0x04, 4, 0xcdef89ab);
 * flash.write(0x10, 4, 1);
 * flash.program(0, 2, 0x1234);
 * assertEquals([flash.array[0], flash.array[1], flash.busy], [0x34, 0x12, true]);
 * ```
 */
export class Stm32F0Flash implements BusDevice {
  /** The main array. */
  readonly array: Uint8Array<ArrayBuffer>;
  /** The 16 option bytes at 0x1FFFF800: RDP, USER, DATA0, DATA1, WRP0–3, each followed by its complement. */
  readonly options: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  #options: Stm32F0FlashOptions;
  #timer: BusyTimer;
  #lock = new KeyLock(0x45670123, 0xcdef89ab);
  #optionLock = new KeyLock(0x45670123, 0xcdef89ab);
  #acr = ACR_RESET;
  #sr = 0;
  #cr = CR_LOCK;
  #ar = 0;
  #obr = 0;
  #wrpr = 0xffffffff;
  #pendingEop = false;

  /** An erased chip with factory option bytes (RDP level 0, nothing write-protected). */
  constructor(options: Stm32F0FlashOptions) {
    this.#options = options;
    this.#timer = new BusyTimer(options.host, options.timing);
    this.array = new Uint8Array(options.size).fill(0xff);
    const factory = [RDP_OPEN, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    factory.forEach((value, i) => this.#storeOption(i, value));
    this.reset();
  }

  /** Read-out protection level in force, 0, 1 or 2; changes of the option bytes count from the next {@linkcode reset}. */
  get protectionLevel(): 0 | 1 | 2 {
    const field = (this.#obr >>> 1) & 3;
    return field === 0 ? 0 : field === 3 ? 2 : 1;
  }

  /** Whether an operation is under way. */
  get busy(): boolean {
    return this.#timer.busy;
  }

  /** System reset: registers to their reset values, option bytes loaded. */
  reset(): void {
    this.#timer.abort();
    this.#lock.reset();
    this.#optionLock.reset();
    this.#acr = ACR_RESET;
    this.#sr = 0;
    this.#cr = CR_LOCK;
    this.#ar = 0;
    this.#pendingEop = false;
    this.#loadOptions();
  }

  /** Sets the RDP byte as programming and a reset would, without the mass erase: to start with a locked chip. */
  forceProtection(level: 0 | 1 | 2): void {
    this.#storeOption(0, level === 0 ? RDP_OPEN : level === 2 ? RDP_CLOSED : 0);
    this.reset();
  }

  /** Holds the current access while the array is busy: reads of the array do that. */
  waitWhileBusy(): void {
    this.#timer.wait();
    this.#settle();
  }

  /** Reads a register at byte `offset` from FLASH_BASE (0x40022000). */
  read(offset: number, size: AccessSize): number {
    const word = this.#readWord(offset & ~3);
    return word === BUS_ERROR ? BUS_ERROR : readLane(word, offset, size);
  }

  /** Writes a register; false for a key that is wrong (the manual promises a bus error). */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    if (register === KEYR || register === OPTKEYR) {
      const lock = register === KEYR ? this.#lock : this.#optionLock;
      if (register === OPTKEYR && !this.#lock.open) return true;
      const answer = lock.offer(size === 4 ? value >>> 0 : -1);
      if (answer === KEY_ACCEPTED) this.#cr = register === KEYR ? this.#cr & ~CR_LOCK : this.#cr | CR_OPTWRE;
      return answer !== KEY_REFUSED;
    }
    const word = mergeLane(this.#readWord(register), offset, size, value);
    this.#settle();
    switch (register) {
      case ACR:
        this.#acr = (word & ACR_WRITABLE) | (word & ACR_PRFTBE ? ACR_PRFTBS : 0);
        break;
      case SR:
        this.#sr &= ~(value << ((offset & 3) * 8) & SR_CLEARABLE);
        break;
      case CR:
        this.#writeControl(word);
        break;
      case AR:
        if (!this.busy) this.#ar = word;
        break;
    }
    return true;
  }

  /** A store into the main array at byte `offset`; false when it ends in a bus error. */
  program(offset: number, size: AccessSize, value: number): boolean {
    if (size !== 2) return false;
    this.waitWhileBusy();
    if ((this.#cr & CR_MODES) !== CR_PG) return true;
    if (this.#isLockedOut() || this.#isProtected(Math.floor(offset / this.#options.pageSize))) {
      this.#sr |= SR_WRPRTERR;
    } else if (loadBytes(this.array, offset, 2) !== 0xffff && value !== 0) {
      this.#sr |= SR_PGERR;
    } else {
      clearBits(this.array, offset, 2, value);
      this.#begin(PROGRAM_NS);
    }
    return true;
  }

  /** A store into the option bytes at byte `offset`; the controller writes the complement itself. */
  programOption(offset: number, size: AccessSize, value: number): boolean {
    if (size !== 2) return false;
    this.waitWhileBusy();
    if ((this.#cr & CR_MODES) !== CR_OPTPG || !(this.#cr & CR_OPTWRE)) return true;
    if (offset >= this.options.length) return true;
    if (loadBytes(this.options, offset, 2) !== 0xffff) {
      this.#sr |= SR_PGERR;
      return true;
    }
    this.#storeOption(offset >> 1, value & 0xff);
    this.#begin(PROGRAM_NS);
    if (offset === 0 && (value & 0xff) === RDP_OPEN && this.protectionLevel === 1) {
      this.#eraseRange(0, this.array.length);
    }
    return true;
  }

  #readWord(register: number): number {
    this.#settle();
    switch (register) {
      case ACR:
        return this.#acr;
      case SR:
        return this.#sr | (this.#timer.poll() ? SR_BSY : 0);
      case CR:
        return this.#cr | (this.busy && this.#cr & (CR_PER | CR_MER | CR_OPTER) ? CR_STRT : 0);
      case AR:
        return this.#ar;
      case OBR:
        return this.#obr;
      case WRPR:
        return this.#wrpr;
      default:
        return 0;
    }
  }

  #writeControl(word: number): void {
    if (!this.#lock.open || this.busy) return;
    if (!(word & CR_OPTWRE) && this.#cr & CR_OPTWRE) this.#optionLock.close();
    this.#cr = (word & CR_WRITABLE) | (this.#optionLock.open ? CR_OPTWRE : 0);
    if (word & CR_LOCK) {
      this.#lock.close();
      this.#optionLock.close();
      this.#cr = (this.#cr & ~CR_OPTWRE) | CR_LOCK;
    } else if (word & CR_STRT) {
      this.#erase();
    }
    if (word & CR_OBL_LAUNCH) this.#options.onOptionLaunch();
  }

  #erase(): void {
    const { pageSize, size } = this.#options;
    switch (this.#cr & CR_MODES) {
      case CR_PER: {
        const offset = (this.#ar & 0x07ffffff) >>> 0;
        if ((this.#ar >>> 27) !== 1 || offset >= size) return;
        const page = Math.floor(offset / pageSize);
        if (this.#isLockedOut() || this.#isProtected(page)) this.#sr |= SR_WRPRTERR;
        else this.#eraseRange(page * pageSize, pageSize);
        return;
      }
      case CR_MER:
        if (this.#isLockedOut() || this.#wrpr !== 0xffffffff) this.#sr |= SR_WRPRTERR;
        else this.#eraseRange(0, size);
        return;
      case CR_OPTER:
        if (!(this.#cr & CR_OPTWRE)) return;
        this.options.fill(0xff);
        this.#begin(ERASE_NS);
        return;
    }
  }

  #eraseRange(offset: number, length: number): void {
    this.array.fill(0xff, offset, offset + length);
    this.#begin(ERASE_NS);
    this.#options.onErase?.(offset, length);
  }

  #isLockedOut(): boolean {
    return this.#options.isLockedOut?.() ?? false;
  }

  #begin(ns: number): void {
    this.#timer.start(ns);
    this.#pendingEop = true;
  }

  #settle(): void {
    if (!this.#pendingEop || this.busy) return;
    this.#pendingEop = false;
    this.#sr |= SR_EOP;
  }

  /** Each WRPR bit guards two pages; the last one guards all that follow (RM0091 section 4, "Write protection"). */
  #isProtected(page: number): boolean {
    return ((this.#wrpr >>> Math.min(31, page >> 1)) & 1) === 0;
  }

  #storeOption(index: number, value: number): void {
    this.options[index * 2] = value;
    this.options[index * 2 + 1] = ~value & 0xff;
  }

  /**
   * FLASH_OBR and FLASH_WRPR from the option bytes; a byte whose complement is wrong counts as 0xFF, with OPTERR. An
   * erased pair is not compared (RM0091 section 4.1).
   */
  #loadOptions(): void {
    let error = 0;
    const values = Array.from({ length: 8 }, (_, i) => {
      const value = this.options[i * 2]!;
      const complement = this.options[i * 2 + 1]!;
      if ((value ^ complement) === 0xff) return value;
      if ((value & complement) !== 0xff) error = 1;
      return 0xff;
    });
    const [rdp, user, data0, data1, ...wrp] = values as [number, number, number, number, ...number[]];
    const level = rdp === RDP_OPEN ? 0 : rdp === RDP_CLOSED ? 3 : 1;
    this.#obr = (error | level << 1 | user << 8 | data0 << 16 | data1 << 24) >>> 0;
    this.#wrpr = wrp.reduce((bits, byte, i) => (bits | byte << (i * 8)) >>> 0, 0);
  }
}
