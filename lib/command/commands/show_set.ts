/**
 * `show` and `set`.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { CommandContext } from "../context.ts";
import { type CommandSpec, findNamed } from "../spec.ts";
import { VALUES } from "../values/mod.ts";

async function show(context: CommandContext, [name, ...args]: readonly string[]): Promise<void> {
  const value = findNamed(name!, VALUES, "value");
  if (value.show === undefined) throw new UsageError(`Cannot show ${value.names[0]}: it can only be set`);
  await value.show(context, args);
}

async function set(context: CommandContext, [name, ...args]: readonly string[]): Promise<void> {
  const value = findNamed(name!, VALUES, "value");
  if (value.set === undefined) throw new UsageError(`Cannot set ${value.names[0]}: it can only be shown`);
  await value.set(context, args);
}

/** Commands about values. */
export const VALUE_COMMANDS: readonly CommandSpec[] = [
  { names: ["show"], group: "standard", usage: "NAME [ARG...]", help: "Show a value; see `help`.", run: show },
  { names: ["set"], group: "standard", usage: "NAME [ARG...]", help: "Change a value; see `help`.", run: set },
];
