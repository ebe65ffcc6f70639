/**
 * `tapir script`: writes a user script to start from, and checks one.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { EXIT, UsageError } from "../../base/errors.ts";
import { findScript, namedScript, SCRIPT_NAMES } from "../../script/find.ts";
import { exists, writeUserFile } from "../../session/files.ts";
import { resolvePath } from "../../session/settings.ts";
import { type CliInput, defineCommand } from "../command_spec.ts";
import { CONFIG, type ConfigValues, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import type { CliContext } from "../context.ts";

const OPTIONS = { ...JSON_OUTPUT, ...CONFIG, ...LOGGING };

/** The subcommand. */
export const command = defineCommand({
  description:
    "Writes a user script to start from, with types for editors beside it, or checks the names and parameters of the " +
    "delegates that a script exports. Checking runs the script, but nothing is connected.",
  operands: [
    { usage: "<action>", help: "init or check", words: ["init", "check"] },
    { usage: "[file]", help: `the script; ${SCRIPT_NAMES[0]} in the project directory unless given` },
  ],
  options: OPTIONS,
  examples: [
    { line: "script init", help: `write ${SCRIPT_NAMES[0]} and its types` },
    { line: "script check my_board.ts", help: "find misspelt delegates" },
  ],
  logLevel: "warning",
  async run(context, input) {
    const [action = "", file] = input.operands;
    if (action === "init") return await init(context, input.values, file ?? input.values.script);
    if (action === "check") return await check(context, input, file);
    throw new UsageError(`Cannot ${action} a script`, { hint: "Write: tapir script init, or: tapir script check" });
  },
});

async function init(context: CliContext, values: ConfigValues, file: string | undefined): Promise<number> {
  const { STARTER, TYPES_NAME, typesText } = await import("../../script/starter.ts");
  const { projectDir } = await context.settings(values);
  const path = resolvePath(projectDir, file ?? SCRIPT_NAMES[0]!);
  if (await exists(path)) {
    throw new UsageError(`Cannot write ${path}: it exists`, { code: "file-exists", hint: "Give another name" });
  }
  const types = join(dirname(path), TYPES_NAME);
  await writeUserFile(path, new TextEncoder().encode(STARTER));
  await writeUserFile(types, new TextEncoder().encode(await typesText()));
  context.say(`Wrote ${path} and ${types}`);
  return EXIT.ok;
}

async function check(
  context: CliContext,
  { values }: CliInput<typeof OPTIONS>,
  file: string | undefined,
): Promise<number> {
  const settings = await context.settings(values);
  const path = file === undefined ? await findScript(settings) : await namedScript(file, settings.projectDir);
  if (path === undefined) {
    throw new UsageError(`Cannot check a user script: ${settings.projectDir} has none`, {
      code: "script-missing",
      hint: `Name one, or write ${SCRIPT_NAMES[0]} with: tapir script init`,
    });
  }
  const { checkScript } = await import("../../script/user_script.ts");
  const { delegates, commands, problems } = await checkScript({ path, base: settings.projectDir });
  if (values.json) context.printJson({ path, delegates, commands, problems });
  else context.print(`${path}\n  delegates: ${listOf(delegates)}\n  commands: ${listOf(commands)}\n`);
  for (const { name, reason, hint, line, column } of problems) {
    context.say(`${path}:${line}:${column}: ${name}: ${reason}\n  ${hint}`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.usage;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
