/**
 * Commands that pyOCD and gdb users type and Tapir has not, with what to use instead.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";

/** Reason and hint. */
type Absent = readonly [reason: string, hint: string];

const ABSENT: Readonly<Record<string, Absent>> = {
  gdbserver: ["this version of Tapir has no gdb server", "Use `break`, `step`, `reg`, `disasm` and `where` here"],
  probeserver: [
    "this version of Tapir has no probe server",
    "Run Tapir on the computer that the probe is connected to",
  ],
  rtt: ["this version of Tapir has no RTT", "`read32` shows memory while the target runs"],
  threads: ["this version of Tapir knows no threads", "`where` and `reg` show what the core does"],
  arm: ["this version of Tapir has no semihosting", "`read32` shows memory while the target runs"],
  "nrf91-update-modem-fw": [
    "this version of Tapir does not update modem firmware",
    "Use Nordic's own programmer for that",
  ],
  monitor: ["this is no gdb, commands are typed as they are", "Type `reset halt` rather than `monitor reset halt`"],
};
const OTHER_NAMES: Readonly<Record<string, string>> = { mon: "monitor" };

/**
 * Says what to use instead of a command that is known from elsewhere.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { refusePyocdCommand } from "./pyocd_commands.ts";
 *
 * assertThrows(() => refusePyocdCommand("gdbserver"), Error, "has no gdb server");
 * refusePyocdCommand("halt");
 * ```
 * @throws {UsageError} when `typed` is one of them
 */
export function refusePyocdCommand(typed: string): void {
  const name = typed.toLowerCase();
  const known = OTHER_NAMES[name] ?? name;
  if (!Object.hasOwn(ABSENT, known)) return;
  const [reason, hint] = ABSENT[known]!;
  throw new UsageError(`Cannot run ${typed}: ${reason}`, { code: "not-in-tapir", hint });
}
