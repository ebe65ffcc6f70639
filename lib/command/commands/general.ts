/**
 * Commands about the commander itself.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { CommandContext } from "../context.ts";
import { readCount } from "../numbers.ts";
import { refusePyocdCommand } from "../pyocd_commands.ts";
import { type CommandSpec, findNamed } from "../spec.ts";
import { VALUES } from "../values/mod.ts";

/** Longest sleep without a look at whether the user wants it to end, in milliseconds. */
const SLEEP_SLICE = 100;

async function help(context: CommandContext, [name, value]: readonly string[]): Promise<void> {
  const { commands } = context;
  if (name === undefined) {
    context.write("Commands:\n");
    for (const command of commands) context.write(summary(command));
    context.write("\nValues for show and set:\n");
    for (const each of VALUES) context.write(summary(each));
    return;
  }
  if (!commands.some(({ names }) => names.includes(name.toLowerCase()))) refusePyocdCommand(name);
  const command = findNamed(name, commands, "command");
  const shown = value === undefined ? command : findNamed(value, VALUES, "value");
  context.write(`Usage: ${command.names[0]} ${value === undefined ? command.usage : shown.names[0]}`.trimEnd() + "\n");
  context.write(`${shown.help}\n`);
  if (shown.names.length > 1) context.write(`Other names: ${shown.names.slice(1).join(", ")}\n`);
  if (value === undefined && command.details !== undefined) context.write(`${command.details}\n`);
}

function summary({ names, help }: { readonly names: readonly string[]; readonly help: string }): string {
  return `  ${names.join(", ").padEnd(26)}  ${help}\n`;
}

async function sleep(context: CommandContext, [ms]: readonly string[]): Promise<void> {
  const total = await readCount(context, ms!, "milliseconds", 0);
  for (let left = total; left > 0; left -= SLEEP_SLICE) {
    await context.checkInterrupted();
    await context.session.clock.sleep(Math.min(left, SLEEP_SLICE));
  }
}

async function list(context: CommandContext): Promise<void> {
  if (context.host.probeTable === undefined) throw new UsageError("Cannot list probes here");
  context.write(await context.host.probeTable());
}

async function exit(context: CommandContext): Promise<void> {
  context.exitRequested = true;
}

/** Commands about the commander itself. */
export const GENERAL_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["sleep"],
    group: "standard",
    usage: "MILLISECONDS",
    help: "Wait, in the target's time on a simulated board.",
    run: sleep,
  },
  { names: ["list"], group: "commander", usage: "", help: "List debug probes.", run: list },
  {
    names: ["help", "?"],
    group: "standard",
    usage: "[CMD] [VALUE]",
    help: "Show commands, or one in detail.",
    run: help,
  },
  { names: ["exit", "quit"], group: "commander", usage: "", help: "Leave the commander.", run: exit },
];
