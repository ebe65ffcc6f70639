import { assertEquals } from "@std/assert";
import { DHCSR } from "./debug_regs.ts";
import { decodeHaltReason, decodeState } from "./run_state.ts";

Deno.test("decodeState() tells a core that is held in reset from one that was reset", () => {
  const { S_RESET_ST, S_RETIRE_ST, S_HALT, S_SLEEP, S_LOCKUP } = DHCSR;
  const cases: [number, number, string][] = [
    [S_RESET_ST, S_RESET_ST, "reset"],
    [S_RESET_ST, 0, "running"],
    [0, S_RESET_ST, "running"],
    [S_RESET_ST, S_RESET_ST | S_RETIRE_ST, "running"],
    [S_RESET_ST, S_HALT, "halted"],
    [S_LOCKUP, S_LOCKUP | S_SLEEP, "lockup"],
    [0, S_SLEEP, "sleeping"],
  ];
  for (const [first, second, state] of cases) assertEquals(decodeState(first, second), state);
});

Deno.test("decodeHaltReason() prefers the more specific cause, and a step over a request", () => {
  assertEquals([0x03, 0x05, 0x09, 0x11].map((dfsr) => decodeHaltReason(dfsr, true)), [
    "breakpoint",
    "watchpoint",
    "vector-catch",
    "external",
  ]);
  assertEquals([decodeHaltReason(1, true), decodeHaltReason(1, false), decodeHaltReason(0, true)], [
    "step",
    "request",
    "unknown",
  ]);
});
