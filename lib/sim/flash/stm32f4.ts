/**
 * Flash controller of the STM32F405/407 (RM0090 section 3): unlock keys, programming with a parallelism, sector and
 * mass erase, option and one-time-programmable bytes.
 *
 * @module
 */
import { type AccessSize, BUS_ERROR, type BusDevice } from "../contracts.ts";
import { BusyTimer, type FlashWiring } from "./busy.ts";
import { KEY_ACCEPTED, KEY_REFUSED, KeyLock } from "./key_lock.ts";
import { clearBits, mergeLane, readLane } from "./lanes.ts";

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;

const SR_EOP = 1 << 0, SR_OPERR = 1 << 1, SR_WRPERR = 1 << 4, SR_PGPERR = 1 << 6, SR_PGSERR = 1 << 7;
const SR_BSY = 1 << 16;
/** EOP, OPERR, WRPERR, PGAERR, PGPERR and PGSERR are cleared by writing 1. */
const SR_CLEARABLE = 0xf3;

const CR_PG = 1 << 0, CR_SER = 1 << 1, CR_MER = 1 << 2, CR_STRT = 1 << 16, CR_EOPIE = 1 << 24, CR_ERRIE = 1 << 25;
const CR_LOCK = 0x80000000;
/** PG, SER, MER, SNB, PSIZE, EOPIE and ERRIE. */
const CR_WRITABLE = 0x0300037f;
const CR_OPERATIONS = CR_PG | CR_SER | CR_MER;

const OPTCR_LOCK = 1 << 0, OPTCR_STRT = 1 << 1, OPTCR_FACTORY = 0x0fffaaec, OPTCR_WRITABLE = 0x0fffffec;

/** LATENCY, PRFTEN, ICEN, DCEN; the two cache reset bits read back as written. */
const ACR_WRITABLE = 0x1f07;

const RDP_OPEN = 0xaa, RDP_CLOSED = 0xcc;

/** Typical times of the STM32F407 data sheet (DS8626, "Flash memory characteristics"), by PSIZE, in nanoseconds. */
const PROGRAM_NS = 16_000;
const MS = 1_000_000;
const ERASE_NS: Readonly<Record<number, readonly [number, number, number]>> = {
  0x4000: [400 * MS, 300 * MS, 250 * MS],
  0x10000: [1200 * MS, 700 * MS, 550 * MS],
  0x20000: [2000 * MS, 1300 * MS, 1000 * MS],
};
const MASS_ERASE_NS = [16_000 * MS, 11_000 * MS, 8_000 * MS] as const;
const OPTION_NS = 100 * MS;

/** Sector sizes of a 1 MiB part in bytes: 4 × 16 KiB, 64 KiB, 7 × 128 KiB (RM0090 table 5). */
export const STM32F4_SECTORS: readonly number[] = [
  ...Array<number>(4).fill(0x4000),
  0x10000,
  ...Array<number>(7).fill(0x20000),
];

/** Size of the one-time-programmable area in bytes: 16 blocks of 32, then one lock byte each. */
export const STM32F4_OTP_SIZE = 528;
const OTP_LOCKS = 512;

/**
 * Registers, main array, OTP and option bytes of an STM32F405/407 flash interface.
 *
 * @example A store without PG is a sequence error
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualFlashHost } from "./busy.ts";
 * import { Stm32F4Flash } from "./stm32f4.ts";
 *
 * const flash = new Stm32F4Flash({ host: new ManualFlashHost(), timing: "datasheet" });
 * flash.program(0, 4, 0);
 * assertEquals([flash.read(0x0c, 4), flash.array[0]], [0x80, 0xff]);
 * ```
 */
export class Stm32F4Flash implements BusDevice {
  /** The main array, 1 MiB. */
  readonly array: Uint8Array<ArrayBuffer>;
  /** The one-time-programmable area at 0x1FFF7800. */
  readonly otp: Uint8Array<ArrayBuffer> = new Uint8Array(STM32F4_OTP_SIZE).fill(0xff);
  /** The 16 option bytes at 0x1FFFC000: RDP and user, then nWRP at offset 8, each half-word followed by ones. */
  readonly options: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  #wiring: FlashWiring;
  #timer: BusyTimer;
  #lock = new KeyLock(0x45670123, 0xcdef89ab);
  #optionLock = new KeyLock(0x08192a3b, 0x4c5d6e7f);
  #acr = 0;
  #sr = 0;
  #cr = CR_LOCK;
  #optcr = OPTCR_FACTORY;
  #stored = OPTCR_FACTORY;
  #level: 0 | 1 | 2 = 0;
  #pendingEop = false;
  #pendingStart = 0;

