/**
 * Elements of 8 to 64 bits in target memory, and bytes as the numbers of debug sequences.
 *
 * @module
 */
import { bytesToWords } from "../base/bytes.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { handled } from "../dap/queue.ts";
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

/** Queues bytes as elements, each at the next address or all at the same one. @throws {TargetError} */
export function writeElements(
  memory: ElementMemory,
  width: AccessWidth,
  address: number,
  bytes: Uint8Array,
  increment: boolean,
): void {
  if (width === 32 && increment) return memory.writeWords(address, bytesToWords(bytes));
  const size = width / 8;
  for (let at = 0; at < bytes.length; at += size) {
    writeWidth(memory, width, address + (increment ? at : 0), fromBytes(bytes.subarray(at, at + size)));
  }
}

/** Bytes of a page from `offset` on, and the filler behind its end. */
export function pageBytes({ data, filler }: FlashPage, offset: number, length: number): Uint8Array {
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
