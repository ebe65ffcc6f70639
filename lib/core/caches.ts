/**
 * First-level caches, and keeping instruction fetches right after the debugger changed code.
 *
 * Armv7-M (DDI 0403) B2.2 and B4.8, Armv8-M (DDI 0553) D1.2 CLIDR, CTR, ICIALLU, ICIMVAU, DCCMVAU.
 *
 * @module
 */
import { alignDown, bits } from "../base/bits.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { SCS } from "./debug_regs.ts";

/** Which caches a core has and how long their lines are. */
export interface CacheGeometry {
  /** Bytes per instruction-cache line; 0 when there is no instruction cache. */
  readonly instructionLine: number;
  /** Bytes per data-cache line; 0 when there is no data cache. */
  readonly dataLine: number;
}

/**
 * Cache geometry from CLIDR and CTR.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeCaches } from "./caches.ts";
 *
 * assertEquals(decodeCaches(0x09000003, 0x8303c003), { instructionLine: 32, dataLine: 32 });
 * assertEquals(decodeCaches(0, 0x8000c000), { instructionLine: 0, dataLine: 0 });
 * ```
 */
export function decodeCaches(clidr: number, ctr: number): CacheGeometry {
  const type = bits(clidr, 2, 0);
  const instruction = type === 1 || type === 3 || type === 4;
  const data = type === 2 || type === 3 || type === 4;
  return {
    instructionLine: instruction ? 4 << bits(ctr, 3, 0) : 0,
    dataLine: data ? 4 << bits(ctr, 19, 16) : 0,
  };
}

/**
 * Queues what makes the core fetch the code just written to `length` bytes at `address`: the data cache hands it down
 * to where instruction fetches look, and stale instruction-cache lines go. Nothing is queued for a core without caches.
 */
export function synchroniseCode(
  memory: MemoryInterface,
  caches: CacheGeometry,
  address: number,
  length: number,
): void {
  if (length <= 0) return;
  const { dataLine, instructionLine } = caches;
  if (dataLine > 0) {
    for (let line = alignDown(address, dataLine); line < address + length; line += dataLine) {
      memory.write32(SCS.dccmvau, line);
    }
  }
  if (instructionLine === 0) return;
  const first = alignDown(address, instructionLine);
  if (first + instructionLine >= address + length) memory.write32(SCS.icimvau, first);
  else memory.write32(SCS.iciallu, 0);
}
