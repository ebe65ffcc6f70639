/**
 * A memory access port over a bus (IHI 0031 chapter C2).
 *
 * @module
 */
import { bits } from "../../base/bits.ts";
import { type AccessSize, type ApReply, BUS_ERROR, type BusMaster, type SimAccessPort } from "../contracts.ts";

/** Identification of the usual AHB access ports (IHI 0031 C3.1). */
export const AHB_AP_IDR = {
  /** Cortex-M3 and Cortex-M4. */
  CORTEX_M3: 0x24770011,
  /** Cortex-M0. */
  CORTEX_M0: 0x04770021,
  /** Cortex-M0+. */
  CORTEX_M0_PLUS: 0x04770031,
} as const;

/** How a memory access port is built. */
export interface MemApOptions {
  /** IDR. */
  readonly idr: number;
  /** BASE; 0xE00FF003 unless told. */
  readonly base?: number;
  /** CFG; 0 unless told. */
  readonly cfg?: number;
  /** Whether CSW.AddrInc accepts packed transfers; true unless told. */
  readonly packed?: boolean;
  /** Transfer sizes in bytes that CSW.Size accepts; 1, 2 and 4 unless told. */
  readonly sizes?: readonly AccessSize[];
  /** CSW bits beyond Size and AddrInc that can be written, such as HPROT and HNONSEC; 0x7F000000 unless told. */
  readonly protMask?: number;
  /** Their value after power-on; 0x23000000 unless told. */
  readonly protReset?: number;
  /** Asked on every access: false while the chip's protection keeps the port disabled. */
  readonly enabled?: () => boolean;
}

const REGISTER = { CSW: 0x00, TAR: 0x04, DRW: 0x0c, BD0: 0x10, BD3: 0x1c, CFG: 0xf4, BASE: 0xf8, IDR: 0xfc } as const;
const DEVICE_EN = 1 << 6;
const INCREMENT = { OFF: 0, SINGLE: 1, PACKED: 2 } as const;
/** TAR increments within this many bytes and wraps (IHI 0031 C2.2.2). */
const INCREMENT_PAGE = 0x400;
const FAULT: ApReply = { kind: "fault" };
const DONE: ApReply = { kind: "ok", value: 0 };

/**
 * A MEM-AP: CSW, TAR, DRW and BD0–BD3 over a {@linkcode BusMaster}.
 *
 * @example Reading a word
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AHB_AP_IDR, SimMemAp } from "./mem_ap.ts";
 *
 * const ap = new SimMemAp({ read: (address) => address + 1, write: () => true }, { idr: AHB_AP_IDR.CORTEX_M3 });
 * ap.write(0x00, 0x23000052);
 * ap.write(0x04, 0x20000000);
 * assertEquals(ap.read(0x0c), { kind: "ok", value: 0x20000001 });
 * assertEquals(ap.read(0x04), { kind: "ok", value: 0x20000004 });
 * ```
 */
export class SimMemAp implements SimAccessPort {
  #bus: BusMaster;
  #options: MemApOptions;
  #protMask: number;
  #prot: number;
  #sizeCode = 2;
  #increment: number = INCREMENT.OFF;
  #tar = 0;

  /** A port through which a debugger reaches `bus`. */
  constructor(bus: BusMaster, options: MemApOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#protMask = options.protMask ?? 0x7f000000;
    this.#prot = (options.protReset ?? 0x23000000) & this.#protMask;
  }

  /** CSW with everything that can be read back. */
  get csw(): number {
    const enabled = this.#enabled ? DEVICE_EN : 0;
    return (this.#prot | enabled | (this.#increment << 4) | this.#sizeCode) >>> 0;
  }

  get #enabled(): boolean {
    return this.#options.enabled?.() ?? true;
  }

  /** Reads a register by its byte offset. */
  read(register: number): ApReply {
    if (register === REGISTER.DRW) return this.#access(undefined);
    if (register >= REGISTER.BD0 && register <= REGISTER.BD3) return this.#banked(register, undefined);
    return { kind: "ok", value: this.#readControl(register) };
  }

  #readControl(register: number): number {
    switch (register) {
      case REGISTER.CSW:
        return this.csw;
      case REGISTER.TAR:
        return this.#tar;
      case REGISTER.CFG:
        return this.#options.cfg ?? 0;
      case REGISTER.BASE:
        return this.#options.base ?? 0xe00ff003;
      case REGISTER.IDR:
        return this.#options.idr;
      default:
        return 0;
    }
  }

  /** Writes a register by its byte offset. */
  write(register: number, value: number): ApReply {
    if (register === REGISTER.DRW) return this.#access(value >>> 0);
    if (register >= REGISTER.BD0 && register <= REGISTER.BD3) return this.#banked(register, value >>> 0);
    if (register === REGISTER.CSW) this.#writeCsw(value);
    else if (register === REGISTER.TAR) this.#tar = value >>> 0;
    return DONE;
  }

  /** Values that are not implemented leave their field as it was (IHI 0031 C2.6.4). */
  #writeCsw(value: number): void {
    const sizeCode = bits(value, 2, 0);
    const sizes: readonly number[] = this.#options.sizes ?? [1, 2, 4];
    if (sizes.includes(1 << sizeCode)) this.#sizeCode = sizeCode;
    const increment = bits(value, 5, 4);
    const packed = this.#options.packed ?? true;
    if (increment < INCREMENT.PACKED || (increment === INCREMENT.PACKED && packed)) this.#increment = increment;
    this.#prot = value & this.#protMask;
  }

  /** BDn is a word access in the 16 bytes around TAR, without increment (IHI 0031 C2.2.6). */
  #banked(register: number, value: number | undefined): ApReply {
    if (!this.#enabled) return FAULT;
    const address = ((this.#tar & ~0xf) >>> 0) + (register - REGISTER.BD0);
    if (value !== undefined) return this.#bus.write(address, 4, value) ? DONE : FAULT;
    const found = this.#bus.read(address, 4);
    return found === BUS_ERROR ? FAULT : { kind: "ok", value: found >>> 0 };
  }

  /** One DRW access: a write of `value`, or a read when it is undefined (IHI 0031 C2.2.1, C2.2.5). */
  #access(value: number | undefined): ApReply {
    if (!this.#enabled) return FAULT;
    const size = (1 << this.#sizeCode) as AccessSize;
    const count = this.#increment === INCREMENT.PACKED ? 4 / size : 1;
    let word = 0;
    for (let i = 0; i < count; i++) {
      const address = (this.#tar & ~(size - 1)) >>> 0;
      const lane = (address & 3) * 8;
      const mask = size === 4 ? 0xffffffff : (1 << (size * 8)) - 1;
      if (value === undefined) {
        const found = this.#bus.read(address, size);
        if (found === BUS_ERROR) return FAULT;
        word |= (found & mask) << lane;
      } else if (!this.#bus.write(address, size, ((value >>> lane) & mask) >>> 0)) {
        return FAULT;
      }
      if (this.#increment !== INCREMENT.OFF) this.#advance(size);
    }
    return { kind: "ok", value: word >>> 0 };
  }

  #advance(size: number): void {
    const offset = (this.#tar + size) & (INCREMENT_PAGE - 1);
    this.#tar = ((this.#tar & ~(INCREMENT_PAGE - 1)) | offset) >>> 0;
  }
}
