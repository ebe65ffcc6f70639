/**
 * Why a core is not where it should be, in words.
 *
 * @module
 */
import { bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { TransferError } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import { SCS } from "../core/debug_regs.ts";
import { decodeExceptionFrame, decodeFaults, exceptionName } from "../core/faults.ts";

/**
 * Completes "the program …": what state the core is in, and which fault brought it there. `pc` is where it halted,
 * when it did; for a fault, the instruction that caused it is named instead, as far as the stack tells.
 */
export async function describeStop(core: Core, pc?: number): Promise<string> {
  const state = await core.state();
  if (state !== "halted") return state === "lockup" ? "locked up the core" : `left the core ${state}`;
  const exception = bits(await core.readRegister("xpsr"), 8, 0);
  if (exception === 0) return `halted unexpectedly${pc === undefined ? "" : ` at ${hex(pc)}`}`;
  const culprit = await faultingAddress(core) ?? pc;
  const causes = await faultCauses(core);
  return `took a ${exceptionName(exception)}${culprit === undefined ? "" : ` at ${hex(culprit)}`}${
    causes.length > 0 ? ` (${causes.join("; ")})` : ""
  }`;
}

/** Algorithms run on the main stack, and vector catch halts before the handler moves it. */
async function faultingAddress(core: Core): Promise<number | undefined> {
  const sp = await core.readRegister("sp");
  try {
    return decodeExceptionFrame(await core.readWords(sp - sp % 4, 8)).pc;
  } catch (error) {
    if (error instanceof TransferError) return undefined;
    throw error;
  }
}

/** Whether the core has CFSR and HFSR: the baseline architectures do not. */
export function hasFaultStatus(core: Core): boolean {
  return core.features.architecture !== "v6-M" && core.features.architecture !== "v8-M baseline";
}

async function faultCauses(core: Core): Promise<string[]> {
  if (!hasFaultStatus(core)) return [];
  const [cfsr, hfsr, dfsr, mmfar, bfar] = await core.readWords(SCS.cfsr, 5) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  return decodeFaults({ cfsr, hfsr, dfsr, mmfar, bfar, sfsr: 0, sfar: 0 })
    .filter((fault) => fault.source !== "DFSR")
    .map((fault) =>
      `${fault.source}.${fault.name}: ${fault.text}${fault.address === undefined ? "" : ` (${hex(fault.address)})`}`
    );
}
