/**
 * Values about the chip: identity, cores, memory map, peripherals, protection, and everything as a tree.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { type ComponentNode, describeComponent } from "../../coresight/discovery.ts";
import { REGISTERS } from "../../core/registers.ts";
import { MemAp } from "../../dap/mem_ap.ts";
import { TargetError } from "../../base/errors.ts";
import type { CommandContext } from "../context.ts";
import { formatTable, showMap } from "../memory_table.ts";
import type { ValueSpec } from "./spec.ts";

async function showTarget(context: CommandContext): Promise<void> {
  const { name, vendor, families } = context.session.target.description;
  context.write(`Target:      ${name}\nVendor:      ${vendor}\n`);
  if (families.length > 0) context.write(`Family:      ${families.join(", ")}\n`);
  context.write(`DAP IDCODE:  ${hex(context.session.dp.identity.value)}\n`);
}

async function showCores(context: CommandContext): Promise<void> {
  for (const core of context.session.target.cores) {
    const mark = core.index === context.core.index ? "*" : " ";
    context.write(`${core.index}${mark} ${core.name} (${core.features.name} ${core.features.revision})\n`);
  }
}

async function showPeripherals(context: CommandContext): Promise<void> {
  const device = await context.device();
  if (device === undefined) {
    throw new TargetError("Cannot show peripherals: nothing describes them", {
      code: "no-svd",
      hint: "Give the chip's pack with --pack, or an SVD file with -O svd_file=FILE",
    });
  }
  for (const { base, name } of [...device.peripherals].sort((a, b) => a.base - b.base)) {
    context.write(`${hex(base)}: ${name}\n`);
  }
}

async function showLocked(context: CommandContext): Promise<void> {
  const { locked } = await context.session.target.lockState();
  context.write(locked ? "Target is locked\n" : "Target is unlocked\n");
}

async function showRegisterGroups(context: CommandContext): Promise<void> {
  const names = new Set(context.core.registerNames);
  const groups = new Set(REGISTERS.filter((info) => names.has(info.name)).map((info) => info.group));
  for (const group of groups) context.write(`${group}\n`);
}

async function showSequences(context: CommandContext): Promise<void> {
  const { sequences } = context.session.target;
  if (sequences === undefined) {
    throw new TargetError("Cannot show debug sequences: the chip's description has none", {
      code: "no-sequences",
      hint: "Give the chip's pack with --pack, or install it",
    });
  }
  const yes = (value: boolean): string => (value ? "yes" : "no");
  const rows = sequences.list().filter(({ defined }) => defined).map(({ name, pname, standard, enabled }) => [
    name,
    pname ?? "all",
    yes(standard),
    yes(enabled),
  ]);
  context.write(formatTable([["Name", "Processor", "Standard", "Enabled"], ...rows]));
}

async function showGraph(context: CommandContext): Promise<void> {
  const { probe, target, dp } = context.session;
  const line = (depth: number, text: string): void => context.write(`${"  ".repeat(depth)}${text}\n`);
  const component = (depth: number, node: ComponentNode): void => {
    line(depth, describeComponent(node));
    for (const child of node.children) component(depth + 1, child);
  };
  line(0, "Session");
  line(1, `Probe ${probe.description} (${probe.uniqueId})`);
  line(1, `Target ${target.description.name}`);
  line(2, `Debug port ${hex(dp.identity.value)}`);
  for (const ap of target.aps) {
    line(3, `${ap.name} IDR ${hex(ap.identity.value)}`);
    if (!(ap instanceof MemAp)) continue;
    for (const core of target.cores) if (core.raw === ap) line(4, `Core ${core.index} ${core.name}`);
    const tree = target.components.get(ap);
    if (tree !== undefined) component(4, tree);
  }
}

/** Values about the chip. */
export const TARGET_VALUES: readonly ValueSpec[] = [
  { names: ["target"], help: "The chip.", show: showTarget },
  { names: ["cores"], help: "Cores; * marks the selected one.", show: showCores },
  { names: ["map"], help: "Memory map.", show: async (context) => showMap(context) },
  { names: ["peripherals"], help: "Peripherals by address.", show: showPeripherals },
  { names: ["locked"], help: "Whether the chip keeps debuggers out.", show: showLocked },
  { names: ["register-groups"], help: "Groups of core registers.", show: showRegisterGroups },
  { names: ["debug-sequences"], help: "Debug sequences of the chip's pack.", show: showSequences },
  { names: ["graph"], help: "Probe, chip, ports, cores and components as a tree.", show: showGraph },
];
