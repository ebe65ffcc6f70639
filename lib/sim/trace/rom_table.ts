/**
 * CoreSight ROM tables and the components they list on the chips simulated here.
 *
 * @module
 */
import type { BusDevice } from "../contracts.ts";
import { CIDR_DEBUG, CIDR_ROM_TABLE, FixedComponent, peripheralId } from "./component.ts";

/** Where the ROM table of a Cortex-M lies. */
export const ROM_TABLE_BASE = 0xe00ff000;

const MEMTYPE = 0xfcc, MEMTYPE_SYSTEM = 1;
const ENTRY_PRESENT = 3, ENTRY_ABSENT = 2;

/** One line of a ROM table. */
export interface RomTableLine {
  /** Byte address of the component. */
  readonly address: number;
  /** Whether the chip has it; the entry is there in any case. */
  readonly present: boolean;
}

/** Blocks of a Cortex-M4 in ROM table order: SCS, DWT, FPB, ITM, TPIU, ETM (Cortex-M4 TRM, table 8-1). */
export const CORTEX_M4_LINES: readonly RomTableLine[] = [
  0xe000e000,
  0xe0001000,
  0xe0002000,
  0xe0000000,
  0xe0040000,
  0xe0041000,
].map((address) => ({ address, present: true }));

/** Blocks of a Cortex-M0 in ROM table order: SCS, DWT, BPU (Cortex-M0 TRM, table 7-1). */
export const CORTEX_M0_LINES: readonly RomTableLine[] = [0xe000e000, 0xe0001000, 0xe0002000]
  .map((address) => ({ address, present: true }));

/**
 * A ROM table at {@linkcode ROM_TABLE_BASE} whose peripheral id is the chip maker's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CORTEX_M4_LINES, romTable } from "./rom_table.ts";
 *
 * const table = romTable(CORTEX_M4_LINES, { designer: 0x020, part: 0x413, revision: 0 });
 * assertEquals(table.read(0, 4), 0xfff0f003);
 * assertEquals([table.read(0xfe0, 4), table.read(0xfe4, 4), table.read(0xfe8, 4)], [0x13, 0x04, 0x0a]);
 * ```
 */
export function romTable(
  lines: readonly RomTableLine[],
  maker: { readonly designer: number; readonly part: number; readonly revision: number },
): BusDevice {
  const entries = lines.map(({ address, present }, i): [number, number] => {
    const offset = (address - ROM_TABLE_BASE) & 0xfffff000;
    return [i * 4, (offset | (present ? ENTRY_PRESENT : ENTRY_ABSENT)) >>> 0];
  });
  const id = { cidr: CIDR_ROM_TABLE, ...peripheralId(maker.designer, maker.part, maker.revision) };
  return new FixedComponent(id, [...entries, [MEMTYPE, MEMTYPE_SYSTEM]]);
}

/** The identity of an ETM-M4 that does not trace: it stays powered down (ETMCR reset value 0x411). */
export function idleEtm(): BusDevice {
  const id = { cidr: CIDR_DEBUG, pidr: 0x000bb925, pidr4: 4 };
  return new FixedComponent(id, [
    [0x000, 0x00000411],
    [0x004, 0x8c802000],
    [0x1e4, 0x4114f250],
    [0x1e8, 0x18541800],
    [0xfb4, 0x00000003],
    [0xfcc, 0x00000013],
  ]);
}
