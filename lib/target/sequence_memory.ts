/**
 * Elements of 8 to 64 bits in target memory, and bytes as the numbers of debug sequences.
 *
 * @module
 */
import { bytesToWords, hex } from "../base/bytes.ts";
import { TargetError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { handled } from "../dap/queue.ts";
import { elementOf } from "../sequence/functions.ts";
import type { AccessWidth } from "../sequence/host.ts";

/** Memory that takes elements of 8, 16 and 32 bits. */
export type ElementMemory = Omit<MemoryInterface, "waitFor32">;

/** A page on its way into flash, for FlashWriteBuffer. */
export interface FlashPage {
  /** The bytes. */
  readonly data: Uint8Array;
  /** 64-bit pattern behind the bytes. */
  readonly filler: bigint;
}

/** Reads one element. @throws {TransferError} */
export function readWidth(memory: ElementMemory, width: AccessWidth, address: number): Promise<bigint> {
  switch (width) {
    case 8:
      return handled(memory.read8(address).then(BigInt));
    case 16:
      return handled(memory.read16(address).then(BigInt));
    case 32:
      return handled(memory.read32(address).then(BigInt));
    case 64:
      return handled(memory.readWords(address, 2).then(([low, high]) => BigInt(low!) | (BigInt(high!) << 32n)));
  }
}

/** Queues one element. @throws {TargetError} when the bus does not take the width */
export function writeWidth(memory: ElementMemory, width: AccessWidth, address: number, value: bigint): void {
  if (width === 8) memory.write8(address, Number(value & 0xffn));
  else if (width === 16) memory.write16(address, Number(value & 0xffffn));
  else if (width === 32) memory.write32(address, Number(BigInt.asUintN(32, value)));
  else memory.writeWords(address, Uint32Array.of(Number(BigInt.asUintN(32, value)), Number(value >> 32n)));
}

/** Arguments of FlashWriteBuffer. */
export interface PageWrite {
  /** First byte address on the target. */
  readonly address: bigint;
  /** Byte of the page to start with. */
  readonly offset: bigint;
  /** Bytes; what is beyond the page is filled. */
  readonly length: bigint;
  /** Access size in bits, and bit 0 to move the address on. */
  readonly mode: bigint;
}

/** Longest write of a page, in bytes. */
const MAX_PAGE = 1n << 24n;

/** Queues part of a page. @throws {TargetError} when the arguments do not suit one another, or the bus */
export function writePage(memory: ElementMemory, page: FlashPage, { address, offset, length, mode }: PageWrite): void {
  const { width, increment } = elementOf(mode);
  const size = width / 8;
  if ([address, offset, length].some((value) => value % BigInt(size) !== 0n) || length > MAX_PAGE) {
    throw new TargetError(
      `Cannot write ${length} bytes of the page at offset ${offset} to ${hex(Number(address))}: ` +
        `they must be multiples of the access size, ${size} bytes`,
      { code: "sequence-argument" },
    );
  }
  const bytes = pageBytes(page, Number(offset), Number(length));
  if (width === 32 && increment) return memory.writeWords(Number(address), bytesToWords(bytes));
  for (let at = 0; at < bytes.length; at += size) {
    const value = fromBytes(bytes.subarray(at, at + size));
    writeWidth(memory, width, Number(address) + (increment ? at : 0), value);
  }
}

/** Bytes of a page from `offset` on, and the filler behind its end. */
function pageBytes({ data, filler }: FlashPage, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    bytes[i] = data[offset + i] ?? Number((filler >> BigInt(8 * ((offset + i) % 8))) & 0xffn);
  }
  return bytes;
}

/** The lowest `bits` bits, least significant byte first. */
export function toBytes(value: bigint, bits: number): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bits / 8) }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** The number that bytes hold, least significant first. */
export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
