/**
 * Reads command lines from a person and runs them until `exit` or the end of the input.
 *
 * @module
 */
import { executeLine } from "../command/execute.ts";
import type { CommandContext } from "../command/context.ts";

/** What the loop reads from and writes to. */
export interface ReplTerminal {
  /** Shows the prompt and gives the next line, or undefined at the end of the input. */
  readLine(prompt: string): Promise<string | undefined>;
  /** Shows an error; the loop goes on after it. */
  showError(error: unknown): void;
}

/** Prompt of the loop. */
export const PROMPT = "tapir> ";

/** Runs the loop. An error in a command does not end it. */
export async function runRepl(context: CommandContext, terminal: ReplTerminal): Promise<void> {
  while (!context.exitRequested) {
    const line = await terminal.readLine(PROMPT);
    if (line === undefined) return;
    try {
      await executeLine(context, line);
    } catch (error) {
      terminal.showError(error);
    }
  }
}
