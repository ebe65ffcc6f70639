/**
 * The nRESET pin, through the ladder of overrides.
 *
 * @module
 */
import type { Target } from "./target.ts";

/** Drives nRESET low. */
export async function assertReset(target: Target): Promise<void> {
  await target.ladder.run("reset_hardware_assert", target.context, () => target.dp.assertReset(true));
}

/** Lets nRESET go high. */
export async function releaseReset(target: Target): Promise<void> {
  await target.ladder.run("reset_hardware_deassert", target.context, () => target.dp.assertReset(false));
  target.dp.invalidate();
}
