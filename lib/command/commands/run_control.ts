/**
 * Commands that start, stop and reset cores.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import type { Core, CoreState } from "../../core/core.ts";
import { readSecurityState, type SecurityState } from "../../core/v8m.ts";
import { parseResetType } from "../../session/reset_types.ts";
import type { CommandContext } from "../context.ts";
import { readCount } from "../numbers.ts";
import { formatNextInstruction } from "../places.ts";
import type { CommandSpec } from "../spec.ts";

const STATE_NAMES: Readonly<Record<CoreState, string>> = {
  running: "Running",
  halted: "Halted",
  reset: "Reset",
  sleeping: "Sleeping",
  lockup: "Lockup",
};

const SECURITY_NAMES: Readonly<Record<SecurityState, string>> = { secure: "Secure", nonsecure: "Nonsecure" };

const AFTER_RESUME: Readonly<Record<CoreState, string>> = {
  running: "Successfully resumed device",
  sleeping: "Device entered sleep",
  lockup: "Device entered lockup",
  reset: "Device is being held in reset",
  halted: "Device is halted; a debug event may have occurred",
};

async function status(context: CommandContext): Promise<void> {
  if (!context.hasCore) context.write("No core is connected\n");
  for (const core of context.session.target.cores) {
    const security = await readSecurityState(core);
    const suffix = security === undefined ? "" : ` [${SECURITY_NAMES[security]}]`;
    context.write(`Core ${core.index} (${core.name}):  ${STATE_NAMES[await core.state()]}${suffix}\n`);
  }
  const { locked } = await context.session.target.lockState();
  if (locked) context.write("Target is locked\n");
}

async function resume(context: CommandContext): Promise<void> {
  await context.core.resume();
  context.write(`${AFTER_RESUME[await context.core.state()]}\n`);
}

async function halt(context: CommandContext): Promise<void> {
  await context.core.halt();
  context.write("Successfully halted device\n");
}

async function step(context: CommandContext, [countText]: readonly string[]): Promise<void> {
  const count = countText === undefined ? 1 : await readCount(context, countText, "a number of steps");
  const maskInterrupts = !context.session.options.get("step_into_interrupt");
  for (let i = 0; i < count; i++) {
    await context.core.step({ maskInterrupts });
    context.write(await formatNextInstruction(context));
    await context.checkInterrupted();
  }
}

async function selectCore(context: CommandContext, [which]: readonly string[]): Promise<void> {
  const { cores } = context.session.target;
  if (which === undefined) {
    context.write(`Core ${context.core.index} (${context.core.name}) is selected\n`);
    return;
  }
  const index = cores.findIndex((core: Core) =>
    /^\d+$/.test(which) ? core.index === Number(which) : core.name.toLowerCase() === which.toLowerCase()
  );
  if (index < 0) {
    throw new UsageError(`Cannot select core ${which}: there is no such core`, {
      hint: `The cores are ${cores.map((core: Core) => `${core.index} (${core.name})`).join(", ")}`,
    });
  }
  context.selectCore(index);
  context.write(`Selected core ${context.core.index} (${context.core.name})\n`);
}

async function reset(context: CommandContext, args: readonly string[]): Promise<void> {
  const words = args.map((word) => word.toLowerCase());
  const halting = words.some((word) => ["halt", "--halt", "-halt", "-h"].includes(word));
  const rest = words.filter((word) => !["halt", "--halt", "-halt", "-h"].includes(word));
  if (rest.length > 1) throw new UsageError("Cannot reset in two ways at once");
  const type = rest[0] === undefined ? undefined : parseResetType(rest[0]);
  await context.session.reset({ core: context.core, halt: halting, ...(type === undefined ? {} : { type }) });
  context.write(halting ? "Successfully halted device on reset\n" : "Resetting target\n");
}

/** Commands about running cores. */
export const RUN_COMMANDS: readonly CommandSpec[] = [
  { names: ["status", "st"], group: "standard", usage: "", help: "Show the state of every core.", run: status },
  {
    names: ["continue", "c", "go", "g"],
    group: "standard",
    usage: "",
    help: "Let the selected core run.",
    run: resume,
  },
  { names: ["halt", "h"], group: "standard", usage: "", help: "Halt the selected core.", run: halt },
  {
    names: ["step", "s"],
    group: "standard",
    usage: "[COUNT]",
    help: "Execute one instruction, or COUNT of them.",
    details: "Interrupts are masked unless the option step_into_interrupt is on.",
    run: step,
  },
  {
    names: ["core"],
    group: "standard",
    usage: "[NUMBER|NAME]",
    help: "Show or select the core that other commands work on.",
    run: selectCore,
  },
  {
    names: ["reset"],
    group: "standard",
    usage: "[halt] [TYPE]",
    help: "Reset the target; with `halt`, stop before the first instruction.",
    details: "TYPE is default, hardware, system, core, n_srst, sysresetreq, vectreset or emulated.",
    run: reset,
  },
];
