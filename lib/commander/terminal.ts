/**
 * What the interactive loop needs of a terminal, and one for input that nobody types.
 *
 * @module
 */

/** Candidates for the end of a line, and the part of the line that they replace. */
export type Completion = readonly [candidates: string[], replaced: string];

/** Where the loop reads from and writes to. */
export interface ReplTerminal {
  /** Shows the prompt and gives the next line, or undefined at the end of the input. */
  readLine(prompt: string): Promise<string | undefined>;
  /** Shows text above the line being typed; when a prompt is given, it takes the place of the present one. */
  notify(text: string, prompt?: string): void;
  /** Shows an error; the loop goes on after it. */
  showError(error: unknown): void;
  /** Calls `listener` when the user presses Ctrl-C, until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
  /** Gives the terminal back. */
  close(): void;
}

/** How a line editor is set up. */
export interface LineEditorOptions {
  /** Lines typed before, oldest first. */
  readonly history: readonly string[];
  /** Lines to remember; Infinity for all. */
  readonly historyLength: number;
  /** What may stand at the end of a line. */
  readonly complete: (line: string) => Promise<Completion>;
  /** Shows an error. */
  readonly showError: (error: unknown) => void;
}

/** Makes a line editor on the terminal of the process. */
export type OpenLineEditor = (options: LineEditorOptions) => Promise<ReplTerminal>;

/** What {@linkcode plainTerminal} reads from and writes to. */
export interface PlainTerminalOptions {
  /** The next line, or undefined at the end. */
  readonly readLine: () => Promise<string | undefined>;
  /** Shows text. */
  readonly write: (text: string) => void;
  /** Shows an error. */
  readonly showError: (error: unknown) => void;
  /** Whether to show prompts. */
  readonly prompts: boolean;
}

/** Lines one after the other, without editing: for pipes, and terminals that cannot do more. */
export function plainTerminal({ readLine, write, showError, prompts }: PlainTerminalOptions): ReplTerminal {
  return {
    readLine: (prompt) => {
      if (prompts) write(prompt);
      return readLine();
    },
    notify: (text) => write(text),
    showError,
    onInterrupt: () => () => {},
    close: () => {},
  };
}
