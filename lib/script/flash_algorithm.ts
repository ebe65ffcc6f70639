/**
 * Flash algorithms that are files of their own, for memory that no description of the chip knows.
 *
 * @module
 */
import { basename } from "@std/path";
import { fileURLToPath } from "node:url";
import { parseFlm } from "../pack/flm.ts";
import { readUserFile } from "../session/files.ts";
import type { FlashAlgorithmSource } from "../target/description.ts";

/**
 * Reads a flash algorithm (FLM) for a memory region that a script adds.
 *
 * @param file absolute path, or a URL as `new URL("./qspi.FLM", import.meta.url)` gives it
 * @returns what `algorithm` of a memory region takes; `start` and `size` are what the file says about itself
 * @throws {UsageError} when the file cannot be read
 * @throws {PackError} when it is no flash algorithm
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readFlashAlgorithm } from "./flash_algorithm.ts";
 *
 * const demo = new URL("../../scripts/demo/Tapir.Demo_DFP/STM32F4_demo.FLM", import.meta.url);
 * const { start, size } = await readFlashAlgorithm(demo);
 * assertEquals([start, size], [0x08000000, 0x100000]);
 * ```
 */
export async function readFlashAlgorithm(file: string | URL): Promise<FlashAlgorithmSource> {
  const path = file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : file;
  const algorithm = parseFlm(await readUserFile(path), basename(path));
  return {
    name: algorithm.name,
    start: algorithm.start,
    size: algorithm.size,
    isDefault: true,
    load: () => Promise.resolve(algorithm),
  };
}
