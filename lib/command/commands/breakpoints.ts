/**
 * Commands about breakpoints and watchpoints.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { WatchpointAccess } from "../../core/core.ts";
import type { CommandContext } from "../context.ts";
import { readAddress } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

const ACCESS_OF: Readonly<Record<string, WatchpointAccess>> = { r: "read", w: "write", rw: "access" };
const LETTERS_OF: Readonly<Record<WatchpointAccess, string>> = { read: "r", write: "w", access: "rw" };

async function setBreakpoint(context: CommandContext, [address]: readonly string[]): Promise<void> {
  const breakpoint = await context.core.setBreakpoint(await readAddress(context, address!));
  context.write(`Set ${breakpoint.type} breakpoint at ${hex(breakpoint.address)}\n`);
}

async function removeBreakpoint(context: CommandContext, [addressText]: readonly string[]): Promise<void> {
  // As when it was set: bit 0 of a function's address says Thumb.
  const address = (await readAddress(context, addressText!) & ~1) >>> 0;
  if (!context.core.breakpoints.some((each) => each.address === address)) {
    throw new UsageError(`Cannot remove breakpoint at ${hex(address)}: none is set there`, {
      hint: "Run `lsbreak` for those that are set",
    });
  }
  await context.core.removeBreakpoint(address);
  context.write(`Removed breakpoint at ${hex(address)}\n`);
}

async function listBreakpoints(context: CommandContext): Promise<void> {
  const { breakpoints, features } = context.core;
  const used = breakpoints.filter((each) => each.type === "hardware").length;
  context.write(`${features.breakpoints - used} hardware breakpoints available\n`);
  if (breakpoints.length === 0) context.write("No breakpoints installed\n");
  breakpoints.forEach(({ address, type }, i) => context.write(`${i}: ${hex(address)} (${type})\n`));
}

async function readWatchpoint(
  context: CommandContext,
  [addressText, ...rest]: readonly string[],
): Promise<[number, number, WatchpointAccess]> {
  const address = await readAddress(context, addressText!);
  let access: WatchpointAccess = "access";
  let size = 4;
  for (const word of rest) {
    const known = ACCESS_OF[word.toLowerCase()];
    if (known !== undefined) access = known;
    else if (/^[124]$/.test(word)) size = Number(word);
    else throw new UsageError(`Cannot use ${word} in a watchpoint`, { hint: "Use r, w or rw and 1, 2 or 4 bytes" });
  }
  if (address % size !== 0) {
    throw new UsageError(`Cannot watch ${size} bytes at ${hex(address)}: the address is not a multiple of ${size}`);
  }
  return [address, size, access];
}

async function setWatchpoint(context: CommandContext, args: readonly string[]): Promise<void> {
  const watchpoint = await context.core.setWatchpoint(...await readWatchpoint(context, args));
  context.write(`Set watchpoint at ${hex(watchpoint.address)}\n`);
}

async function removeWatchpoint(context: CommandContext, args: readonly string[]): Promise<void> {
  const address = await readAddress(context, args[0]!);
  const [, size, access] = await readWatchpoint(context, args);
  const matching = context.core.watchpoints.filter((each) =>
    each.address === address && (args.length === 1 || (each.size === size && each.access === access))
  );
  if (matching.length === 0) throw new UsageError(`Cannot remove watchpoint at ${hex(address)}: none is set there`);
  for (const each of matching) await context.core.removeWatchpoint(each.address, each.size, each.access);
  context.write(`Removed watchpoint at ${hex(address)}\n`);
}

async function listWatchpoints(context: CommandContext): Promise<void> {
  const { watchpoints, features } = context.core;
  context.write(`${features.watchpoints - watchpoints.length} hardware watchpoints available\n`);
  if (watchpoints.length === 0) context.write("No watchpoints installed\n");
  watchpoints.forEach(({ address, size, access }, i) =>
    context.write(`${i}: ${hex(address)}, ${size} bytes, ${LETTERS_OF[access]}\n`)
  );
}

/** Commands about breakpoints and watchpoints. */
export const BREAKPOINT_COMMANDS: readonly CommandSpec[] = [
  { names: ["break"], group: "standard", usage: "ADDR", help: "Set a breakpoint.", run: setBreakpoint },
  { names: ["rmbreak"], group: "standard", usage: "ADDR", help: "Remove a breakpoint.", run: removeBreakpoint },
  { names: ["lsbreak"], group: "standard", usage: "", help: "List breakpoints.", run: listBreakpoints },
  {
    names: ["watch"],
    group: "standard",
    usage: "ADDR [r|w|rw] [1|2|4]",
    help: "Set a watchpoint; on any access to 4 bytes unless told otherwise.",
    run: setWatchpoint,
  },
  {
    names: ["rmwatch"],
    group: "standard",
    usage: "ADDR [r|w|rw] [1|2|4]",
    help: "Remove watchpoints.",
    run: removeWatchpoint,
  },
  { names: ["lswatch"], group: "standard", usage: "", help: "List watchpoints.", run: listWatchpoints },
];
