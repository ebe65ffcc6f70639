/**
 * What a subcommand works with: streams, colours, progress, and sessions that end with it.
 *
 * @module
 */
import { EXIT, InterruptedError, TapirError, UsageError } from "../base/errors.ts";
import { configureLog, type LevelRule, type LogLevel, type LogLine } from "../base/log.ts";
import type { ProbeDriver } from "../probe/probe.ts";
import { DRIVERS } from "../session/drivers.ts";
import type { OptionValues } from "../session/options.ts";
import type { Session, SessionInit } from "../session/session.ts";
import { gatherSettings, type Settings } from "../session/settings.ts";
import { type ColorMode, type Paint, painter, wantsColor } from "./ansi.ts";
import { type ConfigValues, type ConnectValues, optionsOfFlags, optionTexts } from "./common_options.ts";
import { barDisplay, jsonDisplay, lineDisplay, noDisplay, type ProgressDisplay } from "./progress.ts";
import type { Streams } from "./streams.ts";

const LEVELS: readonly string[] = ["critical", "error", "warning", "info", "debug"] satisfies LogLevel[];

function isLevelRule(rule: { pattern: string; level: unknown }): rule is LevelRule {
  return typeof rule.level === "string" && LEVELS.includes(rule.level);
}

/** How long work that was interrupted may take to stop by itself, in milliseconds. */
const INTERRUPT_GRACE_MS = 1000;

const INTERRUPT_HINT = "The target may have been left in the middle of something; reset it, then erase or load anew";

/** How a subcommand was asked to behave. */
export interface ContextOptions {
  /** Streams of the run. */
  readonly streams: Streams;
  /** When output is coloured. */
  readonly color: ColorMode;
  /** Whether output is JSON. */
  readonly json: boolean;
  /** Whether people's text other than errors is left out. */
  readonly quiet: boolean;
}

/** Which messages are shown, and where. */
export interface LogSettings {
  /** The level of all that no rule matches. */
  readonly level: LogLevel;
  /** Levels of some categories. */
  readonly rules: readonly LevelRule[];
  /** Takes the messages. */
  readonly sink: (line: LogLine) => void;
}

/** Surroundings of one subcommand. */
export class CliContext {
  /** Streams of the run. */
  readonly streams: Streams;
  /** Whether output is JSON. */
  readonly json: boolean;
  /** Colours for stdout. */
  readonly paintData: Paint;
  /** Colours for stderr. */
  readonly paint: Paint;
  /** Whether the option debug.traceback asks for causes and stacks of errors. */
  wantsDetails = false;
  readonly #quiet: boolean;
  #log: LogSettings = { level: "warning", rules: [], sink: () => {} };

  /** Makes the surroundings of one run. */
  constructor(options: ContextOptions) {
    this.streams = options.streams;
    this.json = options.json;
    this.#quiet = options.quiet;
    this.paintData = painter(!options.json && wantsColor(options.color, options.streams.stdout.isTerminal));
    this.paint = painter(wantsColor(options.color, options.streams.stderr.isTerminal));
  }

  /** Kinds of probes. */
  get drivers(): readonly ProbeDriver[] {
    return this.streams.drivers ?? DRIVERS;
  }

  /** Shows messages from now on. */
  async startLog(settings: LogSettings): Promise<void> {
    this.#log = settings;
    await configureLog(settings);
  }

  /** Changes the level of messages whose category matches one of the patterns; of all without any. */
  async setLogLevel(level: LogLevel, patterns: readonly string[]): Promise<void> {
    const log = this.#log;
    const added = patterns.map((pattern) => ({ pattern, level }));
    await this.startLog(patterns.length === 0 ? { ...log, level } : { ...log, rules: [...log.rules, ...added] });
  }

  /** Writes data to stdout. */
  print(data: string | Uint8Array): void {
    this.streams.stdout.write(data);
  }

  /** Writes a value to stdout as JSON. */
  printJson(value: unknown): void {
    this.print(`${JSON.stringify(value, jsonValue, 2)}\n`);
  }

  /** Writes one event to stdout as a line of JSON. */
  event(name: string, value: object): void {
    this.print(`${JSON.stringify({ event: name, ...value }, jsonValue)}\n`);
  }

