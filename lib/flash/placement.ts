/**
 * Where a flash algorithm, its stack and its page buffers go in RAM. Pure.
 *
 * From the bottom of RAM to the top: stack (so that an overflow leaves RAM instead of running over code), page buffers,
 * the word the routines return to, code and data.
 *
 * @module
 */
import { alignDown, alignUp } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import type { FlashAlgorithm } from "../target/description.ts";

/** Two halfwords: `BKPT #0`, and a branch to itself should the core be let run by mistake. */
export const RETURN_WORD = 0xe7fe_be00;

/** Written at the lowest word of the stack; a different value afterwards means that the stack overflowed. */
export const STACK_CANARY = 0xdead_f00d;

/** The stack an algorithm must at least have, in bytes; RP2040 packs leave 208. The canary tells when it was too little. */
const MIN_STACK = 64;

/** The stack that must be left before a second page buffer is worth its room, in bytes. */
const MIN_STACK_TWO_BUFFERS = 512;

/** Alignment of code and buffers in bytes. */
const BLOCK = 16;

/** RAM an algorithm may use. */
export interface AlgorithmRam {
  /** First byte address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
}

/** Where everything is; addresses in bytes. */
export interface Placement {
  /** First address used. */
  readonly start: number;
  /** Address after the last one used. */
  readonly end: number;
  /** Lowest word of the stack, where the canary goes. */
  readonly stackLimit: number;
  /** Initial stack pointer, a multiple of eight (AAPCS 5.2.1.2). */
  readonly stackTop: number;
  /** One or two page buffers. */
  readonly buffers: readonly number[];
  /** The breakpoint every routine returns to. */
  readonly returnAddress: number;
  /** Where byte 0 of the algorithm's image goes. */
  readonly image: number;
  /** Value of R9. */
  readonly staticBase: number;
}

/**
 * Places an algorithm in RAM.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { placeAlgorithm } from "./placement.ts";
 *
 * const algorithm = { name: "demo", image: new Uint8Array(0x100), staticBase: 0xf0, pageSize: 0x200 };
 * const placement = placeAlgorithm(algorithm, { start: 0x20000000, size: 0x1000 });
 * assertEquals(placement.image, 0x20000f00);
 * assertEquals(placement.buffers, [0x20000af0, 0x20000cf0]);
 * assertEquals(placement.staticBase, 0x20000ff0);
 * ```
 *
 * @throws {FlashError} when it does not fit, saying how many bytes are missing
 */
export function placeAlgorithm(
  algorithm: Pick<FlashAlgorithm, "name" | "image" | "staticBase" | "pageSize">,
  ram: AlgorithmRam,
): Placement {
  const bottom = alignUp(ram.start, 8);
  const image = alignDown(ram.start + ram.size - alignUp(algorithm.image.length, 4), BLOCK);
  const returnAddress = image - BLOCK;
  const bufferSize = alignUp(algorithm.pageSize, BLOCK);
  const second = alignDown(returnAddress - bufferSize, BLOCK);
  const first = second - bufferSize;
  const two = first - bottom >= MIN_STACK_TWO_BUFFERS;
  const stackTop = two ? first : second;
  const missing = bottom + MIN_STACK - stackTop;
  if (missing > 0) {
    throw new FlashError(
      `Cannot place flash algorithm ${algorithm.name} in the ${ram.size} bytes of RAM at ${hex(ram.start)}: ` +
        `${missing} bytes are missing for ${algorithm.image.length} bytes of code and data, a page buffer of ` +
        `${algorithm.pageSize} bytes and a stack of ${MIN_STACK} bytes`,
      {
        code: "flash-ram-too-small",
        hint: "Give the algorithm a larger RAM region",
        fields: { missing, ram: { start: ram.start, size: ram.size }, algorithm: algorithm.name },
      },
    );
  }
  return {
    start: bottom,
    end: image + alignUp(algorithm.image.length, 4),
    stackLimit: bottom,
    stackTop,
    buffers: two ? [first, second] : [second],
    returnAddress,
    image,
    staticBase: image + algorithm.staticBase,
  };
}
