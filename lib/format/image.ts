/**
 * A firmware image: bytes at addresses, whatever file they came from.
 *
 * @module
 */

/** Bytes that belong at an address. */
export interface ImageSegment {
  /** Byte address of the first byte: the physical (load) address for ELF. */
  readonly address: number;
  /** The bytes. */
  readonly data: Uint8Array;
  /** Name of the ELF segment or sections, for messages. */
  readonly name?: string;
}

/** File formats Tapir reads. */
export type ImageFormat = "elf" | "hex" | "srec" | "uf2" | "dfu" | "bin";

/** An image read from a file. */
export interface Image {
  /** How it was stored. */
  readonly format: ImageFormat;
  /** File name, for messages. */
  readonly fileName: string;
  /** Sorted by address; never overlapping; touching segments stay apart. */
  readonly segments: readonly ImageSegment[];
  /** Start address, when the file names one. */
  readonly entry?: number;
  /** What the file holds besides, in the user's words, such as parts for another board that were left out. */
  readonly notes?: readonly string[];
  /** Families that a UF2 file holds data of. */
  readonly families?: readonly number[];
  /** Ids of the boards whose parts of a micro:bit universal HEX file were left out. */
  readonly otherBoards?: readonly number[];
}
