/**
 * Flash that debug sequences program (flashinfo elements), as an algorithm without code.
 *
 * @module
 */
import { overlaps } from "../base/ranges.ts";
import type { FlashAlgorithm, FlashAlgorithmSource, MemoryRegion } from "../target/description.ts";
import type { PdscDevice, PdscFlashInfo } from "./pdsc_types.ts";

/** Gives flash regions that no algorithm serves to the sequences of the device, where it has them. */
export function withSequenceFlash(
  memory: readonly MemoryRegion[],
  device: Pick<PdscDevice, "flashInfos" | "sequences">,
): MemoryRegion[] {
  const sources = device.flashInfos.map((info) => sequenceFlashSource(info, device));
  return memory.map((region) => {
    if (region.kind !== "flash" || region.algorithm !== undefined) return region;
    const range = { start: region.start, end: region.start + region.size };
    const algorithm = sources.find(({ start, size }) => overlaps(range, { start, end: start + size }));
    return algorithm === undefined ? region : { ...region, algorithm };
  });
}

function sequenceFlashSource(info: PdscFlashInfo, device: Pick<PdscDevice, "sequences">): FlashAlgorithmSource {
  const { name, start, size, pname } = info;
  const algorithm = sequenceAlgorithm(info, device);
  return {
    name: `debug sequences of ${name}`,
    start,
    size,
    isDefault: true,
    ...(pname === undefined ? {} : { pname }),
    load: () => Promise.resolve(algorithm),
  };
}

function sequenceAlgorithm(info: PdscFlashInfo, { sequences }: Pick<PdscDevice, "sequences">): FlashAlgorithm {
  // An empty sequence erases nothing: packs write one to say that there is no chip erase.
  const erasesChip = sequences.some((each) =>
    each.name === "FlashEraseChip" && !each.isDisabled && each.nodes.length > 0
  );
  return {
    name: `debug sequences of ${info.name}`,
    deviceName: info.name,
    image: new Uint8Array(0),
    staticBase: 0,
    entry: { init: 0, uninit: 0, eraseSector: 0, programPage: 0, ...(erasesChip ? { eraseChip: 0 } : {}) },
    start: info.start,
    size: info.size,
    pageSize: info.pageSize,
    erasedByte: Number(info.blankValue & 0xffn),
    programTimeoutMs: info.programTimeoutMs,
    eraseTimeoutMs: info.eraseTimeoutMs,
    sectors: info.blocks.map(({ start, size, count }) => ({ start, size, count })),
    sequences: { filler: info.filler, blocks: info.blocks },
  };
}
