/**
 * Writes docs/options.md from the one table of options: `deno run -A scripts/gen_options_doc.ts`. With `--check`, says
 * whether the file is up to date, by its exit code.
 *
 * @module
 */
import { environmentName, OPTION_NAMES, OPTION_TABLE, type OptionName } from "../lib/session/option_table.ts";

const HEAD = `# Session options

<!-- Written by scripts/gen_options_doc.ts from lib/session/option_table.ts; change that table instead. -->

Names, types and defaults are pyOCD's where pyOCD has the option. \`tapir options\` prints the value of each one and
where it comes from.

## Where options come from

The first of these that sets an option wins:

1. \`set option NAME=VALUE\` in the commander, and \`session.options.set()\` in scripts: at once, for the rest of the session
2. dedicated flags, such as \`--frequency\`
3. \`-O NAME=VALUE\`, \`-O NAME\` for true, \`-O no-NAME\` for false
4. the environment: \`TAPIR_\` and the name in capitals, with \`_\` for dots, such as \`TAPIR_RESET_HOLD_TIME=0.5\`
5. the \`*.cbuild-run.yml\` file
6. the section of the probe in the configuration file
7. the rest of the configuration file
8. what a subcommand changes; \`commander\`, for example, connects with \`connect_mode=attach\`
9. the built-in default

The configuration file is \`--config FILE\`, or the first of \`tapir.yaml\`, \`tapir.yml\`, \`.tapir.yaml\`, \`.tapir.yml\` and
the same four names with \`pyocd\` in the project directory. Sections for single probes name part of a unique ID, in
quotes when it is all digits:

\`\`\`yaml
frequency: 4MHz
probes:
  066EFF:
    target_override: stm32f407vg
    connect_mode: under-reset
\`\`\`

A name that does not exist is an error that offers near names, and so is a value that does not fit. In files with one of
pyOCD's names, what only pyOCD knows (unknown options, a Python user script, its \`logging\`) is passed over with a warning.

`;

/** The text of docs/options.md. */
export function optionsDocument(): string {
  const working = OPTION_NAMES.filter((name) => OPTION_TABLE[name].awaits === undefined);
  const waiting = OPTION_NAMES.filter((name) => OPTION_TABLE[name].awaits !== undefined);
  let text = `${HEAD}## Options\n\n${working.map(describe).join("\n")}`;
  if (waiting.length > 0) {
    text += "\n## Options without effect in this version\n\n" +
      "They are taken, so that configuration files of pyOCD can be used as they are, and a warning says that they do " +
      "nothing.\n\n| option | belongs to |\n|---|---|\n";
    for (const name of waiting) text += `| \`${name}\` | ${OPTION_TABLE[name].awaits} |\n`;
  }
  return text;
}

function describe(name: OptionName): string {
  const { type, default: preset, unit, choices, help } = OPTION_TABLE[name];
  const facts = [
    unit === undefined ? type : `${type}, ${unit}`,
    preset === undefined ? "no default" : `default \`${preset === "" ? '""' : preset}\``,
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`]),
    `\`${environmentName(name)}\``,
  ];
  return `### ${name}\n\n${facts.join(" · ")}\n\n${help}\n`;
}

if (import.meta.main) {
  const file = new URL("../docs/options.md", import.meta.url);
  const text = optionsDocument();
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(file, text);
  else if (await Deno.readTextFile(file) !== text) {
    console.error("docs/options.md is out of date: run `deno run -A scripts/gen_options_doc.ts`");
    Deno.exit(1);
  }
}
