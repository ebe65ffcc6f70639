/**
 * `tapir setup`: what this computer needs before probes can be used.
 *
 * @module
 */
import { EXIT, UsageError } from "../../base/errors.ts";
import { installUdevRules, insteadOfUdev, UDEV_RULE_PATH, udevRules } from "../../usb/mod.ts";
import { defineCommand, flag } from "../command_spec.ts";
import { LOGGING } from "../common_options.ts";

/** The subcommand. */
export const command = defineCommand({
  description: "Prints, or installs, the udev rules that let ordinary users open debug probes on Linux.",
  operands: [{ usage: "<what>", help: "udev", words: ["udev"] }],
  options: {
    install: flag("--install", `write ${UDEV_RULE_PATH} and apply it; needs root`),
    ...LOGGING,
  },
  examples: [
    { line: "setup udev", help: "print the rules" },
    { line: "setup udev --install", help: "install them; run it with sudo" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const [what] = operands;
    if (what !== "udev") {
      throw new UsageError(`Cannot set up "${what}": there is no such thing`, { hint: "Try: tapir setup udev" });
    }
    if (!values.install) {
      context.print(udevRules());
      const instead = insteadOfUdev();
      if (instead !== undefined) context.say(`These rules are for Linux. ${instead}`);
      return EXIT.ok;
    }
    await installUdevRules();
    context.say(`Wrote ${UDEV_RULE_PATH}; plug the probe in again if it was connected`);
    return EXIT.ok;
  },
});
