/**
 * `tapir pack show`: what a pack says about a device.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { hex } from "../../base/bytes.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { openPacks } from "../../pack/bundle.ts";
import { systemFiles } from "../../pack/files.ts";

import type { PackProblem } from "../../pack/attributes.ts";
import type { PackDescription, PdscBoard, PdscDevice } from "../../pack/pdsc_types.ts";
import type { Pack } from "../../pack/source.ts";
import { findTarget } from "../../session/targets.ts";
import type { MemoryRegion, TargetDescription } from "../../target/description.ts";
import type { CliContext } from "../context.ts";
import { type PackAction, type PackValues, storeOf } from "../pack_options.ts";
import { renderTable } from "../table.ts";
import { byteCount } from "../units.ts";
import { showInstalled } from "./pack_list.ts";

const MAX_PROBLEMS = 20;

/** An algorithm as it is shown. */
interface ShownAlgorithm {
  readonly name: string;
  readonly start: number;
  readonly size: number;
  readonly default: boolean;
  /** Whether it programs some region as things stand. */
  readonly chosen: boolean;
  readonly pname?: string;
  readonly ram?: { readonly start: number; readonly size: number };
  /** Whether its file is there. */
  readonly present: boolean;
}

/** `tapir pack show`. */
export const show: PackAction = {
  options: ["pack", "target", "algorithm", "flm", "noHeader"],
  async run(context, values, patterns) {
    const names = [...patterns, ...values.target];
    if (names.length > 1) {
      throw new UsageError(`Cannot show ${names.join(" and ")} at once`, { hint: "Name one device" });
    }
    const absolute = (path: string): string => isAbsolute(path) ? path : join(context.streams.cwd, path);
    const packs = values.pack.map(absolute);
    const [name] = names;
    if (name === undefined && packs.length === 0) return showInstalled(context, values, []);
    if (name === undefined && await showDevices(context, values, packs)) return EXIT.ok;
    const found = await findTarget({
      name,
      packs,
      store: storeOf(context, values),
      algorithms: values.algorithm,
      algorithmFiles: values.flm.map(absolute),
      warnGeneric: false,
    });
    try {
      await showDevice(context, found.description, found.pack);
    } finally {
      found.close();
    }
    return EXIT.ok;
  },
};

/** Lists the devices of packs; answers false when there is but one, which is shown whole. */
async function showDevices(context: CliContext, values: PackValues, paths: readonly string[]): Promise<boolean> {
  const packs: Pack[] = [];
  for (const path of paths) packs.push(...await openPacks(path, systemFiles));
  for (const pack of packs) pack.close();
  const devices = packs.flatMap(({ pdsc, location }) => pdsc.devices.map((device) => ({ ...device, pack: location })));
  if (devices.filter((device) => device.isSupported).length === 1 && packs.length === 1) return false;
  const problems = packs.flatMap(({ pdsc }) => pdsc.problems);
  if (context.json) {
    context.printJson({ packs: packs.map(packToJson), devices, problems });
    return true;
  }
  const header = values.noHeader ? [] : [["Device", "Vendor", "Family", "Cores"]];
  const rows = devices.map(({ name, vendor, family, subFamily, cores, isSupported }) => [
    name,
    vendor,
    subFamily ?? family,
    `${cores.join(", ")}${isSupported ? "" : " (not supported)"}`,
  ]);
  context.print(renderTable([...header, ...rows], { rule: !values.noHeader }));
  for (const line of problemLines(problems)) context.say(line);
  return true;
}

function packToJson({ pdsc: { vendor, name, version, description }, location }: Pack): object {
  return { vendor, name, version, description, path: location };
}

async function showDevice(context: CliContext, target: TargetDescription, pack: Pack | undefined): Promise<void> {
  const algorithms: ShownAlgorithm[] = [];
  for (const source of target.algorithms) {
    const { name, start, size, isDefault, pname, ram } = source;
    const own = pack === undefined || await pack.has(name);
    algorithms.push({
      name,
      start,
      size,
      default: isDefault,
      chosen: target.memory.some((region) => region.algorithm === source),
      ...(pname === undefined ? {} : { pname }),
      ...(ram === undefined ? {} : { ram }),
      present: own || await systemFiles.stat(name) !== undefined,
    });
  }
  const device = pack?.pdsc.device(target.name);
  if (context.json) return context.printJson(toJson(target, algorithms, pack, device));
  const title = [target.name, `(${target.vendor})`, ...target.families].join(" ");
  context.print(`${title}\n${pack === undefined ? "" : `${describePack(pack.pdsc)}, ${pack.location}\n`}`);
  section(context, "Processors", [
    ["Name", "Core", "AP", "Default reset", "SVD"],
    ...target.processors.map(({ name, core, ap, defaultReset, svd }) => [
      name,
      core,
      ap === undefined ? "–" : ap > 0xff ? hex(ap) : String(ap),
      defaultReset ?? "–",
      svd ?? "–",
    ]),
  ]);
  section(context, "Memory", [
    ["Region", "Kind", "Start", "Size", "Access", "Marks", "Algorithm"],
    ...target.memory.map((region) => [
      region.name,
      region.kind,
      hex(region.start),
      byteCount(region.size),
      region.access,
      marksOf(region),
      region.algorithm?.name ?? "–",
    ]),
  ]);
  section(context, "Flash algorithms", [
    ["Name", "Start", "Size", "RAM", "Default", "Chosen", "Processor", "File"],
    ...algorithms.map(({ name, start, size, ram, default: isDefault, chosen, pname, present }) => [
      name,
      hex(start),
      byteCount(size),
      ram === undefined ? "–" : `${hex(ram.start)}+${byteCount(ram.size)}`,
      isDefault ? "yes" : "no",
      chosen ? "yes" : "no",
      pname ?? "–",
      present ? "present" : "missing",
    ]),
  ]);
  if (device !== undefined) showDebug(context, device);
  section(context, "Boards", [
    ["Name", "Vendor", "Memory", "Algorithms"],
    ...boardsOf(pack, device).map(({ name, vendor, memories, algorithms }) => [
      name,
      vendor,
      memories.map((memory) => `${memory.name} ${hex(memory.start)}+${byteCount(memory.size)}`).join(", ") || "–",
      algorithms.map((algorithm) => algorithm.name).join(", ") || "–",
    ]),
  ]);
  const problems = pack?.pdsc.problems ?? [];
  if (problems.length > 0) context.print("\nProblems\n");
  for (const line of problemLines(problems)) context.print(`  ${line}\n`);
}

