/**
 * Runs the command line program inside the test process and captures what it writes.
 *
 * @module
 */
import { main } from "../../lib/cli/main.ts";
import type { ProbeDriver } from "../../lib/probe/probe.ts";
import { simDriver } from "../../lib/probe/sim/driver.ts";

/** How a run is set up. */
export interface CliRunOptions {
  /** Lines that the user types. */
  readonly input?: readonly string[];
  /** Environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; the root of the file system unless given. */
  readonly cwd?: string;
  /** Whether a person looks and types. */
  readonly isTerminal?: boolean;
  /** Presses Ctrl-C. */
  readonly interrupted?: AbortSignal;
  /** Kinds of probes; simulated boards only unless given, so that no test touches what is plugged in. */
  readonly drivers?: readonly ProbeDriver[];
}

/** What a run did. */
export interface CliRun {
  /** Exit code. */
  readonly code: number;
  /** What went to standard output. */
  readonly stdout: string;
  /** The same as bytes. */
  readonly bytes: Uint8Array;
  /** What went to standard error. */
  readonly stderr: string;
}

/** Runs `tapir` with these arguments. */
export async function runCli(argv: readonly string[], options: CliRunOptions = {}): Promise<CliRun> {
  const input = [...options.input ?? []];
  const isTerminal = options.isTerminal ?? false;
  const stdout = capture(isTerminal);
  const stderr = capture(isTerminal);
  const code = await main(argv, {
    stdout,
    stderr,
    stdin: {
      isTerminal,
      readLine: () => Promise.resolve(input.shift()),
      readAll: () => Promise.resolve(new TextEncoder().encode(input.splice(0).map((line) => `${line}\n`).join(""))),
    },
    env: (name) => options.env?.[name],
    cwd: options.cwd ?? "/",
    interrupted: options.interrupted ?? new AbortController().signal,
    drivers: options.drivers ?? [simDriver],
  });
  const bytes = stdout.bytes();
  return { code, stdout: new TextDecoder().decode(bytes), bytes, stderr: new TextDecoder().decode(stderr.bytes()) };
}

function capture(isTerminal: boolean) {
  const parts: Uint8Array[] = [];
  return {
    isTerminal,
    columns: 100,
    write: (data: string | Uint8Array): void => {
      parts.push(typeof data === "string" ? new TextEncoder().encode(data) : data.slice());
    },
    bytes: (): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part])),
  };
}
