/**
 * Where a pack's files come from: a .pack archive read at random, or a directory it was unpacked to.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";
import type { ByteSource } from "../format/byte_source.ts";
import { ZipReader } from "../format/zip.ts";
import { Pdsc } from "./pdsc.ts";
import type { PackDescription } from "./pdsc_types.ts";

/** A file opened for random access. */
export interface OpenFile extends ByteSource {
  /** Gives the file back to the system. */
  close(): void;
}

/** What is at a path. */
export interface FileStat {
  /** Whether it is a directory. */
  readonly isDirectory: boolean;
  /** Bytes of a file. */
  readonly size: number;
}

/** The file system as this room needs it; `files.ts` has the real one. */
export interface FileAccess {
  /** What is at a path; undefined when nothing is. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Names in a directory. */
  list(path: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>;
  /** All bytes of a file. */
  read(path: string): Promise<Bytes>;
  /** Opens a file for random access. */
  open(path: string): Promise<OpenFile>;
}

/** The files of a pack by their paths inside it, forward slashes, letters of either case. */
export interface PackFiles {
  /** Where they are, for messages. */
  readonly location: string;
  /** Path of the package description. */
  readonly pdscPath: string;
  /** Whether there is such a file. */
  has(path: string): Promise<boolean>;
  /** Bytes of a file. @throws {PackError} when it is missing */
  read(path: string): Promise<Bytes>;
  /** Lets go of the archive. */
  close(): void;
}

/** An open pack. */
export interface Pack {
  /** Where it is, for messages. */
  readonly location: string;
  /** Its description. */
  readonly pdsc: PackDescription;
  /** Whether a file named in the description is there; back-slashes and letter case do not matter. */
  has(path: string): Promise<boolean>;
  /** A file named in the description. @throws {PackError} when it is missing, saying where it was looked for */
  read(path: string): Promise<Bytes>;
  /** Lets go of the archive; algorithms cannot be loaded any more after that. */
  close(): void;
}

/**
 * Opens a pack: a .pack file, a directory it was unpacked to, or a .pdsc file inside of one.
 *
 * @throws {PackError} when nothing is there or it holds no description
 * @throws {FormatError} when the archive or the description is damaged
 */
export async function openPack(given: string, files: FileAccess): Promise<Pack> {
  const { path, stat } = await findPack(given, files);
  if (stat.isDirectory) return await openPackFiles(await DirectoryFiles.find(path, files));
  if (path.toLowerCase().endsWith(".pdsc")) {
    const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
    return await openPackFiles(new DirectoryFiles(cut < 0 ? "." : path.slice(0, cut), path.slice(cut + 1), files));
  }
  const file = await files.open(path);
  return await openPackArchive(file, path, () => file.close());
}

/**
 * Looks for a pack as its path is written, then with the back-slashes of a project file from Windows turned.
 *
 * @throws {PackError} when nothing is there
 */
export async function findPack(
  given: string,
  files: FileAccess,
): Promise<{ readonly path: string; readonly stat: FileStat }> {
  for (const path of new Set([given, given.replaceAll("\\", "/")])) {
    const stat = await files.stat(path);
    if (stat) return { path, stat };
  }
  throw new PackError(`Cannot open pack ${given}: there is no such file or directory`, {
    code: "no-pack",
    hint: "Give a .pack file, or the directory one was unpacked to; an installed pack is named Vendor::Pack",
  });
}

/** Opens a pack archive from any source of bytes; `close` is called when the pack is closed or cannot be opened. */
export async function openPackArchive(
  source: ByteSource,
  location: string,
  close: () => void = () => {},
): Promise<Pack> {
  try {
    return await openPackFiles(new ArchiveFiles(await ZipReader.open(source, location), location, close));
  } catch (error) {
    close();
    throw error;
  }
}

/** Makes a pack of its files. */
export async function openPackFiles(files: PackFiles): Promise<Pack> {
  const pdsc = new Pdsc(await files.read(files.pdscPath), files.pdscPath);
  const base = files.pdscPath.includes("/") ? files.pdscPath.replace(/[^/]*$/, "") : "";
  return {
    location: files.location,
    pdsc,
    has: (path) => {
      const inside = insidePath(base, path);
      return inside === undefined ? Promise.resolve(false) : files.has(inside);
    },
    read: async (path) => {
      const inside = insidePath(base, path);
      if (inside === undefined) {
        throw new PackError(`Cannot read ${path} of pack ${files.location}: the path leads out of the pack`, {
          code: "unsafe-path",
        });
      }
      return await files.read(inside);
    },
    close: () => files.close(),
  };
}

/** `path` below `base` without `.` and `..` steps; undefined when it leads outside. */
function insidePath(base: string, path: string): string | undefined {
  const steps: string[] = [];
  for (const step of (base + path.replaceAll("\\", "/")).split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") steps.push(step);
    else if (steps.pop() === undefined) return undefined;
  }
  return steps.join("/");
}

function missing(path: string, location: string): PackError {
  return new PackError(`Cannot read ${path}: pack ${location} holds no such file`, {
    code: "missing-file",
    hint: "The pack is incomplete; download it again, or report it to its vendor",
    fields: { file: path, pack: location },
  });
}

/**
 * The description among file names: the one nearest to the top; of several the one the pack is called after.
 *
 * @throws {PackError} when there is none
 */
export function choosePdsc(names: readonly string[], location: string): string {
  const depth = (name: string): number => name.split("/").length;
  // Vendor.Pack.Version.pack and Vendor/Pack/Version both begin, or go on, with what Vendor.Pack.pdsc is called.
  const title = `.${location.replaceAll(/[\\/]/g, ".")}.`.toLowerCase();
  const isNamesake = (name: string): boolean =>
    title.includes(`.${name.replace(/^.*\//, "").slice(0, -5)}.`.toLowerCase());
  // Archives made on a Mac hold a "._name" of attributes beside each file.
  const found = names.filter((name) => /(^|\/)(?!\._)[^/]*\.pdsc$/i.test(name))
    .sort((a, b) => depth(a) - depth(b) || Number(isNamesake(b)) - Number(isNamesake(a)) || (a < b ? -1 : 1));
  if (found[0] !== undefined) return found[0];
  throw new PackError(`Cannot open pack ${location}: it holds no package description (.pdsc)`, { code: "no-pdsc" });
}

/** Files of an archive. */
class ArchiveFiles implements PackFiles {
  readonly location: string;
  readonly pdscPath: string;
  readonly #zip: ZipReader;
  readonly #close: () => void;
  readonly #names = new Map<string, string>();

