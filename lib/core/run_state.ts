/**
 * What DHCSR and DFSR say about a core, in words.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TargetError, TimeoutError } from "../base/errors.ts";
import type { CoreState, HaltReason } from "./core.ts";
import { DFSR, DHCSR } from "./debug_regs.ts";

/**
 * State of a core from two reads of DHCSR, one right after the other. S_RESET_ST is sticky, so only a second read
 * that still has it, with no instruction executed, means that the core is in reset now. Halting wins over the rest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeState } from "./run_state.ts";
 *
 * assertEquals(decodeState(0x02030003, 0x00070003), "halted");
 * assertEquals(decodeState(0x02000001, 0x02000001), "reset");
 * ```
 */
export function decodeState(first: number, second: number): CoreState {
  const inReset = (first & second & DHCSR.S_RESET_ST) !== 0 && (second & DHCSR.S_RETIRE_ST) === 0;
  if (inReset) return "reset";
  if ((second & DHCSR.S_HALT) !== 0) return "halted";
  if ((second & DHCSR.S_LOCKUP) !== 0) return "lockup";
  return (second & DHCSR.S_SLEEP) !== 0 ? "sleeping" : "running";
}

/** Why a core halted, from DFSR; `stepped` tells a step from a halt request. The more specific cause wins. */
export function decodeHaltReason(dfsr: number, stepped: boolean): HaltReason {
  if ((dfsr & DFSR.BKPT) !== 0) return "breakpoint";
  if ((dfsr & DFSR.DWTTRAP) !== 0) return "watchpoint";
  if ((dfsr & DFSR.VCATCH) !== 0) return "vector-catch";
  if ((dfsr & DFSR.EXTERNAL) !== 0) return "external";
  if ((dfsr & DFSR.HALTED) !== 0) return stepped ? "step" : "request";
  return "unknown";
}

const PLAIN: Readonly<Record<CoreState, string>> = {
  running: "the core is running",
  halted: "the core is halted",
  reset: "the core is held in reset",
  sleeping: "the core is asleep",
  lockup: "the core is locked up",
};

/** A person's description of a state. */
export function describeState(state: CoreState): string {
  return PLAIN[state];
}

/** The error for something that needs a halted core. `action` completes "Cannot …". */
export function notHalted(action: string, core: string, state: CoreState): TargetError {
  return new TargetError(`Cannot ${action} of ${core}: ${describeState(state)}`, {
    code: "core-not-halted",
    hint: state === "reset"
      ? "Release the reset, or connect under reset so that the core halts at its first instruction"
      : "This needs a halted core; halt it first",
    fields: { core, state },
  });
}

/** Why a halt request had no effect, from two reads of DHCSR. `limitMs` is how long was waited. */
export function haltFailure(core: string, first: number, second: number, limitMs: number): Error {
  const state = decodeState(first, second);
  const fields = { core, state, dhcsr: second };
  if (state === "reset") {
    return new TimeoutError(`Cannot halt ${core}: the core is held in reset`, {
      code: "core-in-reset",
      hint: "Release nRESET, or check what else holds the core in reset, such as another core or a reset controller",
      fields,
    });
  }
  if ((second & DHCSR.C_DEBUGEN) === 0) {
    return new TargetError(`Cannot halt ${core}: halting debug is disabled (DHCSR ${hex(second)})`, {
      code: "debug-disabled",
      hint: "The chip's debug authentication keeps debuggers out; unlock the chip first",
      fields,
    });
  }
  const secure = (second & DHCSR.C_HALT) !== 0 && (second & DHCSR.S_SDE) === 0;
  return new TimeoutError(`Cannot halt ${core}: ${describeState(state)} after ${limitMs} ms (DHCSR ${hex(second)})`, {
    code: "halt-timeout",
    hint: state === "sleeping"
      ? "Its clock may be stopped in sleep; connect under reset, or keep the debug clock on in low-power modes"
      : secure
      ? "A core in Secure state does not halt while secure debug is disabled; on other cores, check the core clock"
      : "Check the core clock, and try connecting under reset",
    fields,
  });
}
