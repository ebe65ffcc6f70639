/**
 * Keeps what a simulated board remembers without power in a file, so that one run of a program finds what another left.
 *
 * @module
 */
import { equalBytes } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { SimBoard } from "../../sim/boards/mod.ts";

/**
 * Fills the board's non-volatile memories from the file, which need not exist yet.
 *
 * @returns what writes them back when the board is switched off
 * @throws {UsageError} when the file cannot be read or belongs to another board
 */
export async function attachFlashFile(board: SimBoard, path: string): Promise<() => Promise<void>> {
  let known: Uint8Array | undefined;
  try {
    known = await Deno.readFile(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw unusable(path, reason(cause), cause);
  }
  if (known !== undefined) {
    const size = board.nonVolatile().length;
    if (known.length !== size) {
      throw unusable(path, `it holds ${known.length} bytes, ${board.name} has ${size}`);
    }
    board.restoreNonVolatile(known);
  }
  return async () => {
    const bytes = board.nonVolatile();
    if (known !== undefined && equalBytes(known, bytes)) return;
    try {
      await Deno.writeFile(`${path}.new`, bytes);
      await Deno.rename(`${path}.new`, path);
    } catch (cause) {
      throw unusable(path, reason(cause), cause);
    }
  };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unusable(path: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Cannot keep the flash of a simulated board in ${path}: ${why}`, {
    hint: "Name a file that does not exist yet, or one that was made this way for the same board",
    ...(cause === undefined ? {} : { cause }),
  });
}
