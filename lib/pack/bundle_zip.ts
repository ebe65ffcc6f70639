/**
 * Writes ZIP archives (PKWARE APPNOTE 6.3, §4.3): deflated entries, always the same bytes for the same content.
 *
 * @module
 */
import { type Bytes, ByteWriter, concatBytes } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { crc32 } from "../format/crc32.ts";

/** A file to put into an archive. */
export interface ZipFile {
  /** Path inside the archive, with forward slashes. */
  readonly name: string;
  /** Content. */
  readonly data: Uint8Array;
}

const DEFLATED = 8;
const STORED = 0;
/** Names are UTF-8 (§4.4.4, bit 11). */
const FLAGS = 0x0800;
/** 1 January 1980, so that archives of one content are equal. */
const DATE = 0x0021;
const VERSION = 20;

/**
 * Makes an archive of files, in the order given.
 *
 * @throws {FormatError} when there are more files or bytes than the format holds without ZIP64
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesSource } from "../format/byte_source.ts";
 * import { ZipReader } from "../format/zip.ts";
 * import { makeZip } from "./bundle_zip.ts";
 *
 * const archive = await makeZip([{ name: "a/b.txt", data: new TextEncoder().encode("hello") }]);
 * const reader = await ZipReader.open(bytesSource(archive), "x.zip");
 * assertEquals(new TextDecoder().decode(await reader.read("a/b.txt")), "hello");
 * ```
 */
export async function makeZip(files: readonly ZipFile[]): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of files) {
    const packed = await deflate(data);
    const isSmaller = packed.length < data.length;
    const body = isSmaller ? packed : data;
    const rawName = new TextEncoder().encode(name);
    const common = new ByteWriter()
      .u16(VERSION).u16(FLAGS).u16(isSmaller ? DEFLATED : STORED).u16(0).u16(DATE)
      .u32(crc32(data)).u32(body.length).u32(data.length).u16(rawName.length).u16(0).done();
    parts.push(new ByteWriter().u32(0x04034b50).bytes(common).bytes(rawName).done(), body);
    directory.push(
      new ByteWriter().u32(0x02014b50).u16(VERSION).bytes(common)
        .u16(0).u16(0).u16(0).u32(0).u32(offset).bytes(rawName).done(),
    );
    offset += 30 + rawName.length + body.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  if (files.length >= 0xffff || offset + size >= 0xffffffff) {
    throw new FormatError(`Cannot make an archive of ${files.length} files and ${offset} bytes: that is too much`);
  }
  const end = new ByteWriter().u32(0x06054b50).u16(0).u16(0).u16(files.length).u16(files.length)
    .u32(size).u32(offset).u16(0).done();
  return concatBytes([...parts, ...directory, end]);
}

async function deflate(data: Uint8Array): Promise<Bytes> {
  const stream = new Blob([data.slice()]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
