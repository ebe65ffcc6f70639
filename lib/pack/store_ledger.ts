/**
 * What Tapir remembers about the files it put into the pack root: where each came from and how its server marked it.
 * Cleaning removes these files only, since others keep theirs in the same place.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";
import { readIfThere, stampOf, writeAtomically } from "./store_files.ts";

const log = getLogger("pack", "store");
const FILE = ".tapir/downloads.json";
const MAX_LEDGER = 16 * 1024 * 1024;

/** One file that Tapir put into the store. */
export interface LedgerEntry {
  /** Where it came from. */
  readonly url: string;
  /** `ETag` of the server. */
  readonly etag?: string;
  /** `Last-Modified` of the server. */
  readonly lastModified?: string;
  /** Release that the index named when a description was downloaded. */
  readonly version?: string;
}

/** The files that Tapir put into a pack root, by path inside it. */
export class StoreLedger {
  readonly #root: string;
  #entries: Map<string, LedgerEntry> | undefined;

  /** The ledger of the pack root `root`; it is read when first needed. */
  constructor(root: string) {
    this.#root = root;
  }

  /** What is known about a file; undefined when Tapir did not put it there or it is gone. */
  entry(inside: string): LedgerEntry | undefined {
    return stampOf(`${this.#root}/${inside}`) ? this.#all().get(inside) : undefined;
  }

  /** Paths of all files and directories. */
  paths(): string[] {
    return [...this.#all().keys()];
  }

  /** Notes a file; {@linkcode save} makes it last. */
  note(inside: string, entry: LedgerEntry): void {
    this.#all().set(inside, entry);
  }

  /** Forgets a file. */
  forget(inside: string): void {
    this.#all().delete(inside);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries = new Map();
  }

  /** Writes the ledger. */
  save(): void {
    const path = `${this.#root}/${FILE}`;
    if (this.#all().size === 0 && stampOf(path) === undefined) return;
    writeAtomically(path, JSON.stringify({ files: Object.fromEntries(this.#all()) }, null, 1));
  }

  #all(): Map<string, LedgerEntry> {
    return this.#entries ??= this.#read();
  }

  #read(): Map<string, LedgerEntry> {
    const path = `${this.#root}/${FILE}`;
    const out = new Map<string, LedgerEntry>();
    const bytes = readIfThere(path, MAX_LEDGER);
    if (bytes === undefined) return out;
    let files: unknown;
    try {
      files = (JSON.parse(new TextDecoder().decode(bytes)) as { files?: unknown } | null)?.files;
    } catch {
      log.warning(`The record of downloads ${path} is damaged and begun again`);
    }
    for (const [inside, value] of Object.entries((files ?? {}) as Record<string, unknown>)) {
      const entry = entryOf(value);
      // Whoever changed this file must not get others removed by it.
      if (entry !== undefined && isInside(inside)) out.set(inside, entry);
    }
    return out;
  }
}

function isInside(inside: string): boolean {
  return inside !== "" && !inside.includes("\\") && !/^[A-Za-z]:/.test(inside) &&
    inside.split("/").every((step) => step !== "" && step !== "." && step !== "..");
}

function entryOf(value: unknown): LedgerEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { url, etag, lastModified, version } = value as Record<string, unknown>;
  if (typeof url !== "string") return undefined;
  return {
    url,
    ...(typeof etag === "string" ? { etag } : {}),
    ...(typeof lastModified === "string" ? { lastModified } : {}),
    ...(typeof version === "string" ? { version } : {}),
  };
}
