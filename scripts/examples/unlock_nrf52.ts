/**
 * Unlocks an nRF52 whose access-port protection (APPROTECT) keeps debuggers out, by erasing all of it.
 *
 * Tapir does the same by itself when it knows the chip and the option auto_unlock is on. This script works without
 * either, and shows where to put the secret handshake of another chip.
 *
 *     tapir commander --script unlock_nrf52.ts -c status
 *
 * Source: nRF52840 Product Specification, "CTRL-AP - Control access port".
 */
import { type DelegateContext, TargetError } from "tapir";

const CTRL_AP = { apsel: 1 };
const RESET = 0x000, ERASEALL = 0x004, ERASEALLSTATUS = 0x008, APPROTECTSTATUS = 0x00c, IDR = 0x0fc;
const ERASE_TIMEOUT_MS = 15_000;

/** The debug port answers, nothing was discovered yet. True: unlocked, nobody else needs to. */
export async function unlock_device({ target, log }: DelegateContext<"unlock_device">): Promise<boolean> {
  const { dp, clock } = target;
  if ((await dp.readAp(CTRL_AP, IDR) & 0x0fff_ffff) !== 0x0288_0000) {
    throw new TargetError("Cannot unlock: this is no nRF52", { hint: "Remove the script" });
  }
  if (await dp.readAp(CTRL_AP, APPROTECTSTATUS) & 1) return false;

  log.warning("Erasing all of the chip to unlock it");
  dp.writeAp(CTRL_AP, ERASEALL, 1);
  const erased = await dp.poll(ERASE_TIMEOUT_MS, async () => await dp.readAp(CTRL_AP, ERASEALLSTATUS) === 0);
  if (!erased) throw new TargetError(`Cannot unlock: the chip is still erasing after ${ERASE_TIMEOUT_MS} ms`);
  dp.writeAp(CTRL_AP, RESET, 1);
  await dp.flush();
  await clock.sleep(10);
  dp.writeAp(CTRL_AP, RESET, 0);
  dp.writeAp(CTRL_AP, ERASEALL, 0);
  await dp.flush();
  return true;
}
