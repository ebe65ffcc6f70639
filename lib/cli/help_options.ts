/**
 * The list of all session options, for `--help-options`.
 *
 * @module
 */
import { environmentName, OPTION_NAMES, OPTION_TABLE } from "../session/option_table.ts";

/** Every session option with type, default, choices, environment variable and help. */
export function describeOptions(): string {
  return OPTION_NAMES.map((name) => {
    const { type, default: preset, unit, choices, awaits, help } = OPTION_TABLE[name];
    const facts = [
      unit === undefined ? type : `${type}, ${unit}`,
      choices === undefined ? "" : `one of ${choices.join(", ")}`,
      preset === undefined ? "no default" : `default ${preset === "" ? '""' : preset}`,
      awaits === undefined ? "" : `without effect, because this version has no ${awaits}`,
    ].filter((fact) => fact !== "");
    return `${name} (${facts.join("; ")})\n    ${help}\n    ${environmentName(name)}\n`;
  }).join("");
}
