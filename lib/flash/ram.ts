/**
 * Chooses the RAM an algorithm runs in.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { intersect } from "../base/ranges.ts";
import type { FlashAlgorithm } from "../target/description.ts";
import { describeRegion, type MemoryMap, rangeOf } from "../target/memory_map.ts";
import type { AlgorithmRam } from "./placement.ts";

const log = getLogger("flash", "ram");

/**
 * The RAM the description reserves for the algorithm, cut to the region that holds it; without one, the default RAM.
 *
 * @throws {FlashError} when the chip has no RAM
 */
export function chooseRam(algorithm: Pick<FlashAlgorithm, "name" | "ram">, map: MemoryMap): AlgorithmRam {
  const reserved = algorithm.ram;
  if (reserved !== undefined) {
    const region = map.regionAt(reserved.start);
    if (region === undefined) return reserved;
    const part = intersect(rangeOf(region), { start: reserved.start, end: reserved.start + reserved.size });
    if (part === undefined || part.end - part.start === reserved.size) return reserved;
    log.warning(
      `RAM of flash algorithm ${algorithm.name} at ${hex(reserved.start)} reaches beyond ${describeRegion(region)}; ` +
        `using the first ${part.end - part.start} bytes`,
    );
    return { start: part.start, size: part.end - part.start };
  }
  const region = map.defaultRam();
  if (region === undefined) {
    throw new FlashError(`Cannot run flash algorithm ${algorithm.name}: the chip's description has no RAM`, {
      code: "flash-no-ram",
    });
  }
  return { start: region.start, size: region.size };
}
