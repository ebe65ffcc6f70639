/**
 * cbuild-run files of the CMSIS-Toolbox (`*.cbuild-run.yml`): target, images and settings of the debugger in one file.
 * Follows the CMSIS-Toolbox documentation, "YML CBuild Format", and its schema `cbuild-run.schema.json`.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { PackError } from "../base/errors.ts";
import { parseYaml } from "../format/yaml.ts";
import { readCbuildSequences, readTopology } from "./cbuild_debug.ts";
import { YamlNode } from "./cbuild_node.ts";
import { type CbuildDebugger, readDebugger } from "./cbuild_debugger.ts";
import type {
  PdscAlgorithm,
  PdscDebug,
  PdscDebugConfig,
  PdscDevice,
  PdscFlashBlock,
  PdscFlashInfo,
  PdscMemory,
  PdscProcessor,
} from "./pdsc_types.ts";

/** A file that the build made. */
export interface CbuildOutput {
  /** Path, absolute. */
  readonly path: string;
  /** Type as written: `elf`, `hex`, `bin`, `lib`, … */
  readonly type: string;
  /** Whether it is programmed. */
  readonly isImage: boolean;
  /** Whether its symbols count. */
  readonly hasSymbols: boolean;
  /** Bytes added to its addresses; of a binary file its address. */
  readonly offset?: number;
  /** Processor it is for. */
  readonly pname?: string;
}

/** A file about the system, such as SVD. */
export interface CbuildDescriptionFile {
  /** Path, absolute. */
  readonly path: string;
  /** Type as written: `svd`, `scvd`. */
  readonly type: string;
  /** Processor it is about. */
  readonly pname?: string;
}

/** Everything a cbuild-run file says. */
export interface CbuildRun {
  /** Path of the file. */
  readonly fileName: string;
  /** Who made it and of what: solution, target-type, target-set, compiler, board, board-pack, device-pack, … */
  readonly about: Readonly<Record<string, string>>;
  /** The chip, as a package description would have it; paths are absolute. */
  readonly device: PdscDevice;
  /** Files that the build made. */
  readonly outputs: readonly CbuildOutput[];
  /** Files about the system. */
  readonly descriptions: readonly CbuildDescriptionFile[];
  /** Settings of the debugger. */
  readonly debugger: CbuildDebugger;
  /** What was left out, and why. */
  readonly problems: readonly string[];
}

