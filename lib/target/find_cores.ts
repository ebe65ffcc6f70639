/**
 * Which access ports lead to a core.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { SCS } from "../core/debug_regs.ts";
import {
  type ComponentNode,
  type Corrections,
  describeComponent,
  discover,
  findComponent,
  flattenComponents,
} from "../coresight/discovery.ts";
import { drivesApb } from "../dap/access_port.ts";
import { MemAp } from "../dap/mem_ap.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { Target } from "./target.ts";

const log = getLogger("target", "discovery");

/** Where a core was found. */
export interface CoreLocation {
  /** Its address space. */
  readonly memory: MemoryInterface;
  /** The processor's name in the chip description. */
  readonly name?: string;
  /** Byte address of its breakpoint unit. */
  readonly fpb?: number;
  /** Byte address of its watchpoint unit. */
  readonly dwt?: number;
}

/** CPUID implementers: Arm, and Arm China. */
const IMPLEMENTERS: ReadonlySet<number> = new Set([0x41, 0x63]);
/** CPUID.PARTNO of all M-profile cores starts with 0xC or 0xD. */
const PARTS: ReadonlySet<number> = new Set([0xc, 0xd]);

/**
 * Walks the ROM table of every memory access port; one that lists a System Control Space leads to a core. Where the
 * table is missing or wrong, as on several chips, CPUID decides, which every Cortex-M has at the same address.
 *
 * The component trees go to {@linkcode Target.components}.
 */
export async function findCores(target: Target): Promise<CoreLocation[]> {
  const found: CoreLocation[] = [];
  target.components.clear();
  for (const ap of target.aps) {
    if (!(ap instanceof MemAp) || !ap.enabled) continue;
    const tree = await componentsOf(ap, correctionsFor(target, ap));
    if (tree !== undefined) target.components.set(ap, tree);
    const listed = tree !== undefined && findComponent(tree, "scs") !== undefined;
    if (!listed && (drivesApb(ap.identity) || !await hasCpuid(ap))) continue;
    const name = processorName(target, ap, found.length);
    const fpb = tree && findComponent(tree, "fpb")?.address;
    const dwt = tree && findComponent(tree, "dwt")?.address;
    found.push({
      memory: ap,
      ...(name === undefined ? {} : { name }),
      ...(fpb === undefined ? {} : { fpb }),
      ...(dwt === undefined ? {} : { dwt }),
    });
  }
  return found;
}

/** BASE of a MEM-AP, which data patches may replace. */
const AP_BASE = 0xf8;

function correctionsFor(target: Target, ap: MemAp): Corrections {
  const own = (target.description.dataPatches ?? []).filter((patch) =>
    patch.ap === undefined || patch.ap === placeOf(ap)
  );
  const base = own.find((patch) => patch.kind === "ap-register" && (patch.address & 0xff) === AP_BASE);
  return {
    words: own.filter(({ kind }) => kind === "memory"),
    ...(base === undefined ? {} : { romBase: (base.value & 0xffff_f000) >>> 0 }),
  };
}

function placeOf(ap: MemAp): number {
  return "apsel" in ap.address ? ap.address.apsel : ap.address.base;
}

async function componentsOf(ap: MemAp, corrections: Corrections): Promise<ComponentNode | undefined> {
  try {
    const tree = await discover(ap, corrections);
    for (const node of tree ? flattenComponents(tree) : []) log.info(() => `${ap.name} ${describeComponent(node)}`);
    return tree;
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.warning(`Cannot read the ROM table of ${ap.name}: ${error.message}`);
    return undefined;
  }
}

async function hasCpuid(ap: MemAp): Promise<boolean> {
  try {
    const cpuid = await ap.read32(SCS.cpuid);
    return IMPLEMENTERS.has(bits(cpuid, 31, 24)) && PARTS.has(bits(cpuid, 15, 12));
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return false;
  }
}

/** By access port where the description names one, else the only processor there is. */
function processorName(target: Target, ap: MemAp, index: number): string | undefined {
  const { processors } = target.description;
  const place = placeOf(ap);
  const named = processors.find((processor) => processor.ap === place);
  if (named !== undefined) return named.name;
  return processors.length === 1 && index === 0 ? processors[0]?.name : undefined;
}
