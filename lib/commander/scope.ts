/**
 * The names that `$` lines see.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import type { CommandContext } from "../command/context.ts";
import { executeLine } from "../command/execute.ts";
import type { Scope } from "./evaluator.ts";

/**
 * The objects of a session by the names that scripts use, and `run("reset halt")` for commands. Those that may change,
 * such as the selected core, are asked for each time.
 */
export function sessionScope(context: CommandContext): Scope {
  const { session } = context;
  const scope: Scope = {
    session,
    probe: session.probe,
    target: session.target,
    options: session.options,
    dp: session.dp,
    hex,
    run: (line: string) => executeLine(context, line),
  };
  const living: Readonly<Record<string, () => unknown>> = {
    core: () => (context.hasCore ? context.core : undefined),
    cores: () => session.target.cores,
    aps: () => session.target.aps,
    memory: () => context.memory,
    flash: () => session.flash,
    map: () => session.target.map,
    symbols: () => context.symbols,
  };
  for (const [name, get] of Object.entries(living)) {
    Object.defineProperty(scope, name, {
      get,
      // A variable of that name takes its place.
      set: (value: unknown) => Object.defineProperty(scope, name, { value, writable: true }),
      enumerable: true,
      configurable: true,
    });
  }
  return scope;
}