/** Where paths of the file lead. */
export interface CbuildPlaces {
  /** Directory of the file, absolute. */
  readonly directory: string;
  /** What `${CMSIS_PACK_ROOT}` stands for. */
  readonly packRoot: string;
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const MAX_BLOCKS = 4096;
const ABOUT = [
  "generated-by",
  "solution",
  "target-type",
  "target-set",
  "compiler",
  "board",
  "board-pack",
  "board-pack-path",
  "device-pack",
  "device-pack-path",
];

/**
 * Reads a cbuild-run file.
 *
 * @throws {FormatError} when it is not YAML
 * @throws {PackError} when it is not a cbuild-run file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCbuildRun } from "./cbuild_run.ts";
 *
 * const run = parseCbuildRun("cbuild-run:\n  device: ARM::ARMCM0\n  output:\n    - file: a.hex\n      type: hex\n" +
 *   "      load: image\n  debugger:\n    clock: 4000000\n", "a.cbuild-run.yml", { directory: "/p", packRoot: "/r" });
 * assertEquals([run.device.vendor, run.device.name, run.debugger.clock], ["ARM", "ARMCM0", 4000000]);
 * assertEquals(run.outputs.map(({ path, isImage }) => [path, isImage]), [["/p/a.hex", true]]);
 * ```
 */
export function parseCbuildRun(text: string, fileName: string, places: CbuildPlaces): CbuildRun {
  const problems: string[] = [];
  const document = new YamlNode(parseYaml(keepLongNumbers(text), fileName), fileName, problems);
  if (!document.has("cbuild-run")) {
    throw new PackError(`Cannot read ${fileName}: it is not a cbuild-run file`, {
      hint: "The CMSIS-Toolbox makes it beside the images, as SOLUTION+TARGET.cbuild-run.yml",
      fields: { file: fileName },
    });
  }
  const root = document.node("cbuild-run");
  const pathOf = (path: string): string => {
    const whole = path.replaceAll("\\", "/").replace(/^\$\{CMSIS_PACK_ROOT\}/, places.packRoot)
      .replace(/^\$CMSIS_PACK_ROOT\b/, places.packRoot);
    return isAbsolute(whole) ? whole : join(places.directory, whole);
  };
  const descriptions = root.nodes("system-descriptions").flatMap((node): CbuildDescriptionFile[] => {
    const [file, type, pname] = [node.text("file"), node.text("type"), node.text("pname")];
    if (file === undefined) return [];
    return [{ path: pathOf(file), type: (type ?? "").toLowerCase(), ...(pname === undefined ? {} : { pname }) }];
  });
  const about: Record<string, string> = {};
  for (const key of ABOUT) {
    const value = root.text(key);
    if (value !== undefined) about[key] = value;
  }
  return {
    fileName,
    about,
    device: readDevice(root, descriptions, pathOf, lineFinder(text)),
    outputs: root.nodes("output").flatMap((node) => readOutput(node, pathOf) ?? []),
    descriptions,
    // Toolboxes up to 2.9 wrote a list of debuggers.
    debugger: readDebugger(root.first("debugger"), pathOf),
    problems,
  };
}

/** Numbers of more than 53 bits would lose digits, so they are kept as texts. */
function keepLongNumbers(text: string): string {
  return text.replaceAll(
    /^(\s*(?:- )?(?:blank-val|fill-val|arg|value):[ \t]*)(0x[0-9a-fA-F]{9,16})[ \t]*$/gm,
    '$1"$2"',
  );
}

/** Pieces of the file come in its order, so each is looked for after the one before. */
function lineFinder(text: string): (code: string) => number {
  const lines = text.split("\n");
  let last = 0;
  return (code) => {
    const first = code.split("\n").map((line) => line.trim()).find((line) => line !== "") ?? "";
    for (let i = last; i < lines.length; i++) {
      if (!lines[i]!.includes(first)) continue;
      last = i;
      return i + 1;
    }
    return last + 1;
  };
}

function readDevice(
  root: YamlNode,
  descriptions: readonly CbuildDescriptionFile[],
  pathOf: (path: string) => string,
  lineOf: (code: string) => number,
): PdscDevice {
  const svds = descriptions.filter(({ type }) => type === "svd");
  const svdOf = (pname: string | undefined): string | undefined =>
    (svds.find((svd) => svd.pname === pname) ?? svds.find((svd) => svd.pname === undefined))?.path;
  const [, vendor = "", name = ""] = /^(?:([^:]*)::)?([^:]*)/.exec(root.text("device") ?? "") ?? [];
  const resources = root.node("system-resources");
  const topology = readTopology(root.node("debug-topology"), svdOf);
  const processors = readProcessors(resources, topology.debugs);
  const svd = svdOf(undefined);
  const debugs = topology.debugs.length > 0 || processors.length === 0
    ? topology.debugs
    : [{ dp: 0, dataPatches: [], ...(svd === undefined ? {} : { svd }) }];
  const debugConfig = readDebugConfig(root, pathOf);
  const variables = root.node("debug-vars").text("vars");
  return {
    name: name === "" ? "cbuild-run" : name,
    deviceName: name,
    vendor,
    family: "",
    processors,
    memories: readMemories(resources),
    algorithms: root.nodes("programming").flatMap((node) => readAlgorithm(node, pathOf) ?? []),
    flashInfos: root.nodes("flash-info").flatMap((node) => readFlashInfo(node) ?? []),
    ...topology,
    debugs,
    ...(debugConfig === undefined ? {} : { debugConfig }),
    ...(variables === undefined ? {} : { debugVars: { code: variables, line: lineOf(variables) } }),
    hasFullTraceSetup: root.node("debug-sequences-conf").text("trace-setup") === "full",
    sequences: readCbuildSequences(root, lineOf),
    traces: [],
  };
}

function readProcessors(resources: YamlNode, debugs: readonly PdscDebug[]): PdscProcessor[] {
  const described = resources.nodes("processors").map((node): PdscProcessor => {
    const [pname, core, units] = [node.text("pname"), node.text("core"), node.number("punits")];
    const attributes: Record<string, string> = {};
    for (const key of ["revision", "endian", "fpu", "mpu", "dsp", "trustzone", "mve", "max-clock"]) {
      const value = node.text(key);
      if (value !== undefined) attributes[key] = value;
    }
    return { core: core ?? "Cortex-M", units: units ?? 1, attributes, ...(pname === undefined ? {} : { pname }) };
  });
  // Older files name processors in the topology only.
  const names = new Set(described.map(({ pname }) => pname));
  const others = debugs.filter(({ pname }) => pname !== undefined && !names.has(pname));
  return [...described, ...others.map(({ pname }) => ({ core: "Cortex-M", units: 1, attributes: {}, pname: pname! }))];
}

function readMemories(resources: YamlNode): PdscMemory[] {
  const memories = resources.nodes("memory").flatMap((node): PdscMemory[] => {
    const range = node.range();
    if (range === undefined) return [];
    const [alias, pname] = [node.text("alias"), node.text("pname")];
    return [{
      name: node.text("name") ?? `0x${range.start.toString(16)}`,
      access: node.text("access")?.toLowerCase() ?? "rwx",
      ...range,
      isDefault: node.boolean("default") ?? false,
      isStartup: node.boolean("startup") ?? false,
      isExternal: false,
      line: 0,
      ...(alias === undefined ? {} : { alias }),
      ...(pname === undefined ? {} : { pname }),
    }];
  });
  // Two names for one memory: the one that is declared the other's alias is left out.
  return memories.filter((memory) =>
    !memories.some((other) => other !== memory && other.alias === memory.name && other.start === memory.start)
  );
}

function readAlgorithm(node: YamlNode, pathOf: (path: string) => string): PdscAlgorithm | undefined {
  const [name, range, pname] = [node.text("algorithm"), node.range(), node.text("pname")];
  if (name === undefined) return node.problem("it names no algorithm; left out");
  if (range === undefined) return undefined;
  const [start, size] = [node.number("ram-start", 0xffff_ffff), node.number("ram-size", 0x1_0000_0000)];
  return {
    name: pathOf(name),
    ...range,
    isDefault: true,
    style: "Keil",
    line: 0,
    ...(pname === undefined ? {} : { pname }),
    ...(start === undefined || !size ? {} : { ram: { start, size } }),
  };
}

function readFlashInfo(node: YamlNode): PdscFlashInfo | undefined {
  const [start, pageSize, pname] = [node.number("start", 0xffff_ffff), node.number("page-size"), node.text("pname")];
  if (start === undefined || !pageSize) return node.problem("it needs a start and a page-size; left out");
  const blocks: PdscFlashBlock[] = [];
  let at = start;
  for (const block of node.nodes("blocks")) {
    const [size, count] = [block.number("size", 0x1_0000_0000) ?? 0, block.number("count", 0xffff_ffff) ?? 1];
    if (size === 0 || count === 0 || at + size * count > 0x1_0000_0000 || blocks.length === MAX_BLOCKS) {
      block.problem("it fits no memory; left out from here on");
      break;
    }
    blocks.push({ start: at, size, count, arg: block.big("arg") ?? 0n });
    at += size * count;
  }
  if (blocks.length === 0) return node.problem("it has no blocks; left out");
  return {
    name: node.text("name") ?? "flash",
    start,
    size: at - start,
    pageSize,
    blankValue: node.big("blank-val") ?? ALL_ONES,
    filler: node.big("fill-val") ?? ALL_ONES,
    programTimeoutMs: node.number("ptime") ?? 100,
    eraseTimeoutMs: node.number("etime") ?? 300,
    blocks,
    line: 0,
    ...(pname === undefined ? {} : { pname }),
  };
}

function readDebugConfig(root: YamlNode, pathOf: (path: string) => string): PdscDebugConfig | undefined {
  const [topology, settings] = [root.node("debug-topology"), root.first("debugger")];
  const [clock, sdf] = [settings.number("clock"), topology.text("sdf")];
  if (!root.has("debug-topology") && !root.has("debugger")) return undefined;
  return {
    protocol: settings.choice("protocol", ["swd", "jtag"]) ?? "swd",
    swj: topology.boolean("swj") ?? true,
    dormant: topology.boolean("dormant") ?? false,
    ...(clock === undefined ? {} : { clock }),
    ...(sdf === undefined ? {} : { sdf: pathOf(sdf) }),
  };
}

function readOutput(node: YamlNode, pathOf: (path: string) => string): CbuildOutput | undefined {
  const file = node.text("file");
  if (file === undefined) return node.problem("it names no file; left out");
  const [load, offset, pname] = [node.text("load") ?? "", node.number("load-offset"), node.text("pname")];
  return {
    path: pathOf(file),
    type: (node.text("type") ?? "").toLowerCase(),
    isImage: load.includes("image"),
    hasSymbols: load.includes("symbol"),
    ...(offset === undefined ? {} : { offset }),
    ...(pname === undefined ? {} : { pname }),
  };
}
