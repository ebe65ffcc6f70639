/**
 * The streams of the real process.
 *
 * @module
 */
import { systemClock } from "../base/clock.ts";
import { EXIT, TapirError } from "../base/errors.ts";
import type { LineEditorOptions, ReplTerminal } from "../commander/terminal.ts";
import { StopRequest } from "./stop_request.ts";
import type { Input, Output, Streams } from "./streams.ts";

const encoder = new TextEncoder();

/**
 * Streams of this process. Ctrl-C aborts {@linkcode Streams.interrupted}; a second one ends the process at once. So does
 * SIGTERM, by which CI ends its jobs: flash is not left without a word, nor the target halted.
 */
export function systemStreams(): Streams {
  const request = new StopRequest(systemClock, () => Deno.exit(EXIT.interrupted));
  const stop = (): void => request.signalled();
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  return {
    stdout: outputOf(Deno.stdout, (cause) => {
      throw new TapirError(`Cannot write to standard output: ${cause instanceof Error ? cause.message : cause}`, {
        code: "output-unwritable",
        hint: "Is the disk full?",
        cause,
      });
    }),
    // Nobody can be told, and the work goes on.
    stderr: outputOf(Deno.stderr, () => {}),
    stdin: inputOf(Deno.stdin),
    env: (name) => Deno.env.get(name),
    envNames: Object.keys(Deno.env.toObject()),
    cwd: Deno.cwd(),
    interrupted: request.signal,
    ...(Deno.stdin.isTerminal() && Deno.stdout.isTerminal() ? { openLineEditor } : {}),
  };
}

async function openLineEditor(options: LineEditorOptions): Promise<ReplTerminal> {
  return await (await import("../commander/line_editor.ts")).openLineEditor(options);
}

/** Writes to `file` until that fails; `failed` hears about it once, and what follows is dropped. */
function outputOf(file: typeof Deno.stdout, failed: (error: unknown) => void): Output {
  const isTerminal = file.isTerminal();
  let lost = false;
  return {
    isTerminal,
    get columns(): number {
      try {
        return isTerminal ? Deno.consoleSize().columns : 80;
      } catch {
        // Some terminals do not know their size.
        return 80;
      }
    },
    write(data) {
      const bytes = typeof data === "string" ? encoder.encode(data) : data;
      for (let at = 0; at < bytes.length && !lost;) {
        try {
          at += file.writeSync(bytes.subarray(at));
        } catch (error) {
          if (error instanceof Deno.errors.WouldBlock) continue;
          lost = true;
          // Whoever read the output has left, as `head` does: what follows has no reader.
          if (!(error instanceof Deno.errors.BrokenPipe)) failed(error);
        }
      }
    },
  };
}

function inputOf(file: typeof Deno.stdin): Input {
  const decoder = new TextDecoder();
  let pending = "";
  let ended = false;
  const chunk = new Uint8Array(4096);
  return {
    isTerminal: file.isTerminal(),
    async readLine() {
      while (true) {
        const end = pending.indexOf("\n");
        if (end >= 0) {
          const line = pending.slice(0, end).replace(/\r$/, "");
          pending = pending.slice(end + 1);
          return line;
        }
        if (ended) {
          const rest = pending;
          pending = "";
          return rest === "" ? undefined : rest;
        }
        const length = await file.read(chunk);
        ended = length === null;
        pending += length === null ? decoder.decode() : decoder.decode(chunk.subarray(0, length), { stream: true });
      }
    },
    async readAll() {
      const parts: Uint8Array[] = [encoder.encode(pending)];
      pending = "";
      for await (const part of file.readable) parts.push(part);
      return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    },
  };
}
