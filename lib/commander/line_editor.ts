/**
 * A line editor with history and completion on the terminal of the process. The only file that knows node:readline,
 * which is loaded when a person starts to type.
 *
 * @module
 */
import type { Interface } from "node:readline";
import type { LineEditorOptions, ReplTerminal } from "./terminal.ts";

/** History that readline keeps when all lines are to be kept. */
const MANY_LINES = 1_000_000;

/**
 * Takes over standard input and output, which must be a terminal.
 *
 * Ctrl-C makes the line empty, and tells the listeners of {@linkcode ReplTerminal.onInterrupt}; Ctrl-D on an empty line ends
 * the input. Lines that arrive while a command runs, as when many are pasted, wait for their turn.
 */
export async function openLineEditor(options: LineEditorOptions): Promise<ReplTerminal> {
  const [{ createInterface }, { stdin, stdout }] = await Promise.all([import("node:readline"), import("node:process")]);
  const { history, historyLength, complete, showError } = options;
  const editor: Interface = createInterface({
    input: stdin,
    output: stdout,
    terminal: true,
    // Newest first here.
    history: [...history].reverse(),
    historySize: Math.min(historyLength, MANY_LINES),
    removeHistoryDuplicates: false,
    completer: (line: string, answer: (error: Error | null, result: [string[], string]) => void) => {
      complete(line).then(
        ([candidates, replaced]) => answer(null, [candidates, replaced]),
        // A completion that fails must not end the session; there is just none.
        () => answer(null, [[], line]),
      );
    },
  });
  const waiting: string[] = [];
  const listeners = new Set<() => void>();
  let deliver: ((line: string | undefined) => void) | undefined;
  let closed = false;
  let pressed = false;
  const give = (line: string | undefined): void => {
    const receiver = deliver;
    deliver = undefined;
    receiver?.(line);
  };
  editor.on("line", (line: string) => deliver === undefined ? waiting.push(line) : give(line));
  editor.on("close", () => {
    closed = true;
    give(undefined);
  });
  editor.on("SIGINT", () => {
    // Ctrl-E and Ctrl-U empty the line.
    editor.write(null, { ctrl: true, name: "e" });
    editor.write(null, { ctrl: true, name: "u" });
    stdout.write("^C\n");
    waiting.length = 0;
    // One that comes between a line and its command is meant for the command.
    pressed = listeners.size === 0 && deliver === undefined;
    for (const listener of [...listeners]) listener();
    give("");
  });
  return {
    readLine: (prompt) => {
      pressed = false;
      editor.setPrompt(prompt);
      const next = waiting.shift();
      if (next !== undefined) {
        // The echo of what was pasted is far above by now.
        stdout.write(`${prompt}${next}\n`);
        return Promise.resolve(next);
      }
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        deliver = resolve;
        editor.prompt();
      });
    },
    notify: (text, prompt) => {
      if (prompt !== undefined) editor.setPrompt(prompt);
      // Carriage return and "erase to the end of the screen": the line being typed comes again below the text.
      stdout.write(`\r\x1b[J${text}`);
      if (deliver !== undefined) editor.prompt(true);
    },
    showError,
    onInterrupt: (listener) => {
      listeners.add(listener);
      if (pressed) queueMicrotask(() => listeners.has(listener) && listener());
      pressed = false;
      return () => listeners.delete(listener);
    },
    close: () => {
      editor.close();
      stdin.unref?.();
    },
  };
}
