/**
 * What a value is.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";

/** One value. */
export interface ValueSpec {
  /** Its name, then other names. */
  readonly names: readonly [string, ...string[]];
  /** One line. */
  readonly help: string;
  /** Prints it; absent when it can only be set. */
  readonly show?: (context: CommandContext, args: readonly string[]) => Promise<void>;
  /** Changes it; absent when it can only be shown. */
  readonly set?: (context: CommandContext, args: readonly string[]) => Promise<void>;
}
