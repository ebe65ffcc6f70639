/**
 * `tapir list`: debug probes, targets.
 *
 * @module
 */
import { EXIT, type TapirError, UsageError } from "../../base/errors.ts";
import type { ProbeInfo } from "../../probe/probe.ts";
import { probeOpenOptions } from "../../session/drivers.ts";
import { listProbes } from "../../session/probes.ts";
import { parseProbeQuery } from "../../probe/select.ts";
import { defineCommand, flag, one, text } from "../command_spec.ts";
import { CONFIG, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { errorToJson } from "../render_error.ts";
import type { CliContext } from "../context.ts";
import { probeTable } from "../probe_table.ts";
import type { TargetFilter } from "../target_table.ts";
import type { Settings } from "../../session/settings.ts";
import { choice } from "../values.ts";

function probeToJson({ problem, ...probe }: ProbeInfo): object {
  return problem === undefined ? probe : { ...probe, problem: errorToJson(problem) };
}

/** The subcommand. */
export const command = defineCommand({
  description: "Lists the debug probes that are connected, or the targets that installed packs describe.",
  operands: [],
  options: {
    probes: flag("-p, --probes", "list probes; the default"),
    targets: flag("-t, --targets", "list targets: the devices of installed packs and of those given with --pack"),
    name: one("-n, --name <text>", "only targets whose name holds this", text),
    vendor: one("-r, --vendor <text>", "only targets of vendors whose name holds this", text),
    source: one(
      "-s, --source <where>",
      "only targets described there: builtin, pack or cbuild-run",
      choice("--source", ["builtin", "pack", "cbuild-run"]),
    ),
    noHeader: flag("-H, --no-header", "leave out the header of the table of targets"),
    kind: one("-u, --probe <driver:>", "only probes of one kind; sim: lists the simulated boards", text, ["--uid"]),
    ...JSON_OUTPUT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "list", help: "show all probes" },
    { line: "list --json", help: "the same for programs" },
    { line: "list -u sim:", help: "show the simulated boards" },
    { line: "list --targets -n stm32f4", help: "show targets by part of their name" },
  ],
  logLevel: "error",
  async run(context, { values }) {
    const settings = await context.settings(values);
    const { options } = settings;
    if (values.targets) {
      if (values.probes) throw new UsageError("Cannot list probes and targets at once");
      await listTargets(context, settings, values, !values.noHeader);
      return EXIT.ok;
    }
    const query = parseProbeQuery(values.kind ?? "", context.drivers);
    const open = { ...probeOpenOptions(options), identify: true };
    const failed: { readonly driver: string; readonly error: TapirError }[] = [];
    const found = query.driver === undefined
      ? await listProbes(context.drivers, open, ({ name: driver }, error) => failed.push({ driver, error }))
      : await query.driver.list(open);
    for (const { driver, error } of failed) {
      context.say(
        `${context.paint("yellow", "Warning:")} No probes of the kind ${driver} are listed: ${error.message}`,
      );
      if (error.hint !== undefined) context.say(`${context.paint("cyan", "Hint:")} ${error.hint}`);
    }
    const probes = found.filter(({ uniqueId }) => uniqueId.toLowerCase().includes(query.id.toLowerCase()));
    if (context.json) {
      const problems = failed.map(({ driver, error }) => ({ driver, ...errorToJson(error) }));
      context.printJson({ probes: probes.map(probeToJson), ...(problems.length > 0 ? { problems } : {}) });
      return EXIT.ok;
    }
    const names = probes.flatMap(({ board }) => board?.targetName ?? []);
    const { isTerminal, columns } = context.streams.stdout;
    const isKnown = await knownTargets(names, settings);
    context.print(probeTable(probes, context.paintData, isKnown, isTerminal ? columns : undefined));
    return EXIT.ok;
  },
});

async function listTargets(
  context: CliContext,
  { options, projectDir }: Settings,
  filter: TargetFilter,
  hasHeader: boolean,
): Promise<void> {
  const { targetRequest } = await import("../../session/targets.ts");
  const { knownDevices } = await import("../../session/known_devices.ts");
  const { chooseTargets, targetTable } = await import("../target_table.ts");
  const known = await knownDevices(targetRequest(options, projectDir));
  const targets = chooseTargets(known, filter);
  if (context.json) context.printJson({ targets });
  else context.print(targetTable(targets, hasHeader));
}

/** Whether a target can be used; packs are looked into only when there is something to ask. */
async function knownTargets(
  names: readonly string[],
  { options, projectDir }: Settings,
): Promise<(name: string) => boolean> {
  if (names.length === 0) return () => false;
  const { targetRequest } = await import("../../session/targets.ts");
  const { boardIsKnown } = await import("../../session/known_devices.ts");
  return await boardIsKnown(targetRequest(options, projectDir));
}
