/**
 * The one list of subcommands; each is imported when it is used.
 *
 * @module
 */
import type { CliCommand } from "./command_spec.ts";

/** A subcommand as the overview shows it. */
export interface Subcommand {
  /** Name. */
  readonly name: string;
  /** Other names. */
  readonly aliases: readonly string[];
  /** One line. */
  readonly summary: string;
  /** Imports it. */
  load(): Promise<CliCommand>;
}

/** All subcommands, in the order of the help. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: "list",
    aliases: [],
    summary: "list debug probes",
    load: async () => (await import("./commands/list.ts")).command,
  },
  {
    name: "info",
    aliases: [],
    summary: "show what is behind the probe: debug port, access ports, cores",
    load: async () => (await import("./commands/info.ts")).command,
  },
  {
    name: "flash",
    aliases: ["load"],
    summary: "program files into flash or RAM",
    load: async () => (await import("./commands/flash.ts")).command,
  },
  {
    name: "verify",
    aliases: [],
    summary: "compare files with target memory",
    load: async () => (await import("./commands/verify.ts")).command,
  },
  {
    name: "erase",
    aliases: [],
    summary: "erase sectors or the whole chip",
    load: async () => (await import("./commands/erase.ts")).command,
  },
  {
    name: "reset",
    aliases: [],
    summary: "reset the target",
    load: async () => (await import("./commands/reset.ts")).command,
  },
  {
    name: "read",
    aliases: [],
    summary: "read target memory",
    load: async () => (await import("./commands/read.ts")).command,
  },
  {
    name: "write",
    aliases: [],
    summary: "write target memory",
    load: async () => (await import("./commands/write.ts")).command,
  },
  {
    name: "sequences",
    aliases: [],
    summary: "list the debug sequences of the target's pack, or run one",
    load: async () => (await import("./commands/sequences.ts")).command,
  },
  {
    name: "commander",
    aliases: ["cmd"],
    summary: "run debugger commands, one by one or interactively",
    load: async () => (await import("./commands/commander.ts")).command,
  },
  {
    name: "pack",
    aliases: [],
    summary: "find, install, show and remove CMSIS-Packs",
    load: async () => (await import("./commands/pack.ts")).command,
  },
  {
    name: "script",
    aliases: [],
    summary: "write a user script to start from, or check one",
    load: async () => (await import("./commands/script.ts")).command,
  },
  {
    name: "options",
    aliases: [],
    summary: "show session options and where values come from",
    load: async () => (await import("./commands/options.ts")).command,
  },
  {
    name: "completions",
    aliases: [],
    summary: "print a script that completes command lines in a shell",
    load: async () => (await import("./commands/completions.ts")).command,
  },
  {
    name: "sim",
    aliases: [],
    summary: "serve simulated probes as USB devices",
    load: async () => (await import("./commands/sim.ts")).command,
  },
  {
    name: "setup",
    aliases: [],
    summary: "prepare this computer: USB permissions",
    load: async () => (await import("./commands/setup.ts")).command,
  },
];
