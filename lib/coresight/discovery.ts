/**
 * Finds the CoreSight components behind a memory access port: a walk over its ROM tables that survives what is
 * absent, unpowered or broken, and reads everything of one table at once.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { drivesApb } from "../dap/access_port.ts";
import type { MemAp } from "../dap/mem_ap.ts";
import { readEach, type WaitingSpace, type WordSpace } from "./batch.ts";
import { type ComponentId, decodeComponentId, DEV_OFFSET, DEV_WORDS, ID_OFFSET, ID_WORDS } from "./component_id.ts";
import { Gpr, gprDomains } from "./gpr.ts";
import { type ComponentKind, type ComponentName, designerName, nameComponent } from "./ids.ts";
import { PatchedSpace, type WordPatch } from "./patched_space.ts";
import { readRomEntries, requestRomPower, type RomEntry, romLayout } from "./rom_table.ts";

/** One component, or a place that should hold one. */
export interface ComponentNode extends ComponentName {
  /** Byte address of the component's first byte. */
  readonly address: number;
  /** Identification, or undefined when it could not be read. */
  readonly id: ComponentId | undefined;
  /** Why the component, or its table, could not be read; undefined when all is well. */
  readonly error: string | undefined;
  /** Components its table lists, when it is a ROM table. */
  readonly children: readonly ComponentNode[];
  /** Byte addresses its table keeps places for, with nothing there. */
  readonly absent: readonly number[];
}

const MAX_DEPTH = 8;
const DEMCR = 0xe000edfc;
const TRCENA = 1 << 24;
const UNKNOWN: ComponentName = { name: "???", product: undefined, kind: "unknown" };

/**
 * The components behind an access port, or undefined when it has no ROM table or is disabled. On the bus of an M-profile core the
 * trace units are switched on first (DEMCR.TRCENA), since some of them answer only then.
 *
 * @throws {TransferError} never for a single component; its node carries the error
 */
export async function discover(ap: MemAp, corrections: Corrections = {}): Promise<ComponentNode | undefined> {
  const base = corrections.romBase ?? ap.features.romBase;
  if (base === undefined) return undefined;
  if (!ap.enabled) {
    getLogger("coresight").warning("The access port is disabled (CSW.DeviceEn); its components stay unknown");
    return undefined;
  }
  if (!drivesApb(ap.identity)) await enableTrace(ap);
  const patches = corrections.words ?? [];
  return await readComponentTree(patches.length > 0 ? new PatchedSpace(ap, patches) : ap, base);
}

/** What the description of a chip knows better than the chip. */
export interface Corrections {
  /** Byte address of the ROM table, in place of what BASE says. */
  readonly romBase?: number;
  /** Words that read wrongly. */
  readonly words?: readonly WordPatch[];
}

/**
 * The component at byte address `base` and, when it is a ROM table, everything below it. `memory` is target memory, or
 * the space of ADIv6 access ports, where power domains cannot be switched on.
 */
export async function readComponentTree(memory: WordSpace, base: number): Promise<ComponentNode> {
  const [found] = await identify(memory, [base]);
  return await expand({ memory, seen: new Set(), gpr: undefined }, found!, 0);
}

/** Every component of a tree in table order, tables included. */
export function flattenComponents(root: ComponentNode): ComponentNode[] {
  return [root, ...root.children.flatMap(flattenComponents)];
}

/** The first component of a kind, in table order. */
export function findComponent(root: ComponentNode, kind: ComponentKind): ComponentNode | undefined {
  return flattenComponents(root).find((node) => node.kind === kind && node.error === undefined);
}

/**
 * One line for a component, in the form pyOCD users know.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeComponent } from "./discovery.ts";
 *
 * const id = { class: 14, designer: 0x43b, part: 0xc, revision: 0, devtype: 0, archid: 0, devid: 0, devid2: 0, size: 4096 };
 * const node = { address: 0xe000e000, id, name: "SCS", product: "v7-M", kind: "scs", error: undefined } as const;
 * assertEquals(
 *   describeComponent({ ...node, children: [], absent: [] }),
 *   "<e000e000:SCS v7-M class=14 designer=43b:Arm part=00c>",
 * );
 * ```
 */
export function describeComponent(node: ComponentNode): string {
  const name = [node.name, node.product].filter((part) => part !== undefined).join(" ");
  const { id } = node;
  const digits = (value: number, count: number) => value.toString(16).padStart(count, "0");
  const details = id
    ? [
      `class=${id.class}`,
      `designer=${digits(id.designer, 3)}:${designerName(id.designer)}`,
      `part=${digits(id.part, 3)}`,
      ...(id.devtype ? [`devtype=${digits(id.devtype, 2)}`] : []),
      ...(id.archid ? [`archid=${digits(id.archid, 4)}`] : []),
      ...(id.devid ? [`devid=${digits(id.devid, 1)}`] : []),
    ]
    : [];
  const trouble = node.error === undefined ? "" : ` (${node.error})`;
  return `<${digits(node.address, 8)}:${[name, ...details].join(" ")}>${trouble}`;
}

interface Walk {
  readonly memory: WordSpace;
  /** Tables on the way here and those read before: a table that lists itself must not be read for ever. */
  readonly seen: Set<number>;
  /** The power requestor found last, which serves the tables below as well. */
  readonly gpr: Gpr | undefined;
}

