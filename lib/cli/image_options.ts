/**
 * Options about firmware files, and reading them.
 *
 * @module
 */
import type { ImageFormat, ImageSegment } from "../format/image.ts";
import { readImageFile, segmentsOf } from "../session/images.ts";
import type { Session } from "../session/session.ts";
import { type CliOption, type CliValues, one } from "./command_spec.ts";
import type { CliContext } from "./context.ts";
import { address, choice, wholeNumber } from "./values.ts";

const FORMATS: readonly ImageFormat[] = ["elf", "hex", "srec", "uf2", "bin"];

/** Options about firmware files. */
export const IMAGE_OPTIONS: {
  readonly baseAddress: CliOption<number | undefined>;
  readonly format: CliOption<ImageFormat | undefined>;
  readonly skip: CliOption<number | undefined>;
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
  skip: one("--skip <bytes>", "leave out the first bytes of a binary file", wholeNumber("--skip")),
};

/** Segments of the files named on the command line. @throws {UsageError} @throws {FormatError} */
export async function loadImages(
  context: CliContext,
  session: Session,
  files: readonly string[],
  values: CliValues<typeof IMAGE_OPTIONS>,
): Promise<ImageSegment[]> {
  const request = {
    baseDir: session.projectDir,
    home: context.streams.env("HOME") ?? context.streams.env("USERPROFILE"),
    format: values.format,
    baseAddress: values.baseAddress,
    skip: values.skip,
  };
  const images = [];
  for (const file of files) images.push(await readImageFile(file, request, session.flash.map));
  return segmentsOf(images);
}
