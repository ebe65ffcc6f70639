/**
 * Unpacks a pack file to where other tools look for it.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { ZipReader } from "../format/zip.ts";
import type { PackId } from "./index_version.ts";
import { packTitle } from "./index_version.ts";
import type { FileAccess } from "./source.ts";
import type { PackStore } from "./store.ts";
import { makeDirectoryOf, removeIfThere, stampOf, writeAtomically } from "./store_files.ts";

/** The largest public pack unpacks to 3 GiB. */
const MAX_TOTAL = 16 * 1024 ** 3;
const MAX_FILES = 200_000;

/**
 * Unpacks the archive of a release to `Vendor/Pack/Version`; all of it appears there at once, or nothing.
 *
 * @throws {PackError} when it would grow beyond reason
 * @throws {FormatError} when it is damaged or names paths outside of itself
 */
export async function unpackArchive(store: PackStore, id: PackId, files: FileAccess): Promise<void> {
  const target = store.unpackedPath(id);
  const archive = store.archivePath(id);
  const temporary = store.path(`.tapir/unpack-${crypto.randomUUID().slice(0, 8)}`);
  const file = await files.open(archive);
  try {
    const zip = await ZipReader.open(file, archive);
    const entries = [...zip.entries.values()].filter((entry) => !entry.isDirectory);
    const total = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (entries.length > MAX_FILES || total > MAX_TOTAL) {
      throw new PackError(`Cannot unpack ${archive}: ${entries.length} files of ${total} bytes are too much`);
    }
    const prefix = prefixOf(entries.map(({ name }) => name), `${id.vendor}.${id.name}.pdsc`, id);
    for (const { name } of entries) {
      if (!name.startsWith(prefix)) continue;
      const path = `${temporary}/${name.slice(prefix.length)}`;
      makeDirectoryOf(path);
      await Deno.writeFile(path, await zip.read(name));
    }
    removeIfThere(target);
    makeDirectoryOf(target);
    await Deno.rename(temporary, target);
  } finally {
    file.close();
    removeIfThere(temporary);
  }
  store.ledger.note(`${id.vendor}/${id.name}/${id.version}`, {
    url: store.ledger.entry(inside(archive, store))?.url ?? "",
  });
  store.ledger.save();
  // Other tools look at the time of this file to see that something is new.
  if (stampOf(store.path("pack.idx"))) writeAtomically(store.path("pack.idx"), "");
}

function inside(path: string, store: PackStore): string {
  return path.slice(store.root.length + 1);
}

/** Some archives hold everything in one folder. */
function prefixOf(names: readonly string[], pdsc: string, id: PackId): string {
  const found = names.filter((name) => name === pdsc || name.endsWith(`/${pdsc}`))
    .sort((a, b) => a.length - b.length)[0];
  if (found === undefined) throw new PackError(`Cannot unpack ${packTitle(id)}: it holds no ${pdsc}`);
  return found.slice(0, found.length - pdsc.length);
}