type Identified = { readonly address: number; readonly id: ComponentId } | {
  readonly address: number;
  readonly error: string;
};

/** Reads the identification words of several components at once; 0xFBC to 0xFFF is one stretch. */
async function identify(memory: WordSpace, addresses: readonly number[]): Promise<Identified[]> {
  const count = DEV_WORDS + ID_WORDS;
  const blocks = await readEach(memory, addresses.map((address) => ({ address: address + DEV_OFFSET, count })));
  const out: Identified[] = [];
  for (const [index, block] of blocks.entries()) {
    const address = addresses[index]!;
    // Only class 0x9 promises anything below 0xFD0; a component may refuse to be read there.
    const words = block instanceof TransferError
      ? (await readEach(memory, [{ address: address + ID_OFFSET, count: ID_WORDS }]))[0]!
      : block;
    out.push(words instanceof TransferError ? { address, error: words.message } : decode(address, words));
  }
  return out;
}

function decode(address: number, words: Uint32Array): Identified {
  const id = words.length > ID_WORDS
    ? decodeComponentId(words.subarray(DEV_WORDS), words.subarray(0, DEV_WORDS))
    : decodeComponentId(words);
  if (id === undefined) return { address, error: "no component identification (CIDR)" };
  return { address: address - (id.size - 4096), id };
}

function leaf(found: Identified): ComponentNode {
  const bare = { address: found.address, children: [], absent: [] };
  if ("error" in found) return { ...bare, ...UNKNOWN, id: undefined, error: found.error };
  return { ...bare, ...nameComponent(found.id), id: found.id, error: undefined };
}

async function expand(walk: Walk, found: Identified, depth: number): Promise<ComponentNode> {
  const node = leaf(found);
  if ("error" in found || !romLayout(found.id)) return node;
  if (walk.seen.has(node.address)) return { ...node, error: "the table is listed a second time" };
  if (depth >= MAX_DEPTH) return { ...node, error: `tables are nested more than ${MAX_DEPTH} deep` };
  walk.seen.add(node.address);
  try {
    const entries = await readRomEntries(walk.memory, node.address, found.id);
    const absent = entries.filter((entry) => !entry.present).map((entry) => entry.address);
    const children = await readChildren(walk, node.address, found.id, entries.filter((entry) => entry.present), depth);
    return { ...node, children, absent };
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return { ...node, error: error.message };
  }
}

/** Components without a power domain come first: the power requestor for the others is among them. */
async function readChildren(
  walk: Walk,
  table: number,
  id: ComponentId,
  entries: readonly RomEntry[],
  depth: number,
): Promise<ComponentNode[]> {
  const found = new Map<RomEntry, Identified>();
  const reachable = entries.filter((entry) => {
    if (entry.address < 2 ** 32) return true;
    found.set(entry, { address: entry.address, error: "above 4 GB" });
    return false;
  });
  await identifyEntries(walk.memory, reachable.filter((entry) => entry.powerId === undefined), found);
  const gpr = findGpr(walk.memory, found) ?? walk.gpr;
  const powered: RomEntry[] = [];
  for (const entry of reachable.filter((entry) => entry.powerId !== undefined)) {
    const problem = await powerUp({ ...walk, gpr }, table, id, entry.powerId!);
    if (problem === undefined) powered.push(entry);
    else found.set(entry, { address: entry.address, error: problem });
  }
  await identifyEntries(walk.memory, powered, found);
  const children: ComponentNode[] = [];
  for (const entry of entries) children.push(await expand({ ...walk, gpr }, found.get(entry)!, depth + 1));
  return children;
}

async function identifyEntries(
  memory: WordSpace,
  entries: readonly RomEntry[],
  found: Map<RomEntry, Identified>,
): Promise<void> {
  if (entries.length === 0) return;
  const results = await identify(memory, entries.map((entry) => entry.address));
  for (const [index, entry] of entries.entries()) found.set(entry, results[index]!);
}

function findGpr(memory: WordSpace, found: ReadonlyMap<RomEntry, Identified>): Gpr | undefined {
  if (!canWait(memory)) return undefined;
  for (const component of found.values()) {
    if ("error" in component || nameComponent(component.id).kind !== "gpr") continue;
    return new Gpr(memory, component.address, gprDomains(component.id));
  }
  return undefined;
}

async function powerUp(walk: Walk, table: number, id: ComponentId, domain: number): Promise<string | undefined> {
  try {
    if (romLayout(id)?.powerRequests && canWait(walk.memory)) return await requestRomPower(walk.memory, table, domain);
    if (walk.gpr) return await walk.gpr.powerUp(domain);
    return `power domain ${domain} cannot be switched on: no power requestor was found`;
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return `power domain ${domain} cannot be switched on: ${error.message}`;
  }
}

function canWait(memory: WordSpace): memory is WaitingSpace {
  return "waitFor32" in memory;
}

async function enableTrace(ap: MemAp): Promise<void> {
  try {
    ap.write32(DEMCR, (await ap.read32(DEMCR) | TRCENA) >>> 0);
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    getLogger("coresight").debug(() => `No DEMCR at ${hex(DEMCR)}: ${error.message}`);
  }
}
