/**
 * Unpacking of what was packed with deflate (RFC 1951), bare or as zlib has it (RFC 1950).
 *
 * @module
 */
import { type Bytes, concatBytes } from "../base/bytes.ts";

/**
 * Unpacks `packed` as far as `size` bytes.
 *
 * @throws what `fault` makes of the reason, when the data is damaged or unpacks to more than `size` bytes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inflate } from "./inflate.ts";
 *
 * const packed = Uint8Array.of(0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27);
 * const bytes = await inflate(packed, "deflate", 3, (reason) => new Error(reason));
 * assertEquals(new TextDecoder().decode(bytes), "abc");
 * ```
 */
export async function inflate(
  packed: Uint8Array,
  format: "deflate" | "deflate-raw",
  size: number,
  fault: (reason: string, cause?: unknown) => Error,
): Promise<Bytes> {
  const stream = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return concatBytes(parts);
      length += value.length;
      if (length > size) break;
      parts.push(value);
    }
  } catch (cause) {
    throw fault("its compressed data is damaged", cause);
  }
  await reader.cancel();
  throw fault(`it unpacks to more than the ${size} bytes declared`);
}
