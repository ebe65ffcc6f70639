/**
 * STM32: debugging goes on in low-power modes, timers and watchdogs stop with the core, and read-back protection is
 * reported.
 *
 * Source: the reference manuals of each series, chapters "Debug support (DBG)" and "Flash option bytes".
 *
 * @module
 */
import { TargetError, TransferError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import { openAccessPort } from "../../dap/discovery.ts";
import { MemAp } from "../../dap/mem_ap.ts";
import type { MemoryInterface } from "../../dap/memory.ts";
import type { LockState, TargetContext } from "../delegates.ts";
import type { Target } from "../target.ts";
import { meetAgain } from "./erase_access_port.ts";
import type { Family } from "./family.ts";
import {
  F0_PROTECTION,
  F1_PROTECTION,
  F4_PROTECTION,
  L0_PROTECTION,
  L4_PROTECTION,
  lockStateOf,
  refuseUnlessLevel1,
  type Stm32Protection,
} from "./stm32_protection.ts";

const log = getLogger("target", "stm32");

/** Bits to set in a register before or while debugging. */
interface SetBits {
  readonly address: number;
  readonly mask: number;
}

/** Where one series keeps its debug and protection bits. */
export interface Stm32Series {
  /** Matches the part number. */
  readonly part: RegExp;
  /** Registers to OR into after connecting, in order: clock enable, DBGMCU_CR, freeze registers. */
  readonly debug: readonly SetBits[];
  /** How flash is protected against being read back. */
  readonly protection: Stm32Protection;
}

/** DBG_SLEEP, DBG_STOP, DBG_STANDBY. */
const LOW_POWER = 0x7;
/** DBG_STOP, DBG_STANDBY; Armv6-M series keep the clock on in sleep anyway. */
const LOW_POWER_M0 = 0x6;
/** Timers 2–7 and 12–14, RTC, watchdogs, I2C time-outs, CAN. */
const FREEZE_APB1 = 0x06e0_1dff;
/** Timers 1, 8, 9, 10, 11. */
const FREEZE_APB2 = 0x0007_0003;
/** Timers 2, 3, 6, 7, 14, RTC, watchdogs, I2C time-outs. */
const FREEZE_APB1_M0 = 0x0020_1d33;
/** Timers 1, 15, 16, 17. */
const FREEZE_APB2_M0 = 0x0007_0800;

/** The series whose debug registers are known. */
export const SERIES: readonly Stm32Series[] = [
  {
    part: /^STM32F0/i,
    debug: [
      { address: 0x4002_1018, mask: 1 << 22 },
      { address: 0x4001_5804, mask: LOW_POWER_M0 },
      { address: 0x4001_5808, mask: FREEZE_APB1_M0 },
      { address: 0x4001_580c, mask: FREEZE_APB2_M0 },
    ],
    protection: F0_PROTECTION,
  },
  {
    part: /^STM32L0/i,
    debug: [
      { address: 0x4002_1034, mask: 1 << 22 },
      { address: 0x4001_5804, mask: LOW_POWER },
      { address: 0x4001_5808, mask: 0x8020_1c11 },
      { address: 0x4001_580c, mask: 0x0000_0024 },
    ],
    protection: L0_PROTECTION,
  },
  {
    part: /^STM32F1/i,
    debug: [{ address: 0xe004_2004, mask: LOW_POWER | 0x300 }],
    protection: F1_PROTECTION,
  },
  {
    part: /^STM32F[247]/i,
    debug: [
      { address: 0xe004_2004, mask: LOW_POWER },
      { address: 0xe004_2008, mask: FREEZE_APB1 },
      { address: 0xe004_200c, mask: FREEZE_APB2 },
    ],
    protection: F4_PROTECTION,
  },
  {
    part: /^STM32[LG]4/i,
    debug: [
      { address: 0xe004_2004, mask: LOW_POWER },
      { address: 0xe004_2008, mask: 0x8060_1c3f },
      { address: 0xe004_2010, mask: 0x0007_2800 },
    ],
    protection: L4_PROTECTION,
  },
];

/** The series of a part number. */
export function seriesOf(part: string): Stm32Series | undefined {
  return SERIES.find((series) => series.part.test(part));
}

async function afterConnect({ target }: TargetContext): Promise<void> {
  const series = seriesOf(target.description.name);
  const core = target.cores[0];
  if (series === undefined || core === undefined) return;
  try {
    for (const { address, mask } of series.debug) await setBits(core, address, mask);
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.warning(`Cannot set up debugging in low-power modes: ${error.message}`);
  }
}

async function setBits(memory: MemoryInterface, address: number, mask: number): Promise<void> {
  const value = await memory.read32(address);
  if ((value & mask) >>> 0 === mask) return;
  memory.write32(address, (value | mask) >>> 0);
  await memory.flush();
}

/** The core's memory, or that of the first access port as long as no core is known. */
async function memoryOf(target: Target): Promise<MemoryInterface | undefined> {
  const core = target.cores[0];
  if (core !== undefined) return core;
  const ap = await openAccessPort(target.dp, { apsel: 0 });
  return ap instanceof MemAp ? ap : undefined;
}

async function isLocked({ target }: TargetContext): Promise<LockState> {
  const series = seriesOf(target.description.name);
  if (series === undefined) return { locked: false };
  try {
    const memory = await memoryOf(target);
    if (memory === undefined) return { locked: false };
    return lockStateOf(await series.protection.level(memory), series.protection.takeOff !== undefined);
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    log.debug(`Cannot read the protection level: ${error.message}`);
    return { locked: false };
  }
}

/** Only a protected chip needs more than erasing its flash, which is what happens when nobody takes this step. */
async function massErase({ target }: TargetContext): Promise<boolean> {
  const series = seriesOf(target.description.name);
  const memory = await memoryOf(target);
  if (series === undefined || memory === undefined) return false;
  const { level, takeOff } = series.protection;
  const before = await level(memory);
  if (before === 0 || takeOff === undefined) return false;
  refuseUnlessLevel1(before, target.description.name);
  for (const core of target.cores) await core.halt();
  log.info("Taking the read-back protection off, which erases all of flash");
  await takeOff(memory);
  await target.dp.resetPulse(target.settings.resetHoldMs, target.settings.resetPostDelayMs);
  await meetAgain(target);
  const after = await level(memory);
  if (after === 0) return true;
  throw new TargetError(`Cannot unlock ${target.description.name}: read-back protection level ${after} is still on`, {
    code: "unlock-failed",
    hint: "Switch the chip off and on: some revisions load the new level only then",
  });
}

/** STM32 series with a Cortex-M. */
export const stm32: Family = {
  name: "STM32",
  vendor: /^STM/i,
  part: /STM32.*/i,
  hooks: { post_connect_hook: afterConnect, is_locked: isLocked, mass_erase: massErase },
};
