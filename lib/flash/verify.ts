/**
 * Compares target memory with what it should hold.
 *
 * @module
 */
import { firstDifference, hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";

/** Bytes read at once while comparing. */
const CHUNK = 16 * 1024;

/** Bytes that memory should hold at an address. */
export interface Expected {
  /** First byte address. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
}

/** The first byte that differs. */
export interface Mismatch {
  /** Its byte address. */
  readonly address: number;
  /** What should be there. */
  readonly expected: number;
  /** What is there. */
  readonly actual: number;
}

/**
 * Reads back every part until a byte differs. `onRead` hears how many bytes were read each time.
 *
 * @returns the first mismatch, or undefined when all is equal
 * @throws {TransferError} when memory cannot be read
 */
export async function compareMemory(
  memory: Pick<MemoryInterface, "readBytes">,
  parts: readonly Expected[],
  onRead: (bytes: number) => void = () => {},
): Promise<Mismatch | undefined> {
  for (const part of parts) {
    for (let at = 0; at < part.data.length; at += CHUNK) {
      const wanted = part.data.subarray(at, at + CHUNK);
      const found = await memory.readBytes(part.address + at, wanted.length);
      const index = firstDifference(wanted, found);
      if (index >= 0) {
        return { address: part.address + at + index, expected: wanted[index] ?? 0, actual: found[index] ?? 0 };
      }
      onRead(wanted.length);
    }
  }
  return undefined;
}

/**
 * Like {@linkcode compareMemory}, but a mismatch is an error.
 *
 * @throws {FlashError} with the address, the expected and the actual byte
 * @throws {TransferError} when memory cannot be read
 */
export async function verifyMemory(
  memory: Pick<MemoryInterface, "readBytes">,
  parts: readonly Expected[],
  onRead?: (bytes: number) => void,
): Promise<void> {
  const mismatch = await compareMemory(memory, parts, onRead);
  if (mismatch === undefined) return;
  const { address, expected, actual } = mismatch;
  throw new FlashError(
    `Cannot verify ${hex(address)}: expected ${hex(expected, 2)}, found ${hex(actual, 2)}`,
    {
      code: "verify-mismatch",
      hint: "Load the file again; if that does not help, check that file and target type belong to this chip",
      fields: { phase: "verify", ...mismatch },
    },
  );
}
