/**
 * NXP Kinetis: flash security, and the MDM-AP that lifts it by erasing everything.
 *
 * Source: K64 Sub-Family Reference Manual, chapter "Debug", "MDM-AP status and control registers".
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { TargetError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import { AP } from "../../dap/registers.ts";
import type { LockState, TargetContext } from "../delegates.ts";
import { assertReset, releaseReset } from "../pins.ts";
import { meetAgain, waitForAp } from "./erase_access_port.ts";
import type { Family } from "./family.ts";

const log = getLogger("target", "kinetis");

const MDM_AP = { apsel: 1 };
const STATUS = 0x00;
const CONTROL = 0x04;
/** IDR bits that all MDM-APs share. */
const IDR_MASK = 0xffff_000f;
const MDM_IDR = 0x001c_0000;

const STATUS_ERASE_ACK = 1 << 0;
const STATUS_FLASH_READY = 1 << 1;
const STATUS_SECURED = 1 << 2;
const STATUS_ERASE_ENABLED = 1 << 5;
const CONTROL_MASS_ERASE = 1 << 0;
/** Limit for each step of the erase, in milliseconds. */
const STEP_TIMEOUT_MS = 10_000;

async function isLocked({ target }: TargetContext): Promise<LockState> {
  const idr = await target.dp.readAp(MDM_AP, AP.idr);
  if ((idr & IDR_MASK) >>> 0 !== MDM_IDR) {
    log.warning(`AP#${MDM_AP.apsel} is not the MDM-AP of a Kinetis (IDR ${hex(idr)})`);
    return { locked: false };
  }
  await waitForAp(target, MDM_AP, STATUS, {
    mask: STATUS_FLASH_READY,
    expected: STATUS_FLASH_READY,
    timeoutMs: STEP_TIMEOUT_MS,
    what: "the flash controller is not ready",
  });
  const status = await target.dp.readAp(MDM_AP, STATUS);
  const canErase = (status & STATUS_ERASE_ENABLED) !== 0;
  return {
    locked: (status & STATUS_SECURED) !== 0,
    protection: "flash security (FSEC)",
    hint: canErase
      ? "Only erasing everything opens it again: run `tapir erase --mass`, or set auto_unlock"
      : "Mass erase is disabled too (FSEC.MEEN): this chip cannot be opened through the debug port",
  };
}

/** The chip is held in reset while it erases, so that no watchdog or program gets in the way. */
async function massErase({ target }: TargetContext): Promise<boolean> {
  const { dp } = target;
  const status = await dp.readAp(MDM_AP, STATUS);
  if ((status & STATUS_ERASE_ENABLED) === 0) {
    throw new TargetError(`Cannot mass-erase ${target.description.name}: it is disabled in the chip (FSEC.MEEN)`, {
      code: "mass-erase-disabled",
    });
  }
  await assertReset(target);
  try {
    dp.writeAp(MDM_AP, CONTROL, CONTROL_MASS_ERASE);
    await waitForAp(target, MDM_AP, STATUS, {
      mask: STATUS_ERASE_ACK,
      expected: STATUS_ERASE_ACK,
      timeoutMs: STEP_TIMEOUT_MS,
      what: "the erase was not acknowledged",
    });
    await waitForAp(target, MDM_AP, CONTROL, {
      mask: CONTROL_MASS_ERASE,
      expected: 0,
      timeoutMs: STEP_TIMEOUT_MS,
      what: "the erase has not finished",
    });
  } finally {
    await releaseReset(target);
  }
  await meetAgain(target);
  if ((await isLocked({ target })).locked) {
    throw new TargetError(`Cannot unlock ${target.description.name}: still secured after erasing everything`, {
      code: "unlock-failed",
    });
  }
  return true;
}

/** Kinetis K, L, E, V, W and S series. */
export const kinetis: Family = {
  name: "Kinetis",
  vendor: /^(NXP|Freescale)/i,
  part: /MK[LEVWS]?.*/i,
  hooks: { is_locked: isLocked, mass_erase: massErase },
};
