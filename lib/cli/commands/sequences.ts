/**
 * `tapir sequences`: the debug sequences of the target's pack.
 *
 * @module
 */
import { EXIT, TargetError, UsageError } from "../../base/errors.ts";
import type { SequenceListEntry } from "../../sequence/engine.ts";
import { openSequences } from "../../session/sequences.ts";
import type { Session } from "../../session/session.ts";
import { findTarget, targetRequest } from "../../session/targets.ts";
import { familyLayer } from "../../target/families/family.ts";
import { familyFor } from "../../target/families/registry.ts";
import { whoRuns } from "../../target/sequence_steps.ts";
import { type CliValues, defineCommand, flag, one, text } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import type { CliContext } from "../context.ts";
import { renderTable } from "../table.ts";

const OPTIONS = {
  run: one("--run <name>", "run this sequence, with :processor behind it for another than the primary core", text),
  all: flag("--all", "list standard sequences that nobody runs too"),
  ...JSON_OUTPUT,
  ...CONNECT,
  ...CONFIG,
  ...LOGGING,
};

type Values = CliValues<typeof OPTIONS>;

/** The subcommand. */
export const command = defineCommand({
  description:
    "Lists the debug sequences of the target's pack, whether they are on and who takes each step; or runs one.",
  operands: [],
  options: OPTIONS,
  examples: [
    { line: "sequences -t stm32f407vg --pack Keil.STM32F4xx_DFP.pack", help: "list them; no probe is needed" },
    {
      line: "sequences -t stm32f407vg --run DebugDeviceUnlock --trace-sequences",
      help: "run one and see what it does",
    },
  ],
  logLevel: "warning",
  async run(context, { values }) {
    if (values.run === undefined) await list(context, values);
    else await context.withSession(values, (session) => runOne(context, session, values.run!));
    return EXIT.ok;
  },
});

async function list(context: CliContext, values: Values): Promise<void> {
  const settings = await context.settings(values, { defaults: { "warning.cortex_m_default": false } });
  const { options, projectDir } = settings;
  const { scriptLayers } = await import("../connect.ts");
  const above = await scriptLayers(settings);
  const found = await findTarget(targetRequest(options, projectDir));
  try {
    const { description, pack } = found;
    if (pack === undefined) {
      throw new UsageError(`Cannot list debug sequences of ${description.name}: no pack describes it`, {
        hint: "Give its CMSIS-Pack with --pack and its name with --target",
      });
    }
    const { sequences } = await openSequences({ description, pack, options, projectDir });
    const family = familyFor(description);
    const below = family === undefined ? [] : [familyLayer(family)];
    const rows = sequences.list().map((row) => ({ ...row, by: whoRuns(row, above, below) }));
    const shown = rows.filter((row) => row.defined || row.by !== undefined || values.all);
    if (context.json) {
      const variables = Object.fromEntries(sequences.variables);
      context.printJson({ target: description.name, sequences: shown.map(toJson), variables });
      return;
    }
    const header = ["Sequence", "Processor", "Standard", "Enabled", "Run by", "When or what"];
    const lines = shown.map((row) => [
      row.name,
      row.pname ?? "all",
      row.standard ? "yes" : "no",
      row.defined ? (row.enabled ? "yes" : "no") : "-",
      row.by ?? "nobody",
      row.info,
    ]);
    context.print(renderTable([header, ...lines], { rule: true }));
    const values64 = [...sequences.variables].map(([name, value]) => [name, `0x${value.toString(16)}`]);
    if (values64.length > 0) context.print(`\n${renderTable([["Variable", "Value"], ...values64], { rule: true })}`);
  } finally {
    found.close();
  }
}

function toJson(row: SequenceListEntry & { readonly by: string | undefined }): object {
  const { name, pname, standard, defined, enabled, info, by } = row;
  return { name, processor: pname ?? null, standard, defined, enabled, runBy: by ?? null, info };
}

async function runOne(context: CliContext, session: Session, wanted: string): Promise<void> {
  const [name = "", pname] = wanted.split(":");
  const { sequences } = session.target;
  if (sequences === undefined) {
    throw new UsageError(`Cannot run sequence ${name}: the target comes from no pack`, {
      hint: "Give its CMSIS-Pack with --pack and its name with --target",
    });
  }
  const core = pname === undefined
    ? undefined
    : session.cores.find((candidate) => candidate.name.toLowerCase() === pname.toLowerCase());
  if (pname !== undefined && core === undefined) {
    throw new UsageError(`Cannot run sequence ${name} for ${pname}: there is no such core`, {
      hint: `Cores: ${session.cores.map((each) => each.name).join(", ") || "none"}`,
    });
  }
  const { by, result } = await sequences.runOrNative(name, {
    signal: context.streams.interrupted,
    ...(core === undefined ? {} : { core }),
  });
  const signed = BigInt.asIntN(64, result);
  if (context.json) context.printJson({ sequence: name, processor: core?.name ?? null, by, result: Number(signed) });
  else context.say(`${name} was run by ${by === "pack" ? "the pack's sequence" : "the architecture's own step"}`);
  if (signed !== 0n) {
    throw new TargetError(`Cannot complete debug sequence ${name}: it ended with result ${signed}`, {
      code: "sequence-result",
    });
  }
}
