/**
 * Reads command lines from a person and runs them until `exit` or the end of the input.
 *
 * @module
 */
import { InterruptedError } from "../base/errors.ts";
import { executeLine } from "../command/execute.ts";
import type { CommandContext } from "../command/context.ts";
import { scanCode } from "./code_scan.ts";
import type { ReplTerminal } from "./terminal.ts";
import { CoreWatch, WATCH_INTERVAL_MS } from "./watch.ts";

/** How long a command that was interrupted may take to stop, in milliseconds. */
const INTERRUPT_GRACE_MS = 1000;

/** Prompt while a piece of TypeScript is not complete. */
const MORE_PROMPT = "... ";

/** What the loop needs besides the terminal. */
export interface ReplOptions {
  /** Hears every line that was typed. */
  readonly onLine?: (line: string) => Promise<void>;
  /** Whether to show states in the prompt. */
  readonly prompts: boolean;
  /** Whether to look at the cores while the user types. */
  readonly watch: boolean;
  /** Waits that many milliseconds of the computer's time, or until `signal` is aborted; a real timer unless given. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Runs the loop. An error in a command does not end it, and neither does Ctrl-C. */
export async function runRepl(context: CommandContext, terminal: ReplTerminal, options: ReplOptions): Promise<void> {
  const watch = new CoreWatch(context);
  const wait = options.wait ?? waitReally;
  while (!context.exitRequested) {
    if (options.prompts) await noteStates(watch, terminal);
    const line = await readWatched(watch, terminal, options.watch ? wait : undefined);
    if (line === undefined) return;
    const whole = await readRest(terminal, line);
    if (whole === undefined) continue;
    await options.onLine?.(whole.replaceAll("\n", " "));
    try {
      await runInterruptible(context, terminal, wait, () => executeLine(context, whole));
    } catch (error) {
      terminal.showError(error);
    }
  }
}

async function noteStates(watch: CoreWatch, terminal: ReplTerminal): Promise<void> {
  try {
    await watch.note();
  } catch (error) {
    terminal.showError(error);
  }
}

/** The next line; meanwhile, looks at the cores from time to time and tells what happens to them. */
async function readWatched(
  watch: CoreWatch,
  terminal: ReplTerminal,
  wait: ReplOptions["wait"],
): Promise<string | undefined> {
  const typed = new AbortController();
  const line = terminal.readLine(watch.prompt);
  const watching = wait === undefined ? Promise.resolve() : watchUntil(watch, terminal, wait, typed.signal);
  try {
    return await line;
  } finally {
    typed.abort();
    // Commands must not run between the questions of a look at the cores.
    await watching;
  }
}

async function watchUntil(
  watch: CoreWatch,
  terminal: ReplTerminal,
  wait: NonNullable<ReplOptions["wait"]>,
  signal: AbortSignal,
): Promise<void> {
  while (true) {
    await wait(WATCH_INTERVAL_MS, signal);
    if (signal.aborted) return;
    try {
      const news = await watch.changes();
      if (news !== "") terminal.notify(news, watch.prompt);
    } catch (error) {
      // One word about it is enough; the next command will meet the same trouble.
      terminal.showError(error);
      return;
    }
  }
}

/** A line of TypeScript with those that belong to it; undefined when the user gives it up with Ctrl-C. */
async function readRest(terminal: ReplTerminal, line: string): Promise<string | undefined> {
  const isOpen = (text: string): boolean =>
    text.trimStart().startsWith("$") && scanCode(text.trimStart().slice(1)).isOpen;
  if (!isOpen(line)) return line;
  let whole = line;
  let isGivenUp = false;
  const stop = terminal.onInterrupt(() => isGivenUp = true);
  try {
    while (isOpen(whole)) {
      const next = await terminal.readLine(MORE_PROMPT);
      if (isGivenUp) return undefined;
      if (next === undefined) return whole;
      whole += `\n${next}`;
    }
    return whole;
  } finally {
    stop();
  }
}

/** Runs a command that Ctrl-C stops. @throws {InterruptedError} when it was stopped */
async function runInterruptible(
  context: CommandContext,
  terminal: ReplTerminal,
  wait: NonNullable<ReplOptions["wait"]>,
  run: () => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  const done = new AbortController();
  const stopListening = terminal.onInterrupt(() => interrupt.abort());
  context.signal = interrupt.signal;
  const work = run();
  const interrupted = new Promise<never>((_, reject) => {
    interrupt.signal.addEventListener("abort", async () => {
      // The command stops by itself between two steps; one that does not is left to its own time-outs.
      await wait(INTERRUPT_GRACE_MS, done.signal);
      reject(new InterruptedError());
    });
  });
  interrupted.catch(() => {});
  try {
    await Promise.race([work, interrupted]);
  } finally {
    stopListening();
    done.abort();
    context.signal = undefined;
    work.catch(() => {});
  }
}

function waitReally(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}
