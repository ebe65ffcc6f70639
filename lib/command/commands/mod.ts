/**
 * The one table of commands.
 *
 * @module
 */
import type { CommandGroup, CommandSpec } from "../spec.ts";
import { BREAKPOINT_COMMANDS } from "./breakpoints.ts";
import { CODE_COMMANDS } from "./code.ts";
import { DAP_COMMANDS } from "./dap.ts";
import { FLASH_COMMANDS } from "./flash.ts";
import { GENERAL_COMMANDS } from "./general.ts";
import { MEMORY_COMMANDS } from "./memory.ts";
import { MEMORY_BLOCK_COMMANDS } from "./memory_blocks.ts";
import { REGISTER_COMMANDS } from "./registers.ts";
import { RUN_COMMANDS } from "./run_control.ts";
import { VALUE_COMMANDS } from "./show_set.ts";

/** Every command, in the order of `help`. */
export const COMMANDS: readonly CommandSpec[] = [
  ...RUN_COMMANDS,
  ...REGISTER_COMMANDS,
  ...MEMORY_COMMANDS,
  ...MEMORY_BLOCK_COMMANDS,
  ...FLASH_COMMANDS,
  ...BREAKPOINT_COMMANDS,
  ...CODE_COMMANDS,
  ...DAP_COMMANDS,
  ...VALUE_COMMANDS,
  ...GENERAL_COMMANDS,
];

/** The commands of some groups. */
export function commandsOf(groups: readonly CommandGroup[]): CommandSpec[] {
  return COMMANDS.filter((command) => groups.includes(command.group));
}
