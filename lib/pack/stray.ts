/**
 * Algorithms that a description puts where the chip has no memory, or another algorithm works: a mistake in one of the
 * two, and erasing on the word of the wrong one would reach something else.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { type AddressRange, overlaps } from "../base/ranges.ts";
import type { TargetDescription } from "../target/description.ts";
import { describeResolved, isStray } from "./device.ts";
import { parseFlm } from "./flm.ts";
import { isRunnableStyle } from "./pdsc_memory.ts";
import type { PdscAlgorithm, PdscDevice } from "./pdsc_types.ts";
import type { Pack } from "./source.ts";

const log = getLogger("pack");

/**
 * Describes a device as {@linkcode describeResolved} does, after its stray algorithms were put right.
 *
 * A declared address that lies in a memory counts, whatever the algorithm was built for: it may serve an alias. One in
 * no memory, or in one that another algorithm serves, counts less than the algorithm's own. An algorithm that is neither
 * declared for a memory nor built for one that is free is left out.
 */
export async function describeSettled(
  device: PdscDevice,
  source: TargetDescription["source"],
  files: Pick<Pack, "read">,
): Promise<TargetDescription> {
  const settled = await Promise.all(device.algorithms.map((algorithm) => settle(algorithm, device, files)));
  return describeResolved({ ...device, algorithms: settled.flatMap((algorithm) => algorithm ?? []) }, source, files);
}

function rangeOf({ start, size }: { readonly start: number; readonly size: number }): AddressRange {
  return { start, end: start + size };
}

async function settle(
  algorithm: PdscAlgorithm,
  device: PdscDevice,
  files: Pick<Pack, "read">,
): Promise<PdscAlgorithm | undefined> {
  const isLost = isStray(algorithm, device);
  const holder = isLost ? undefined : rivalFor(rangeOf(algorithm), algorithm, device);
  if (!isRunnableStyle(algorithm.style) || !algorithm.isDefault || (!isLost && holder === undefined)) return algorithm;
  const own = await ownRange(algorithm, files);
  if (own === undefined || overlaps(rangeOf(own), rangeOf(algorithm))) return algorithm;
  const rival = rivalFor(rangeOf(own), algorithm, device);
  const isUseful = device.memories.some((memory) => overlaps(rangeOf(memory), rangeOf(own)));
  // Of two that are declared for one place, the one that was built for it is right.
  const isHeld = holder !== undefined && await confirms(holder, files);
  if (!isLost && (rival !== undefined || !isUseful || !isHeld)) return algorithm;
  const declared = `${device.name}: the description puts algorithm ${algorithm.name} at ${hex(algorithm.start)}, ` +
    (holder === undefined ? "where no memory is" : `which belongs to ${holder.name}`);
  if (rival === undefined) {
    log.warning(`${declared}; it is used at ${hex(own.start)}, as it says itself`);
    return { ...algorithm, ...own };
  }
  log.warning(`${declared}; it is left out, because ${hex(own.start)}, which it is for, belongs to ${rival.name}`);
  return undefined;
}

/** Another default algorithm of the same processor that is declared for some of a range. */
function rivalFor(range: AddressRange, algorithm: PdscAlgorithm, device: PdscDevice): PdscAlgorithm | undefined {
  return device.algorithms.find((other) =>
    other !== algorithm && other.isDefault && other.pname === algorithm.pname && overlaps(rangeOf(other), range)
  );
}

/** Whether an algorithm was built for where it is declared. */
async function confirms(algorithm: PdscAlgorithm, files: Pick<Pack, "read">): Promise<boolean> {
  const own = await ownRange(algorithm, files);
  return own !== undefined && overlaps(rangeOf(own), rangeOf(algorithm));
}

/** What the algorithm's file says; undefined when it cannot be used, which is told when it is needed. */
async function ownRange(
  { name }: PdscAlgorithm,
  files: Pick<Pack, "read">,
): Promise<{ readonly start: number; readonly size: number } | undefined> {
  try {
    const { start, size } = parseFlm(await files.read(name), name);
    return { start, size };
  } catch (error) {
    if (!(error instanceof TapirError)) throw error;
    log.debug(error.message);
    return undefined;
  }
}
