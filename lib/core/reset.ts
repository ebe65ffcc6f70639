/**
 * The architecture's own way of each step of a reset. Every step is a function of its own, so that whoever runs the
 * ladder of overrides can replace one and keep the others.
 *
 * Armv7-M (DDI 0403) B1.5.16 and C1.4, Armv8-M (DDI 0553) B3.8 and B14.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { Deadline } from "../base/clock.ts";
import { TargetError, TimeoutError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { CortexM } from "./cortex_m.ts";
import { AIRCR, DEMCR, DHCSR, encodeDhcsr, SCS } from "./debug_regs.ts";
import { emulatedReset } from "./emulated_reset.ts";

const log = getLogger("core", "reset");

/** What {@linkcode setResetCatch} found, to be handed to {@linkcode clearResetCatch}. */
export interface ResetCatch {
  /** Whether the user has the core-reset catch on for himself, so that it has to stay. */
  readonly userCatch: boolean;
}

/** How {@linkcode waitForReset} waits. */
export interface ResetWait {
  /** Milliseconds in all. */
  readonly timeoutMs: number;
  /** Milliseconds between looks; 10 unless given. */
  readonly intervalMs?: number;
  /** Brings the debug port back after the chip's reset took it down; its failures count as "not yet". */
  readonly recoverDap?: () => Promise<void>;
}

/**
 * Requests a system reset (AIRCR.SYSRESETREQ). A chip that resets its debug logic along with the rest answers the
 * write with an error; {@linkcode waitForReset} finds out whether it came back.
 */
export async function systemReset(core: CortexM): Promise<void> {
  core.raw.write32(SCS.aircr, AIRCR.systemReset);
  await tolerant(core, "system reset");
}

/**
 * Resets the core alone: AIRCR.VECTRESET on Armv7-M, where it needs a halted core, and an emulated reset elsewhere.
 *
 * @throws {TimeoutError} when the core cannot be halted
 */
export async function coreReset(core: CortexM): Promise<void> {
  if (core.features.architecture !== "v7-M") {
    log.warning(`${core.features.architecture} has no reset of the core alone; the reset is emulated`);
    return await emulatedReset(core);
  }
  await core.halt();
  core.raw.write32(SCS.aircr, AIRCR.coreReset);
  await tolerant(core, "core reset");
}

/**
 * Makes the core halt at its first instruction after the next reset (DEMCR.VC_CORERESET), and forgets earlier resets
 * (DHCSR.S_RESET_ST). Works while the core is held in reset.
 *
 * @throws {TransferError}
 */
export async function setResetCatch(core: CortexM): Promise<ResetCatch> {
  const demcr = await core.raw.read32(SCS.demcr);
  const dhcsr = await core.raw.read32(SCS.dhcsr);
  if ((dhcsr & DHCSR.C_DEBUGEN) === 0) core.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN));
  core.raw.write32(SCS.demcr, (demcr | DEMCR.VC_CORERESET | DEMCR.TRCENA) >>> 0);
  await core.raw.flush();
  return { userCatch: (demcr & DEMCR.VC_CORERESET) !== 0 };
}

/** Takes the reset catch away again, unless the user had it on for himself. @throws {TransferError} */
export async function clearResetCatch(core: CortexM, before: ResetCatch): Promise<void> {
  const demcr = await core.raw.read32(SCS.demcr);
  const wanted = before.userCatch ? demcr | DEMCR.VC_CORERESET : demcr & ~DEMCR.VC_CORERESET;
  core.raw.write32(SCS.demcr, (wanted | DEMCR.TRCENA) >>> 0);
  await core.raw.flush();
}

/**
 * Waits until the core answers and is out of reset (DHCSR.S_RESET_ST clear on a second look). Transfers that fail
 * meanwhile are expected.
 *
 * @throws {TimeoutError} when it is still in reset, or does not answer, after `timeoutMs` milliseconds
 */
export async function waitForReset(core: CortexM, wait: ResetWait): Promise<void> {
  const deadline = new Deadline(core.clock, wait.timeoutMs, "waiting for the core to come out of reset");
  core.noteRun();
  let fault: TransferError | undefined;
  while (true) {
    const last = deadline.expired;
    try {
      if ((await core.raw.read32(SCS.dhcsr) & DHCSR.S_RESET_ST) === 0) return;
      fault = undefined;
    } catch (error) {
      fault = await recovered(error, wait.recoverDap);
    }
    if (last) throw stillInReset(core, wait.timeoutMs, fault);
    await core.clock.sleep(Math.min(wait.intervalMs ?? 10, deadline.left));
  }
}

/**
 * Switches halting debug on (DHCSR.C_DEBUGEN) and the debug units (DEMCR.TRCENA), leaving a halted core halted.
 *
 * @throws {TargetError} when the chip does not let debuggers in
 */
export async function startDebug(core: CortexM): Promise<void> {
  const [before, demcr] = await Promise.all([core.raw.read32(SCS.dhcsr), core.raw.read32(SCS.demcr)]);
  const halted = before & (DHCSR.C_HALT | DHCSR.C_MASKINTS);
  if ((before & DHCSR.C_DEBUGEN) === 0) core.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | halted));
  core.raw.write32(SCS.demcr, (demcr | DEMCR.TRCENA) >>> 0);
  const after = await core.raw.read32(SCS.dhcsr);
  if ((after & DHCSR.C_DEBUGEN) !== 0) return;
  throw new TargetError(
    `Cannot start debugging core ${core.index} (${core.name}): C_DEBUGEN stays clear (DHCSR ${hex(after)})`,
    {
      code: "debug-disabled",
      hint: "The chip's debug authentication keeps debuggers out; unlock the chip first",
      fields: { core: core.index, dhcsr: after },
    },
  );
}

/**
 * Leaves the core as if no debugger had been there: breakpoints and watchpoints out, running, halting debug, vector
 * catches and debug units off.
 *
 * @throws {TransferError}
 */
export async function stopDebug(core: CortexM): Promise<void> {
  await core.removeAllBreakpoints();
  await core.resume();
  core.raw.write32(SCS.demcr, 0);
  core.raw.write32(SCS.dhcsr, encodeDhcsr(0));
  await core.raw.flush();
}

async function tolerant(core: CortexM, what: string): Promise<void> {
  core.noteRun();
  try {
    await core.raw.flush();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.debug(() => `The ${what} took the debug connection down: ${error.message}`);
  }
}

async function recovered(error: unknown, recoverDap: (() => Promise<void>) | undefined): Promise<TransferError> {
  if (!(error instanceof TransferError)) throw error;
  try {
    await recoverDap?.();
  } catch (failure) {
    log.debug(() => `The debug port is not back yet: ${failure instanceof Error ? failure.message : failure}`);
  }
  return error;
}

function stillInReset(core: CortexM, limitMs: number, fault: TransferError | undefined): TimeoutError {
  const what = fault ? "does not answer" : "is still held in reset";
  return new TimeoutError(`Cannot finish the reset: core ${core.index} (${core.name}) ${what} after ${limitMs} ms`, {
    code: fault ? "core-not-accessible" : "core-in-reset",
    hint: fault
      ? "The chip may close its debug port after reset; connect under reset, or unlock it"
      : "Something holds the core in reset: nRESET, another core, or a reset controller",
    ...(fault ? { cause: fault } : {}),
    fields: { core: core.index },
  });
}
