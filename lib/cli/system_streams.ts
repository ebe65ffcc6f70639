/**
 * The streams of the real process.
 *
 * @module
 */
import type { LineEditorOptions, ReplTerminal } from "../commander/terminal.ts";
import type { Input, Output, Streams } from "./streams.ts";

const encoder = new TextEncoder();

/** Streams of this process. Ctrl-C aborts {@linkcode Streams.interrupted}; a second one ends the process at once. */
export function systemStreams(): Streams {
  const interrupt = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    if (interrupt.signal.aborted) Deno.exit(130);
    interrupt.abort();
  });
  return {
    stdout: outputOf(Deno.stdout),
    stderr: outputOf(Deno.stderr),
    stdin: inputOf(Deno.stdin),
    env: (name) => Deno.env.get(name),
    envNames: Object.keys(Deno.env.toObject()),
    cwd: Deno.cwd(),
    interrupted: interrupt.signal,
    ...(Deno.stdin.isTerminal() && Deno.stdout.isTerminal() ? { openLineEditor } : {}),
  };
}

async function openLineEditor(options: LineEditorOptions): Promise<ReplTerminal> {
  return await (await import("../commander/line_editor.ts")).openLineEditor(options);
}

function outputOf(file: typeof Deno.stdout): Output {
  const isTerminal = file.isTerminal();
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
      for (let at = 0; at < bytes.length;) {
        try {
          at += file.writeSync(bytes.subarray(at));
        } catch (error) {
          // Whoever read the output has left, as `head` does: what follows has no reader.
          if (error instanceof Deno.errors.BrokenPipe) return;
          if (!(error instanceof Deno.errors.WouldBlock)) throw error;
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
