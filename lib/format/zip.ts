/**
 * ZIP archives, read at random: the central directory first, then only the entries asked for.
 * Follows PKWARE's APPNOTE 6.3 (§4.3 layout, §4.5.3 ZIP64); stored and deflated entries.
 *
 * @module
 */
import { ByteReader, type Bytes, hex, viewOf } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import { crc32 } from "./crc32.ts";
import { inflate } from "./inflate.ts";

/** One file of an archive. */
export interface ZipEntry {
  /** Path inside the archive with forward slashes; never absolute, never climbing out. */
  readonly name: string;
  /** Bytes once unpacked. */
  readonly size: number;
  /** Bytes in the archive. */
  readonly compressedSize: number;
  /** CRC-32 of the unpacked bytes. */
  readonly crc: number;
  /** Compression method of APPNOTE §4.4.5: 0 stored, 8 deflated. */
  readonly method: number;
  /** Whether a password is needed. */
  readonly encrypted: boolean;
  /** Whether it stands for a directory. */
  readonly isDirectory: boolean;
  /** Offset of its local header in bytes from the start of the source. */
  readonly headerOffset: number;
}

const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const MAX_DIRECTORY = 64 * 1024 * 1024;
/** Deflate cannot do better than 1032:1, so a higher declared ratio is a lie. */
const MAX_RATIO = 1100;
/** Entries above this many bytes are refused unless the caller asks for more. */
export const DEFAULT_MAX_ENTRY = 256 * 1024 * 1024;

/**
 * An open archive.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { ZipReader } from "./zip.ts";
 * import { bytesSource } from "./byte_source.ts";
 *
 * await assertRejects(() => ZipReader.open(bytesSource(new Uint8Array(30)), "x.pack"), Error, "not a ZIP archive");
 * ```
 */
export class ZipReader {
  /** File name for messages. */
  readonly fileName: string;
  /** Entries by name; of two with one name the later counts, as unpacking would leave it. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #source: ByteSource;

  private constructor(source: ByteSource, fileName: string, entries: ReadonlyMap<string, ZipEntry>) {
    this.#source = source;
    this.fileName = fileName;
    this.entries = entries;
  }

  /**
   * Reads the directory of an archive.
   *
   * @throws {FormatError} when it is not a ZIP archive, is cut off, spans disks, or names paths outside itself
   */
  static async open(source: ByteSource, fileName: string): Promise<ZipReader> {
    const directory = await findDirectory(source, fileName);
    const bytes = await readFully(source, directory.start, directory.size, fileName, "central directory");
    const entries = parseDirectory(bytes, directory.count, directory.shift, fileName);
    return new ZipReader(source, fileName, entries);
  }

  /**
   * Unpacks one entry and checks its CRC.
   *
   * @throws {FormatError} when the entry is missing, encrypted, compressed in an unknown way, damaged, or larger than
   * `maxSize` bytes
   */
  async read(name: string, maxSize: number = DEFAULT_MAX_ENTRY): Promise<Bytes> {
    const entry = this.entries.get(name);
    if (!entry) throw this.#fault(name, "the archive holds no such file");
    if (entry.encrypted) throw this.#fault(name, "it is encrypted");
    if (entry.method !== 0 && entry.method !== 8) {
      throw this.#fault(name, `compression method ${entry.method} is not supported`);
    }
    if (entry.size > maxSize) throw this.#fault(name, `${entry.size} bytes are more than the limit of ${maxSize}`);
    if (entry.size > entry.compressedSize * MAX_RATIO) {
      throw this.#fault(name, `${entry.compressedSize} bytes cannot unpack to ${entry.size}`);
    }
    const packed = await this.#packedBytes(entry);
    const bytes = entry.method === 0
      ? packed.slice()
      : await inflate(packed, "deflate-raw", entry.size, (reason, cause) => this.#fault(name, reason, cause));
    if (bytes.length !== entry.size) {
      throw this.#fault(name, `${entry.size} bytes are declared, ${bytes.length} are there`);
    }
    const crc = crc32(bytes);
    if (crc !== entry.crc) throw this.#fault(name, `CRC is ${hex(crc)}, the archive says ${hex(entry.crc)}`);
    return bytes;
  }

  async #packedBytes(entry: ZipEntry): Promise<Uint8Array> {
    const header = await readFully(this.#source, entry.headerOffset, 30, this.fileName, `header of ${entry.name}`);
    const view = viewOf(header);
    if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
      throw this.#fault(entry.name, "its header is not where it should be");
    }
    const start = entry.headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
    return await readFully(this.#source, start, entry.compressedSize, this.fileName, entry.name);
  }

  #fault(name: string, reason: string, cause?: unknown): FormatError {
    return new FormatError(`Cannot unpack ${name} from ${this.fileName}: ${reason}`, {
      fields: { file: this.fileName, entry: name },
      cause,
    });
  }
}

