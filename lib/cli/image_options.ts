/**
 * Options about firmware files, and reading them.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { ImageFormat, ImageSegment } from "../format/image.ts";
import { familyNamed } from "../format/uf2_families.ts";
import { parseInteger } from "../session/option_text.ts";
import { type ImageFile, readImageFile, segmentsOf } from "../session/images.ts";
import type { Session } from "../session/session.ts";
import { type CliOption, type CliValues, one } from "./command_spec.ts";
import type { ConfigValues } from "./common_options.ts";
import type { CliContext } from "./context.ts";
import { address, byteLength, choice } from "./values.ts";

const FORMATS: readonly ImageFormat[] = ["elf", "hex", "srec", "uf2", "dfu", "bin"];

/** Board ids of the generations of micro:bit. */
const BOARDS: Readonly<Record<string, number>> = { v1: 0x9900, v2: 0x9903 };

function uf2Family(text: string): number {
  const family = familyNamed(text) ?? parseInteger(text);
  if (family !== undefined && family >= 0 && family <= 0xffffffff) return family;
  throw new UsageError(`Cannot read ${text} as a UF2 family`, { hint: "Write a name such as RP2040, or 0xe48bff56" });
}

function hexBoard(text: string): number {
  const board = BOARDS[text.toLowerCase()] ?? parseInteger(text);
  if (board !== undefined && board >= 0 && board <= 0xffff) return board;
  throw new UsageError(`Cannot read ${text} as a board`, { hint: "Write v1, v2, or a board id such as 0x9903" });
}

/** Options about firmware files. */
export const IMAGE_OPTIONS: {
  readonly baseAddress: CliOption<number | undefined>;
  readonly format: CliOption<ImageFormat | undefined>;
  readonly skip: CliOption<number | undefined>;
  readonly uf2Family: CliOption<number | undefined>;
  readonly hexBoard: CliOption<number | undefined>;
} = {
  baseAddress: one(
    "-a, --base-address <address>",
    "where a binary file goes; the start of boot memory unless given",
    address,
  ),
  format: one(
    "--format <format>",
    `format of every file: ${FORMATS.join(", ")}; detected unless given`,
    choice("--format", FORMATS),
  ),
  skip: one("--skip <bytes>", "leave out the first bytes of a binary file", byteLength("--skip")),
  uf2Family: one(
    "--uf2-family <family>",
    "family of a UF2 file to take, by name or number, for any target; those of the target unless given",
    uf2Family,
  ),
  hexBoard: one(
    "--hex-board <board>",
    "part of a micro:bit universal HEX file: v1, v2 or a number; that of the target unless given",
    hexBoard,
  ),
};

/**
 * Reads the images of the cbuild-run file, for when no file is named.
 *
 * @throws {UsageError} when there is no such file, or it names none
 * @throws {FormatError} when one is damaged
 */
export async function readBuiltFiles(context: CliContext, values: ConfigValues): Promise<ImageFile[]> {
  const { options, projectDir } = await context.settings(values);
  const { cbuildPath, loadCbuildRun, readCbuildImages } = await import("../session/cbuild.ts");
  const path = cbuildPath(options, projectDir);
  if (path !== undefined) return await readCbuildImages((await loadCbuildRun(path)).run);
  throw new UsageError("Cannot read the command line: missing required argument 'file'", {
    hint: "Run `tapir flash --help` for what it takes",
  });
}

/** Reads the files named on the command line. @throws {UsageError} @throws {FormatError} */
export async function readFiles(
  context: CliContext,
  files: readonly string[],
  values: CliValues<typeof IMAGE_OPTIONS> & ConfigValues,
): Promise<ImageFile[]> {
  if (values.baseAddress !== undefined && files.length > 1) {
    throw new UsageError("Cannot place several files at one base address", {
      hint: "Write file@address for each of them",
    });
  }
  const request = {
    baseDir: (await context.settings(values)).projectDir,
    home: context.streams.env("HOME") ?? context.streams.env("USERPROFILE"),
    format: values.format,
    baseAddress: values.baseAddress,
    skip: values.skip,
    family: values.uf2Family,
    board: values.hexBoard,
  };
  return await Promise.all(files.map((file) => readImageFile(file, request)));
}

/** Segments of files as they belong into the memory of a session's target. @throws {FormatError} */
export function placeFiles(files: readonly ImageFile[], session: Session): ImageSegment[] {
  return segmentsOf(files.map((file) => file.place(session.flash.map, session.target.description.name)));
}
