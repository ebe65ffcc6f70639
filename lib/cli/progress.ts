/**
 * Progress of long work: a bar on a terminal, lines elsewhere, events with `--json`.
 *
 * @module
 */
import type { Progress, ProgressListener } from "../base/events.ts";
import { byteCount } from "./units.ts";
import type { Output } from "./streams.ts";

/** Shows progress until it is closed. */
export interface ProgressDisplay {
  /** Shows one step. */
  readonly update: ProgressListener;
  /** Ends the last line. */
  close(): void;
}

const NAMES: Readonly<Record<Progress["phase"], string>> = {
  erase: "Erasing",
  program: "Programming",
  verify: "Verifying",
  read: "Reading",
  compare: "Comparing",
  download: "Downloading",
};

/**
 * A bar that is drawn again on the same line, one line per phase.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { barDisplay } from "./progress.ts";
 *
 * let text = "";
 * const bar = barDisplay({ write: (part) => text += part, isTerminal: true, columns: 50 });
 * bar.update({ phase: "erase", done: 5, total: 10 });
 * bar.close();
 * assertEquals(text, "\rErasing      [========        ]  50% 10 B\x1b[K\n");
 * ```
 */
export function barDisplay(output: Output): ProgressDisplay {
  let shown = "";
  let phase: Progress["phase"] | undefined;
  return {
    update(progress) {
      if (phase !== undefined && phase !== progress.phase) output.write("\n");
      phase = progress.phase;
      const part = progress.total === 0 ? 1 : progress.done / progress.total;
      const width = Math.max(10, Math.min(50, output.columns - 34));
      const bar = "=".repeat(Math.floor(part * width)).padEnd(width);
      const percent = String(Math.floor(part * 100)).padStart(3);
      const line = `\r${NAMES[phase].padEnd(12)} [${bar}] ${percent}% ${byteCount(progress.total)}\x1b[K`;
      if (line !== shown) output.write(line);
      shown = line;
    },
    close() {
      if (phase !== undefined) output.write("\n");
      phase = undefined;
      shown = "";
    },
  };
}

/** One line when a phase starts and every quarter of it. */
export function lineDisplay(output: Output): ProgressDisplay {
  let phase: Progress["phase"] | undefined;
  let quarter = -1;
  return {
    update(progress) {
      const now = progress.total === 0 ? 4 : Math.floor((progress.done / progress.total) * 4);
      if (phase === progress.phase && now <= quarter) return;
      phase = progress.phase;
      quarter = now;
      output.write(`${NAMES[phase]} ${byteCount(progress.total)}: ${now * 25}%\n`);
    },
    close() {
      phase = undefined;
    },
  };
}

/** One JSON object a line, at most one for each whole percent of a phase. */
export function jsonDisplay(output: Output): ProgressDisplay {
  let phase: Progress["phase"] | undefined;
  let percent = -1;
  return {
    update(progress) {
      const now = progress.total === 0 ? 100 : Math.floor((progress.done / progress.total) * 100);
      if (phase === progress.phase && now === percent) return;
      phase = progress.phase;
      percent = now;
      output.write(`${JSON.stringify({ event: "progress", ...progress })}\n`);
    },
    close() {
      phase = undefined;
    },
  };
}

/** Shows nothing. */
export function noDisplay(): ProgressDisplay {
  return { update: () => {}, close: () => {} };
}
