/**
 * `tapir flash`: programs files.
 *
 * @module
 */
import { EXIT, UsageError } from "../../base/errors.ts";
import { type EraseMode } from "../../flash/plan.ts";
import type { FlashReport } from "../../flash/report.ts";
import { parseResetType } from "../../session/reset_types.ts";
import type { Session } from "../../session/session.ts";
import { type CliValues, defineCommand, flag, one } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import type { CliContext } from "../context.ts";
import { IMAGE_OPTIONS, loadImages } from "../image_options.ts";
import { byteCount, duration, rate } from "../units.ts";
import { choice } from "../values.ts";

const OPTIONS = {
  erase: one(
    "-e, --erase <mode>",
    "erase sector (what the files touch), chip, or auto (whichever is faster and loses nothing more)",
    choice<EraseMode>("--erase", ["auto", "chip", "sector"]),
  ),
  ...IMAGE_OPTIONS,
  noReset: flag("--no-reset", "leave the target halted instead of resetting it"),
  noVerify: flag("--no-verify", "do not read back what was programmed"),
  dryRun: flag("--dry-run", "print what would be done and change nothing"),
  trustCrc: flag("--trust-crc", "accept a checksum as proof that a page is unchanged"),
  ...JSON_OUTPUT,
  ...CONNECT,
  ...CONFIG,
  ...LOGGING,
};

type Values = CliValues<typeof OPTIONS>;

async function flash(context: CliContext, session: Session, files: readonly string[], values: Values): Promise<void> {
  const segments = await loadImages(context, session, files, values);
  const plan = await session.flash.plan(segments, values.erase);
  if (values.dryRun) return await showPlan(context, plan);
  await preReset(session);
  const progress = context.progress(session.options.get("hide_programming_progress"));
  try {
    const report = await session.flash.run(plan, {
      verify: !values.noVerify,
      progress: progress.update,
      signal: context.streams.interrupted,
    });
    progress.close();
    showReport(context, report);
  } finally {
    progress.close();
  }
  await postReset(session, values.noReset);
}

async function showPlan(context: CliContext, plan: Parameters<Session["flash"]["run"]>[0]): Promise<void> {
  const { describePlan } = await import("../../flash/plan.ts");
  const lines = describePlan(plan);
  if (context.json) context.event("plan", { lines });
  else context.print(lines.map((line) => `${line}\n`).join(""));
}

/** Starts from a known state: peripherals and watchdogs as after a reset, core halted. */
async function preReset(session: Session): Promise<void> {
  const wanted = session.options.get("load.pre_reset");
  if (wanted === "off") return;
  await session.reset({ halt: true, ...(wanted === undefined ? {} : { type: parseResetType(wanted) }) });
}

async function postReset(session: Session, never: boolean): Promise<void> {
  const wanted = session.options.get("load.post_reset");
  if (never || wanted === "off") return;
  await session.reset(wanted === undefined ? {} : { type: parseResetType(wanted) });
}

function showReport(context: CliContext, report: FlashReport): void {
  if (context.json) return context.event("result", { report });
  const { erasedBytes, erasedSectors, erasedBanks, programmedBytes, programmedPages, identicalBytes, ms } = report;
  const erased = erasedBanks > 0
    ? `${erasedBanks} ${erasedBanks === 1 ? "bank" : "banks"}`
    : `${erasedSectors} sectors`;
  const lines: string[] = [];
  const add = (name: string, bytes: number, time: number, what: string): void => {
    if (bytes === 0) return;
    const size = byteCount(bytes).padStart(10);
    lines.push(
      `  ${name.padEnd(10)} ${size}  ${duration(time).padStart(8)}  ${rate(bytes, time).padStart(12)}  ${what}`,
    );
  };
  add("erased", erasedBytes, ms.erase, erased);
  add("programmed", programmedBytes, ms.program, `${programmedPages} pages`);
  add("verified", report.verifiedBytes, ms.verify, "");
  add("skipped", identicalBytes, ms.compare, "unchanged");
  add("RAM", report.ramBytes, report.totalMs, "");
  context.say([`Done in ${duration(report.totalMs)}`, ...lines].map((line) => line.trimEnd()).join("\n"));
}

/** The subcommand. */
export const command = defineCommand({
  description:
    "Programs ELF, Intel HEX, S-record, UF2 and binary files. Only sectors whose contents change are erased " +
    "and programmed; everything programmed is read back and compared. The target is reset before and after.",
  operands: [{ usage: "<file...>", help: "files; file@address places a binary file" }],
  options: OPTIONS,
  examples: [
    { line: "flash firmware.elf", help: "program a file through the only probe that is connected" },
    { line: "flash -t stm32f407vg --pack STM32F4xx_DFP.pack boot.bin@0x08000000 app.hex", help: "several files" },
    { line: "flash --dry-run firmware.hex", help: "show what would be erased and programmed" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    if (values.baseAddress !== undefined && operands.length > 1) {
      throw new UsageError("Cannot place several files at one base address", {
        hint: "Write file@address for each of them",
      });
    }
    await context.withSession(values, (session) => flash(context, session, operands, values), {
      flags: { fast_program: values.trustCrc ? true : undefined },
    });
    return EXIT.ok;
  },
});
