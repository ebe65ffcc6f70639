/**
 * Finds out what chip a session is about: from the packs it was given, by name, or as the generic Cortex-M.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { describeDevice } from "../pack/device.ts";
import { systemFiles } from "../pack/files.ts";
import { matchDevices, nearNames } from "../pack/find.ts";
import type { PdscDeviceEntry } from "../pack/pdsc_types.ts";
import { openPack, type Pack } from "../pack/source.ts";
import type { TargetDescription } from "../target/description.ts";
import { CORTEX_M_REGIONS } from "../target/memory_map.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session", "target");

/** Any Cortex-M: the architecture's memory map, no flash. */
export const GENERIC_TARGET: TargetDescription = {
  name: "cortex_m",
  vendor: "Arm",
  families: [],
  source: "builtin",
  memory: CORTEX_M_REGIONS,
  algorithms: [],
  processors: [],
};

/** What to look for, and where. */
export interface TargetRequest {
  /** The name the user gave. */
  readonly name?: string | undefined;
  /** The name the probe gives for the chip on its board. */
  readonly suggested?: string | undefined;
  /** Paths of packs, absolute. */
  readonly packs: readonly string[];
  /** Whether to warn when the generic target is taken. */
  readonly warnGeneric?: boolean;
}

/** What was found; close it when the session ends, since algorithms are loaded from packs when needed. */
export interface FoundTarget {
  /** The chip. */
  readonly description: TargetDescription;
  /** The pack it comes from. */
  readonly pack?: Pack;
  /** Lets go of the packs. */
  close(): void;
}

/**
 * Finds the chip: the name the user gave in the packs; else the name the probe suggests, when a pack knows it; else the
 * only device of the only pack; else the generic Cortex-M.
 *
 * @throws {PackError} when a pack cannot be opened or the name fits several devices
 * @throws {UsageError} with near names when the user's name fits nothing
 */
export async function findTarget(request: TargetRequest): Promise<FoundTarget> {
  const packs: Pack[] = [];
  const close = (): void => packs.forEach((pack) => pack.close());
  try {
    for (const path of request.packs) packs.push(await openPack(path, systemFiles));
    const found = choose(request, packs);
    return { ...found, close };
  } catch (error) {
    close();
    throw error;
  }
}

function choose(request: TargetRequest, packs: readonly Pack[]): { description: TargetDescription; pack?: Pack } {
  const { name, suggested } = request;
  if (name !== undefined) {
    if (name.toLowerCase() === GENERIC_TARGET.name) return { description: GENERIC_TARGET };
    const pack = packs.find(({ pdsc }) => matchDevices(name, pdsc.devices).length > 0);
    if (pack === undefined) throw unknownTarget(name, packs);
    return { description: describeDevice(pack, name), pack };
  }
  if (suggested !== undefined) {
    const pack = packs.find(({ pdsc }) => matchDevices(suggested, pdsc.devices).length > 0);
    if (pack !== undefined) return { description: describeDevice(pack, suggested), pack };
  }
  const [pack] = packs;
  const usable = pack?.pdsc.devices.filter((device) => device.isSupported) ?? [];
  if (pack !== undefined && packs.length === 1 && usable.length === 1) {
    return { description: describeDevice(pack, usable[0]!.name), pack };
  }
  if (packs.length > 0) throw chooseOne(packs.flatMap(({ pdsc }) => pdsc.devices.filter((each) => each.isSupported)));
  if (request.warnGeneric ?? true) {
    log.warning(
      "Generic cortex_m target is used; give the target type with --target and its pack with --pack to program flash",
    );
  }
  return { description: GENERIC_TARGET };
}

function unknownTarget(name: string, packs: readonly Pack[]): UsageError {
  if (packs.length === 0) {
    return new UsageError(`Cannot use target ${name}: no pack that describes it was given`, {
      code: "unknown-target",
      hint: "Give its CMSIS-Pack with --pack, or use -t cortex_m for what works on every Cortex-M",
      fields: { target: name },
    });
  }
  const near = nearNames(name, packs.flatMap(({ pdsc }) => [...pdsc.devices]), 5);
  const where = packs.map(({ location }) => location).join(", ");
  return new UsageError(`Cannot use target ${name}: ${where} ${packs.length === 1 ? "does" : "do"} not describe it`, {
    code: "unknown-target",
    hint: near.length > 0 ? `Similar names: ${near.join(", ")}` : "Look for the right pack of the chip's vendor",
    fields: { target: name, near },
  });
}

function chooseOne(devices: readonly PdscDeviceEntry[]): UsageError {
  const names = devices.map(({ name }) => name);
  return new UsageError(`Cannot tell which of ${names.length} devices of the pack is meant`, {
    code: "target-needed",
    hint: `Give one with --target: ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`,
    fields: { devices: names },
  });
}

/**
 * A question whether a target name of a board is described by one of these packs.
 *
 * @throws {PackError} when a pack cannot be opened
 */
export async function boardIsKnown(paths: readonly string[], projectDir: string): Promise<(name: string) => boolean> {
  const devices: PdscDeviceEntry[] = [];
  for (const path of paths) {
    const pack = await openPack(resolvePath(projectDir, path), systemFiles);
    devices.push(...pack.pdsc.devices);
    pack.close();
  }
  return (name) => matchDevices(name, devices).length > 0;
}
