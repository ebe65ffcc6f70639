/**
 * `tapir info`: what is behind a probe.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { EXIT } from "../../base/errors.ts";
import type { CortexM } from "../../core/cortex_m.ts";
import { type ComponentNode, describeComponent } from "../../coresight/discovery.ts";
import { designerName } from "../../coresight/ids.ts";
import type { Probe } from "../../probe/probe.ts";
import type { Session } from "../../session/session.ts";
import { defineCommand } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";

interface Info {
  readonly probe: Pick<Probe, "description" | "vendor" | "uniqueId" | "version" | "protocols">;
  readonly target: { readonly name: string; readonly vendor: string; readonly source: string };
  readonly dp: {
    readonly dpidr: number;
    readonly version: number;
    readonly designer: string;
    readonly protocol: string;
  };
  readonly aps: readonly { readonly name: string; readonly idr: number; readonly components?: ComponentNode }[];
  readonly cores: readonly (CortexM["features"] & { readonly index: number; readonly state: string })[];
}

/** DPIDR's designer (code in bits 6:0, bank above) as component registers give it: bank in bits 11:8. */
function jep106(designer: number): number {
  return ((designer & 0x780) << 1) | (designer & 0x7f);
}

async function gather(session: Session): Promise<Info> {
  const { probe, target, dp } = session;
  const { name, vendor, source } = target.description;
  const { value, version, designer } = dp.identity;
  return {
    probe: {
      description: probe.description,
      vendor: probe.vendor,
      uniqueId: probe.uniqueId,
      version: probe.version,
      protocols: probe.protocols,
    },
    target: { name, vendor, source },
    dp: { dpidr: value, version, designer: designerName(jep106(designer)), protocol: dp.protocol },
    aps: target.aps.map((ap) => {
      const components = target.components.get(ap);
      return { name: ap.name, idr: ap.identity.value, ...(components === undefined ? {} : { components }) };
    }),
    cores: await Promise.all(target.cores.map(async (core) => ({
      ...core.features,
      index: core.index,
      state: await core.state(),
    }))),
  };
}

function render({ probe, target, dp, aps, cores }: Info): string {
  const lines = [
    `Probe:   ${probe.description} (${probe.uniqueId}), ${probe.version}`,
    `Target:  ${target.name} (${target.vendor}), ${target.source}`,
    `DP:      DPIDR ${hex(dp.dpidr)}, DPv${dp.version}, designer ${dp.designer}, ${dp.protocol.toUpperCase()}`,
  ];
  for (const { name, idr, components } of aps) {
    lines.push(`${`${name}:`.padEnd(8)} IDR ${hex(idr)}`);
    if (components !== undefined) lines.push(...tree(components, 1));
  }
  for (const core of cores) {
    const parts = [
      `${core.name} ${core.revision}`,
      core.architecture,
      ...core.extensions,
      `${core.breakpoints} breakpoints`,
      `${core.watchpoints} watchpoints`,
      core.state,
    ];
    lines.push(`Core ${core.index}:  ${parts.join(", ")}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function tree(node: ComponentNode, depth: number): string[] {
  return [
    `${"  ".repeat(depth)}${describeComponent(node)}`,
    ...node.children.flatMap((child) => tree(child, depth + 1)),
  ];
}

/** The subcommand. */
export const command = defineCommand({
  description: "Shows the probe, the debug port, the access ports with the CoreSight components behind them, and the " +
    "cores. The target goes on running.",
  operands: [],
  options: { ...JSON_OUTPUT, ...CONNECT, ...CONFIG, ...LOGGING },
  examples: [
    { line: "info", help: "show what is behind the only probe" },
    { line: "info --json -u sim:stm32f407", help: "the same of a simulated board, for programs" },
  ],
  logLevel: "warning",
  async run(context, { values }) {
    const info = await context.withSession(values, gather, {
      defaults: { connect_mode: "attach", allow_no_cores: true, auto_unlock: false, "warning.cortex_m_default": false },
    });
    if (context.json) context.printJson(info);
    else context.print(render(info));
    return EXIT.ok;
  },
});
