/**
 * Nordic nRF52: access-port protection, and the control access port that lifts it by erasing everything.
 *
 * Source: nRF52840 Product Specification, chapter "Debug and trace", CTRL-AP.
 *
 * @module
 */
import { bit } from "../../base/bits.ts";
import { hex } from "../../base/bytes.ts";
import { TargetError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import { AP } from "../../dap/registers.ts";
import type { LockState, TargetContext } from "../delegates.ts";
import type { Target } from "../target.ts";
import { meetAgain, waitForAp } from "./erase_access_port.ts";
import type { Family } from "./family.ts";

const log = getLogger("target", "nrf52");

const CTRL_AP = { apsel: 1 };
/** Registers of the CTRL-AP. */
const RESET = 0x000;
const ERASEALL = 0x004;
const ERASEALLSTATUS = 0x008;
const APPROTECTSTATUS = 0x00c;
/** Its IDR without the revision. */
const CTRL_AP_IDR = 0x0288_0000;
const IDR_WITHOUT_REVISION = 0x0fff_ffff;
/** An ERASEALL of 1 MB takes well below a second; the limit is the one Nordic's own tools allow. */
const ERASE_TIMEOUT_MS = 15_000;
/** Time the soft reset is held, in milliseconds. */
const RESET_HOLD_MS = 10;

async function isLocked({ target }: TargetContext): Promise<LockState> {
  const idr = await target.dp.readAp(CTRL_AP, AP.idr);
  if ((idr & IDR_WITHOUT_REVISION) !== CTRL_AP_IDR) {
    log.warning(`AP#${CTRL_AP.apsel} is not the control access port of an nRF52 (IDR ${hex(idr)})`);
    return { locked: false };
  }
  const open = bit(await target.dp.readAp(CTRL_AP, APPROTECTSTATUS), 0);
  return {
    locked: !open,
    protection: "read-back protection (APPROTECT)",
    hint: "Only erasing everything, UICR included, opens it again: run `tapir erase --mass`, or set auto_unlock",
  };
}

async function massErase({ target }: TargetContext): Promise<boolean> {
  const { dp, clock } = target;
  log.info("Erasing all of the chip through its control access port");
  dp.writeAp(CTRL_AP, ERASEALL, 1);
  await dp.flush();
  await waitForAp(target, CTRL_AP, ERASEALLSTATUS, {
    mask: 1,
    expected: 0,
    timeoutMs: ERASE_TIMEOUT_MS,
    what: "ERASEALLSTATUS still says busy",
  });
  dp.writeAp(CTRL_AP, RESET, 1);
  await dp.flush();
  await clock.sleep(RESET_HOLD_MS);
  dp.writeAp(CTRL_AP, RESET, 0);
  dp.writeAp(CTRL_AP, ERASEALL, 0);
  await dp.flush();
  await refuseIfStillLocked(target);
  await meetAgain(target);
  return true;
}

async function refuseIfStillLocked(target: Target): Promise<void> {
  if (!(await isLocked({ target })).locked) return;
  throw new TargetError(`Cannot unlock ${target.description.name}: still protected after erasing everything`, {
    code: "unlock-failed",
    hint: "Newer revisions take the protection off only at power-on: switch the chip off and on, and connect again",
  });
}

/** nRF52 series. */
export const nrf52: Family = {
  name: "nRF52",
  vendor: /^Nordic/i,
  part: /nRF52[0-9]+.*/i,
  hooks: { is_locked: isLocked, mass_erase: massErase },
};
