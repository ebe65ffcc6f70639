/**
 * Resetting: which kind, through which layer, and how the chip is met again afterwards.
 *
 * @module
 */
import { bit } from "../base/bits.ts";
import { TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { ResetType } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { emulatedReset } from "../core/emulated_reset.ts";
import {
  clearResetCatch,
  coreReset,
  type ResetCatch,
  setResetCatch,
  startDebug,
  systemReset,
  waitForReset,
} from "../core/reset.ts";
import type { Target } from "./target.ts";

const log = getLogger("target", "reset");

/** Kinds that a debug sequence of a pack may stand for; the others name a mechanism and are done as named. */
export const SEQUENCE_RESETS: readonly ResetType[] = ["default", "hardware", "system", "core"];

/** The kind of reset meant: what was asked for, then the setting, then the core's own default. */
export function resolveResetType(target: Target, core: CortexM, asked: ResetType): ResetType {
  if (asked !== "default") return asked;
  if (target.settings.resetType !== "default") return target.settings.resetType;
  return target.settings.multicoreDebug && core.index !== target.settings.primaryCore ? "core" : "default";
}

/**
 * Resets and waits until the core is back. Breakpoints are put back in place.
 *
 * @throws {TimeoutError} when the debug port or the core does not come back
 */
export async function resetTarget(target: Target, core: CortexM, asked: ResetType, halt: boolean): Promise<void> {
  const { ladder } = target;
  const resetType = resolveResetType(target, core, asked);
  const context = { ...target.context, core, resetType };
  target.events.emit({ type: "pre-reset", core, resetType });
  let before: ResetCatch | undefined;
  if (halt) {
    await ladder.run("set_reset_catch", context, async () => {
      before = await setResetCatch(core);
    });
  }
  try {
    const who = await ladder.run("will_reset", context, () => performReset(target, core, resetType));
    log.debug(() => `Reset "${resetType}" of ${core.name} done by ${who}`);
    for (const each of target.cores) each.noteRun();
    await comeBack(target, core);
    await ladder.notify("did_reset", context);
    if (halt) await ensureHalted(target, core);
  } finally {
    if (halt) {
      const found = before;
      await ladder.run("clear_reset_catch", context, async () => {
        if (found !== undefined) await clearResetCatch(core, found);
      });
    }
  }
  await core.restoreBreakpoints();
  target.events.emit({ type: "post-reset", core, resetType });
}

async function performReset(target: Target, core: CortexM, type: ResetType): Promise<void> {
  const { dp, settings, clock } = target;
  switch (type) {
    case "hardware":
    case "n_srst":
      return await dp.resetPulse(settings.resetHoldMs, settings.resetPostDelayMs);
    case "core":
    case "vectreset":
      return await coreReset(core);
    case "emulated":
      return await emulatedReset(core, target.mapFor(core).boot()?.start);
    case "default":
    case "system":
    case "sysresetreq":
      await systemReset(core);
      return await clock.sleep(settings.resetPostDelayMs);
  }
}

/** Debug port first, then the core; a chip that loses its debug settings in reset gets them again. */
async function comeBack(target: Target, core: CortexM): Promise<void> {
  const { dp, settings } = target;
  const before = dp.recoveries;
  await dp.recover(settings.dapRecoverTimeoutMs);
  // The connection was lost and is back: some chips want to be told.
  if (dp.recoveries !== before) await target.ladder.run("recovery_acknowledge", target.context);
  if (settings.coreRecoverTimeoutMs === 0) return;
  await waitForReset(core, {
    timeoutMs: settings.coreRecoverTimeoutMs,
    recoverDap: () => dp.recover(settings.dapRecoverTimeoutMs),
  });
  await target.ladder.run("start_debug_core", { ...target.context, core }, () => startDebug(core));
}

async function ensureHalted(target: Target, core: CortexM): Promise<void> {
  if (!await core.waitHalted(target.settings.resetHaltTimeoutMs)) {
    log.warning(`${core.name} did not halt at its first instruction after the reset; halting it where it is`);
    await core.halt();
  }
  try {
    if (!bit(await core.readRegister("xpsr"), 24)) {
      log.warning(`${core.name} is not in Thumb state after the reset: its reset vector is wrong, or flash is empty`);
    }
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.debug(`Cannot read xPSR after the reset: ${error.message}`);
  }
}
