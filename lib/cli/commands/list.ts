/**
 * `tapir list`: debug probes.
 *
 * @module
 */
import { EXIT } from "../../base/errors.ts";
import type { ProbeInfo } from "../../probe/probe.ts";
import { probeOpenOptions } from "../../session/drivers.ts";
import { listProbes } from "../../session/probes.ts";
import { parseProbeQuery } from "../../probe/select.ts";
import { defineCommand, flag, one, text } from "../command_spec.ts";
import { CONFIG, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { errorToJson } from "../render_error.ts";
import { probeTable } from "../probe_table.ts";

function probeToJson({ problem, ...probe }: ProbeInfo): object {
  return problem === undefined ? probe : { ...probe, problem: errorToJson(problem) };
}

/** The subcommand. */
export const command = defineCommand({
  description: "Lists the debug probes that are connected.",
  operands: [],
  options: {
    probes: flag("-p, --probes", "list probes; the default"),
    kind: one("-u, --probe <driver:>", "only probes of one kind; sim: lists the simulated boards", text, ["--uid"]),
    ...JSON_OUTPUT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "list", help: "show all probes" },
    { line: "list --json", help: "the same for programs" },
    { line: "list -u sim:", help: "show the simulated boards" },
  ],
  logLevel: "error",
  async run(context, { values }) {
    const { options, projectDir } = await context.settings(values);
    const query = parseProbeQuery(values.kind ?? "", context.drivers);
    const open = { ...probeOpenOptions(options), identify: true };
    const found = query.driver === undefined ? await listProbes(context.drivers, open) : await query.driver.list(open);
    const probes = found.filter(({ uniqueId }) => uniqueId.toLowerCase().includes(query.id.toLowerCase()));
    if (context.json) {
      context.printJson({ probes: probes.map(probeToJson) });
      return EXIT.ok;
    }
    context.print(probeTable(probes, context.paintData, await knownTargets(options.get("pack") ?? [], projectDir)));
    return EXIT.ok;
  },
});

/** Whether a target can be used; packs are opened only when there are some. */
async function knownTargets(packs: readonly string[], projectDir: string): Promise<(name: string) => boolean> {
  if (packs.length === 0) return () => false;
  const { boardIsKnown } = await import("../../session/targets.ts");
  return await boardIsKnown(packs, projectDir);
}