  /** Tells people something on stderr, one line. */
  say(line: string): void {
    if (!this.#quiet) this.streams.stderr.write(`${line}\n`);
  }

  /** A display of progress that suits the output; it also stops the work when the user presses Ctrl-C. */
  progress(hidden = false): ProgressDisplay {
    const display = this.json
      ? jsonDisplay(this.streams.stdout)
      : hidden || this.#quiet
      ? noDisplay()
      : this.streams.stderr.isTerminal
      ? barDisplay(this.streams.stderr)
      : lineDisplay(this.streams.stderr);
    return {
      update: (progress) => {
        display.update(progress);
        if (this.streams.interrupted.aborted) throw new InterruptedError();
      },
      close: () => display.close(),
    };
  }

  /** Options from flags, `-O`, environment and configuration file. @throws {UsageError} */
  async settings(
    values: Partial<ConfigValues & ConnectValues>,
    extra: { flags?: OptionValues; defaults?: OptionValues } = {},
  ): Promise<Settings> {
    const settings = await gatherSettings({
      cwd: this.streams.cwd,
      env: (name) => this.streams.env(name),
      envNames: this.streams.envNames ?? [],
      flags: { ...optionsOfFlags(values), ...extra.flags },
      settings: optionTexts(values),
      defaults: extra.defaults ?? {},
    });
    this.wantsDetails = settings.options.get("debug.traceback");
    await this.#applyLogging(settings.options.get("logging"));
    return settings;
  }

  /** Levels of the option `logging`; those of `-L` come later and win. @throws {UsageError} when it is no mapping of levels */
  async #applyLogging(levels: unknown): Promise<void> {
    if (levels === undefined) return;
    const isMapping = typeof levels === "object" && levels !== null && !Array.isArray(levels);
    const rules = isMapping ? Object.entries(levels).map(([pattern, level]) => ({ pattern, level })) : [];
    if (!isMapping || !rules.every(isLevelRule)) {
      throw new UsageError("Cannot use the option logging: it is no mapping from category patterns to levels", {
        code: "bad-option-value",
        hint: `Write logging: {dap*: debug}; levels are ${LEVELS.join(", ")}`,
      });
    }
    await this.startLog({ ...this.#log, rules: [...rules.filter(isLevelRule), ...this.#log.rules] });
  }

  /**
   * Opens a session, does the work and closes the session, whatever happens.
   *
   * @throws {InterruptedError} when the user presses Ctrl-C
   */
  async withSession<T>(
    values: Partial<ConfigValues & ConnectValues>,
    work: (session: Session) => Promise<T>,
    extra: { flags?: OptionValues; defaults?: OptionValues; init?: SessionInit } = {},
  ): Promise<T> {
    const settings = await this.settings(values, extra);
    const { connectSession } = await import("./connect.ts");
    const session = await connectSession(this, settings, values, extra.init);
    try {
      return await this.#untilInterrupted(work(session), () => session.probe.giveUp?.());
    } finally {
      // Failures are when people want to know it most.
      if (values.wireStats) this.say(wireStats(session));
      await session.close();
    }
  }

  /**
   * The result of `work`, or an error soon after Ctrl-C: work that does not stop by itself no longer waits for the probe
   * once `giveUp` is called, and then it can still tell what it has done.
   */
  async #untilInterrupted<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
    const signal = this.streams.interrupted;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop = (): void => {};
    const interrupted = new Promise<never>((_, reject) => {
      const end = (): void => reject(new InterruptedError("Interrupted", { hint: INTERRUPT_HINT }));
      const hurry = (): void => {
        timer = setTimeout(end, INTERRUPT_GRACE_MS);
        giveUp();
      };
      stop = () => timer = setTimeout(hurry, INTERRUPT_GRACE_MS);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop);
    });
    try {
      const result = await Promise.race([work, interrupted]);
      if (signal.aborted) throw new InterruptedError();
      return result;
    } catch (error) {
      throw signal.aborted ? asInterruption(error) : error;
    } finally {
      signal.removeEventListener("abort", stop);
      clearTimeout(timer);
      // The work may fail later, when its probe is closed under it.
      work.catch(() => {});
    }
  }
}

/** What ends a command after Ctrl-C: what went wrong then matters for what it tells, not for the exit code. */
function asInterruption(error: unknown): unknown {
  if (!(error instanceof TapirError) || error.exitCode === EXIT.interrupted) return error;
  return new InterruptedError(error.message, { cause: error, hint: INTERRUPT_HINT, fields: error.fields });
}

/** Traffic of a session as one line. */
function wireStats(session: Session): string {
  const { packets, bytesOut, bytesIn, swdClocks, modelMs } = session.probe.stats;
  const parts = [`${packets} packets`, `${bytesOut} bytes out`, `${bytesIn} bytes in`];
  if (swdClocks !== undefined) parts.push(`${swdClocks} SWCLK cycles`);
  if (modelMs !== undefined) parts.push(`${modelMs.toFixed(1)} ms modelled`);
  return `Wire: ${parts.join(", ")}`;
}

function jsonValue(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}
