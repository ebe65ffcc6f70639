/**
 * One run of the program as a function of its arguments and streams.
 *
 * @module
 */
import { EXIT } from "../base/errors.ts";
import type { Streams } from "./streams.ts";
import { VERSION } from "./version.ts";

/**
 * Runs `tapir` with `argv` (without the program's name) and answers its exit code; see docs/exit-codes.md.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { main } from "./main.ts";
 * import { VERSION } from "./version.ts";
 *
 * let out = "";
 * const silent = { write: () => {}, isTerminal: false, columns: 80 };
 * const code = await main(["--version"], {
 *   stdout: { ...silent, write: (data) => out += data },
 *   stderr: silent,
 *   stdin: { isTerminal: false, readLine: async () => undefined, readAll: async () => new Uint8Array() },
 *   env: () => undefined,
 *   cwd: "/",
 *   interrupted: new AbortController().signal,
 * });
 * assertEquals([code, out], [0, `${VERSION}\n`]);
 * ```
 */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  // Asked often by scripts, so it is answered before anything else is loaded.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    try {
      streams.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    } catch (error) {
      const { fail } = await import("./run.ts");
      return await fail(error, streams);
    }
  }
  const { run } = await import("./run.ts");
  return await run(argv, streams);
}
