/**
 * Small file work of the pack store: files that appear whole or not at all, and questions about what is there.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";

/** What a file looks like from outside; two equal ones hold the same. */
export interface FileStamp {
  /** Last change in milliseconds since the Unix epoch. */
  readonly mtime: number;
  /** Bytes. */
  readonly size: number;
}

/** The stamp of a file; undefined when there is no file of this name. */
export function stampOf(path: string): FileStamp | undefined {
  try {
    const { isFile, mtime, size } = Deno.statSync(path);
    return isFile ? { mtime: mtime?.getTime() ?? 0, size } : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Names in a directory, sorted; none when there is no such directory. */
export function namesIn(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)].sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Bytes of a file; undefined when it is not there. @throws {PackError} when it has more than `limit` bytes */
export function readIfThere(path: string, limit: number): Bytes | undefined {
  const stamp = stampOf(path);
  if (stamp === undefined) return undefined;
  if (stamp.size > limit) {
    throw new PackError(`Cannot read ${path}: ${stamp.size} bytes are more than the limit of ${limit}`);
  }
  return Deno.readFileSync(path);
}

/** Puts a file in place in one step, so that nobody ever sees half of it. */
export function writeAtomically(path: string, data: string | Uint8Array): void {
  makeDirectoryOf(path);
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    Deno.writeFileSync(temporary, typeof data === "string" ? new TextEncoder().encode(data) : data);
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** Makes the directory that `path` is to be in. */
export function makeDirectoryOf(path: string): void {
  Deno.mkdirSync(path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"))), { recursive: true });
}

/** Removes a file or a whole directory; answers whether it was there. */
export function removeIfThere(path: string): boolean {
  try {
    Deno.removeSync(path, { recursive: true });
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Removes a directory when nothing is in it. */
export function removeIfEmpty(path: string): void {
  if (namesIn(path).length > 0) return;
  removeIfThere(path);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}
