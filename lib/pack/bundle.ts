/**
 * Bundles: one ZIP archive with what debugging needs of several packs, for computers without a network. Inside, each
 * pack has the folder it would have in a pack root, so that a bundle can also be unpacked there.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { PackError, TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { ZipReader } from "../format/zip.ts";
import { makeZip, type ZipFile } from "./bundle_zip.ts";
import { isSafeName, isVersion, packFileName, type PackId } from "./index_version.ts";
import {
  choosePdsc,
  type FileAccess,
  findPack,
  openPack,
  openPackArchive,
  openPackFiles,
  type Pack,
  type PackFiles,
} from "./source.ts";

const log = getLogger("pack");

/** The file that tells a bundle from a pack. */
const MANIFEST = "tapir-bundle.json";
const LAYOUT = 1;
/** Descriptions, algorithms, registers, settings of debugging and trace, and the terms they come under. */
const NEEDED = /\.(pdsc|flm|elf|svd|scvd|dbgconf|sdf)$/i;
const LICENSE = /(^|\/)[^/]*(licen[cs]e|copying|notice)[^/]*$/i;
const MAX_LICENSE = 1024 * 1024;

/** A pack to put into a bundle. */
export interface BundledPack extends PackId {
  /** What to open. */
  readonly path: string;
}

/**
 * Makes a bundle of packs.
 *
 * @throws {PackError} when a pack cannot be opened
 */
export async function makeBundle(packs: readonly BundledPack[], files: FileAccess): Promise<Bytes> {
  const ids = packs.map(({ vendor, name, version }) => ({ vendor, name, version }));
  const manifest = JSON.stringify({ layout: LAYOUT, packs: ids }, null, 1);
  const out: ZipFile[] = [{ name: MANIFEST, data: new TextEncoder().encode(`${manifest}\n`) }];
  for (const pack of packs) {
    const folder = `${pack.vendor}/${pack.name}/${pack.version}`;
    for (const file of await neededFiles(pack.path, files)) {
      out.push({ name: `${folder}/${file.name}`, data: file.data });
    }
  }
  return await makeZip(out);
}

async function neededFiles(path: string, files: FileAccess): Promise<ZipFile[]> {
  const stat = await files.stat(path);
  if (stat?.isDirectory || path.toLowerCase().endsWith(".pdsc")) {
    const pack = await openPack(path, files);
    pack.close();
    const root = pack.location;
    return await filesBelow(root, "", files);
  }
  const file = await files.open(path);
  try {
    const zip = await ZipReader.open(file, path);
    const entries = [...zip.entries.values()].filter((entry) => !entry.isDirectory && isNeeded(entry.name, entry.size));
    const out: ZipFile[] = [];
    for (const { name } of entries) out.push({ name, data: await zip.read(name) });
    return out;
  } finally {
    file.close();
  }
}

async function filesBelow(root: string, inside: string, files: FileAccess): Promise<ZipFile[]> {
  const out: ZipFile[] = [];
  const items = [...await files.list(`${root}/${inside}`)].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory } of items) {
    const path = `${inside}${name}`;
    if (isDirectory) out.push(...await filesBelow(root, `${path}/`, files));
    else {
      const size = (await files.stat(`${root}/${path}`))?.size ?? 0;
      if (isNeeded(path, size)) out.push({ name: path, data: await files.read(`${root}/${path}`) });
    }
  }
  return out;
}

function isNeeded(name: string, size: number): boolean {
  return NEEDED.test(name) || (LICENSE.test(name) && size <= MAX_LICENSE);
}

/**
 * Opens a pack, or every pack of a bundle or of a folder of packs; a broken pack of a folder is warned about and passed
 * over.
 *
 * @throws {PackError} when nothing is there, or it is neither
 * @throws {FormatError} when it is damaged
 */
