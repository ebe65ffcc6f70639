/**
 * Reads what is needed to explain why a core is in a fault handler, and puts it into words.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { CortexM } from "./cortex_m.ts";
import { SCS } from "./debug_regs.ts";
import {
  decodeExceptionFrame,
  decodeFaults,
  type ExceptionFrame,
  exceptionName,
  type Fault,
  type FaultRegisters,
  locateFrame,
} from "./faults.ts";

/** Why a core is where it is. */
export interface FaultReport {
  /** Name of the exception being handled, `Thread mode` when there is none. */
  readonly exception: string;
  /** Raw registers. */
  readonly registers: FaultRegisters;
  /** Status bits that are set. */
  readonly faults: readonly Fault[];
  /** What was interrupted, while LR still tells where it was saved. */
  readonly frame: ExceptionFrame | undefined;
}

/**
 * Reads the fault registers and the exception frame of a halted core. Armv6-M has no fault status but DFSR.
 *
 * @throws {TargetError} when the core is not halted
 */
export async function readFaultReport(core: CortexM): Promise<FaultReport> {
  const { mainline, security } = core.identity.capabilities;
  const [ipsr, lr] = await core.readRegisters(["ipsr", "lr"]) as [number, number];
  const [status, secure] = await Promise.all([
    mainline ? core.raw.readWords(SCS.cfsr, 5) : core.raw.readWords(SCS.dfsr, 1),
    mainline && security ? core.raw.readWords(SCS.sfsr, 2) : new Uint32Array(2),
  ]);
  const registers: FaultRegisters = {
    cfsr: mainline ? status[0]! : 0,
    hfsr: mainline ? status[1]! : 0,
    dfsr: mainline ? status[2]! : status[0]!,
    mmfar: mainline ? status[3]! : 0,
    bfar: mainline ? status[4]! : 0,
    sfsr: secure[0]!,
    sfar: secure[1]!,
  };
  const frame = ipsr === 0 ? undefined : await readFrame(core, lr);
  return { exception: exceptionName(ipsr), registers, faults: decodeFaults(registers), frame };
}

async function readFrame(core: CortexM, lr: number): Promise<ExceptionFrame | undefined> {
  const place = locateFrame(lr, core.identity.capabilities.security);
  if (!place) return undefined;
  const stack = await core.readRegister(place.register);
  try {
    return decodeExceptionFrame(await core.readWords(stack + place.offset, 8));
  } catch (error) {
    // A stack pointer outside memory is a common reason to be in the handler; the rest of the report still counts.
    if (!(error instanceof TransferError)) throw error;
    getLogger("core").debug(() => `No exception frame: ${error.message}`);
    return undefined;
  }
}

/**
 * A fault report as lines of text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatFaultReport } from "./fault_report.ts";
 *
 * const registers = { cfsr: 0x02000000, hfsr: 0, dfsr: 0, mmfar: 0, bfar: 0, sfsr: 0, sfar: 0 };
 * const faults = [{ source: "UFSR", name: "DIVBYZERO", text: "integer division by zero" }] as const;
 * assertEquals(formatFaultReport({ exception: "UsageFault", registers, faults, frame: undefined }), [
 *   "In UsageFault",
 *   "UFSR.DIVBYZERO: integer division by zero",
 * ]);
 * ```
 */
export function formatFaultReport(report: FaultReport): string[] {
  const out = [`In ${report.exception}`];
  for (const fault of report.faults) {
    const at = fault.address === undefined ? "" : ` (address ${hex(fault.address)})`;
    out.push(`${fault.source}.${fault.name}: ${fault.text}${at}`);
  }
  if (report.frame) out.push(`Interrupted at PC ${hex(report.frame.pc)}, called from ${hex(report.frame.lr)}`);
  return out;
}
