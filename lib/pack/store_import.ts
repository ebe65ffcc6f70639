/**
 * Takes pack files from elsewhere into the store.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { isSafeName, isVersion, type PackId } from "./index_version.ts";
import { type FileAccess, openPack } from "./source.ts";
import type { PackStore } from "./store.ts";
import { makeDirectoryOf, removeIfThere } from "./store_files.ts";

/**
 * Copies a pack file into the store, under the name its description gives it.
 *
 * @throws {PackError} when it is not there, or its description gives no proper name
 * @throws {FormatError} when it is damaged
 */
export async function importArchive(store: PackStore, path: string, files: FileAccess): Promise<PackId> {
  const pack = await openPack(path, files);
  pack.close();
  const { vendor, name, version } = pack.pdsc;
  if (!isSafeName(vendor) || !isSafeName(name) || !isVersion(version)) {
    throw new PackError(`Cannot install ${path}: "${vendor}.${name}.${version}" is no proper name of a pack`);
  }
  const id = { vendor, name, version };
  const target = store.archivePath(id);
  // Another process may be taking in the same pack.
  const temporary = `${target}.${crypto.randomUUID()}.part`;
  makeDirectoryOf(target);
  try {
    await Deno.copyFile(path, temporary);
    await Deno.rename(temporary, target);
  } finally {
    removeIfThere(temporary);
  }
  store.ledger.note(target.slice(store.root.length + 1), { url: `file:${path}` });
  store.ledger.save();
  return id;
}
