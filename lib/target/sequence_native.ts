/**
 * The architecture's own version of the standard sequences, for those that call one which the pack does not define.
 *
 * @module
 */
import { TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { AIRCR, DEMCR, DHCSR, encodeDhcsr, SCS } from "../core/debug_regs.ts";
import { coreReset, systemReset, waitForReset } from "../core/reset.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { Target } from "./target.ts";

const log = getLogger("target", "sequence");

/** What a native step works on. */
export interface NativeContext {
  /** The chip. */
  readonly target: Target;
  /** The core the calling sequence runs for, once it was discovered. */
  readonly core: CortexM | undefined;
  /** Memory through the access port of that core. */
  memory(): Promise<Pick<MemoryInterface, "read32" | "write32" | "flush">>;
}

type NativeStep = (context: NativeContext) => Promise<void>;

/** Limit of the specification for the core to leave reset, in milliseconds. */
const RESET_TIMEOUT_MS = 500;

const STEPS: Readonly<Record<string, NativeStep>> = {
  DebugPortSetup: async ({ target: { dp, settings } }) => {
    const { protocol, swjEnable, useDormant, targetSel } = settings;
    const selected = targetSel === undefined ? {} : { targetSel };
    await dp.connect({ protocol, swjEnable, useDormant, keepWire: true, ...selected });
  },
  DebugPortStart: ({ target }) => target.dp.powerUp(),
  DebugPortStop: ({ target }) => target.dp.powerDown(),
  DebugCoreStart: async ({ memory }) => {
    const core = await memory();
    const halted = await core.read32(SCS.dhcsr) & DHCSR.C_HALT;
    core.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | halted));
    await core.flush();
  },
  DebugCoreStop: async ({ memory }) => {
    const core = await memory();
    core.write32(SCS.dhcsr, encodeDhcsr(0));
    core.write32(SCS.demcr, 0);
    await core.flush();
  },
  ResetSystem: async (context) => {
    if (context.core) await systemReset(context.core);
    else await writeAircr(context, AIRCR.systemReset);
    await leaveReset(context);
  },
  ResetProcessor: async (context) => {
    if (context.core) await coreReset(context.core);
    else await writeAircr(context, AIRCR.coreReset);
    await leaveReset(context);
  },
  ResetHardware: ({ target: { dp, settings } }) => dp.resetPulse(settings.resetHoldMs, settings.resetPostDelayMs),
  ResetHardwareAssert: ({ target }) => target.dp.assertReset(true),
  ResetHardwareDeassert: async ({ target: { dp, clock, settings } }) => {
    await dp.assertReset(false);
    await clock.sleep(settings.resetPostDelayMs);
    dp.invalidate();
  },
  ResetCatchSet: async ({ memory }) => {
    const core = await memory();
    core.write32(SCS.demcr, (await core.read32(SCS.demcr) | DEMCR.VC_CORERESET) >>> 0);
    await core.read32(SCS.dhcsr);
  },
  ResetCatchClear: async ({ memory }) => {
    const core = await memory();
    core.write32(SCS.demcr, (await core.read32(SCS.demcr) & ~DEMCR.VC_CORERESET) >>> 0);
    await core.flush();
  },
};

/** Whether there is a native version of this sequence that does something. */
export function hasNativeStep(name: string): boolean {
  return Object.hasOwn(STEPS, name);
}

/**
 * Runs the native version of a standard sequence.
 *
 * @returns false when there is none
 * @throws {TransferError} when the target does not answer
 */
export async function runNativeStep(name: string, context: NativeContext): Promise<boolean> {
  const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
  if (step === undefined) return false;
  log.debug(() => `${name}: architecture default`);
  await step(context);
  return true;
}

async function writeAircr({ memory }: NativeContext, value: number): Promise<void> {
  const core = await memory();
  core.write32(SCS.aircr, value);
  try {
    await core.flush();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.debug(() => `The reset took the debug connection down: ${error.message}`);
  }
}

/** A core that was not discovered yet is waited for by whoever discovers it. */
async function leaveReset({ target: { dp, settings }, core }: NativeContext): Promise<void> {
  if (core === undefined) return await dp.recover(settings.dapRecoverTimeoutMs);
  await waitForReset(core, {
    timeoutMs: Math.max(RESET_TIMEOUT_MS, settings.coreRecoverTimeoutMs),
    recoverDap: () => dp.recover(settings.dapRecoverTimeoutMs),
  });
}
