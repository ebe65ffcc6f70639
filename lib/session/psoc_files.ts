/**
 * HEX and ELF files of PSoC tools hold more than what belongs in memory: from 0x90300000 on a checksum, row protection, metadata
 * (twelve bytes at 0x90500000), chip protection and eFuses, which the programming specifications of the chips describe.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { getLogger } from "../base/log.ts";
import { containsRange } from "../base/ranges.ts";
import type { Image, ImageSegment } from "../format/image.ts";
import type { MemoryMap } from "../target/memory_map.ts";

const log = getLogger("session");

/** Where the data for programmers stands, in bytes. */
const PROGRAMMER_DATA = { start: 0x9030_0000, end: 0x9080_0000 };
const METADATA = { address: 0x9050_0000, length: 12 };

/**
 * The image without what only PSoC programmers understand, with a warning. An image without the metadata of such a file
 * stays as it is, and so does one for a chip that has memory at these addresses.
 */
export function withoutProgrammerData(image: Image, map: MemoryMap): Image {
  const isOfPsoc = image.segments.some(({ address, data }) =>
    address === METADATA.address && data.length === METADATA.length
  );
  if (!isOfPsoc || map.intersecting(PROGRAMMER_DATA).length > 0) return image;
  const isForProgrammers = ({ address, data }: ImageSegment): boolean =>
    containsRange(PROGRAMMER_DATA, { start: address, end: address + data.length });
  const places = image.segments.filter(isForProgrammers).map(({ address }) => hex(address)).join(", ");
  log.warning(`${image.fileName}: left out what PSoC programmers need (${places}), protection settings included`);
  return { ...image, segments: image.segments.filter((segment) => !isForProgrammers(segment)) };
}
