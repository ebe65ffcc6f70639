/**
 * Reading memory with accesses of a chosen width.
 *
 * @module
 */
import { concatBytes } from "../base/bytes.ts";
import type { CommandContext } from "./context.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { ItemBits } from "./hex_dump.ts";

/** Bytes that long work reads or writes between looks at whether the user wants it to end. */
export const CHUNK: number = 32 * 1024;

/** `length` bytes from `address`, in pieces. @throws {TransferError} when the memory cannot be read */
export async function readChunks(context: CommandContext, address: number, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < length; at += CHUNK) {
    await context.checkInterrupted();
    parts.push(await context.memory.readBytes(address + at, Math.min(CHUNK, length - at)));
  }
  return concatBytes(parts);
}

/**
 * `length` bytes from `address`, read with accesses of `bits` bits where alignment allows; 64-bit items are read as
 * two words.
 *
 * @throws {TransferError} when the memory cannot be read
 */
export async function readMemory(
  memory: MemoryInterface,
  address: number,
  length: number,
  bits: ItemBits,
): Promise<Uint8Array> {
  const size = bits / 8;
  if (bits >= 32 || address % size !== 0 || length % size !== 0) return await memory.readBytes(address, length);
  const values = await Promise.all(
    Array.from(
      { length: length / size },
      (_, i) => (bits === 8 ? memory.read8(address + i) : memory.read16(address + i * 2)),
    ),
  );
  return bits === 8 ? Uint8Array.from(values) : new Uint8Array(Uint16Array.from(values).buffer);
}
