/**
 * Lines of earlier sessions, in a file with one line each.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";

const log = getLogger("commander", "history");

/** The file that history is kept in: `TAPIR_HISTORY`, else `.tapir_history` in the home directory. */
export function historyPath(env: (name: string) => string | undefined): string | undefined {
  const home = env("HOME") ?? env("USERPROFILE");
  return env("TAPIR_HISTORY") || (home === undefined ? undefined : `${home}/.tapir_history`);
}

/** Lines typed in this and earlier sessions. A file that cannot be used is told in the log and does no harm. */
export class History {
  readonly #path: string | undefined;
  readonly #limit: number;
  #last: string | undefined;

  /** Keeps `limit` lines in the file at `path`; all of them when negative, none when there is no path. */
  constructor(path: string | undefined, limit: number) {
    this.#path = limit === 0 ? undefined : path;
    this.#limit = limit < 0 ? Infinity : limit;
  }

  /** Lines to remember; Infinity for all. */
  get limit(): number {
    return this.#limit;
  }

  /** Lines of earlier sessions, oldest first; the file is cut when it holds more than are kept. */
  async load(): Promise<string[]> {
    if (this.#path === undefined) return [];
    try {
      const lines = (await Deno.readTextFile(this.#path)).split("\n").filter((line) => line !== "");
      const kept = lines.slice(-this.#limit);
      if (kept.length < lines.length) await Deno.writeTextFile(this.#path, kept.map((line) => `${line}\n`).join(""));
      this.#last = kept.at(-1);
      return kept;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) this.#tell(error);
      return [];
    }
  }

  /** Remembers a line, unless it is empty or the one before. */
  async add(line: string): Promise<void> {
    if (this.#path === undefined || line.trim() === "" || line === this.#last) return;
    this.#last = line;
    try {
      // What people type may hold secrets, so that nobody else may read it.
      await Deno.writeTextFile(this.#path, `${line}\n`, { append: true, mode: 0o600 });
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    log.warning(`History is not kept in ${this.#path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
