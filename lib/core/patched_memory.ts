/**
 * Memory with software breakpoints in it: planted BKPT instructions are there for the core, but nobody who reads or
 * writes through this sees them.
 *
 * @module
 */
import { bytesToWords, hex, wordsToBytes } from "../base/bytes.ts";
import { TargetError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { handled } from "../dap/queue.ts";

const BKPT = Uint8Array.of(0x00, 0xbe);
const BKPT_WORD = 0xbe00;

/** A byte to put over what was read. */
type Original = readonly [offset: number, value: number];

interface PatchedByte {
  /** What the program has there; undefined until it was read. */
  original: number | undefined;
  /** What stands in memory instead; undefined while the breakpoint is not in place. */
  planted: number | undefined;
}

/** Called when code was changed at a byte address, so that caches can be kept right. */
export type CodeWritten = (address: number, length: number) => void;

/** A {@linkcode MemoryInterface} over another one that hides the breakpoints planted through it. */
export class PatchedMemory implements MemoryInterface {
  /** The memory below, breakpoints and all. */
  readonly raw: MemoryInterface;
  readonly #patches = new Map<number, PatchedByte>();
  readonly #codeWritten: CodeWritten;

  /** Lays itself over `raw`; `codeWritten` hears of every breakpoint written or taken out. */
  constructor(raw: MemoryInterface, codeWritten: CodeWritten) {
    this.raw = raw;
    this.#codeWritten = codeWritten;
  }

  /** One byte, unsigned. @throws {TransferError} */
  read8(address: number): Promise<number> {
    const originals = this.#originals(address, 1);
    return patched(this.raw.read8(address), originals, (value) => withOriginals(value, originals));
  }

  /** One half-word at an even address, unsigned. @throws {TransferError} */
  read16(address: number): Promise<number> {
    const originals = this.#originals(address, 2);
    return patched(this.raw.read16(address), originals, (value) => withOriginals(value, originals));
  }

  /** One word at a word-aligned address, unsigned. @throws {TransferError} */
  read32(address: number): Promise<number> {
    const originals = this.#originals(address, 4);
    return patched(this.raw.read32(address), originals, (value) => withOriginals(value, originals));
  }

  /** `count` words from a word-aligned address. @throws {TransferError} */
  readWords(address: number, count: number): Promise<Uint32Array> {
    const originals = this.#originals(address, count * 4);
    return patched(this.raw.readWords(address, count), originals, (words) => {
      const bytes = wordsToBytes(words);
      for (const [offset, value] of originals) bytes[offset] = value;
      return bytesToWords(bytes);
    });
  }

  /** `length` bytes from any address. @throws {TransferError} */
  readBytes(address: number, length: number): Promise<Uint8Array> {
    const originals = this.#originals(address, length);
    return patched(this.raw.readBytes(address, length), originals, (bytes) => {
      for (const [offset, value] of originals) bytes[offset] = value;
      return bytes;
    });
  }

  /** Queues one byte. */
  write8(address: number, value: number): void {
    if (this.#touches(address, 1)) this.writeBytes(address, Uint8Array.of(value));
    else this.raw.write8(address, value);
  }

  /** Queues one half-word at an even address. */
  write16(address: number, value: number): void {
    if (this.#touches(address, 2)) this.writeBytes(address, Uint8Array.of(value, value >>> 8));
    else this.raw.write16(address, value);
  }

  /** Queues one word at a word-aligned address. */
  write32(address: number, value: number): void {
    if (this.#touches(address, 4)) this.writeBytes(address, wordsToBytes(Uint32Array.of(value)));
    else this.raw.write32(address, value);
  }

  /** Queues words from a word-aligned address. */
  writeWords(address: number, words: Uint32Array): void {
    if (this.#touches(address, words.length * 4)) this.writeBytes(address, wordsToBytes(words));
    else this.raw.writeWords(address, words);
  }

  /** Queues bytes to any address; where a breakpoint stands, the bytes are kept for when it goes. */
  writeBytes(address: number, bytes: Uint8Array): void {
    if (!this.#touches(address, bytes.length)) return this.raw.writeBytes(address, bytes);
    const out = bytes.slice();
    for (const [at, patch] of this.#patches) {
      const offset = at - address;
      if (offset < 0 || offset >= out.length) continue;
      patch.original = out[offset]!;
      if (patch.planted !== undefined) out[offset] = patch.planted;
    }
    this.raw.writeBytes(address, out);
  }

  /** Queues a wait until `(word & mask) === value`. @throws {TransferError} */
  waitFor32(address: number, mask: number, value: number, timeoutMs: number): Promise<boolean> {
    return this.raw.waitFor32(address, mask, value, timeoutMs);
  }

  /** Sends what is queued and waits until all of it is done. @throws {TransferError} */
  flush(): Promise<void> {
    return this.raw.flush();
  }

  /**
   * Replaces the half-word at an even address by BKPT and checks that it is there. Planting over a breakpoint that
   * is in place makes sure of it again, for when the memory may have lost it.
   *
   * @throws {TargetError} when the memory does not take it
   */
  async plant(address: number): Promise<void> {
    const present = this.#pair(address);
    const patches = present ??
      [{ original: undefined, planted: undefined }, { original: undefined, planted: undefined }];
    if (!present) patches.forEach((patch, offset) => this.#patches.set(address + offset, patch));
    try {
      const found = await this.raw.read16(address);
      if (this.#patches.get(address) !== patches[0]) return;
      patches.forEach((patch, offset) => {
        const byte = (found >>> (offset * 8)) & 0xff;
        // A memory that came back from reset without the breakpoint holds the program as it is now.
        if (patch.original === undefined || (found !== BKPT_WORD && patch.planted !== undefined)) patch.original = byte;
      });
      this.#put(address, patches);
      const written = await this.raw.read16(address);
      if (written !== BKPT_WORD) throw notWritable(address);
    } catch (error) {
      this.#forget(address);
      throw error;
    }
  }

  /** Queues the original instruction back; nothing happens when no breakpoint is planted there. */
  unplant(address: number): void {
    if (!this.#pair(address)) return;
    this.lift(address);
    this.#forget(address);
  }

  /** Queues the original instruction back for a while; {@linkcode lower} puts the breakpoint in again. */
  lift(address: number): void {
    const patches = this.#pair(address);
    if (!patches || patches.some((patch) => patch.planted === undefined)) return;
    const [low, high] = patches.map((patch) => patch.original ?? 0) as [number, number];
    for (const patch of patches) patch.planted = undefined;
    this.raw.write16(address, low | (high << 8));
    this.#codeWritten(address, 2);
  }

  /** Queues a lifted breakpoint in again. */
  lower(address: number): void {
    const patches = this.#pair(address);
    if (patches) this.#put(address, patches);
  }

  #put(address: number, patches: readonly PatchedByte[]): void {
    patches.forEach((patch, offset) => patch.planted = BKPT[offset]!);
    this.raw.write16(address, BKPT_WORD);
    this.#codeWritten(address, 2);
  }

  #pair(address: number): [PatchedByte, PatchedByte] | undefined {
    const low = this.#patches.get(address);
    const high = this.#patches.get(address + 1);
    return low && high ? [low, high] : undefined;
  }

  #forget(address: number): void {
    this.#patches.delete(address);
    this.#patches.delete(address + 1);
  }

  #touches(address: number, length: number): boolean {
    for (const at of this.#patches.keys()) if (at >= address && at < address + length) return true;
    return false;
  }

  /** Offsets and values to put over a read that is queued now; later changes do not belong to it. */
  #originals(address: number, length: number): Original[] {
    const out: Original[] = [];
    for (const [at, patch] of this.#patches) {
      if (at < address || at >= address + length || patch.planted === undefined) continue;
      if (patch.original !== undefined) out.push([at - address, patch.original]);
    }
    return out;
  }
}

/** A read with the originals put over it; untouched when there are none. */
function patched<T>(read: Promise<T>, originals: readonly Original[], change: (value: T) => T): Promise<T> {
  return originals.length === 0 ? read : handled(read.then(change));
}

function withOriginals(value: number, originals: readonly Original[]): number {
  let out = value;
  for (const [offset, byte] of originals) out = (out & ~(0xff << (offset * 8))) | (byte << (offset * 8));
  return out >>> 0;
}

function notWritable(address: number): TargetError {
  return new TargetError(
    `Cannot set a software breakpoint at ${hex(address)}: the memory does not keep what is written`,
    {
      code: "breakpoint-not-writable",
      hint: "Use a hardware breakpoint there",
      fields: { address },
    },
  );
}
