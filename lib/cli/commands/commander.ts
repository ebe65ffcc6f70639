/**
 * `tapir commander`: runs debugger commands.
 *
 * @module
 */
import type { BatchStep } from "../../commander/batch.ts";
import { defineCommand, flag, many, one, text, words } from "../command_spec.ts";
import { CONFIG, CONNECT, LOGGING } from "../common_options.ts";

/** The subcommand. */
export const command = defineCommand({
  description:
    "Connects and runs commands, in the order of -c and -x; the first one that fails ends the run. Without " +
    "any, commands are read from the terminal. The target is neither halted nor resumed unless a command does so.",
  operands: [],
  options: {
    command: words("-c, --command <words...>", "command line to run; repeatable"),
    execute: many("-x, --execute <file>", "file of command lines to run, - for standard input; repeatable", text),
    interactive: flag("-i, --interactive", "read commands from the terminal after those of -c and -x"),
    noInit: flag("-N, --no-init", "open the probe only; `reinit` connects to the target"),
    halt: flag("-H, --halt", "old spelling of -M halt"),
    elf: one("--elf <file>", "ELF file whose symbols name addresses", text),
    ...CONNECT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "commander -c status -c reg", help: "show the state of the cores and the registers" },
    { line: "commander -c reset halt -c read32 [sp,4]", help: "words after -c make one command line" },
    { line: "commander -x setup.txt -i", help: "run a file of commands, then read more" },
  ],
  logLevel: "warning",
  async run(context, { values, given }) {
    const steps = given.flatMap(({ key, value }): BatchStep[] =>
      key === "command"
        ? [{ kind: "line", text: String(value) }]
        : key === "execute"
        ? [{ kind: "file", path: String(value) }]
        : []
    );
    return await context.withSession(values, async (session) => {
      const { runCommander } = await import("../commander_host.ts");
      return await runCommander(context, session, {
        steps,
        interactive: values.interactive || steps.length === 0,
        elf: values.elf,
      });
    }, {
      init: values.noInit ? "none" : "unless-locked",
      flags: values.halt && values.connect === undefined ? { connect_mode: "halt" } : {},
      defaults: { connect_mode: "attach", auto_unlock: false, resume_on_disconnect: false },
    });
  },
});
