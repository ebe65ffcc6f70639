/**
 * STM32 read-back protection (RDP): how to see it, and how to take level 1 off, which erases all of flash.
 *
 * Source: RM0091 3.3 and 4 (STM32F0), RM0090 3.6 to 3.9 (STM32F4).
 *
 * @module
 */
import { bits } from "../../base/bits.ts";
import { TargetError, TimeoutError } from "../../base/errors.ts";
import type { MemoryInterface } from "../../dap/memory.ts";
import type { LockState } from "../delegates.ts";

/** One flash controller's way of protecting. */
export interface Stm32Protection {
  /** Level in force: 0, 1 or 2. @throws {TransferError} */
  readonly level: (memory: MemoryInterface) => Promise<number>;
  /** Starts going back to level 0 and waits for the erase; a reset has to follow. Absent when not known. */
  readonly takeOff?: (memory: MemoryInterface) => Promise<void>;
}

/** Erasing 2 MB takes up to 32 s (STM32F42x data sheet). */
const ERASE_TIMEOUT_MS = 60_000;
const RDP_OFF = 0xaa;
const RDP_PERMANENT = 0xcc;

const levelOfByte = (byte: number): number => byte === RDP_OFF ? 0 : byte === RDP_PERMANENT ? 2 : 1;

async function waitIdle(memory: MemoryInterface, statusRegister: number, busy: number): Promise<void> {
  if (await memory.waitFor32(statusRegister, busy, 0, ERASE_TIMEOUT_MS)) return;
  throw new TimeoutError(`Cannot take the read-back protection off: flash is still busy after ${ERASE_TIMEOUT_MS} ms`, {
    code: "mass-erase-timeout",
    hint: "Switch the chip off and on, and try again",
  });
}

/** Level in an option register that mirrors the RDP byte from bit `low` on. */
function mirrored(address: number, low: number): (memory: MemoryInterface) => Promise<number> {
  return async (memory) => levelOfByte(bits(await memory.read32(address), low + 7, low));
}

/** STM32F2, F4, F7: the RDP byte is part of FLASH_OPTCR. */
export const F4_PROTECTION: Stm32Protection = {
  level: mirrored(0x4002_3c14, 8),
  takeOff: async (memory) => {
    const OPTKEYR = 0x4002_3c08, SR = 0x4002_3c0c, OPTCR = 0x4002_3c14;
    const BUSY = 1 << 16, START = 1 << 1, LOCK = 1 << 0;
    memory.write32(OPTKEYR, 0x0819_2a3b);
    memory.write32(OPTKEYR, 0x4c5d_6e7f);
    await waitIdle(memory, SR, BUSY);
    const open = ((await memory.read32(OPTCR)) & ~(0xff00 | LOCK | START)) | (RDP_OFF << 8);
    memory.write32(OPTCR, open >>> 0);
    memory.write32(OPTCR, (open | START) >>> 0);
    await waitIdle(memory, SR, BUSY);
  },
};

/** STM32F0, F3: option bytes are programmed like flash, each beside its complement. */
export const F0_PROTECTION: Stm32Protection = {
  level: async (memory) => [0, 1, 2, 2][bits(await memory.read32(0x4002_201c), 2, 1)] ?? 1,
  takeOff: async (memory) => {
    const KEYR = 0x4002_2004, OPTKEYR = 0x4002_2008, SR = 0x4002_200c, CR = 0x4002_2010, OPTION_BYTES = 0x1fff_f800;
    const BUSY = 1 << 0, PROGRAM = 1 << 4, ERASE = 1 << 5, START = 1 << 6, WRITE_ENABLE = 1 << 9;
    for (const register of [KEYR, OPTKEYR]) {
      memory.write32(register, 0x4567_0123);
      memory.write32(register, 0xcdef_89ab);
    }
    memory.write32(CR, WRITE_ENABLE | ERASE);
    memory.write32(CR, WRITE_ENABLE | ERASE | START);
    await waitIdle(memory, SR, BUSY);
    memory.write32(CR, WRITE_ENABLE | PROGRAM);
    memory.write16(OPTION_BYTES, RDP_OFF | ((~RDP_OFF & 0xff) << 8));
    await waitIdle(memory, SR, BUSY);
    memory.write32(CR, 0);
    await memory.flush();
  },
};

/** STM32L4, G4, and others with FLASH_OPTR. */
export const L4_PROTECTION: Stm32Protection = { level: mirrored(0x4002_2020, 0) };

/** STM32L0. */
export const L0_PROTECTION: Stm32Protection = { level: mirrored(0x4002_201c, 0) };

/** STM32F1: one bit in FLASH_OBR. */
export const F1_PROTECTION: Stm32Protection = {
  level: async (memory) => bits(await memory.read32(0x4002_201c), 1, 1),
};

/** A protection level in words. Core and RAM stay accessible with level 1. */
export function lockStateOf(level: number, canTakeOff: boolean): LockState {
  if (level === 0) return { locked: false };
  return {
    locked: true,
    restricts: "flash",
    protection: `read-back protection (RDP level ${level})`,
    hint: level === 2
      ? "Level 2 is permanent: this chip's flash cannot be changed any more"
      : canTakeOff
      ? "Only erasing everything takes it off: run `tapir erase --mass`"
      : "Take it off with the vendor's tool, which erases everything",
  };
}

/** Lets only level 1 pass. @throws {TargetError} for a level that cannot be taken off */
export function refuseUnlessLevel1(level: number, chip: string): void {
  if (level === 1) return;
  throw new TargetError(`Cannot unlock ${chip}: read-back protection level ${level} is permanent`, {
    code: "unlock-impossible",
  });
}
