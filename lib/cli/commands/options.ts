/**
 * `tapir options`: session options with their values and where those come from.
 *
 * @module
 */
import { EXIT } from "../../base/errors.ts";
import { settingsForProbe } from "../../session/config.ts";
import { environmentName, OPTION_NAMES, OPTION_TABLE, type OptionName } from "../../session/option_table.ts";
import { requireOptionName } from "../../session/option_text.ts";
import type { Options } from "../../session/options.ts";
import { defineCommand, flag, one, text } from "../command_spec.ts";
import { CONFIG, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { renderTable } from "../table.ts";

/** The subcommand. */
export const command = defineCommand({
  description:
    "Shows the value of each session option and where it comes from: the command line, -O, the environment, the " +
    "configuration file or its section for a probe, or the built-in default. A higher layer wins.",
  operands: [{ usage: "[name...]", help: "options to show; all of them unless given", words: OPTION_NAMES }],
  options: {
    probe: one("-u, --probe <id>", "show values as they are for the probe with this unique ID", text, ["--uid"]),
    changed: flag("--changed", "leave out options that have their built-in default"),
    ...CONFIG,
    ...JSON_OUTPUT,
    ...LOGGING,
  },
  examples: [
    { line: "options", help: "show all options" },
    { line: "options --changed -O frequency=4M", help: "show what is not as built in" },
    { line: "options frequency reset_type", help: "show two options" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const { options, config } = await context.settings(values);
    if (values.probe !== undefined) {
      for (const { name, value } of settingsForProbe(config, values.probe)) {
        options.put("probe-section", name, value, `probes section of ${config.path}`);
      }
    }
    const named = operands.length === 0 ? OPTION_NAMES : operands.map(requireOptionName);
    const shown = values.changed ? named.filter((name) => options.isSet(name)) : named;
    if (context.json) context.printJson(shown.map((name) => describe(options, name)));
    else {
      const rows = shown.map((name) => [name, formatValue(options.get(name)), originOf(options, name)]);
      context.print(renderTable([["Option", "Value", "From"], ...rows]));
    }
    return EXIT.ok;
  },
});

function describe(options: Options, name: OptionName): Record<string, unknown> {
  const { type, default: preset, choices, awaits, help } = OPTION_TABLE[name];
  const { layer, source } = options.origin(name);
  return {
    name,
    value: options.get(name),
    layer,
    source,
    type,
    default: preset,
    choices,
    variable: environmentName(name),
    has_effect: awaits === undefined,
    help,
  };
}

function originOf(options: Options, name: OptionName): string {
  const { source } = options.origin(name);
  return OPTION_TABLE[name].awaits === undefined ? source : `${source}, without effect`;
}

function formatValue(value: unknown): string {
  return value === undefined ? "-" : typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
