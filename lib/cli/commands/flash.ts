/**
 * `tapir flash`: programs files.
 *
 * @module
 */
import { counted } from "../../base/counted.ts";
import { EXIT, FlashError } from "../../base/errors.ts";
import { describePlan, type EraseMode, type FlashPlan } from "../../flash/plan.ts";
import type { FlashReport } from "../../flash/report.ts";
import type { ImageFile } from "../../session/images.ts";
import { parseResetType } from "../../session/reset_types.ts";
import type { Session } from "../../session/session.ts";
import { GENERIC_TARGET } from "../../session/targets.ts";
import { ALGORITHM_OPTIONS, algorithmFlags } from "../algorithm_options.ts";
import { type CliValues, defineCommand, flag, one } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import type { CliContext } from "../context.ts";
import { IMAGE_OPTIONS, placeFiles, readBuiltFiles, readFiles } from "../image_options.ts";
import { byteCount, duration, rate } from "../units.ts";
import { choice } from "../values.ts";

const OPTIONS = {
  erase: one(
    "-e, --erase <mode>",
    "erase sector (what the files touch), chip, or auto (whichever is faster and loses nothing more)",
    choice<EraseMode>("--erase", ["auto", "chip", "sector"]),
  ),
  ...IMAGE_OPTIONS,
  ...ALGORITHM_OPTIONS,
  noReset: flag("--no-reset", "leave the target halted instead of resetting it"),
  noVerify: flag("--no-verify", "do not read back what was programmed"),
  dryRun: flag("--dry-run", "print what would be done and change nothing"),
  trustCrc: flag("--trust-crc", "accept a checksum as proof that a sector is unchanged"),
  ...JSON_OUTPUT,
  ...CONNECT,
  ...CONFIG,
  ...LOGGING,
};

type Values = CliValues<typeof OPTIONS>;

async function flash(
  context: CliContext,
  session: Session,
  files: readonly ImageFile[],
  values: Values,
): Promise<void> {
  const plan = await session.flash.plan(placeFiles(files, session), values.erase);
  if (values.dryRun) return showPlan(context, plan);
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
  } catch (error) {
    throw explainGeneric(error, session);
  } finally {
    progress.close();
  }
  await postReset(session, values.noReset);
}

/** The generic target takes all low addresses for RAM, so that a missing target type looks like broken memory. */
function explainGeneric(error: unknown, session: Session): unknown {
  const isGeneric = session.target.description.name === GENERIC_TARGET.name;
  if (!isGeneric || !(error instanceof FlashError)) return error;
  if (error.hint !== undefined && error.code !== "verify-mismatch") return error;
  return new FlashError(error.message, {
    code: error.code,
    exitCode: error.exitCode,
    fields: error.fields,
    cause: error.cause,
    hint: "The generic target knows no flash: give the target type with --target and its pack with --pack",
  });
}

function showPlan(context: CliContext, plan: FlashPlan): void {
  const lines = describePlan(plan);
  if (context.json) context.event("plan", { lines });
  else context.print(lines.map((line) => `${line}\n`).join(""));
}

/** Starts from a known state: peripherals and watchdogs as after a reset, core halted. */
async function preReset(session: Session): Promise<void> {
  const wanted = session.options.get("load.pre_reset");
  if (wanted === "off") return void await session.target.primaryCore.halt();
  await session.reset({ halt: true, ...(wanted === undefined ? {} : { type: parseResetType(wanted) }) });
}

async function postReset(session: Session, never: boolean): Promise<void> {
  const wanted = session.options.get("load.post_reset");
  if (never || wanted === "off") return session.stayHalted();
  await session.reset(wanted === undefined ? {} : { type: parseResetType(wanted) });
}

function showReport(context: CliContext, report: FlashReport): void {
  if (context.json) return context.event("result", { report });
  const { erasedBytes, erasedSectors, erasedBanks, programmedBytes, programmedPages, identicalBytes, ms } = report;
  const erased = erasedBanks > 0 ? counted(erasedBanks, "bank") : counted(erasedSectors, "sector");
  const lines: string[] = [];
  const add = (name: string, bytes: number, time: number, what: string): void => {
    if (bytes === 0) return;
    const size = byteCount(bytes).padStart(10);
    lines.push(
      `  ${name.padEnd(10)} ${size}  ${duration(time).padStart(8)}  ${rate(bytes, time).padStart(12)}  ${what}`,
    );
  };
  add("erased", erasedBytes, ms.erase, erased);
  add("programmed", programmedBytes, ms.program, counted(programmedPages, "page"));
  add("verified", report.verifiedBytes, ms.verify, "");
  add("skipped", identicalBytes, ms.compare, "unchanged");
  add("RAM", report.ramBytes, report.totalMs, "");
  context.say([`Done in ${duration(report.totalMs)}`, ...lines].map((line) => line.trimEnd()).join("\n"));
}

/** The subcommand. */
export const command = defineCommand({
  description:
    "Programs ELF, Intel HEX, S-record, UF2, DfuSe and binary files. Only sectors whose contents change are erased " +
    "and programmed; everything programmed is read back and compared. The target is reset before and after.",
  operands: [{
    usage: "[file...]",
    help: "files; file@address places a binary file; without any, the images of --cbuild-run are meant",
  }],
  options: OPTIONS,
  examples: [
    { line: "flash firmware.elf", help: "program a file through the only probe that is connected" },
    { line: "flash -t stm32f407vg --pack STM32F4xx_DFP.pack boot.bin@0x08000000 app.hex", help: "several files" },
    { line: "flash --dry-run firmware.hex", help: "show what would be erased and programmed" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const files = operands.length > 0
      ? await readFiles(context, operands, values)
      : await readBuiltFiles(context, values);
    await context.withSession(values, (session) => flash(context, session, files, values), {
      flags: { fast_program: values.trustCrc ? true : undefined, ...algorithmFlags(values) },
      defaults: { "pack.debug_sequences.flash_connection": true },
    });
    return EXIT.ok;
  },
});
