/**
 * Files that users name, with errors that say what is wrong with them.
 *
 * @module
 */
import { TapirError, UsageError } from "../base/errors.ts";

/**
 * Reads a whole file.
 *
 * @throws {UsageError} when it does not exist or cannot be read
 */
export async function readUserFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${await whyNot(path, cause)}`, {
      code: "file-unreadable",
      hint: "Check the path; a relative one starts at the project directory",
      cause,
      fields: { file: path },
    });
  }
}

/**
 * Writes a whole file, replacing what was there.
 *
 * @throws {UsageError} when it cannot be written
 */
export async function writeUserFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, bytes);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "its directory does not exist" : await whyNot(path, cause);
    throw new UsageError(`Cannot write ${path}: ${reason}`, {
      code: "file-unwritable",
      hint: "Check the path and its permissions, or choose another place",
      cause,
      fields: { file: path },
    });
  }
}

/** Whether something of this name exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw new TapirError(`Cannot look at ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Why a file could not be read. Of a directory, Windows only says that access is denied. */
export async function whyNot(path: string, error: unknown): Promise<string> {
  try {
    if ((await Deno.stat(path)).isDirectory) return "it is a directory";
  } catch {
    // The error at hand says more than this one.
  }
  return reasonOf(error);
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "access is denied";
  }
  // Deno adds the name of the operation and the path, which the message holds already.
  return error instanceof Error ? error.message.replace(/ \(os error \d+\)(: \w+ '.*')?$/, "") : String(error);
}
