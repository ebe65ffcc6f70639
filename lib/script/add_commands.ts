/**
 * Puts the commands of a user script among those of the commander.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { CommandContext } from "../command/context.ts";
import { type CommandSpec, findNamed } from "../command/spec.ts";
import type { CommandContext as CommandStep } from "../target/delegates.ts";
import type { CommandSet } from "./services.ts";
import { scriptOf } from "./user_script.ts";

/**
 * Adds the commands of the session's script to those that may run, asks its `add_target_command_groups` for more, and
 * adds the command `reload` that loads the script again. Nothing happens when the session has no script.
 *
 * @throws {TapirError} when a command has the name of another, or the delegate fails
 */
export async function addScriptCommands(context: CommandContext): Promise<void> {
  const script = scriptOf(context.session);
  if (script === undefined) return;
  const own = new Set<CommandSpec>();
  const add = (spec: CommandSpec): void => {
    const taken = spec.names.find((name) => context.commands.some((other) => other.names.includes(name)));
    if (taken !== undefined) {
      throw new UsageError(`Cannot add command ${taken} of ${script.path}: the name is taken`, {
        hint: `It belongs to: ${findNamed(taken, context.commands, "command").help}`,
      });
    }
    own.add(spec);
    context.commands.push(spec);
  };
  const addAll = async (): Promise<void> => {
    for (const spec of script.commands) add(spec);
    const commandSet: CommandSet = { add: (made) => add(script.bind(made)) };
    const step: CommandStep = { ...context.session.target.context, command_set: commandSet };
    await context.session.target.ladder.notify("add_target_command_groups", step);
  };
  await addAll();
  context.commands.push({
    names: ["reload"],
    group: "user",
    usage: "",
    help: "load the user script again",
    run: async () => {
      await script.reload();
      context.commands.splice(0, Infinity, ...context.commands.filter((spec) => !own.has(spec)));
      own.clear();
      await addAll();
      context.write(`Loaded ${script.path}\n`);
    },
  });
}
