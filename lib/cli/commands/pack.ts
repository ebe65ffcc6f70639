/**
 * `tapir pack`: finds, downloads, shows and removes CMSIS-Packs. What each word after `pack` does is in a file of its
 * own.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { didYouMean } from "../../base/near_names.ts";
import { defineCommand } from "../command_spec.ts";
import { PACK_OPTIONS, type PackAction } from "../pack_options.ts";

/** What can be done with packs. */
const ACTIONS: Readonly<Record<string, () => Promise<PackAction>>> = {
  find: async () => (await import("./pack_find.ts")).find,
  install: async () => (await import("./pack_install.ts")).install,
  update: async () => (await import("./pack_install.ts")).update,
  list: async () => (await import("./pack_list.ts")).list,
  show: async () => (await import("./pack_show.ts")).show,
  remove: async () => (await import("./pack_list.ts")).remove,
  clean: async () => (await import("./pack_list.ts")).clean,
  bundle: async () => (await import("./pack_bundle.ts")).bundle,
};

/** The subcommand. */
export const command = defineCommand({
  description: "Finds, downloads and shows CMSIS-Packs. Actions: find PATTERN (devices of all public packs), install " +
    "PATTERN|PACK|FILE|URL, update (the index), list (installed packs), show [DEVICE], remove PACK, clean (what Tapir " +
    "downloaded), bundle -o FILE PACK|-t DEVICE. Patterns take * ? [] and fit parts of names. Packs are kept in " +
    "CMSIS_PACK_ROOT, and shared with other tools that use it.",
  operands: [
    { usage: "<action>", help: Object.keys(ACTIONS).join(", "), words: Object.keys(ACTIONS) },
    { usage: "[what...]", help: "patterns of device names, packs such as Vendor::Pack@1.2.3, files, addresses" },
  ],
  options: PACK_OPTIONS,
  examples: [
    { line: "pack find 'stm32f40[57]*'", help: "show which packs describe these devices" },
    { line: "pack install stm32f407vg", help: "download the pack of a device; -t stm32f407vg needs nothing else then" },
    { line: "pack show stm32f407vg", help: "show memory map, flash algorithms and debug sequences" },
    { line: "pack bundle -o ci.zip -t stm32f407vg", help: "make one file for computers without a network" },
  ],
  logLevel: "warning",
  async run(context, { values, operands, given }) {
    const [name = "", ...patterns] = operands;
    const load = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (load === undefined) {
      const names = Object.keys(ACTIONS);
      throw new UsageError(`Cannot do "${name}" with packs: there is no such action`, {
        hint: didYouMean(name, names) ?? `Use one of ${names.join(", ")}`,
      });
    }
    const action = await load();
    for (const { key } of given) {
      const option = PACK_OPTIONS[key];
      if (option !== undefined && option.group === undefined && !action.options.includes(key)) {
        throw new UsageError(`Cannot use ${/--[\w-]+/.exec(option.flags)?.[0]} with pack ${name}`, {
          hint: "See: tapir pack --help",
        });
      }
    }
    return await action.run(context, values, patterns);
  },
});