  /** An erased chip with factory option bytes (RDP level 0, nothing write-protected). */
  constructor(wiring: FlashWiring) {
    this.#wiring = wiring;
    this.#timer = new BusyTimer(wiring.host, wiring.timing);
    this.array = new Uint8Array(STM32F4_SECTORS.reduce((sum, size) => sum + size, 0)).fill(0xff);
    this.reset();
  }

  /** Read-out protection level in force, 0, 1 or 2; a changed RDP byte counts from the next {@linkcode reset}. */
  get protectionLevel(): 0 | 1 | 2 {
    return this.#level;
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
    this.#acr = 0;
    this.#sr = 0;
    this.#cr = CR_LOCK;
    this.#optcr = this.#stored;
    this.#pendingEop = false;
    this.#pendingStart = 0;
    const rdp = (this.#stored >>> 8) & 0xff;
    this.#level = rdp === RDP_OPEN ? 0 : rdp === RDP_CLOSED ? 2 : 1;
    this.#showOptions();
  }

  /** Sets the RDP byte as programming and a reset would, without the mass erase: to start with a locked chip. */
  forceProtection(level: 0 | 1 | 2): void {
    const rdp = level === 0 ? RDP_OPEN : level === 2 ? RDP_CLOSED : 0;
    this.#stored = (this.#stored & ~0xff00) | rdp << 8;
    this.reset();
  }

  /** Holds the current access while the array is busy: reads of the array do that. */
  waitWhileBusy(): void {
    this.#timer.wait();
    this.#settle();
  }

  /** Reads a register at byte `offset` from FLASH_BASE (0x40023C00). */
  read(offset: number, size: AccessSize): number {
    const word = this.#readWord(offset & ~3);
    return word === BUS_ERROR ? BUS_ERROR : readLane(word, offset, size);
  }

  /** Writes a register; false for a key that is wrong (the manual promises a bus error). */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    switch (register) {
      case ACR:
        this.#acr = mergeLane(this.#acr, offset, size, value) & ACR_WRITABLE;
        return true;
      case KEYR: {
        const answer = this.#lock.offer(size === 4 ? value >>> 0 : -1);
        if (answer === KEY_ACCEPTED) this.#cr = (this.#cr & ~CR_LOCK) >>> 0;
        return answer !== KEY_REFUSED;
      }
      case OPTKEYR:
        return this.#optionLock.offer(size === 4 ? value >>> 0 : -1) !== KEY_REFUSED;
      case SR:
        this.#settle();
        this.#sr &= ~(mergeLane(0, offset, size, value) & SR_CLEARABLE);
        return true;
      case CR:
        this.waitWhileBusy();
        this.#writeControl(mergeLane(this.#cr, offset, size, value));
        return true;
      case OPTCR:
        this.waitWhileBusy();
        this.#writeOptions(mergeLane(this.#optcr, offset, size, value));
        return true;
      default:
        return true;
    }
  }

  /** A store into the main array at byte `offset`. Errors only show in FLASH_SR, so this is always true. */
  program(offset: number, size: AccessSize, value: number): boolean {
    const sector = sectorAt(offset);
    const isProtected = this.#isLockedOut() || ((this.#stored >>> (16 + sector)) & 1) === 0;
    this.#program(this.array, offset, size, value, isProtected);
    return true;
  }

  /** A store into the one-time-programmable area at byte `offset`; a block whose lock byte is 0x00 is refused. */
  programOtp(offset: number, size: AccessSize, value: number): boolean {
    const isLocked = offset < OTP_LOCKS && this.otp[OTP_LOCKS + (offset >> 5)] === 0;
    this.#program(this.otp, offset, size, value, isLocked);
    return true;
  }

