/**
 * Resets a part whose SYSRESETREQ does not work, by its reset pin.
 *
 *     tapir reset --script custom_reset.ts
 */
import type { DelegateContext } from "tapir";

const HOLD_MS = 20, SETTLE_MS = 20;

/** True: the reset was done here. Resets by pin are left to Tapir. */
export async function will_reset({ target, resetType, log }: DelegateContext<"will_reset">): Promise<boolean> {
  if (resetType === "hardware" || resetType === "n_srst") return false;
  log.info(`Reset "${resetType}" is done by the reset pin`);
  await target.dp.resetPulse(HOLD_MS, SETTLE_MS);
  return true;
}