export async function openPacks(given: string, files: FileAccess): Promise<Pack[]> {
  const { path, stat } = await findPack(given, files);
  if (stat.isDirectory) return await openFolder(path, files);
  if (path.toLowerCase().endsWith(".pdsc")) return [await openPack(path, files)];
  const file = await files.open(path);
  let zip: ZipReader;
  let ids: PackId[] | undefined;
  try {
    zip = await ZipReader.open(file, path);
    ids = zip.entries.has(MANIFEST) ? readManifest(await zip.read(MANIFEST, 1024 * 1024), path) : undefined;
  } catch (error) {
    file.close();
    throw error;
  }
  if (ids === undefined) return [await openPackArchive(file, path, () => file.close())];
  let open = ids.length;
  const release = (): void => {
    if (--open === 0) file.close();
  };
  const packs: Pack[] = [];
  try {
    for (const id of ids) packs.push(await openPackFiles(new BundleFiles(zip, id, path, release)));
    return packs;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens the packs and loose descriptions of a folder, or the one pack that was unpacked to it. */
async function openFolder(path: string, files: FileAccess): Promise<Pack[]> {
  const names = (await files.list(path)).filter((item) => !item.isDirectory).map((item) => item.name)
    .filter((name) => /^(?!\._).*\.(pack|pdsc)$/i.test(name)).sort();
  if (names.length < 2 && !names[0]?.toLowerCase().endsWith(".pack")) return [await openPack(path, files)];
  const packs: Pack[] = [];
  const failures: TapirError[] = [];
  for (const name of names) {
    try {
      packs.push(...await openPacks(`${path}/${name}`, files));
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      failures.push(error);
    }
  }
  if (packs.length === 0) throw failures[0]!;
  for (const { message } of failures) log.warning(`${message}; the pack is passed over`);
  return packs;
}

function readManifest(bytes: Uint8Array, path: string): PackId[] {
  const fault = (reason: string): PackError => new PackError(`Cannot open bundle ${path}: ${reason}`);
  let manifest: { layout?: unknown; packs?: unknown } | null;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw fault(`${MANIFEST} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (manifest?.layout !== LAYOUT) throw fault("it was made by another version of Tapir");
  const packs = Array.isArray(manifest.packs) ? manifest.packs as Partial<Record<keyof PackId, unknown>>[] : [];
  const ids = packs.map((pack): PackId => {
    const [vendor, name, version] = [pack?.vendor, pack?.name, pack?.version].map((text) => String(text ?? ""));
    if (!isSafeName(vendor!) || !isSafeName(name!) || !isVersion(version!)) throw fault(`${MANIFEST} names no pack`);
    return { vendor: vendor!, name: name!, version: version! };
  });
  if (ids.length === 0) throw fault("it holds no pack");
  return ids;
}

/** Files of one pack of a bundle. */
class BundleFiles implements PackFiles {
  readonly location: string;
  readonly pdscPath: string;
  readonly #zip: ZipReader;
  readonly #folder: string;
  readonly #names = new Map<string, string>();
  #release: (() => void) | undefined;

  constructor(zip: ZipReader, id: PackId, path: string, release: () => void) {
    this.location = `${path}/${packFileName(id)}`;
    this.#zip = zip;
    this.#folder = `${id.vendor}/${id.name}/${id.version}/`;
    this.#release = release;
    for (const { name, isDirectory } of zip.entries.values()) {
      if (isDirectory || !name.startsWith(this.#folder)) continue;
      this.#names.set(name.slice(this.#folder.length).toLowerCase(), name);
    }
    const names = [...this.#names.values()].map((name) => name.slice(this.#folder.length));
    this.pdscPath = choosePdsc(names, this.location);
  }

  has(path: string): Promise<boolean> {
    return Promise.resolve(this.#names.has(path.toLowerCase()));
  }

  async read(path: string): Promise<Bytes> {
    const name = this.#names.get(path.toLowerCase());
    if (name !== undefined) return await this.#zip.read(name);
    throw new PackError(`Cannot read ${path}: bundle ${this.location} holds no such file`, {
      code: "missing-file",
      fields: { file: path, pack: this.location },
    });
  }

  close(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
