/**
 * The outside world of one run of the program: everything it reads and writes besides files and probes.
 *
 * @module
 */

import type { OpenLineEditor } from "../commander/terminal.ts";
import type { ProbeDriver } from "../probe/probe.ts";

/** Takes text or bytes at once. */
export interface Output {
  /** Writes all of `data`. */
  write(data: string | Uint8Array): void;
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  /** Width in characters. */
  readonly columns: number;
}

/** Where the program's input comes from. */
export interface Input {
  /** Whether a person types. */
  readonly isTerminal: boolean;
  /** The next line without its end, or undefined at the end of the input. */
  readLine(): Promise<string | undefined>;
  /** All that is left. */
  readAll(): Promise<Uint8Array>;
}

/** Streams and surroundings of one run. */
export interface Streams {
  /** Data goes here. */
  readonly stdout: Output;
  /** What people read goes here. */
  readonly stderr: Output;
  /** Input. */
  readonly stdin: Input;
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /** Names of all variables of the environment; without it, misspelt ones go unnoticed. */
  readonly envNames?: readonly string[];
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Aborted when the user presses Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Makes a line editor, when standard input and output are a terminal. */
  readonly openLineEditor?: OpenLineEditor;
  /** Kinds of probes; all that Tapir knows unless given. */
  readonly drivers?: readonly ProbeDriver[];
}
