/**
 * Memory access ports: target memory through CSW, TAR, DRW and BD0–BD3.
 *
 * Source: ADIv5.2 (IHI 0031) chapter C2, ADIv6.0 (IHI 0074) chapter C2.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import { bytesToWords, hex, viewOf, wordsToBytes } from "../base/bytes.ts";
import { TargetError, UsageError } from "../base/errors.ts";
import { AccessPort, type ApIdentity, drivesApb, takesNarrowAccesses } from "./access_port.ts";
import { type ApAddress, type DebugPort, POLL_RETRIES } from "./debug_port.ts";
import type { MemoryInterface } from "./memory.ts";
import { handled, type TransferTag } from "./queue.ts";
import { AP, CFG, CSW } from "./registers.ts";

/** Attributes that memory accesses carry onto the bus. */
export interface BusAttributes {
  /** HPROT[3:0]: bit 0 data, bit 1 privileged, bit 2 bufferable, bit 3 cacheable. */
  readonly hprot: number;
  /** HNONSEC: non-secure accesses. */
  readonly nonSecure: boolean;
}

/** What the access port's own registers said when it was opened. */
export interface MemApFeatures {
  /** CSW as it was found; written back by {@linkcode MemAp.restore}. */
  readonly csw: number;
  /** Whether bytes and half-words can be accessed. */
  readonly narrow: boolean;
  /** Whether addresses may be longer than 32 bits. */
  readonly largeAddress: boolean;
  /** Address of the ROM table in bytes, when there is one. */
  readonly romBase: number | undefined;
  /** Bits of CSW that keep what is written to them among HPROT and HNONSEC. */
  readonly protection: number;
  /** TAR is incremented within blocks of this many bytes. */
  readonly incrementPage: number;
}

type Width = 1 | 2 | 4;

const SIZES: Readonly<Record<Width, number>> = { 1: CSW.size8, 2: CSW.size16, 4: CSW.size32 };
const PROTECTION = (CSW.hprotMask | 0x1000_0000 | CSW.hnonsec) >>> 0;

/**
 * Target memory through one MEM-AP. TAR and CSW are written only when they must change, which is decided when an
 * access is enqueued; accesses near one another go through the banked data registers and need no TAR at all.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeApIdr } from "./access_port.ts";
 * import { DebugPort } from "./debug_port.ts";
 * import { MemAp } from "./mem_ap.ts";
 * import { FakeProbe } from "./testing/fake_probe.ts";
 *
 * const dp = new DebugPort(new FakeProbe());
 * await dp.connect();
 * const memory = await MemAp.open(dp, { apsel: 0 }, decodeApIdr(0x24770011));
 * memory.write32(0x20000000, 0x12345678);
 * assertEquals(await memory.read8(0x20000001), 0x56);
 * ```
 */
export class MemAp extends AccessPort implements MemoryInterface {
  /** What was found out when the access port was opened. */
  readonly features: MemApFeatures;
  #attributes: BusAttributes;
  #csw: number | undefined;
  #tar: number | undefined;
  /** Whether the last access went through the banked data registers. */
  #banked = false;
  #epoch = -1;

  /** See {@linkcode MemAp.open}. */
  constructor(dp: DebugPort, address: ApAddress, identity: ApIdentity, features: MemApFeatures) {
    super(dp, address, identity);
    this.features = features;
    this.#attributes = { hprot: 3, nonSecure: !bit(features.csw, 23) };
  }

  /** The attributes of accesses enqueued from now on. */
  get attributes(): BusAttributes {
    return this.#attributes;
  }

  /** Sets the attributes of accesses enqueued from now on; bits the bus does not have are ignored. */
  set attributes(attributes: BusAttributes) {
    this.#attributes = attributes;
  }

  /** Whether the access port lets a debugger access memory at all (CSW.DeviceEn when it was opened). */
  get enabled(): boolean {
    return (this.features.csw & CSW.deviceEn) !== 0;
  }

  /** Queues the write-back of CSW as it was found. */
  restore(): void {
    this.writeRegister(AP.csw, this.features.csw);
    this.#csw = undefined;
  }

  /** Reads a byte. @throws {TransferError} */
  read8(address: number): Promise<number> {
    return this.#readNarrow(address, 1);
  }