/** Where the central directory lies, in bytes from the start of the source. */
interface DirectoryPlace {
  readonly start: number;
  readonly size: number;
  readonly count: number;
  /** What stands before the archive proper, as in self-extracting ones. */
  readonly shift: number;
}

function cannotOpen(fileName: string, reason: string): FormatError {
  return new FormatError(`Cannot open ${fileName}: ${reason}`, {
    hint: "Check that this is the right file; if so, download or copy it again",
    fields: { file: fileName },
  });
}

async function readFully(
  source: ByteSource,
  offset: number,
  length: number,
  fileName: string,
  what: string,
): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > source.size) {
    throw cannotOpen(
      fileName,
      `the archive is cut off or damaged: ${what} would end at byte ${offset + length} of ${source.size}`,
    );
  }
  const bytes = await source.read(offset, length);
  if (bytes.length !== length) throw cannotOpen(fileName, `the file ended while reading ${what}`);
  return bytes;
}

async function findDirectory(source: ByteSource, fileName: string): Promise<DirectoryPlace> {
  // The end record is 22 bytes plus a comment of at most 65535.
  const tailStart = Math.max(0, source.size - 22 - 0xffff);
  const tail = await readFully(source, tailStart, source.size - tailStart, fileName, "end record");
  const view = viewOf(tail);
  let at = tail.length - 22;
  while (
    at >= 0 && !(view.getUint32(at, true) === END_SIGNATURE && at + 22 + view.getUint16(at + 20, true) <= tail.length)
  ) {
    at--;
  }
  if (at < 0) throw cannotOpen(fileName, "it is not a ZIP archive, or its end is missing");
  const end = new ByteReader(tail, at + 4);
  const [disk, directoryDisk] = [end.u16(), end.u16()];
  end.u16();
  let count = end.u16();
  let size = end.u32();
  let offset = end.u32();
  let directoryEnd = tailStart + at;
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    const wide = await readEnd64(source, directoryEnd, fileName);
    if (wide) ({ count, size, offset, directoryEnd } = wide);
  } else if (disk !== 0 || directoryDisk !== 0) {
    throw cannotOpen(fileName, "archives in several parts are not supported");
  }
  if (size > MAX_DIRECTORY) throw cannotOpen(fileName, `its directory of ${size} bytes is too large`);
  const shift = directoryEnd - size - offset;
  if (shift < 0) throw cannotOpen(fileName, "its directory lies outside of the file");
  return { start: offset + shift, size, count, shift };
}

async function readEnd64(
  source: ByteSource,
  endAt: number,
  fileName: string,
): Promise<{ count: number; size: number; offset: number; directoryEnd: number } | undefined> {
  if (endAt < 20) return undefined;
  const locator = new ByteReader(await readFully(source, endAt - 20, 20, fileName, "ZIP64 locator"));
  if (locator.u32() !== LOCATOR64_SIGNATURE) return undefined;
  locator.u32();
  const at = Number(locator.u64());
  const record = new ByteReader(await readFully(source, at, 56, fileName, "ZIP64 end record"));
  if (record.u32() !== END64_SIGNATURE) throw cannotOpen(fileName, "its ZIP64 end record is missing");
  record.bytes(28);
  return { count: Number(record.u64()), size: Number(record.u64()), offset: Number(record.u64()), directoryEnd: at };
}

