/**
 * A reset done by writing what a reset leaves in registers, for cores that cannot be reset alone.
 *
 * Armv7-M (DDI 0403) B1.5.5 and B3.2, Armv8-M (DDI 0553) B3.8 TakeReset.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import type { CortexM } from "./cortex_m.ts";
import { DEMCR, SCS, XPSR_T } from "./debug_regs.ts";

const ICSR_CLEAR_PENDING = 0x0a000000;
const CCR_STKALIGN = 0x200;
const CCR_RES1_V8 = 0x1;
const FPCCR_RESET = 0xc0000000;

/** A word in memory and its value after reset. */
export type MemoryWrite = readonly [address: number, value: number];

/**
 * System registers and what they hold after reset, as writes in order. Pending interrupts and fault status are
 * cleared by writing ones; priorities go back to zero.
 *
 * @param lines NVIC registers of 32 interrupts each (ICTR.INTLINESNUM + 1)
 */
export function resetWrites(
  core: { readonly mainline: boolean; readonly v8: boolean; readonly float: boolean },
  lines: number,
  vectorTable: number,
): MemoryWrite[] {
  const ones = 0xffffffff;
  const out: MemoryWrite[] = [
    [SCS.systickCtrl, 0],
    [SCS.systickLoad, 0],
    [SCS.systickValue, 0],
    [SCS.icsr, ICSR_CLEAR_PENDING],
    [SCS.scr, 0],
    [SCS.vtor, vectorTable],
    [SCS.mpuCtrl, 0],
  ];
  for (let n = 0; n < lines; n++) out.push([SCS.nvicIcer + n * 4, ones], [SCS.nvicIcpr + n * 4, ones]);
  for (let n = 0; n < lines * 8; n++) out.push([SCS.nvicIpr + n * 4, 0]);
  // Armv6-M has SHPR2 and SHPR3 only, a fixed CCR and no configurable faults.
  for (let n = core.mainline ? 0 : 1; n < 3; n++) out.push([SCS.shpr1 + n * 4, 0]);
  out.push([SCS.shcsr, 0]);
  if (core.mainline) {
    out.push([SCS.ccr, CCR_STKALIGN | (core.v8 ? CCR_RES1_V8 : 0)], [SCS.cfsr, ones], [SCS.hfsr, ones]);
    out.push([SCS.cpacr, 0]);
  }
  if (core.float) out.push([SCS.fpccr, FPCCR_RESET], [SCS.fpcar, 0], [SCS.fpdscr, 0]);
  return out;
}

/**
 * Core registers after a reset whose vector table starts with `stack` and `entry`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resetRegisters } from "./emulated_reset.ts";
 *
 * const after = resetRegisters(["r0", "sp", "psp", "lr", "pc", "xpsr"], 0x20001000, 0x08000101);
 * assertEquals(after, { r0: 0, psp: 0, sp: 0x20001000, lr: 0xffffffff, pc: 0x08000100, xpsr: 0x01000000 });
 * ```
 */
export function resetRegisters(names: readonly string[], stack: number, entry: number): Record<string, number> {
  const cleared = names.filter((name) => /^(r\d+|s\d+|psp|psp_ns|[mp]splim_n?s|cfbp|cfbp_n?s|fpscr|vpr)$/.test(name));
  const out: Record<string, number> = Object.fromEntries(cleared.map((name) => [name, 0]));
  return { ...out, sp: stack, lr: 0xffffffff, pc: (entry & ~1) >>> 0, xpsr: (entry & 1) !== 0 ? XPSR_T : 0 };
}

/**
 * Puts the core and its system registers into the state a reset leaves them in; peripherals stay as they are. Halts
 * first, and lets the core run unless the core-reset catch is set.
 *
 * @param vectorTable byte address of the vector table; VTOR unless given
 * @throws {TimeoutError} when the core cannot be halted
 */
export async function emulatedReset(core: CortexM, vectorTable?: number): Promise<void> {
  await core.halt();
  const [vtor, ictr, demcr] = await Promise.all([
    core.raw.read32(SCS.vtor),
    core.raw.read32(SCS.ictr),
    core.raw.read32(SCS.demcr),
  ]);
  const table = vectorTable ?? vtor;
  const vectors = await core.readWords(table, 2);
  const lines = Math.min(bits(ictr, 3, 0) + 1, 16);
  // FP registers go first: CPACR, written afterwards, switches the unit off.
  await core.writeRegisters(resetRegisters(core.registerNames, vectors[0]!, vectors[1]!));
  for (const [address, value] of resetWrites(core.identity.capabilities, lines, table)) {
    core.raw.write32(address, value);
  }
  await core.raw.flush();
  core.noteRun();
  if ((demcr & DEMCR.VC_CORERESET) === 0) await core.resume();
}
