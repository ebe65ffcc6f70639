/**
 * A program under way, whose output a test waits for.
 *
 * @module
 */
import { TextLineStream } from "./lines.ts";

/** How long a program may run, in seconds; then it dies with all it has started. */
const LIMIT_S = 20;

/** A program that was started. */
export class Running {
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #ended: Promise<void>;
  #isOver = false;

  /** Starts it. */
  constructor(command: readonly string[]) {
    this.#child = new Deno.Command("timeout", {
      args: ["--signal=KILL", String(LIMIT_S), ...command],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#follow();
  }

  /** What it has said so far, on both streams. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Waits until it has said something, and gives that line. @throws {Error} when it ends before */
  async says(pattern: RegExp): Promise<string> {
    while (true) {
      const line = this.#lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      if (this.#isOver) throw new Error(`The program ended without ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Its exit code, once it has ended. */
  async code(): Promise<number> {
    await this.#ended;
    return (await this.#child.status).code;
  }

  async #follow(): Promise<void> {
    await Promise.all([this.#collect(this.#child.stdout), this.#collect(this.#child.stderr)]);
    this.#isOver = true;
    this.#tell();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      this.#lines.push(line);
      this.#tell();
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
