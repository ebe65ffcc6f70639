/**
 * `tapir erase`: erases sectors or everything.
 *
 * @module
 */
import { counted } from "../../base/counted.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { parseEraseSpec } from "../../flash/erase_spec.ts";
import { ranges as describeRanges } from "../../flash/plan.ts";
import type { FlashReport } from "../../flash/report.ts";
import type { Session } from "../../session/session.ts";
import { ALGORITHM_OPTIONS, algorithmFlags } from "../algorithm_options.ts";
import { type CliValues, defineCommand, flag } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import type { CliContext } from "../context.ts";
import { byteCount, duration } from "../units.ts";

const OPTIONS = {
  chip: flag("-c, --chip", "erase all flash the chip's description names"),
  sector: flag("-s, --sector", "erase the sectors that hold the given addresses; the default when there are some"),
  mass: flag("--mass", "erase everything the chip's own way, which may unlock it"),
  ...ALGORITHM_OPTIONS,
  ...JSON_OUTPUT,
  ...CONNECT,
  ...CONFIG,
  ...LOGGING,
};

type Values = CliValues<typeof OPTIONS>;

async function eraseRanges(context: CliContext, session: Session, specs: readonly string[]): Promise<FlashReport> {
  const plan = await session.flash.planErase(specs.map(parseEraseSpec));
  if (plan.unasked.length > 0) {
    context.say(`Erasing whole sectors also erases ${describeRanges(plan.unasked)}`);
  }
  const progress = context.progress();
  try {
    return await session.flash.eraseSectors(plan, { progress: progress.update, signal: context.streams.interrupted });
  } finally {
    progress.close();
  }
}

async function eraseAll(context: CliContext, session: Session): Promise<FlashReport> {
  const progress = context.progress();
  try {
    return await session.flash.eraseChip({ progress: progress.update, signal: context.streams.interrupted });
  } finally {
    progress.close();
  }
}

async function erase(context: CliContext, session: Session, specs: readonly string[], values: Values): Promise<void> {
  if (values.mass) {
    await session.massErase();
    if (context.json) context.event("result", { massErase: true });
    else context.say("Mass erase complete");
    return;
  }
  session.stayHalted();
  await session.reset({ halt: true });
  const report = values.chip ? await eraseAll(context, session) : await eraseRanges(context, session, specs);
  if (context.json) return context.event("result", { report });
  const what = report.erasedBanks > 0 ? "chip" : counted(report.erasedSectors, "sector");
  context.say(`Erased ${what}, ${byteCount(report.erasedBytes)} in ${duration(report.totalMs)}`);
}

/** The subcommand. */
export const command = defineCommand({
  description: "Erases sectors, all flash, or everything the chip's own way. The target is left halted, " +
    "unless the option resume_on_disconnect is set to let it run.",
  operands: [{ usage: "[range...]", help: "ADDRESS (its sector), START-END (END not included) or START+LENGTH" }],
  options: OPTIONS,
  examples: [
    { line: "erase 0x08004000", help: "erase the sector that holds this address" },
    { line: "erase 0x08004000-0x08010000", help: "erase all sectors in a range" },
    { line: "erase --chip", help: "erase all flash" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const modes = [values.chip, values.sector || operands.length > 0, values.mass].filter(Boolean).length;
    if (modes !== 1 || (values.sector && operands.length === 0)) {
      throw new UsageError("Cannot erase: say what, and only one of addresses, --chip and --mass", {
        hint: "Examples: `tapir erase 0x08004000+0x1000`, `tapir erase --chip`",
      });
    }
    // Mistyped ranges are reported before anything is connected.
    operands.forEach(parseEraseSpec);
    await context.withSession(values, (session) => erase(context, session, operands, values), {
      flags: algorithmFlags(values),
      // A locked chip may hide its cores until it has been erased.
      defaults: {
        "pack.debug_sequences.flash_connection": true,
        ...(values.mass ? { allow_no_cores: true } : {}),
      },
    });
    return EXIT.ok;
  },
});
