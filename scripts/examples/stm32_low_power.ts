/**
 * Keeps the debugger connected while an STM32F4 sleeps, and takes that back at the end, since the clocks that stay on
 * would spoil every measurement of current.
 *
 * Source: ST RM0090, "DBGMCU_CR".
 */
import type { DelegateContext } from "tapir";

const DBGMCU_CR = 0xe0042004;
const SLEEP_STOP_STANDBY = 0b111;

/** Everything is discovered; cores are halted unless the user attaches. */
export async function did_connect({ target }: DelegateContext<"did_connect">): Promise<void> {
  const memory = target.primaryCore;
  memory.write32(DBGMCU_CR, await memory.read32(DBGMCU_CR) | SLEEP_STOP_STANDBY);
  await memory.flush();
}

/** The last moment at which memory can be written. */
export async function will_disconnect({ target, resume }: DelegateContext<"will_disconnect">): Promise<void> {
  if (!resume) return;
  const memory = target.primaryCore;
  memory.write32(DBGMCU_CR, await memory.read32(DBGMCU_CR) & ~SLEEP_STOP_STANDBY);
  await memory.flush();
}