  /** Reads a half-word. @throws {TransferError} @throws {UsageError} from the promise, when misaligned */
  read16(address: number): Promise<number> {
    return this.#readNarrow(address, 2);
  }

  /** Reads a word. @throws {TransferError} @throws {UsageError} from the promise, when misaligned */
  read32(address: number): Promise<number> {
    const problem = this.#problem("read", address, 4, 4);
    if (problem) return handled(Promise.reject(problem));
    const register = this.#selectWord(address);
    return this.dp.queue.read("ap", register, this.#tag(address));
  }

  /** Reads words. @throws {TransferError} @throws {UsageError} from the promise, when misaligned */
  readWords(address: number, count: number): Promise<Uint32Array> {
    const problem = this.#problem("read", address, 4, count * 4);
    if (problem) return handled(Promise.reject(problem));
    const parts: Promise<Uint32Array>[] = [];
    for (const part of this.#pages(address, count)) {
      const register = this.#selectData(part.address, 4);
      parts.push(this.dp.queue.readBlock("ap", register, part.count, this.#tag(part.address)));
      this.#advance(part.address, part.count * 4);
    }
    return parts.length === 1 ? parts[0]! : handled(joinWords(parts, count));
  }

  /** Reads bytes. @throws {TransferError} */
  readBytes(address: number, length: number): Promise<Uint8Array> {
    const problem = this.#problem("read", address, 1, length);
    if (problem) return handled(Promise.reject(problem));
    if (!this.features.narrow) return handled(this.#readCovering(address, length));
    const parts: Promise<Uint8Array>[] = [];
    for (const piece of pieces(address, length)) {
      const { width } = piece;
      parts.push(
        handled(
          width === 4
            ? this.readWords(piece.address, piece.length / 4).then(wordsToBytes)
            : this.#readNarrow(piece.address, width).then((value) =>
              Uint8Array.of(value, value >>> 8).subarray(0, width)
            ),
        ),
      );
    }
    return handled(joinBytes(parts, length));
  }

  /** Queues a byte. @throws {TargetError} when the bus takes words only */
  write8(address: number, value: number): void {
    this.#writeNarrow(address, 1, value);
  }

  /** Queues a half-word. @throws {UsageError} when misaligned @throws {TargetError} when the bus takes words only */
  write16(address: number, value: number): void {
    this.#writeNarrow(address, 2, value);
  }

  /** Queues a word. @throws {UsageError} when misaligned */
  write32(address: number, value: number): void {
    const problem = this.#problem("write", address, 4, 4);
    if (problem) throw problem;
    const register = this.#selectWord(address);
    this.dp.queue.write("ap", register, value, this.#tag(address));
  }

  /** Queues words. @throws {UsageError} when misaligned */
  writeWords(address: number, words: Uint32Array): void {
    const problem = this.#problem("write", address, 4, words.length * 4);
    if (problem) throw problem;
    let at = 0;
    for (const part of this.#pages(address, words.length)) {
      const register = this.#selectData(part.address, 4);
      this.dp.queue.writeBlock("ap", register, words.subarray(at, at + part.count), this.#tag(part.address));
      this.#advance(part.address, part.count * 4);
      at += part.count;
    }
  }

  /** Queues bytes. @throws {TargetError} when the bus takes words only and the range is not made of them */
  writeBytes(address: number, data: Uint8Array): void {
    const problem = this.#problem("write", address, 1, data.length);
    if (problem) throw problem;
    const view = viewOf(data);
    for (const { address: start, width, length } of pieces(address, data.length)) {
      const at = start - address;
      if (width === 4) this.writeWords(start, bytesToWords(data.subarray(at, at + length)));
      else this.#writeNarrow(start, width, width === 1 ? view.getUint8(at) : view.getUint16(at, true));
    }
  }

  /** Queues a wait for `(word & mask) === value`. @throws {TransferError} @throws {UsageError} when misaligned */
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean> {
    const problem = this.#problem("poll", address, 4, 4);
    if (problem) return handled(Promise.reject(problem));
    return this.dp.poll(timeoutMs, () => {
      const register = this.#selectBanked(address);
      const condition = { mask, value, retries: POLL_RETRIES, limitMs: timeoutMs };
      return this.dp.queue.match("ap", register, condition, this.#tag(address));
    });
  }

  /** Waits until all that was queued is done. @throws {TransferError} */
  flush(): Promise<void> {
    return this.dp.flush();
  }

  #tag(address: number): TransferTag {
    return { ap: this.name, address };
  }

  #problem(verb: string, address: number, alignment: number, length: number): UsageError | undefined {
    if (!Number.isSafeInteger(address) || address < 0) {
      return new UsageError(`Cannot ${verb} at ${address}: no address`);
    }
    if (address % alignment !== 0) {
      return new UsageError(`Cannot ${verb} at ${hex(address)}: the address is not a multiple of ${alignment}`);
    }
    const limit = this.features.largeAddress ? Number.MAX_SAFE_INTEGER : 2 ** 32;
    if (length < 0 || address + length > limit) {
      return new UsageError(`Cannot ${verb} ${length} bytes at ${hex(address)}: the range is beyond the address space`);
    }
    return undefined;
  }

  #readNarrow(address: number, width: 1 | 2): Promise<number> {
    const problem = this.#problem("read", address, width, width);
    if (problem) return handled(Promise.reject(problem));
    const shift = (address % 4) * 8;
    const mask = width === 1 ? 0xff : 0xffff;
    if (!this.features.narrow) {
      return handled(this.read32(address - address % 4).then((word) => (word >>> shift) & mask));
    }
    const register = this.#selectData(address, width);
    this.#advance(address, width);
    return handled(this.dp.queue.read("ap", register, this.#tag(address)).then((word) => (word >>> shift) & mask));
  }

  #writeNarrow(address: number, width: 1 | 2, value: number): void {
    const problem = this.#problem("write", address, width, width);
    if (problem) throw problem;
    if (!this.features.narrow) {
      throw new TargetError(`Cannot write ${width} bytes at ${hex(address)}: ${this.name} takes whole words only`);
    }
    const register = this.#selectData(address, width);
    this.dp.queue.write("ap", register, value << ((address % 4) * 8), this.#tag(address));
    this.#advance(address, width);
  }

  /** Bytes out of the words around them, for a bus that takes words only. */
  async #readCovering(address: number, length: number): Promise<Uint8Array> {
    const start = address - address % 4;
    const words = await this.readWords(start, Math.ceil((address + length - start) / 4));
    return wordsToBytes(words).subarray(address - start, address - start + length);
  }

  /** The blocks in which TAR may be left to increment by itself. */
  *#pages(address: number, count: number): Generator<{ address: number; count: number }> {
    const page = this.features.incrementPage;
    while (count > 0) {
      const fits = Math.min(count, (page - address % page) / 4);
      yield { address, count: fits };
      address += fits * 4;
      count -= fits;
    }
  }

  /** Makes a single word accessible in the cheapest way; the address of the register to use. */
  #selectWord(address: number): number {
    this.#checkEpoch();
    if (this.#tar !== undefined && sameWindow(this.#tar, address) && (this.#banked || this.#tar !== address)) {
      return this.#selectBanked(address);
    }
    const register = this.#selectData(address, 4);
    this.#advance(address, 4);
    return register;
  }

  /** Makes the word accessible through BD0–BD3, where reading it again and again moves nothing. */
  #selectBanked(address: number): number {
    this.#checkEpoch();
    this.#writeCsw(4);
    if (this.#tar === undefined || !sameWindow(this.#tar, address)) this.#writeTar(address);
    this.#banked = true;
    return this.dp.selectAp(this.address, AP.bd0 + address % 16);
  }

  /** Makes DRW access `address`. The caller tells how far TAR moves with {@linkcode MemAp.#advance}. */
  #selectData(address: number, width: Width): number {
    this.#checkEpoch();
    this.#writeCsw(width);
    if (this.#tar !== address) this.#writeTar(address);
    this.#banked = false;
    return this.dp.selectAp(this.address, AP.drw);
  }

  #advance(address: number, bytes: number): void {
    const next = address + bytes;
    this.#tar = next % this.features.incrementPage === 0 ? undefined : next;
  }

  #writeCsw(width: Width): void {
    const kept = this.features.csw & ~(PROTECTION | CSW.sizeMask | CSW.incrementMask | CSW.trInProg);
    const wanted = (this.#attributes.hprot << 24) | (this.#attributes.nonSecure ? CSW.hnonsec : 0);
    const apb = drivesApb(this.identity) ? CSW.dbgSwEnable : 0;
    const value = (kept | apb | (wanted & this.features.protection) | CSW.incrementSingle | SIZES[width]) >>> 0;
    if (value === this.#csw) return;
    this.writeRegister(AP.csw, value);
    this.#csw = value;
  }

  #writeTar(address: number): void {
    if (this.features.largeAddress) {
      const high = Math.floor(address / 2 ** 32);
      if (this.#tar === undefined || Math.floor(this.#tar / 2 ** 32) !== high) {
        this.writeRegister(AP.tarHigh, high, { address });
      }
    }
    this.writeRegister(AP.tar, address % 2 ** 32, { address });
    this.#tar = address;
  }

  #checkEpoch(): void {
    if (this.#epoch === this.dp.queue.epoch) return;
    this.#epoch = this.dp.queue.epoch;
    this.#csw = undefined;
    this.#tar = undefined;
    this.#banked = false;
  }

  /**
   * Reads what the access port says about itself, and tries which bits of CSW keep what is written; one batch. CSW is
   * left for the first access to set.
   *
   * @throws {TransferError}
   */
  static async open(dp: DebugPort, address: ApAddress, identity: ApIdentity): Promise<MemAp> {
    const { csw, narrow, protection, cfg, base } = await probeFeatures(dp, address);
    return new MemAp(dp, address, identity, {
      csw,
      narrow: takesNarrowAccesses(identity) || narrow,
      largeAddress: (cfg & CFG.largeAddress) !== 0,
      romBase: romBase(base, cfg),
      protection,
      incrementPage: bits(cfg, 19, 16) === 0 ? 1024 : 1 << (9 + bits(cfg, 19, 16)),
    });
  }
}

async function probeFeatures(
  dp: DebugPort,
  address: ApAddress,
): Promise<{ csw: number; narrow: boolean; protection: number; cfg: number; base: readonly [number, number] }> {
  const asked = [dp.readAp(address, AP.csw), dp.readAp(address, AP.cfg), dp.readAp(address, AP.base)] as const;
  const high = dp.readAp(address, AP.baseHigh);
  dp.writeAp(address, AP.csw, (CSW.dbgSwEnable | CSW.masterDebug | PROTECTION | CSW.size16) >>> 0);
  const kept = dp.readAp(address, AP.csw);
  const [csw, cfg, low] = await Promise.all(asked);
  const tried = await kept;
  return {
    csw,
    narrow: (tried & CSW.sizeMask) === CSW.size16,
    protection: (tried & PROTECTION) >>> 0,
    cfg,
    base: [low, await high],
  };
}

/** Decodes BASE (ADIv5.2 C2.6.1), the legacy formats included. */
function romBase([low, high]: readonly [number, number], cfg: number): number | undefined {
  if (low === 0xffff_ffff || (bit(low, 1) && !bit(low, 0))) return undefined;
  return ((low & 0xffff_f000) >>> 0) + ((cfg & CFG.largeAddress) !== 0 ? high * 2 ** 32 : 0);
}

function sameWindow(a: number, b: number): boolean {
  return a - (a % 16) === b - (b % 16);
}

/** A byte range as aligned pieces: at most a byte and a half-word, then words, then a half-word and a byte. */
function* pieces(address: number, length: number): Generator<{ address: number; length: number; width: Width }> {
  const end = address + length;
  while (address < end) {
    const left = end - address;
    const width: Width = address % 2 !== 0 || left < 2 ? 1 : address % 4 !== 0 || left < 4 ? 2 : 4;
    const size = width === 4 ? left - left % 4 : width;
    yield { address, length: size, width };
    address += size;
  }
}

/** Waits in order, so that the part that failed speaks, and not one behind it that was not run. */
async function joinWords(parts: readonly Promise<Uint32Array>[], count: number): Promise<Uint32Array> {
  const out = new Uint32Array(count);
  let at = 0;
  for (const part of parts) {
    const words = await part;
    out.set(words, at);
    at += words.length;
  }
  return out;
}

/** See {@linkcode joinWords}. */
async function joinBytes(parts: readonly Promise<Uint8Array>[], length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    const bytes = await part;
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}
