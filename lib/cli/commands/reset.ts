/**
 * `tapir reset`: resets the target.
 *
 * @module
 */
import { EXIT } from "../../base/errors.ts";
import { parseResetType, RESET_TYPES } from "../../session/reset_types.ts";
import { defineCommand, flag, one } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { wholeNumber } from "../values.ts";

/** The subcommand. */
export const command = defineCommand({
  description: "Resets the target and lets it run, or halts it before its first instruction.",
  operands: [],
  options: {
    method: one(
      "-m, --method <type>",
      `how: ${RESET_TYPES.join(", ")}`,
      Object.assign((word: string) => parseResetType(word), { words: RESET_TYPES }),
    ),
    core: one("-c, --core <number>", "core to reset, for resets by software", wholeNumber("--core")),
    halt: flag("-l, --halt", "halt before the first instruction"),
    ...JSON_OUTPUT,
    ...CONNECT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "reset", help: "reset and run" },
    { line: "reset --halt -m hardware", help: "pulse nRESET and halt before the first instruction" },
  ],
  logLevel: "warning",
  async run(context, { values }) {
    await context.withSession(values, async (session) => {
      const core = values.core === undefined ? undefined : session.coreAt(values.core);
      await session.reset({
        halt: values.halt,
        ...(core === undefined ? {} : { core }),
        ...(values.method === undefined ? {} : { type: values.method }),
      });
      if (context.json) context.event("result", { reset: values.method ?? "default", halted: values.halt });
      else context.say(values.halt ? "Reset and halted" : "Reset");
    }, {
      flags: { resume_on_disconnect: !values.halt },
      defaults: { "warning.cortex_m_default": false },
    });
    return EXIT.ok;
  },
});