  #program(bytes: Uint8Array, offset: number, size: AccessSize, value: number, isProtected: boolean): void {
    this.waitWhileBusy();
    if ((this.#cr & CR_OPERATIONS) !== CR_PG) this.#fail(SR_PGSERR);
    else if (1 << ((this.#cr >>> 8) & 3) !== size) this.#fail(SR_PGPERR);
    else if (isProtected) this.#fail(SR_WRPERR);
    else {
      clearBits(bytes, offset, size, value);
      this.#begin(PROGRAM_NS, 0);
    }
  }

  #readWord(register: number): number {
    this.#settle();
    switch (register) {
      case ACR:
        return this.#acr;
      case SR:
        return this.#sr | (this.#timer.poll() ? SR_BSY : 0);
      case CR:
        return (this.#cr | this.#pendingStart) >>> 0;
      case OPTCR:
        return (this.#optcr | (this.#optionLock.open ? 0 : OPTCR_LOCK)) >>> 0;
      default:
        return 0;
    }
  }

  #writeControl(word: number): void {
    if (!this.#lock.open) return;
    this.#cr = (word & CR_WRITABLE) >>> 0;
    if (word & CR_LOCK) {
      this.#lock.close();
      this.#cr = (this.#cr | CR_LOCK) >>> 0;
    } else if (word & CR_STRT) {
      this.#erase();
    }
  }

  #erase(): void {
    const parallelism = Math.min(2, (this.#cr >>> 8) & 3);
    const operation = this.#cr & CR_OPERATIONS;
    const writable = (this.#stored >>> 16) & 0xfff;
    const sector = (this.#cr >>> 3) & 0xf;
    const size = STM32F4_SECTORS[sector];
    if (operation === CR_MER) {
      if (this.#isLockedOut() || writable !== 0xfff) return this.#fail(SR_WRPERR);
      this.#eraseRange(0, this.array.length, MASS_ERASE_NS[parallelism]!);
    } else if (operation === CR_SER && size !== undefined) {
      if (this.#isLockedOut() || !((writable >>> sector) & 1)) return this.#fail(SR_WRPERR);
      const start = STM32F4_SECTORS.slice(0, sector).reduce((sum, bytes) => sum + bytes, 0);
      this.#eraseRange(start, size, ERASE_NS[size]![parallelism]!);
    } else {
      this.#fail(SR_PGSERR);
    }
  }

  #eraseRange(offset: number, length: number, ns: number): void {
    this.array.fill(0xff, offset, offset + length);
    this.#begin(ns, CR_STRT);
    this.#wiring.onErase?.(offset, length);
  }

  #isLockedOut(): boolean {
    return this.#wiring.isLockedOut?.() ?? false;
  }

  #writeOptions(word: number): void {
    if (!this.#optionLock.open) return;
    this.#optcr = word & OPTCR_WRITABLE;
    if (word & OPTCR_LOCK) {
      this.#optionLock.close();
    } else if (word & OPTCR_STRT && this.#level !== 2) {
      const rdp = (this.#optcr >>> 8) & 0xff;
      if (this.#level === 1 && rdp === RDP_OPEN) {
        this.#eraseRange(0, this.array.length, MASS_ERASE_NS[0]);
      }
      this.#stored = this.#optcr;
      this.#showOptions();
      this.#begin(OPTION_NS, 0);
    }
  }

  #begin(ns: number, start: number): void {
    this.#timer.start(ns);
    this.#pendingStart = start;
    this.#pendingEop = true;
  }

  /** OPERR accompanies another error flag only when its interrupt is enabled, as EOP does success. */
  #fail(flag: number): void {
    this.#sr |= flag | (this.#cr & CR_ERRIE ? SR_OPERR : 0);
  }

  #settle(): void {
    if (!this.#pendingEop || this.busy) return;
    this.#pendingEop = false;
    this.#pendingStart = 0;
    if (this.#cr & CR_EOPIE) this.#sr |= SR_EOP;
  }

  #showOptions(): void {
    this.options.fill(0xff);
    this.options[0] = this.#stored & 0xff;
    this.options[1] = (this.#stored >>> 8) & 0xff;
    this.options[8] = (this.#stored >>> 16) & 0xff;
    this.options[9] = (this.#stored >>> 24) & 0xff;
  }
}

function sectorAt(offset: number): number {
  let end = 0;
  return STM32F4_SECTORS.findIndex((size) => offset < (end += size));
}
