/**
 * Turns a device of a pack into the plain description the rest of Tapir works with.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { overlaps } from "../base/ranges.ts";
import type {
  ApBusAttributes,
  DataPatch,
  FlashAlgorithm,
  FlashAlgorithmSource,
  ProcessorDescription,
  TargetDescription,
} from "../target/description.ts";
import { findDevice } from "./find.ts";
import { parseFlm } from "./flm.ts";
import { isRunnableStyle } from "./pdsc_memory.ts";
import type { PdscAlgorithm, PdscDevice } from "./pdsc_types.ts";
import { assembleRegions } from "./regions.ts";
import { withSequenceFlash } from "./sequences_flash.ts";
import type { Pack } from "./source.ts";

/**
 * A device of a pack with all it inherits; `name` may be what people type (see {@linkcode findDevice}).
 *
 * @throws {PackError} when the pack has no such device, several, or one without a Cortex-M processor
 */
export function resolveDevice(pack: Pack, name: string): PdscDevice {
  const entry = findDevice(name, pack.pdsc.devices, (a, b) => chipOf(pack, a.name) === chipOf(pack, b.name));
  if (!entry.isSupported) {
    throw new PackError(
      `Cannot use device ${entry.name}: it has no Cortex-M processor (${entry.cores.join(", ") || "none is named"})`,
      { code: "unsupported-device", fields: { device: entry.name } },
    );
  }
  return pack.pdsc.device(entry.name);
}

/**
 * Describes a device of a pack; `name` may be what people type (see {@linkcode findDevice}).
 *
 * @throws {PackError} when the pack has no such device, several, or one without a Cortex-M processor
 */
export function describeDevice(pack: Pack, name: string): TargetDescription {
  return describeResolved(resolveDevice(pack, name), "pack", pack);
}

/** Describes a device that is known with all it inherits; `files` has its algorithms. */
export function describeResolved(
  device: PdscDevice,
  source: TargetDescription["source"],
  files: Pick<Pack, "read">,
): TargetDescription {
  const algorithms = device.algorithms.filter(({ style }) => isRunnableStyle(style))
    .map((algorithm) => algorithmSource(files, algorithm, !isStray(algorithm, device)));
  return {
    name: device.name,
    vendor: device.vendor,
    families: [device.family, device.subFamily ?? ""].filter((family) => family !== ""),
    source,
    memory: withSequenceFlash(assembleRegions(device.memories, algorithms, device.flashInfos), device),
    algorithms,
    processors: describeProcessors(device),
    dataPatches: describeDataPatches(device),
    busAttributes: describeBusAttributes(device),
  };
}

/** What makes a device another chip rather than the same chip in another package. */
function chipOf(pack: Pack, name: string): string {
  const { memories, algorithms, processors, debugs, accessPorts, sequences, flashInfos } = pack.pdsc.device(name);
  return JSON.stringify([memories, algorithms, processors, debugs, accessPorts, sequences, flashInfos]);
}

/** Whether an algorithm that projects get by themselves is declared outside of every memory. */
export function isStray(algorithm: PdscAlgorithm, { memories }: Pick<PdscDevice, "memories">): boolean {
  const declared = { start: algorithm.start, end: algorithm.start + algorithm.size };
  return algorithm.isDefault &&
    !memories.some(({ start, size }) => overlaps({ start, end: start + size }, declared));
}

/**
 * An algorithm of a pack, loaded from it when first needed and kept from then on; `mayMove`: where the range in the
 * description lies outside of its own, it is moved there.
 */
export function algorithmSource(
  pack: Pick<Pack, "read">,
  algorithm: PdscAlgorithm,
  mayMove = true,
): FlashAlgorithmSource {
  const { name, start, size, isDefault, pname, ram } = algorithm;
  let loaded: Promise<FlashAlgorithm> | undefined;
  const load = async (): Promise<FlashAlgorithm> => {
    const own = parseFlm(await pack.read(name), name);
    const parsed = mayMove ? relocate(own, start, size) : own;
    return ram ? { ...parsed, ram } : parsed;
  };
  return {
    name,
    start,
    size,
    isDefault,
    ...(pname === undefined ? {} : { pname }),
    ...(ram === undefined ? {} : { ram }),
    load: () => loaded ??= load(),
  };
}

/**
 * Some packs use an algorithm for an alias of the memory it was built for, or for one of another chip: the range in
 * the description then lies outside of its own, and counts.
 */
function relocate(algorithm: FlashAlgorithm, start: number, size: number): FlashAlgorithm {
  const own = { start: algorithm.start, end: algorithm.start + algorithm.size };
  if (overlaps(own, { start, end: start + size })) return algorithm;
  const shift = start - algorithm.start;
  const sectors = algorithm.sectors.map((run) => ({ ...run, start: run.start + shift }));
  return { ...algorithm, start, sectors };
}

/** HPROT and SPROT of access ports; those of a nested one mean nothing to discovery, which opens none. */
function describeBusAttributes({ accessPorts }: PdscDevice): ApBusAttributes[] {
  return accessPorts.filter(({ hprot, sprot, parent }) => parent === undefined && (hprot ?? sprot) !== undefined)
    .map(({ select, hprot, sprot }) => ({
      ap: select,
      ...(hprot === undefined ? {} : { hprot: hprot & 0x1f }),
      ...(sprot === undefined ? {} : { nonSecure: (sprot & 1) !== 0 }),
    }));
}

/** Data patches with the access port each one belongs to, as discovery names it. */
function describeDataPatches(device: PdscDevice): DataPatch[] {
  return device.debugs.flatMap((debug) =>
    debug.dataPatches.map((patch): DataPatch => {
      const ap = patch.ap ?? selectOf(device, patch.apid) ?? debug.ap ?? selectOf(device, debug.apid);
      return {
        kind: patch.type === "AP" ? "ap-register" : "memory",
        address: patch.address,
        value: Number(BigInt.asUintN(32, patch.value)),
        mask: Number(BigInt.asUintN(32, patch.mask ?? 0xffff_ffffn)),
        ...(ap === undefined ? {} : { ap }),
      };
    })
  );
}

function selectOf(device: PdscDevice, apid: number | undefined): number | undefined {
  return apid === undefined ? undefined : device.accessPorts.find((port) => port.id === apid)?.select;
}

function describeProcessors(device: PdscDevice): ProcessorDescription[] {
  return device.processors.map(({ pname, core }) => {
    const debug = device.debugs.find((candidate) => candidate.pname === pname) ??
      device.debugs.find((candidate) => candidate.pname === undefined);
    const accessPort = device.accessPorts.find((port) => port.id === debug?.apid);
    // The address of a nested access port only means something to the one it hangs from, so discovery has to find it.
    const ap = accessPort ? (accessPort.parent === undefined ? accessPort.select : undefined) : debug?.ap;
    return {
      name: pname ?? core,
      core,
      ...(ap === undefined ? {} : { ap }),
      ...(debug?.defaultResetSequence === undefined ? {} : { defaultReset: debug.defaultResetSequence }),
      ...(debug?.svd === undefined ? {} : { svd: debug.svd }),
    };
  });
}