  constructor(zip: ZipReader, location: string, close: () => void) {
    this.location = location;
    this.#zip = zip;
    this.#close = close;
    for (const entry of zip.entries.values()) {
      if (!entry.isDirectory) this.#names.set(entry.name.toLowerCase(), entry.name);
    }
    this.pdscPath = choosePdsc([...this.#names.values()], location);
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#find(path) !== undefined);
  }

  async read(path: string): Promise<Bytes> {
    const name = this.#find(path);
    if (name === undefined) throw missing(path, this.location);
    return await this.#zip.read(name);
  }

  close(): void {
    this.#close();
  }

  /** The exact name before one that differs in case only. */
  #find(path: string): string | undefined {
    return this.#zip.entries.has(path) ? path : this.#names.get(path.toLowerCase());
  }
}

/** Files below a directory. */
class DirectoryFiles implements PackFiles {
  readonly location: string;
  readonly pdscPath: string;
  readonly #files: FileAccess;
  /** Names in each directory looked into, by lower-case name. */
  readonly #listings = new Map<string, Promise<ReadonlyMap<string, string>>>();

  constructor(directory: string, pdscPath: string, files: FileAccess) {
    this.location = directory;
    this.pdscPath = pdscPath;
    this.#files = files;
  }

  /** Looks for the description in the directory and, as some vendors nest it, one level below. */
  static async find(directory: string, files: FileAccess): Promise<DirectoryFiles> {
    const top = await files.list(directory);
    const names = top.filter((item) => !item.isDirectory).map((item) => item.name);
    if (!names.some((name) => name.toLowerCase().endsWith(".pdsc") && !name.startsWith("._"))) {
      for (const item of top.filter((item) => item.isDirectory)) {
        const inner = await files.list(`${directory}/${item.name}`);
        names.push(...inner.filter((file) => !file.isDirectory).map((file) => `${item.name}/${file.name}`));
      }
    }
    return new DirectoryFiles(directory, choosePdsc(names, directory), files);
  }

  async has(path: string): Promise<boolean> {
    return await this.#find(path) !== undefined;
  }

  async read(path: string): Promise<Bytes> {
    const found = await this.#find(path);
    if (found === undefined) throw missing(path, this.location);
    return await this.#files.read(found);
  }

  close(): void {}

  /** Walks down step by step, because only the directory knows how a name is really written. */
  async #find(path: string): Promise<string | undefined> {
    let at = this.location;
    for (const step of path.split("/")) {
      const names = await this.#names(at);
      const name = names.get(step) ?? names.get(step.toLowerCase());
      if (name === undefined) return undefined;
      at = `${at}/${name}`;
    }
    const stat = await this.#files.stat(at);
    return stat && !stat.isDirectory ? at : undefined;
  }

  #names(directory: string): Promise<ReadonlyMap<string, string>> {
    let listing = this.#listings.get(directory);
    if (!listing) {
      listing = this.#list(directory);
      this.#listings.set(directory, listing);
    }
    return listing;
  }

  async #list(directory: string): Promise<ReadonlyMap<string, string>> {
    const stat = await this.#files.stat(directory);
    if (!stat?.isDirectory) return new Map();
    const names = new Map<string, string>();
    for (const { name } of await this.#files.list(directory)) names.set(name.toLowerCase(), name);
    // Exact names win over ones that differ in case only.
    for (const name of [...names.values()]) names.set(name, name);
    return names;
  }
}
