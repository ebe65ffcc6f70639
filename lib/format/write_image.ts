/**
 * Writes memory contents as files: raw bytes here, Intel HEX and S-records beside their readers.
 *
 * @module
 */
import { type Bytes, hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { writeIntelHex } from "./ihex.ts";
import type { ImageFormat, ImageSegment } from "./image.ts";
import { writeSrec } from "./srec.ts";

/** Formats memory can be written as. */
export type WritableFormat = Extract<ImageFormat, "hex" | "srec" | "bin">;

/** A binary file with more bytes than this, gaps included, is refused. */
const MAX_BINARY = 1024 * 1024 * 1024;

/**
 * Encodes sorted segments as a file.
 *
 * @throws {UsageError} when a binary file would be unreasonably large because of the gaps
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeImage } from "./write_image.ts";
 *
 * const segments = [{ address: 8, data: Uint8Array.of(1) }, { address: 11, data: Uint8Array.of(2) }];
 * assertEquals(writeImage(segments, "bin"), Uint8Array.of(1, 0xff, 0xff, 2));
 * ```
 */
export function writeImage(segments: readonly ImageSegment[], format: WritableFormat, fill = 0xff): Bytes {
  if (format === "hex") return new TextEncoder().encode(writeIntelHex(segments));
  if (format === "srec") return new TextEncoder().encode(writeSrec(segments));
  const start = segments[0]?.address ?? 0;
  const end = segments.reduce((last, s) => Math.max(last, s.address + s.data.length), start);
  if (end - start > MAX_BINARY) {
    throw new UsageError(
      `Cannot write a binary file from ${hex(start)} to ${hex(end)}: with the gaps it would take ${end - start} bytes`,
      { hint: "Write Intel HEX or S-records, which need no filling" },
    );
  }
  const out = new Uint8Array(end - start).fill(fill);
  for (const { address, data } of segments) out.set(data, address - start);
  return out;
}
