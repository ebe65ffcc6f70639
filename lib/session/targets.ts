/**
 * Finds out what chip a session is about: from the packs it was given, by name, or as the generic Cortex-M.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { openPacks } from "../pack/bundle.ts";
import { type AlgorithmFile, chooseAlgorithms } from "../pack/choose.ts";
import { cbuildPack } from "../pack/cbuild_pack.ts";
import { resolveDevice } from "../pack/device.ts";
import { systemFiles } from "../pack/files.ts";
import { matchDevices, nearNames } from "../pack/find.ts";
import type { PdscDeviceEntry } from "../pack/pdsc_types.ts";
import { newest, parsePackReference, satisfies } from "../pack/index_version.ts";
import { packRoot } from "../pack/root.ts";
import { openPack, type Pack } from "../pack/source.ts";
import { describeSettled } from "../pack/stray.ts";
import { PackStore } from "../pack/store.ts";
import { findInstalled, installedDevices } from "../pack/store_devices.ts";
import type { TargetDescription } from "../target/description.ts";
import { CORTEX_M_REGIONS } from "../target/memory_map.ts";
import { cbuildPath, loadCbuildRun, sayProblems } from "./cbuild.ts";
import { namesFor } from "./pyocd_names.ts";
import { parseInteger } from "./option_text.ts";
import type { Options } from "./options.ts";
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
  /** Paths of packs and bundles, absolute. */
  readonly packs: readonly string[];
  /** Installed packs, asked when those named do not know the chip. */
  readonly store?: PackStore | undefined;
  /** Path of a cbuild-run file that describes the chip, absolute; goes before everything but a name. */
  readonly cbuildRun?: string | undefined;
  /** Names of flash algorithms to use instead of those the description chooses. */
  readonly algorithms?: readonly string[];
  /** Files with flash algorithms to use, as `file[@base[,size]]`, absolute. */
  readonly algorithmFiles?: readonly string[];
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
 * Finds the chip: the name the user gave in the packs, then in the installed ones; else the name the probe suggests, when
 * a pack knows it; else the only device of the only pack; else the generic Cortex-M.
 *
 * @throws {PackError} when a pack cannot be opened or the name fits several devices
 * @throws {UsageError} with near names when the user's name fits nothing
 */
