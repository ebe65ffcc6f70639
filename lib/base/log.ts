/**
 * Logging: each room has a category, libraries stay silent until the application configures a sink.
 * The only file that knows the logging package.
 *
 * @module
 */
import { configure, getLogger as logtapeLogger, type LogRecord, reset } from "@logtape/logtape";

/** Severity, most severe first, as pyOCD names them. */
export type LogLevel = "critical" | "error" | "warning" | "info" | "debug";

/** What a room logs with; the message may be a function so that it costs nothing when nobody listens. */
export interface Logger {
  /** Something that may stop the work. */
  error(message: string | (() => string)): void;
  /** Something the user should know about. */
  warning(message: string | (() => string)): void;
  /** What is going on, in the user's words. */
  info(message: string | (() => string)): void;
  /** What is going on, in the developer's words. */
  debug(message: string | (() => string)): void;
}

/** One line on its way to the sink. */
export interface LogLine {
  /** Severity. */
  readonly level: LogLevel;
  /** Room or room and topic, such as `flash` or `dap.queue`. */
  readonly category: string;
  /** The text. */
  readonly message: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Where a category gets its own level: a glob over category names (`*` matches anything). */
export interface LevelRule {
  /** Glob such as `dap*`. */
  readonly pattern: string;
  /** The level for what matches. */
  readonly level: LogLevel;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warning", "error", "critical"];

/**
 * The logger of a room; `topic` narrows it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { configureLog, getLogger, type LogLine } from "./log.ts";
 *
 * const lines: LogLine[] = [];
 * await configureLog({ level: "info", sink: (line) => lines.push(line) });
 * getLogger("flash").info("Erasing 2 sectors");
 * getLogger("flash").debug(() => "not built");
 * assertEquals(lines.map((l) => [l.category, l.level, l.message]), [["flash", "info", "Erasing 2 sectors"]]);
 * ```
 */
export function getLogger(room: string, topic?: string): Logger {
  const inner = logtapeLogger(topic ? ["tapir", room, topic] : ["tapir", room]);
  const emit = (level: "error" | "warning" | "info" | "debug") => (message: string | (() => string)): void => {
    if (!active || ORDER.indexOf(level) < lowest) return;
    inner[level]("{text}", { text: typeof message === "function" ? message() : message });
  };
  return { error: emit("error"), warning: emit("warning"), info: emit("info"), debug: emit("debug") };
}

let active = false;
let lowest = ORDER.length;

/**
 * Starts logging to `sink`: everything at `level` and above, with `rules` applied in order for single categories.
 * Calling it again replaces the earlier set-up.
 */
export async function configureLog(
  options: { level: LogLevel; rules?: readonly LevelRule[]; sink: (line: LogLine) => void },
): Promise<void> {
  const rules = (options.rules ?? []).map((rule) => ({ match: globToRegExp(rule.pattern), level: rule.level }));
  const levels = [options.level, ...rules.map((rule) => rule.level)].map((level) => ORDER.indexOf(level));
  lowest = Math.min(...levels);
  active = true;
  await configure({
    reset: true,
    sinks: {
      out: (record: LogRecord) => {
        const category = record.category.slice(1).join(".");
        let level = options.level;
        for (const rule of rules) if (rule.match.test(category)) level = rule.level;
        const own = record.level === "fatal" ? "critical" : record.level === "trace" ? "debug" : record.level;
        if (ORDER.indexOf(own) < ORDER.indexOf(level)) return;
        options.sink({ level: own, category, message: record.message.join(""), time: record.timestamp });
      },
    },
    loggers: [
      { category: ["tapir"], sinks: ["out"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
}

/** Back to silence. */
export async function silenceLog(): Promise<void> {
  active = false;
  lowest = ORDER.length;
  await reset();
}

function globToRegExp(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
