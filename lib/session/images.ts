/**
 * Firmware files named on a command line.
 *
 * @module
 */
import { FormatError, UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Image, ImageFormat, ImageSegment } from "../format/image.ts";
import { detectImageFormat, readImage, type ReadImageOptions } from "../format/read_image.ts";
import { belongTogether, describeFamily, familiesFor } from "../format/uf2_families.ts";
import type { MemoryMap } from "../target/memory_map.ts";
import { exists, readUserFile } from "./files.ts";
import { parseInteger } from "./option_text.ts";
import { withoutProgrammerData } from "./psoc_files.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session");

/** How the bytes of firmware files are taken. */
export interface ImageChoice {
  /** Format of all files; detected when absent. */
  readonly format?: ImageFormat | undefined;
  /** Byte address of a binary file; the start of boot memory when absent. */
  readonly baseAddress?: number | undefined;
  /** Bytes to leave out at the start of a binary file. */
  readonly skip?: number | undefined;
  /** UF2 family to take, whatever chip it is for; those of the chip unless told. */
  readonly family?: number | undefined;
  /** Board id of the part of a universal HEX file to take; that of the chip unless told. */
  readonly board?: number | undefined;
}

/** How firmware files are read. */
export interface ImageRequest extends ImageChoice {
  /** Directory that relative names start from. */
  readonly baseDir: string;
  /** Home directory, for names that start with `~`. */
  readonly home?: string | undefined;
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
   * The image; a binary file without an address of its own goes to the boot memory of `map`. Of files with parts for
   * several chips, those for the chip of this name are taken.
   *
   * @throws {FormatError} when nothing says where it belongs, or the file is for other chips
   */
  place(map: MemoryMap, chip?: string): Image;
}

/**
 * Reads one firmware file. A binary file goes to the address after `@`, else to the request's, else to boot memory.
 *
 * @throws {UsageError} when the file cannot be read
 * @throws {FormatError} when it is damaged or of no known format
 */
export async function readImageFile(operand: string, request: ImageRequest): Promise<ImageFile> {
  const { path, address } = await splitFileAddress(operand, request);
  return imageFile(await readUserFile(path), path, { ...request, baseAddress: address ?? request.baseAddress });
}

/** What the bytes of a firmware file hold. @throws {FormatError} when they are damaged or of no known format */
export function imageFile(bytes: Uint8Array, path: string, request: ImageChoice): ImageFile {
  const { baseAddress } = request;
  const format = request.format ?? detectImageFormat(bytes, path);
  const parse = (more: Partial<ReadImageOptions> = {}): Image =>
    readImage(bytes, {
      fileName: path,
      ...(format === undefined ? {} : { format }),
      ...(baseAddress === undefined ? {} : { baseAddress }),
      ...(request.skip === undefined ? {} : { skip: request.skip }),
      ...(request.board === undefined ? {} : { boardId: request.board }),
      ...(request.family === undefined ? {} : { families: [request.family] }),
      ...more,
    });
  if (format === "bin" && baseAddress === undefined) {
    return {
      path,
      place: (map) => {
        const boot = map.boot();
        return parse(boot === undefined ? {} : { baseAddress: boot.start });
      },
    };
  }
  // Damage is reported now, before a target is touched.
  const whole = format === "uf2" && request.family === undefined ? parseAnyFamily(parse) : parse();
  const place = (map: MemoryMap, chip = ""): Image => {
    const choice = {
      ...(request.family === undefined ? familiesIn(whole, chip) : {}),
      ...boardOf(whole, map, chip, request),
    };
    const isWhole = Object.keys(choice).length === 0 && (whole.families ?? []).length < 2;
    const chosen = isWhole ? whole : parse(choice);
    for (const note of chosen.notes ?? []) log.warning(note);
    return withoutProgrammerData(chosen, map);
  };
  return { path, place };
}

/** A UF2 file that may hold several families, none of which is chosen yet. */
function parseAnyFamily(parse: (more?: Partial<ReadImageOptions>) => Image): Image {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FormatError) || error.code !== "uf2-families") throw error;
    const families = error.fields.families as readonly number[];
    // One after the other: data of different families may lie at the same addresses.
    const images = families.map((family) => parse({ families: [family] }));
    return { ...images[0]!, families };
  }
}

/** The families of a UF2 file that are for the chip. @throws {FormatError} when all are for others */
function familiesIn({ families = [], fileName }: Image, chip: string): Partial<ReadImageOptions> {
  const own = familiesFor(chip, families);
  if (families.length === 0 || own === undefined) return {};
  if (own.length > 0) return belongTogether(own) ? { families: own } : {};
  throw new FormatError(
    `Cannot load ${fileName}: it is for ${families.map(describeFamily).join(", ")}, and the target is ${chip}`,
    {
      code: "wrong-family",
      hint: "Check the file and the target type; --uf2-family takes the data of a family for any target",
      fields: { file: fileName, families, target: chip },
    },
  );
}

/** Flash of a first-generation micro:bit in bytes; it takes the plain part of a universal HEX file. */
const FIRST_MICROBIT_FLASH = 256 * 1024;

/** The part of a universal HEX file for this chip: by its name, else by how much flash it has. */
function boardOf(
  { otherBoards = [] }: Image,
  map: MemoryMap,
  chip: string,
  request: ImageChoice,
): Partial<ReadImageOptions> {
  const [other] = otherBoards;
  if (request.board !== undefined || other === undefined || /^nrf51/i.test(chip)) return {};
  const boot = map.boot();
  const isLater = /^nrf52/i.test(chip) || (boot?.kind === "flash" && boot.size > FIRST_MICROBIT_FLASH);
  return isLater ? { boardId: other } : {};
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