export async function findTarget(request: TargetRequest): Promise<FoundTarget> {
  const packs: Pack[] = [];
  const close = (): void => packs.forEach((pack) => pack.close());
  try {
    const found = request.name === undefined && request.cbuildRun !== undefined
      ? await describedByBuild(request.cbuildRun, packs)
      : await describedByPacks(request, packs);
    const { algorithms = [], algorithmFiles = [] } = request;
    if (algorithms.length === 0 && algorithmFiles.length === 0) return { ...found, close };
    const choice = { names: algorithms, files: algorithmFiles.map(parseAlgorithmFile) };
    return { ...found, description: await chooseAlgorithms(found.description, choice, systemFiles), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What a target is looked for with, as options say. */
export function targetRequest(options: Options, projectDir: string): TargetRequest {
  const absolute = (path: string): string => resolvePath(projectDir, path);
  const store = packStore(options);
  return {
    name: options.get("target_override"),
    cbuildRun: cbuildPath(options, projectDir),
    packs: (options.get("pack") ?? []).map((pack) => pack.includes("::") ? installedPath(pack, store) : absolute(pack)),
    store,
    algorithms: options.get("flash.algorithms") ?? [],
    algorithmFiles: (options.get("flash.flm") ?? []).map(absolute),
    warnGeneric: options.get("warning.cortex_m_default"),
  };
}

/** Path of the newest installed pack that `Vendor::Pack@version` names. @throws {UsageError} when there is none */
function installedPath(text: string, store: PackStore | undefined): string {
  const reference = parsePackReference(text);
  const fitting = (store?.installed() ?? []).filter(({ vendor, name, version }) =>
    vendor === reference?.vendor && name === reference.name && satisfies(version, reference.range)
  );
  const pack = newest(fitting);
  if (pack !== undefined) return pack.path;
  throw new UsageError(`Cannot use pack ${text}: no installed pack is called that`, {
    code: "no-pack",
    hint: `Install it with \`tapir pack install ${text}\`; installed packs are listed by \`tapir pack list\``,
  });
}

/** The installed packs; undefined when nothing tells where they are. */
export function packStore(options: Options): PackStore | undefined {
  try {
    return new PackStore(packRoot(options.get("pack.root")));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    log.info(error.message);
    return undefined;
  }
}

/**
 * Takes `file[@base[,size]]` apart.
 *
 * @throws {UsageError} when what follows `@` is no address
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAlgorithmFile } from "./targets.ts";
 *
 * assertEquals(parseAlgorithmFile("x.FLM@0x90000000,0x100000"), { path: "x.FLM", base: 0x90000000, size: 0x100000 });
 * ```
 */
export function parseAlgorithmFile(text: string): AlgorithmFile {
  const [, path = text, where] = /^(.+)@([^@\\/]*)$/.exec(text) ?? [];
  if (where === undefined) return { path: text };
  const [base, size, ...rest] = where.split(",").map(parseInteger);
  const isGood = base !== undefined && base >= 0 && base <= 0xffffffff && rest.length === 0 &&
    (!where.includes(",") || (size !== undefined && size > 0 && base + size <= 0x1_0000_0000));
  if (isGood) return { path, base, size };
  throw new UsageError(`Cannot read ${text}: ${where} is no address`, {
    hint: "Write file.FLM, file.FLM@0x90000000 or file.FLM@0x90000000,0x100000",
  });
}

type Choice = Omit<FoundTarget, "close">;

/** The chip of a cbuild-run file, whose stand-in for a pack is added to `packs`. */
async function describedByBuild(path: string, packs: Pack[]): Promise<Choice> {
  const { run, packRoot } = await loadCbuildRun(path);
  sayProblems(run);
  const pack = cbuildPack(run, packRoot, systemFiles);
  packs.push(pack);
  return { description: await describeSettled(run.device, "cbuild-run", pack), pack };
}

/** The chip as packs describe it; they are opened into `packs`. */
async function describedByPacks(request: TargetRequest, packs: Pack[]): Promise<Choice> {
  const { name, suggested } = request;
  for (const path of request.packs) packs.push(...await openPacks(path, systemFiles));
  if (name !== undefined) {
    if (name.toLowerCase() === GENERIC_TARGET.name) return { description: GENERIC_TARGET };
    const found = await describedBy(name, request, packs);
    if (found === undefined) throw await unknownTarget(name, packs, request.store);
    return found;
  }
  if (suggested !== undefined) {
    const found = await describedBy(suggested, request, packs);
    if (found !== undefined) return found;
  }
  const [pack] = packs;
  const usable = pack?.pdsc.devices.filter((device) => device.isSupported) ?? [];
  if (pack !== undefined && packs.length === 1 && usable.length === 1) {
    return await described(pack, usable[0]!.name);
  }
  if (packs.length > 0) throw chooseOne(packs.flatMap(({ pdsc }) => pdsc.devices.filter((each) => each.isSupported)));
  if (request.warnGeneric ?? true) {
    log.warning(
      "Generic cortex_m target is used; give the target type with --target and its pack with --pack to program flash",
    );
  }
  return { description: GENERIC_TARGET };
}

/** The chip as the packs, or else the installed ones, describe it; a pack that is opened for it is added to `packs`. */
async function describedBy(name: string, { store }: TargetRequest, packs: Pack[]): Promise<Choice | undefined> {
  const devices = packs.flatMap((pack) => pack.pdsc.devices.map((device) => ({ ...device, pack })));
  for (const each of namesFor(name)) {
    let pack = matchDevices(each, devices)[0]?.pack;
    if (pack === undefined) {
      const installed = store && await findInstalled(each, store, systemFiles);
      if (installed === undefined) continue;
      log.info(`${installed.name} is described by ${installed.pack.path}`);
      packs.push(pack = await openPack(installed.pack.path, systemFiles));
    }
    return await described(pack, each);
  }
  return undefined;
}

async function described(pack: Pack, name: string): Promise<Choice> {
  return { description: await describeSettled(resolveDevice(pack, name), "pack", pack), pack };
}

async function unknownTarget(name: string, packs: readonly Pack[], store?: PackStore): Promise<UsageError> {
  const installed = store === undefined ? [] : await installedDevices(store, systemFiles);
  const near = nearNames(name, [...packs.flatMap(({ pdsc }) => [...pdsc.devices]), ...installed], 5);
  const where = [...packs.map(({ location }) => location), ...(installed.length > 0 ? ["installed packs"] : [])];
  const install = `Install its CMSIS-Pack with \`tapir pack install ${name}\` or give it with --pack`;
  return new UsageError(
    where.length === 0
      ? `Cannot use target ${name}: no pack that describes it was given`
      : `Cannot use target ${name}: ${where.join(", ")} ${
        packs.length === 1 && installed.length === 0 ? "does" : "do"
      } ` +
        "not describe it",
    {
      code: "unknown-target",
      hint: near.length > 0
        ? `Similar names: ${near.join(", ")}`
        : where.length > 0
        ? install
        : `${install}, or use -t cortex_m for what works on every Cortex-M`,
      fields: { target: name, near },
    },
  );
}

function chooseOne(devices: readonly PdscDeviceEntry[]): UsageError {
  const names = devices.map(({ name }) => name);
  return new UsageError(`Cannot tell which of ${names.length} devices of the pack is meant`, {
    code: "target-needed",
    hint: `Give one with --target: ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`,
    fields: { devices: names },
  });
}
