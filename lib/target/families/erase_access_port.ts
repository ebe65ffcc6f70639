/**
 * What vendor access ports that erase a locked chip have in common.
 *
 * @module
 */
import { TimeoutError } from "../../base/errors.ts";
import { startDebug, waitForReset } from "../../core/reset.ts";
import type { ApAddress } from "../../dap/debug_port.ts";
import type { Target } from "../target.ts";

/**
 * Polls a register of an access port until `(value & mask) === expected`.
 *
 * @throws {TimeoutError} after `timeoutMs` milliseconds; `what` completes "Cannot mass-erase …: "
 */
export async function waitForAp(
  target: Target,
  ap: ApAddress,
  register: number,
  condition: { readonly mask: number; readonly expected: number; readonly timeoutMs: number; readonly what: string },
): Promise<void> {
  const { mask, expected, timeoutMs, what } = condition;
  const appeared = await target.dp.poll(
    timeoutMs,
    async () => ((await target.dp.readAp(ap, register)) & mask) >>> 0 === expected,
  );
  if (appeared) return;
  throw new TimeoutError(`Cannot mass-erase ${target.description.name}: ${what} after ${timeoutMs} ms`, {
    code: "mass-erase-timeout",
    hint: "Switch the chip off and on, connect under reset, and try again",
  });
}

/** Meets the chip again after an erase that reset it: debug port, then every core known already, halted. */
export async function meetAgain(target: Target): Promise<void> {
  const { settings } = target;
  await target.dp.recover(settings.dapRecoverTimeoutMs);
  for (const core of target.cores) {
    await waitForReset(core, {
      timeoutMs: settings.coreRecoverTimeoutMs,
      recoverDap: () => target.dp.recover(settings.dapRecoverTimeoutMs),
    });
    await startDebug(core);
    await core.halt();
  }
}
