/**
 * Firmware files named on a command line.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Image, ImageFormat, ImageSegment } from "../format/image.ts";
import { detectImageFormat, readImage } from "../format/read_image.ts";
import type { MemoryMap } from "../target/memory_map.ts";
import { exists, readUserFile } from "./files.ts";
import { parseInteger } from "./option_text.ts";
import { withoutProgrammerData } from "./psoc_files.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session");

/** How firmware files are read. */
export interface ImageRequest {
  /** Directory that relative names start from. */
  readonly baseDir: string;
  /** Home directory, for names that start with `~`. */
  readonly home?: string | undefined;
  /** Format of all files; detected when absent. */
  readonly format?: ImageFormat | undefined;
  /** Byte address of a binary file; the start of boot memory when absent. */
  readonly baseAddress?: number | undefined;
  /** Bytes to leave out at the start of a binary file. */
  readonly skip?: number | undefined;
}

/** A file name with the address after its last `@`. */
export interface FileAtAddress {
  /** The file. */
  readonly path: string;
  /** The address in bytes. */
  readonly address: number | undefined;
}

/**
 * Splits `file@address`. A file that really has such a name wins.
 *
 * @throws {UsageError} when what follows `@` is no address
 */
export async function splitFileAddress(operand: string, request: ImageRequest): Promise<FileAtAddress> {
  const expanded = request.home !== undefined && /^~(?=$|[\\/])/.test(operand)
    ? request.home + operand.slice(1)
    : operand;
  const whole = resolvePath(request.baseDir, expanded);
  const at = expanded.lastIndexOf("@");
  if (at < 0 || await exists(whole)) return { path: whole, address: undefined };
  const address = parseInteger(expanded.slice(at + 1));
  if (address === undefined || address < 0 || address > 0xffffffff) {
    throw new UsageError(`Cannot read ${operand}: what follows @ is not an address`, {
      hint: "Write file.bin@0x08000000",
    });
  }
  return { path: resolvePath(request.baseDir, expanded.slice(0, at)), address };
}

/** A firmware file that was read; a binary one may still have to be told where it belongs. */
export interface ImageFile {
  /** Its path. */
  readonly path: string;
  /**
   * The image; a binary file without an address of its own goes to the boot memory of `map`.
   *
   * @throws {FormatError} when nothing says where it belongs
   */
  place(map: MemoryMap): Image;
}

/**
 * Reads one firmware file. A binary file goes to the address after `@`, else to the request's, else to boot memory.
 *
 * @throws {UsageError} when the file cannot be read
 * @throws {FormatError} when it is damaged or of no known format
 */
export async function readImageFile(operand: string, request: ImageRequest): Promise<ImageFile> {
  const { path, address } = await splitFileAddress(operand, request);
  const bytes = await readUserFile(path);
  const format = request.format ?? detectImageFormat(bytes, path);
  const parse = (baseAddress: number | undefined, boardId?: number): Image =>
    readImage(bytes, {
      fileName: path,
      ...(format === undefined ? {} : { format }),
      ...(baseAddress === undefined ? {} : { baseAddress }),
      ...(request.skip === undefined ? {} : { skip: request.skip }),
      ...(boardId === undefined ? {} : { boardId }),
    });
  const baseAddress = address ?? request.baseAddress;
  if (format === "bin" && baseAddress === undefined) return { path, place: (map) => parse(map.boot()?.start) };
  // Damage is reported now, before a target is touched.
  const image = parse(baseAddress);
  const place = (map: MemoryMap): Image => {
    const boardId = boardOf(image, map);
    const chosen = boardId === undefined ? image : parse(baseAddress, boardId);
    for (const note of chosen.notes ?? []) log.warning(note);
    return withoutProgrammerData(chosen, map);
  };
  return { path, place };
}

/** Flash of a first-generation micro:bit in bytes; it takes the plain part of a universal HEX file. */
const FIRST_MICROBIT_FLASH = 256 * 1024;

/** The part of a universal HEX file for a chip with more flash than the first generation had; undefined for others. */
function boardOf({ otherBoards = [] }: Image, map: MemoryMap): number | undefined {
  return (map.boot()?.size ?? 0) > FIRST_MICROBIT_FLASH ? otherBoards[0] : undefined;
}

/** Segments of all images. */
export function segmentsOf(images: readonly Image[]): ImageSegment[] {
  return images.flatMap((image) =>
    image.segments.map((segment) => ({ ...segment, name: segment.name ?? baseName(image.fileName) }))
  );
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