function parseDirectory(bytes: Uint8Array, count: number, shift: number, fileName: string): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  const reader = new ByteReader(bytes);
  // A lying count cannot make this loop long: every turn consumes at least 46 bytes.
  for (let i = 0; i < count; i++) {
    if (reader.left < 46 || reader.u32() !== CENTRAL_SIGNATURE) {
      throw cannotOpen(fileName, `its directory is damaged at entry ${i + 1} of ${count}`);
    }
    reader.bytes(4);
    const flags = reader.u16();
    const method = reader.u16();
    reader.bytes(4);
    const crc = reader.u32();
    const small = { compressedSize: reader.u32(), size: reader.u32(), headerOffset: 0 };
    const [nameLength, extraLength, commentLength] = [reader.u16(), reader.u16(), reader.u16()];
    reader.bytes(8);
    small.headerOffset = reader.u32();
    if (reader.left < nameLength + extraLength + commentLength) {
      throw cannotOpen(fileName, `its directory is cut off in entry ${i + 1} of ${count}`);
    }
    const raw = decodeName(reader.bytes(nameLength), (flags & 0x800) !== 0);
    const sizes = widen(small, reader.bytes(extraLength), raw, fileName);
    reader.bytes(commentLength);
    const name = safeName(raw, fileName);
    entries.set(name, {
      name,
      size: sizes.size,
      compressedSize: sizes.compressedSize,
      crc,
      method,
      encrypted: (flags & 0x41) !== 0,
      isDirectory: name.endsWith("/"),
      headerOffset: sizes.headerOffset + shift,
    });
  }
  return entries;
}

function decodeName(bytes: Uint8Array, isUtf8: boolean): string {
  if (isUtf8) return new TextDecoder().decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Old archives name files in a code page nobody recorded; only letters outside ASCII may come out wrong.
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Sizes and offset from the ZIP64 extra field (id 1), which holds only those that read as all ones. */
function widen(
  small: { readonly size: number; readonly compressedSize: number; readonly headerOffset: number },
  extra: Uint8Array,
  name: string,
  fileName: string,
): { size: number; compressedSize: number; headerOffset: number } {
  const out = { size: small.size, compressedSize: small.compressedSize, headerOffset: small.headerOffset };
  const wanted = (["size", "compressedSize", "headerOffset"] as const).filter((key) => small[key] === 0xffffffff);
  if (wanted.length === 0) return out;
  const fields = new ByteReader(extra);
  while (fields.left >= 4) {
    const id = fields.u16();
    const length = fields.u16();
    if (length > fields.left) break;
    const field = new ByteReader(fields.bytes(length));
    if (id !== 1) continue;
    for (const key of wanted) {
      if (field.left < 8) throw cannotOpen(fileName, `the ZIP64 sizes of ${name} are cut off`);
      out[key] = Number(field.u64());
    }
  }
  return out;
}

/** Forward slashes, no `.` steps; refuses what would leave the directory the archive is unpacked in. */
function safeName(raw: string, fileName: string): string {
  const name = raw.replaceAll("\\", "/").replaceAll(/(^|\/)(\.\/)+/g, "$1");
  if (
    name === "" || name.startsWith("/") || /^[A-Za-z]:/.test(name) || name.includes("\0") ||
    name.split("/").includes("..")
  ) {
    throw new FormatError(`Cannot open ${fileName}: it names a path outside of itself: ${JSON.stringify(raw)}`, {
      code: "unsafe-path",
      fields: { file: fileName, entry: raw },
    });
  }
  return name;
}
