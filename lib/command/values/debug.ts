/**
 * Values about debugging: faults, vector catch, stepping, resets, options, messages.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { LogLevel } from "../../base/log.ts";
import { formatFaultReport, readFaultReport } from "../../core/fault_report.ts";
import { OPTION_NAMES } from "../../session/option_table.ts";
import { parseOptionSetting, requireOptionName } from "../../session/option_text.ts";
import { parseResetType, RESET_TYPES } from "../../session/reset_types.ts";
import type { CommandContext } from "../context.ts";
import { describePlace } from "../places.ts";
import { findNamed } from "../spec.ts";
import type { ValueSpec } from "./spec.ts";

const LEVELS: readonly LogLevel[] = ["critical", "error", "warning", "info", "debug"];

async function showFault(context: CommandContext, args: readonly string[]): Promise<void> {
  for (const arg of args) {
    if (arg !== "-a") throw new UsageError(`Cannot show fault with ${arg}`, { hint: "-a shows all registers" });
  }
  const report = await readFaultReport(context.core);
  for (const line of formatFaultReport(report)) context.write(`${line}\n`);
  if (report.faults.length === 0) context.write("No fault is reported\n");
  for (const [what, address] of [["PC", report.frame?.pc], ["LR", report.frame?.lr]] as const) {
    const place = address === undefined ? undefined : describePlace(context.symbols, (address & ~1) >>> 0);
    if (place !== undefined) context.write(`${what} is at ${place}\n`);
  }
  if (!args.includes("-a")) return;
  const { cfsr, hfsr, dfsr, mmfar, bfar, sfsr, sfar } = report.registers;
  const registers: [string, number, number][] = [
    ["MMFSR", cfsr & 0xff, 2],
    ["MMFAR", mmfar, 8],
    ["BFSR", (cfsr >>> 8) & 0xff, 2],
    ["BFAR", bfar, 8],
    ["UFSR", cfsr >>> 16, 4],
    ["HFSR", hfsr, 8],
    ["DFSR", dfsr, 8],
  ];
  if (context.core.identity.capabilities.security) registers.push(["SFSR", sfsr, 8], ["SFAR", sfar, 8]);
  for (const [name, value, digits] of registers) context.write(`${name} = ${hex(value, digits)}\n`);
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

async function showVectorCatch(context: CommandContext): Promise<void> {
  context.write(`Vector catch: ${await context.core.vectorCatch() || "none"}\n`);
}

async function setVectorCatch(context: CommandContext, [letters]: readonly string[]): Promise<void> {
  if (letters === undefined) {
    throw new UsageError("Cannot set the vector catch without letters", { hint: "For example h, hb, all or none" });
  }
  await context.core.setVectorCatch(letters);
}

async function showStepIntoInterrupts(context: CommandContext): Promise<void> {
  const on = context.session.options.get("step_into_interrupt");
  context.write(`Interrupts while stepping: ${on ? "enabled" : "disabled"}\n`);
}

async function showResetType(context: CommandContext): Promise<void> {
  context.write(`Reset type: ${context.session.options.get("reset_type")}\nAvailable: ${RESET_TYPES.join(", ")}\n`);
}

async function setResetType(context: CommandContext, [text = ""]: readonly string[]): Promise<void> {
  context.session.options.put("live", "reset_type", parseResetType(text), "set");
}

async function setLog(context: CommandContext, [word = "", ...patterns]: readonly string[]): Promise<void> {
  if (context.host.setLogLevel === undefined) throw new UsageError("Cannot set the level of messages here");
  const { names: [level] } = findNamed(word, LEVELS.map((name) => ({ names: [name] as const })), "level");
  await context.host.setLogLevel(level, patterns);
}

/** Values about debugging. */
export const DEBUG_VALUES: readonly ValueSpec[] = [
  {
    names: ["fault"],
    help: "Why the core is in a fault handler; -a shows all fault registers.",
    show: showFault,
  },
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
  { names: ["reset-type"], help: "How resets are done.", show: showResetType, set: setResetType },
  { names: ["option"], help: "Session options: show [NAME...], set NAME=VALUE...", show: showOptions, set: setOptions },
  { names: ["log"], help: "Level of messages: set LEVEL [CATEGORY...].", set: setLog },
];
