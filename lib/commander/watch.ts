/**
 * Notices that a core halts, locks up or starts while nobody asks, and says why.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import type { CommandContext } from "../command/context.ts";
import { describePlace } from "../command/places.ts";
import type { CoreState } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { formatFaultReport, readFaultReport } from "../core/fault_report.ts";

/** How often cores are looked at, in milliseconds of the computer's time. */
export const WATCH_INTERVAL_MS = 250;

/**
 * How long the probe's clock runs before each look, in milliseconds: on a simulated board, time passes only while
 * somebody waits for it.
 */
const PROBE_TIME_MS = 10;

/** States of the cores of a session, as they were last seen. */
export class CoreWatch {
  readonly #context: CommandContext;
  #states = new Map<CortexM, CoreState>();

  /** Watches the cores of a session. */
  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Takes the present states as known. @throws {TapirError} when they cannot be read */
  async note(): Promise<void> {
    const { cores } = this.#context.session.target;
    const states = await Promise.all(cores.map((core) => core.state()));
    this.#states = new Map(cores.map((core, i) => [core, states[i]!]));
  }

  /** The prompt: `tapir 0 halted> `, with the name of the core instead of its number when there are several. */
  get prompt(): string {
    const { cores } = this.#context.session.target;
    if (cores.length === 0) return "tapir> ";
    const { core } = this.#context;
    const state = this.#states.get(core);
    const which = cores.length > 1 ? `${core.index}:${core.name}` : `${core.index}`;
    return `tapir ${which} ${state ?? "unknown"}> `;
  }

  /**
   * What has changed since the states were last noted, in words; empty when nothing has. A core that falls asleep and
   * wakes again is at its work, which is not worth a word.
   *
   * @throws {TapirError} when a core cannot be asked
   */
  async changes(): Promise<string> {
    await this.#context.session.clock.sleep(PROBE_TIME_MS);
    const before = this.#states;
    await this.note();
    let text = "";
    for (const [core, state] of this.#states) {
      const known = before.get(core);
      const isNews = known !== undefined && known !== state && !(isAtWork(known) && isAtWork(state));
      if (isNews) text += await this.#explain(core, state);
    }
    return text;
  }

  async #explain(core: CortexM, state: CoreState): Promise<string> {
    const name = `Core ${core.index} (${core.name})`;
    switch (state) {
      case "halted":
        return await this.#explainHalt(core, name);
      case "lockup":
        return `${name} locked up\n`;
      case "reset":
        return `${name} is held in reset\n`;
      case "running":
      case "sleeping":
        return `${name} is running\n`;
    }
  }

  async #explainHalt(core: CortexM, name: string): Promise<string> {
    const [reason, pc] = await Promise.all([core.haltReason(), core.readRegister("pc")]);
    const place = describePlace(this.#context.symbols, pc);
    let text = `${name} halted: ${reason} at ${hex(pc)}${place === undefined ? "" : `, ${place}`}\n`;
    const report = await readFaultReport(core);
    const isFault = report.faults.some(({ source }) => source !== "DFSR");
    if (isFault && report.exception !== "Thread mode") {
      for (const line of formatFaultReport(report)) text += `  ${line}\n`;
      const at = report.frame === undefined ? undefined : describePlace(this.#context.symbols, report.frame.pc);
      if (at !== undefined) text += `  That is at ${at}\n`;
    }
    return text;
  }
}

function isAtWork(state: CoreState): boolean {
  return state === "running" || state === "sleeping";
}
