/**
 * The values that `show` prints and `set` changes.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { REGISTERS } from "../core/registers.ts";
import { apName } from "../dap/debug_port.ts";
import { PIN } from "../probe/probe.ts";
import { OPTION_NAMES } from "../session/option_table.ts";
import { parseFrequency, parseOptionSetting, requireOptionName } from "../session/option_text.ts";
import type { CommandContext } from "./context.ts";
import { showMap } from "./memory_table.ts";

/** One value. */
export interface ValueSpec {
  /** Its name, then other names. */
  readonly names: readonly [string, ...string[]];
  /** One line. */
  readonly help: string;
  /** Prints it; absent when it can only be set. */
  readonly show?: (context: CommandContext, args: readonly string[]) => Promise<void>;
  /** Changes it; absent when it can only be shown. */
  readonly set?: (context: CommandContext, args: readonly string[]) => Promise<void>;
}

async function showTarget(context: CommandContext): Promise<void> {
  const { name, vendor } = context.session.target.description;
  context.write(`Target:      ${name}\nVendor:      ${vendor}\n`);
  context.write(`DAP IDCODE:  ${hex(context.session.dp.identity.value)}\n`);
}

async function showCores(context: CommandContext): Promise<void> {
  for (const core of context.session.target.cores) {
    const mark = core.index === context.core.index ? "*" : " ";
    context.write(`${core.index}${mark} ${core.name} (${core.features.name} ${core.features.revision})\n`);
  }
}

async function showAps(context: CommandContext): Promise<void> {
  const { aps } = context.session.target;
  context.write(`${aps.length} ${aps.length === 1 ? "AP" : "APs"}:\n`);
  for (const ap of aps) context.write(`${apName(ap.address)}: ${ap.identity.name}\n`);
}

async function showOptions(context: CommandContext, names: readonly string[]): Promise<void> {
  const { options } = context.session;
  const wanted = names.length === 0 ? options.setNames() : names.map(requireOptionName);
  for (const name of wanted) {
    context.write(`${name} = ${JSON.stringify(options.get(name)) ?? "(not set)"} (${options.origin(name).source})\n`);
  }
}

async function setOptions(context: CommandContext, texts: readonly string[]): Promise<void> {
  if (texts.length === 0) throw new UsageError("Cannot set options: name at least one", { hint: OPTION_NAMES[0]! });
  // All are read before any is set, so that a mistake changes nothing.
  for (const { name, value } of texts.map(parseOptionSetting)) context.session.options.put("live", name, value, "set");
}

async function setFrequency(context: CommandContext, [text = ""]: readonly string[]): Promise<void> {
  const hertz = parseFrequency(text);
  if (hertz === undefined) {
    throw new UsageError(`Cannot use ${text || "nothing"} as a frequency`, { hint: "Example: set frequency 4MHz" });
  }
  await context.session.probe.setFrequency(hertz);
  context.session.options.put("live", "frequency", hertz, "set");
}

async function showReset(context: CommandContext): Promise<void> {
  const levels = await context.session.probe.pins(0, 0, 0);
  context.write(`nRESET = ${levels & PIN.nreset ? 1 : 0}\n`);
}

async function setReset(context: CommandContext, [text = ""]: readonly string[]): Promise<void> {
  if (text !== "0" && text !== "1") throw new UsageError("Cannot set nRESET", { hint: "Use 0 (asserted) or 1" });
  await context.session.dp.assertReset(text === "0");
}

async function showVectorCatch(context: CommandContext): Promise<void> {
  context.write(`Vector catch: ${await context.core.vectorCatch() || "none"}\n`);
}

async function setVectorCatch(context: CommandContext, [letters = ""]: readonly string[]): Promise<void> {
  await context.core.setVectorCatch(letters);
}

async function showLocked(context: CommandContext): Promise<void> {
  const { locked } = await context.session.target.lockState();
  context.write(locked ? "Target is locked\n" : "Target is unlocked\n");
}

async function showRegisterGroups(context: CommandContext): Promise<void> {
  const names = new Set(context.core.registerNames);
  const groups = new Set(REGISTERS.filter((info) => names.has(info.name)).map((info) => info.group));
  for (const group of groups) context.write(`${group}\n`);
}

async function showStepIntoInterrupts(context: CommandContext): Promise<void> {
  const on = context.session.options.get("step_into_interrupt");
  context.write(`Interrupts while stepping: ${on ? "enabled" : "disabled"}\n`);
}

/** Every value, in the order of `help`. */
export const VALUES: readonly ValueSpec[] = [
  {
    names: ["probe-uid", "uid"],
    help: "Unique ID of the probe.",
    show: async (context) => context.write(`Unique ID:    ${context.session.probe.uniqueId}\n`),
  },
  { names: ["target"], help: "The chip.", show: showTarget },
  { names: ["cores"], help: "Cores; * marks the selected one.", show: showCores },
  { names: ["aps"], help: "Access ports.", show: showAps },
  { names: ["map"], help: "Memory map.", show: async (context) => showMap(context) },
  { names: ["nreset"], help: "Level of the nRESET pin.", show: showReset, set: setReset },
  { names: ["option"], help: "Session options: show [NAME...], set NAME=VALUE...", show: showOptions, set: setOptions },
  { names: ["locked"], help: "Whether the chip keeps debuggers out.", show: showLocked },
  { names: ["register-groups"], help: "Groups of core registers.", show: showRegisterGroups },
  {
    names: ["vector-catch", "vc"],
    help: "Exceptions that halt the core, as letters.",
    show: showVectorCatch,
    set: setVectorCatch,
  },
  {
    names: ["step-into-interrupts", "si"],
    help: "Whether interrupts are on while stepping.",
    show: showStepIntoInterrupts,
    set: (context, [text = ""]) => setOptions(context, [`step_into_interrupt=${text}`]),
  },
  { names: ["frequency"], help: "Clock of the wire.", set: setFrequency },
];
