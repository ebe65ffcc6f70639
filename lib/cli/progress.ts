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
 * A bar that is drawn again on the same line. Phases may alternate, as comparing and erasing do; a phase that is
 * complete keeps its line.
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
  let isComplete = false;
  return {
    update({ phase, done, total }) {
      const part = total === 0 ? 1 : done / total;
      const width = Math.max(10, Math.min(50, output.columns - 34));
      const bar = "=".repeat(Math.floor(part * width)).padEnd(width);
      const percent = String(Math.floor(part * 100)).padStart(3);
      const line = `\r${NAMES[phase].padEnd(12)} [${bar}] ${percent}% ${byteCount(total)}\x1b[K`;
      if (line === shown) return;
      output.write(isComplete ? `\n${line}` : line);
      shown = line;
      isComplete = part >= 1;
    },
    close() {
      if (shown !== "") output.write("\n");
      shown = "";
      isComplete = false;
    },
  };
}

/** One line when a phase starts and every quarter of it. */
export function lineDisplay(output: Output): ProgressDisplay {
  return stepDisplay(4, (progress, quarter) => {
    output.write(`${NAMES[progress.phase]} ${byteCount(progress.total)}: ${quarter * 25}%\n`);
  });
}

/** One JSON object a line, at most one for each whole percent of a phase. */
export function jsonDisplay(output: Output): ProgressDisplay {
  return stepDisplay(100, (progress) => output.write(`${JSON.stringify({ event: "progress", ...progress })}\n`));
}

/** Shows each phase at most once in each of `steps` equal parts. */
function stepDisplay(steps: number, show: (progress: Progress, step: number) => void): ProgressDisplay {
  const reached = new Map<Progress["phase"], number>();
  return {
    update(progress) {
      const step = progress.total === 0 ? steps : Math.floor((progress.done / progress.total) * steps);
      if (step <= (reached.get(progress.phase) ?? -1)) return;
      reached.set(progress.phase, step);
      show(progress, step);
    },
    close() {
      reached.clear();
    },
  };
}

/** Shows nothing. */
export function noDisplay(): ProgressDisplay {
  return { update: () => {}, close: () => {} };
}
