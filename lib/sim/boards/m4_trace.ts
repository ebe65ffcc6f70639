/**
 * The trace and identification blocks around a Cortex-M4: ITM, TPIU with its SWO pin, an idle ETM, the ROM table.
 *
 * @module
 */
import { BUS_ERROR } from "../contracts.ts";
import type { CortexM } from "../cpu/cortex_m.ts";
import { gated } from "../trace/component.ts";
import { Itm } from "../trace/itm.ts";
import { CORTEX_M4_LINES, idleEtm, ROM_TABLE_BASE, romTable } from "../trace/rom_table.ts";
import { Tpiu } from "../trace/tpiu.ts";
import type { BoardClock } from "./board_clock.ts";

const DEMCR = 0xe000edfc, DEMCR_TRCENA = 0x01000000;

/** What tells one chip's trace blocks from another's. */
export interface M4TraceOptions {
  /** The core. */
  readonly cpu: CortexM;
  /** Target time. */
  readonly clock: BoardClock;
  /** Identity in the ROM table: JEP106 designer, part number, revision. */
  readonly maker: { readonly designer: number; readonly part: number; readonly revision: number };
  /** Frequency in hertz of the clock that ACPR divides. */
  readonly traceClockHz: () => number;
  /** Whether the chip routes SWO to its pin. */
  readonly isPinOn: () => boolean;
}

/** Maps the blocks on the core's private peripheral bus and hands back the two that hold state. */
export function addM4Trace(options: M4TraceOptions): { readonly itm: Itm; readonly tpiu: Tpiu } {
  const { cpu, clock, maker, traceClockHz, isPinOn } = options;
  const tpiu = new Tpiu({
    now: () => clock.now(),
    traceClockHz,
    isPinOn,
    sourceId: () => itm.traceBusId,
  });
  const itm: Itm = new Itm(tpiu, () => cpu.cycles);
  const isTraceOn = (): boolean => {
    const demcr = cpu.debugBus.read(DEMCR, 4);
    // The blocks live in the debug power domain: they are off while it is.
    return demcr !== BUS_ERROR && (demcr & DEMCR_TRCENA) !== 0;
  };
  cpu.mapPpb(0xe0000000, 0x1000, gated(itm, isTraceOn));
  cpu.mapPpb(0xe0040000, 0x1000, gated(tpiu, isTraceOn));
  cpu.mapPpb(0xe0041000, 0x1000, idleEtm());
  cpu.mapPpb(ROM_TABLE_BASE, 0x1000, romTable(CORTEX_M4_LINES, maker));
  return { itm, tpiu };
}