/** Packs of large families repeat a problem for each device, so people see the first ones only. */
function problemLines(problems: readonly PackProblem[]): string[] {
  const lines = problems.slice(0, MAX_PROBLEMS).map(({ file, line, message }) => `${file}:${line}: ${message}`);
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more; --json prints all`] : lines;
}

function showDebug(context: CliContext, device: PdscDevice): void {
  const { debugConfig, sequences, debugVars, flashInfos } = device;
  if (debugConfig) {
    const { protocol, clock, swj, dormant } = debugConfig;
    const parts = [
      protocol.toUpperCase(),
      clock === undefined ? "" : `${clock} Hz`,
      swj ? "SWJ" : "",
      dormant ? "dormant" : "",
    ];
    context.print(`\nDebug port\n  ${parts.filter((part) => part !== "").join(", ")}\n`);
  }
  section(context, "Flash by sequences", [
    ["Name", "Start", "Size", "Page"],
    ...flashInfos.map(({ name, start, size, pageSize }) => [name, hex(start), byteCount(size), byteCount(pageSize)]),
  ]);
  section(context, "Debug sequences", [
    ["Name", "Processor", "Line", "About"],
    ...sequences.map(({ name, pname, line, info, isDisabled }) => [
      name,
      pname ?? "–",
      String(line),
      `${isDisabled ? "disabled " : ""}${info ?? ""}`.trim() || "–",
    ]),
  ]);
  if (debugVars === undefined) return;
  const lines = debugVars.code.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const file = debugVars.configFile === undefined ? "" : ` (${debugVars.configFile})`;
  context.print(`\nDebug variables${file}\n${lines.map((line) => `  ${line}\n`).join("")}`);
}

/** Boards of the pack that the chip is mounted on. */
function boardsOf(pack: Pack | undefined, device: PdscDevice | undefined): PdscBoard[] {
  const names = [device?.name, device?.deviceName];
  return (pack?.pdsc.boards() ?? []).filter((board) => board.mountedDevices.some((name) => names.includes(name)));
}

/** A table under a heading; nothing when it has no rows. */
function section(context: CliContext, heading: string, rows: readonly (readonly string[])[]): void {
  if (rows.length < 2) return;
  const table = renderTable(rows).trimEnd().split("\n").map((line) => `  ${line}\n`).join("");
  context.print(`\n${context.paintData("bold", heading)}\n${table}`);
}

function marksOf({ isBoot, isDefault, external, alias, pname }: MemoryRegion): string {
  const marks = [
    isBoot ? "boot" : "",
    isDefault ? "default" : "",
    external ? "external" : "",
    alias === undefined ? "" : `alias of ${alias}`,
    pname === undefined ? "" : `of ${pname}`,
  ];
  return marks.filter((mark) => mark !== "").join(", ") || "–";
}

function describePack({ vendor, name, version }: PackDescription): string {
  return `Pack ${vendor}::${name}${version === "" ? "" : `@${version}`}`;
}

function toJson(
  { name, vendor, families, source, memory, processors }: TargetDescription,
  algorithms: readonly ShownAlgorithm[],
  pack: Pack | undefined,
  device: PdscDevice | undefined,
): object {
  return {
    name,
    vendor,
    families,
    source,
    ...(pack === undefined ? {} : { pack: packToJson(pack) }),
    processors,
    memory: memory.map(({ algorithm, ...region }) => ({
      ...region,
      ...(algorithm ? { algorithm: algorithm.name } : {}),
    })),
    algorithms,
    flashInfos: device?.flashInfos ?? [],
    debugConfig: device?.debugConfig ?? null,
    debugPorts: device?.debugPorts ?? [],
    accessPorts: device?.accessPorts ?? [],
    sequences: (device?.sequences ?? []).map(({ name, pname, line, info, isDisabled }) => ({
      name,
      pname,
      line,
      info,
      disabled: isDisabled,
    })),
    debugVars: device?.debugVars ?? null,
    debugs: device?.debugs ?? [],
    traces: device?.traces ?? [],
    boards: boardsOf(pack, device),
    problems: pack?.pdsc.problems ?? [],
  };
}
