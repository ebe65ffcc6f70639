/**
 * Reading many places at once when some of them may not answer.
 *
 * @module
 */
import { TransferError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Words by byte address: target memory, or the space that ADIv6 access ports lie in. */
export type WordSpace = Pick<MemoryInterface, "read32" | "readWords" | "write32">;

/** A {@linkcode WordSpace} that can wait for a value. */
export type WaitingSpace = WordSpace & Pick<MemoryInterface, "waitFor32">;

/** `count` words from the word-aligned byte address `address`. */
export interface WordRead {
  /** Word-aligned byte address. */
  readonly address: number;
  /** Number of words. */
  readonly count: number;
}

/**
 * Reads everything in one batch. When something in it faults, the reads that were lost are repeated one at a time, so
 * that each result is either its words or the error of that very read.
 *
 * @throws whatever the memory throws other than a {@linkcode TransferError}, such as a vanished probe
 */
export async function readEach(
  memory: WordSpace,
  reads: readonly WordRead[],
): Promise<(Uint32Array | TransferError)[]> {
  const settled = await Promise.allSettled(reads.map((read) => memory.readWords(read.address, read.count)));
  const out: (Uint32Array | TransferError)[] = [];
  for (const [index, result] of settled.entries()) {
    if (result.status === "fulfilled") out.push(result.value);
    else if (!(result.reason instanceof TransferError)) throw result.reason;
    else if (reads.length === 1) out.push(result.reason);
    else out.push(await readOne(memory, reads[index]!));
  }
  return out;
}

async function readOne(memory: WordSpace, read: WordRead): Promise<Uint32Array | TransferError> {
  try {
    return await memory.readWords(read.address, read.count);
  } catch (error) {
    if (error instanceof TransferError) return error;
    throw error;
  }
}
