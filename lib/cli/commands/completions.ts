/**
 * `tapir completions`: scripts that complete command lines in a shell.
 *
 * @module
 */
import { EXIT } from "../../base/errors.ts";
import { defineCommand } from "../command_spec.ts";
import { LOGGING } from "../common_options.ts";
import { completionScript, SHELLS } from "../completion_script.ts";
import { choice } from "../values.ts";

/** The subcommand. */
export const command = defineCommand({
  description: "Prints a script that makes a shell complete subcommands, flags, session options and files of tapir.",
  operands: [{ usage: "<shell>", help: SHELLS.join(", "), words: SHELLS }],
  options: { ...LOGGING },
  examples: [
    { line: "completions bash > ~/.local/share/bash-completion/completions/tapir", help: "for bash" },
    { line: 'completions zsh > "${fpath[1]}/_tapir"', help: "for zsh" },
    { line: "completions fish > ~/.config/fish/completions/tapir.fish", help: "for fish" },
    { line: "completions powershell >> $PROFILE", help: "for PowerShell" },
  ],
  logLevel: "warning",
  async run(context, { operands }) {
    context.print(await completionScript(choice("a shell", SHELLS)(operands[0]!.toLowerCase())));
    return EXIT.ok;
  },
});
