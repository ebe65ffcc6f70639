/**
 * Why a core is not where it should be, in words.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import type { Core } from "../core/core.ts";
import { SCS } from "../core/debug_regs.ts";

/** CFSR bit; the register reads as zero on Armv6-M. */
const BFARVALID = 1 << 15;

const EXCEPTIONS: Readonly<Record<number, string>> = {
  2: "NMI",
  3: "HardFault",
  4: "MemManage fault",
  5: "BusFault",
  6: "UsageFault",
  7: "SecureFault",
};

/**
 * Completes "the program …": what state the core is in and which fault brought it there. `pc` is where it halted,
 * when it did.
 */
export async function describeStop(core: Core, pc?: number): Promise<string> {
  const state = await core.state();
  if (state !== "halted") return state === "lockup" ? "locked up the core" : `left the core ${state}`;
  const at = pc === undefined ? "" : ` at ${hex(pc)}`;
  const exception = bits(await core.readRegister("xpsr"), 8, 0);
  if (exception === 0) return `halted unexpectedly${at}`;
  const [cfsr, hfsr, bfar] = await Promise.all([core.read32(SCS.cfsr), core.read32(SCS.hfsr), core.read32(SCS.bfar)]);
  const where = (cfsr & BFARVALID) !== 0 ? `, BFAR=${hex(bfar)}` : "";
  const name = EXCEPTIONS[exception] ?? `exception ${exception}`;
  return `took a ${name}${at} (CFSR=${hex(cfsr)}, HFSR=${hex(hfsr)}${where})`;
}
