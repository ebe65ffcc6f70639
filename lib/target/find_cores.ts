/**
 * Which access ports lead to a core.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { TransferError } from "../base/errors.ts";
import { SCS } from "../core/debug_regs.ts";
import { MemAp } from "../dap/mem_ap.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { Target } from "./target.ts";

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
 * Asks every memory access port for the CPUID register, at the same address in every Cortex-M.
 *
 * An access port that answers with an error leads to no core.
 */
export async function findCores(target: Target): Promise<CoreLocation[]> {
  const found: CoreLocation[] = [];
  for (const ap of target.aps) {
    if (!(ap instanceof MemAp) || !ap.enabled || ap.features.romBase === undefined) continue;
    let cpuid: number;
    try {
      cpuid = await ap.read32(SCS.cpuid);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      continue;
    }
    if (!IMPLEMENTERS.has(bits(cpuid, 31, 24)) || !PARTS.has(bits(cpuid, 15, 12))) continue;
    const name = processorName(target, ap, found.length);
    found.push({ memory: ap, ...(name === undefined ? {} : { name }) });
  }
  return found;
}

/** By access port where the description names one, else the only processor there is. */
function processorName(target: Target, ap: MemAp, index: number): string | undefined {
  const { processors } = target.description;
  const place = "apsel" in ap.address ? ap.address.apsel : ap.address.base;
  const named = processors.find((processor) => processor.ap === place);
  if (named !== undefined) return named.name;
  return processors.length === 1 && index === 0 && processors[0]?.ap === undefined ? processors[0]?.name : undefined;
}
