/**
 * STM32: debugging goes on in low-power modes, timers and watchdogs stop with the core, and read-back protection is
 * reported.
 *
 * Source: the reference manuals of each series, chapters "Debug support (DBG)" and "Flash option bytes".
 *
 * @module
 */
import { bits } from "../../base/bits.ts";
import { TransferError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import type { MemoryInterface } from "../../dap/memory.ts";
import type { TargetContext } from "../delegates.ts";
import type { Family } from "./family.ts";

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
  /** Register and bit field of the read-back protection level, and its value when there is none. */
  readonly protection?: {
    readonly address: number;
    readonly high: number;
    readonly low: number;
    readonly off: number;
  };
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
    protection: { address: 0x4002_201c, high: 2, low: 1, off: 0 },
  },
  {
    part: /^STM32L0/i,
    debug: [
      { address: 0x4002_1034, mask: 1 << 22 },
      { address: 0x4001_5804, mask: LOW_POWER },
      { address: 0x4001_5808, mask: 0x8020_1c11 },
      { address: 0x4001_580c, mask: 0x0000_0024 },
    ],
    protection: { address: 0x4002_201c, high: 7, low: 0, off: 0xaa },
  },
  {
    part: /^STM32F1/i,
    debug: [{ address: 0xe004_2004, mask: LOW_POWER | 0x300 }],
    protection: { address: 0x4002_201c, high: 1, low: 1, off: 0 },
  },
  {
    part: /^STM32F[247]/i,
    debug: [
      { address: 0xe004_2004, mask: LOW_POWER },
      { address: 0xe004_2008, mask: FREEZE_APB1 },
      { address: 0xe004_200c, mask: FREEZE_APB2 },
    ],
    protection: { address: 0x4002_3c14, high: 15, low: 8, off: 0xaa },
  },
  {
    part: /^STM32[LG]4/i,
    debug: [
      { address: 0xe004_2004, mask: LOW_POWER },
      { address: 0xe004_2008, mask: 0x8060_1c3f },
      { address: 0xe004_2010, mask: 0x0007_2800 },
    ],
    protection: { address: 0x4002_2020, high: 7, low: 0, off: 0xaa },
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
    await warnIfProtected(core, series);
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

/** Memory and core stay accessible with this protection; flash does not. */
async function warnIfProtected(memory: MemoryInterface, series: Stm32Series): Promise<void> {
  const { protection } = series;
  if (protection === undefined) return;
  const level = bits(await memory.read32(protection.address), protection.high, protection.low);
  if (level === protection.off) return;
  log.warning("Read-back protection (RDP) is on: flash cannot be read or programmed until it is taken off");
}

/** STM32 series with a Cortex-M. */
export const stm32: Family = {
  name: "STM32",
  vendor: /^STM/i,
  part: /STM32.*/i,
  hooks: { post_connect_hook: afterConnect },
};
