/**
 * What the Security Extension of Armv8-M adds: the state the core is in, and stack limits.
 *
 * Armv8-M (DDI 0553) D1.2 DSCSR, MSPLIM, PSPLIM.
 *
 * @module
 */
import { TargetError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { CortexM } from "./cortex_m.ts";
import { DSCSR, SCS } from "./debug_regs.ts";

/** Security state of a core. */
export type SecurityState = "secure" | "nonsecure";

/**
 * Security state decoded from DSCSR.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeSecurityState } from "./v8m.ts";
 *
 * assertEquals(decodeSecurityState(0x00010000), "secure");
 * ```
 */
export function decodeSecurityState(dscsr: number): SecurityState {
  return (dscsr & DSCSR.CDS) !== 0 ? "secure" : "nonsecure";
}

/** The state a core is in, or undefined when it has no Security Extension. @throws {TransferError} */
export async function readSecurityState(core: CortexM): Promise<SecurityState | undefined> {
  if (!core.identity.capabilities.security) return undefined;
  return decodeSecurityState(await core.raw.read32(SCS.dscsr));
}

/**
 * Moves a halted core to the other security state and checks that it went.
 *
 * @throws {TargetError} when it did not, as without secure debug
 */
export async function setSecurityState(memory: MemoryInterface, state: SecurityState): Promise<void> {
  const dscsr = await memory.read32(SCS.dscsr);
  const kept = dscsr & ~(DSCSR.CDS | DSCSR.CDSKEY);
  memory.write32(SCS.dscsr, (kept | (state === "secure" ? DSCSR.CDS : 0)) >>> 0);
  if (decodeSecurityState(await memory.read32(SCS.dscsr)) === state) return;
  throw new TargetError(`Cannot switch the core to ${state} state: DSCSR does not change`, {
    code: "security-state",
    hint: "The core must be halted, and secure debug must be enabled",
  });
}

/** Lowest addresses the stack pointers may reach, in bytes, by register name. */
export interface StackLimits {
  /** Register name, such as `msplim_s`. */
  readonly name: string;
  /** Lowest byte address allowed. */
  readonly limit: number;
}

/** The stack limits a halted core has; empty before Armv8-M. */
export async function readStackLimits(core: CortexM): Promise<StackLimits[]> {
  const names = core.registerNames.filter((name) => /^[mp]splim_/.test(name));
  const values = await core.readRegisters(names);
  return names.map((name, index) => ({ name, limit: Number(values[index]) }));
}
