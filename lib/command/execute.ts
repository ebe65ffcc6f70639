/**
 * Runs command lines.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { CommandContext } from "./context.ts";
import { parseLine } from "./parse.ts";
import { refusePyocdCommand } from "./pyocd_commands.ts";
import { checkArity, type CommandSpec, findNamed } from "./spec.ts";

/**
 * Runs one line: commands, an expression, or a shell command. The first command that fails ends the line, and so does
 * `exit`.
 *
 * @throws {TapirError} what the command throws
 */
export async function executeLine(context: CommandContext, line: string): Promise<void> {
  const parsed = parseLine(line);
  switch (parsed.kind) {
    case "expression":
      return await evaluate(context, parsed.text);
    case "shell":
      if (context.host.runShell === undefined) throw new UsageError("Cannot run a shell command here");
      return await context.host.runShell(parsed.text, context.signal);
    case "commands":
      for (const [name = "", ...args] of parsed.commands) {
        if (context.exitRequested) return;
        await context.checkInterrupted();
        await executeCommand(context, name, args);
      }
  }
}

async function executeCommand(context: CommandContext, name: string, args: readonly string[]): Promise<void> {
  const command = findCommand(name, context);
  checkArity(command.names[0], command.usage, args);
  await command.run(context, args);
}

/** The command that `typed` names; a user's command may have a name that pyOCD uses for something else. */
function findCommand(typed: string, { commands }: CommandContext): CommandSpec {
  if (!commands.some(({ names }) => names.includes(typed.toLowerCase()))) refusePyocdCommand(typed);
  return findNamed(typed, commands, "command");
}

async function evaluate(context: CommandContext, expression: string): Promise<void> {
  if (context.host.evaluate === undefined) throw new UsageError("Cannot evaluate an expression here");
  const text = await context.host.evaluate(expression);
  if (text !== undefined) context.write(`${text}\n`);
}
