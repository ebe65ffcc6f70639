/**
 * The one table of session options. The command line, configuration files, the environment, the commander and the
 * documentation all read it. Names and meanings are pyOCD's.
 *
 * @module
 */

// data: one entry for each option.
import { OLD_RESET_NAMES, RESET_TYPES } from "./reset_types.ts";

/** How the text of an option is read. */
export type OptionType =
  /** `true/false`, `1/0`, `yes/no`, `on/off`. */
  | "bool"
  /** Whole number, decimal or with the prefix `0x`, `0o` or `0b`. */
  | "int"
  /** Number with an optional fraction. */
  | "float"
  /** Hertz with an optional `k` or `M` and an optional `Hz`. */
  | "frequency"
  /** Text as it is. */
  | "string"
  /** Words separated by commas, or a list. */
  | "words"
  /** One path, or a list. */
  | "paths"
  /** One whole number, or a list with one per core. */
  | "ints"
  /** One text, or a list with one per core. */
  | "strings"
  /** Any YAML. */
  | "data";

/** One option. */
export interface OptionDefinition {
  /** How its text is read. */
  readonly type: OptionType;
  /** Value when nothing sets it; absent when it has none. */
  readonly default?: boolean | number | string;
  /** Unit of the number. */
  readonly unit?: "Hz" | "s" | "baud";
  /** The only values it takes. */
  readonly choices?: readonly (string | number)[];
  /** Old words for some of the choices. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** The part of Tapir that reads it, while this version is without that part: the option is taken and does nothing. */
  readonly awaits?: string;
  /** One or two sentences for people. */
  readonly help: string;
}

/** Every option with its exact types. */
export const OPTIONS = {
  // Connecting
  "adi.v5.max_invalid_ap_count": {
    type: "int",
    default: 3,
    help: "Stop looking for access ports after this many absent ones in a row.",
  },
  "allow_no_cores": { type: "bool", default: false, help: "Connect even when discovery finds no core." },
  "auto_unlock": { type: "bool", default: true, help: "Erase a locked device completely in order to gain access." },
  "connect_mode": {
    type: "string",
    default: "halt",
    choices: ["halt", "pre-reset", "under-reset", "attach"],
    help:
      "What happens to the target while connecting: halt it, reset it first, hold it in reset, or leave it running.",
  },
  "dap_protocol": {
    type: "string",
    default: "default",
    choices: ["swd", "jtag", "default"],
    help: "Wire protocol; default takes SWD when the probe has it.",
  },
  "dap_swj_enable": { type: "bool", default: true, help: "Send the sequence that switches between SWD and JTAG." },
  "dap_swj_use_dormant": { type: "bool", default: false, help: "Go through the dormant state when switching wires." },
  "frequency": { type: "frequency", default: 1_000_000, unit: "Hz", help: "SWD or JTAG clock." },
  "primary_core": { type: "int", default: 0, help: "Number of the core that boots first, in discovery order." },
  "resume_on_disconnect": {
    type: "bool",
    default: true,
    help: "Let the target run and switch debug off when disconnecting; otherwise leave its state alone.",
  },
  "scan_all_aps": { type: "bool", default: false, help: "Probe every access port number instead of stopping early." },
  "target_override": { type: "string", help: "Target type, such as stm32f407vg." },
  "warning.cortex_m_default": {
    type: "bool",
    default: true,
    help: "Warn when no target type is known and the generic cortex_m is used.",
  },

  // Files and packs
  "cbuild_run": { type: "string", help: "Path of the *.cbuild-run.yml file that describes target and images." },
  "config_file": { type: "string", help: "Path of the configuration file. Not read from a configuration file." },
  "logging": { type: "data", help: "Log levels: a mapping from category pattern to level, such as {dap*: debug}." },
  "no_config": {
    type: "bool",
    default: false,
    help: "Read no configuration file. Not read from a configuration file.",
  },
  "pack": {
    type: "paths",
    help: "CMSIS-Packs: paths of .pack files, directories or bundles, or names of installed ones (Vendor::Pack@1.2.3).",
  },
  "flash.algorithms": {
    type: "words",
    help: "Names of flash algorithms to use instead of those the chip's description chooses.",
  },
  "flash.flm": {
    type: "paths",
    help: "Files with flash algorithms to use instead of those of the chip's description, as file[@base[,size]].",
  },
  "pack.debug_sequences.allow_applications": {
    type: "bool",
    default: false,
    help: "Let debug sequences run programs, and touch files outside of the project directory.",
  },
  "pack.debug_sequences.dbgconf": {
    type: "string",
    help: "Path of a .dbgconf file with values for debug variables of the pack.",
  },
  "pack.debug_sequences.debugvars": {
    type: "string",
    help: "C-like assignments that override debug variables of the pack.",
  },
  "pack.debug_sequences.disabled_sequences": {
    type: "words",
    help:
      "Names of debug sequences not to run, each with an optional :processor; ! at the end reaches nested calls too.",
  },
  "pack.debug_sequences.enable": { type: "bool", default: true, help: "Run the debug sequences of the pack." },
  "pack.debug_sequences.flash_connection": {
    type: "bool",
    default: false,
    help: "Tell debug sequences that the connection is for programming flash, not for debugging.",
  },
  "pack.debug_sequences.trace": {
    type: "bool",
    default: false,
    help: "Log every call of a debug sequence with its line in the pack.",
  },
  "pack.root": {
    type: "string",
    help: "Directory that packs are installed in; CMSIS_PACK_ROOT or the usual place unless given.",
  },
  "project_dir": { type: "string", help: "Directory that relative paths and the configuration file are looked up in." },
  "user_script": {
    type: "string",
    help: "Path of the user script; tapir_user.ts in the project directory unless given.",
  },

  // Reset
  "enable_multicore_debug": {
    type: "bool",
    default: false,
    help: "Reset secondary cores one by one instead of the whole system.",
  },
  "reset_type": {
    type: "string",
    default: "default",
    choices: RESET_TYPES,
    synonyms: OLD_RESET_NAMES,
    help: "How a reset is done.",
  },
  "reset.core_recover.timeout": {
    type: "float",
    default: 2,
    unit: "s",
    help: "How long to wait for the core after a reset; 0 does not wait.",
  },
  "reset.dap_recover.timeout": {
    type: "float",
    default: 2,
    unit: "s",
    help: "How long to wait for the debug port after a reset before connecting again.",
  },
  "reset.halt_timeout": {
    type: "float",
    default: 2,
    unit: "s",
    help: "How long to wait for the core to halt after a reset that halts.",
  },
  "reset.hold_time": { type: "float", default: 0.1, unit: "s", help: "How long nRESET is held low." },
  "reset.post_delay": { type: "float", default: 0.1, unit: "s", help: "How long to wait after a reset." },

  // Flash
  "chip_erase": {
    type: "string",
    default: "sector",
    choices: ["auto", "sector", "chip"],
    help: "What is erased before programming: the sectors that change, the whole chip, or whichever is faster.",
  },
  "debug.log_flm_info": { type: "bool", default: false, help: "Log what flash algorithms say about themselves." },
  "fast_program": {
    type: "bool",
    default: false,
    help: "Accept a sector as unchanged when its checksum matches, without reading its bytes.",
  },
  "flash.timeout.analyzer": {
    type: "float",
    default: 30,
    unit: "s",
    help: "Limit for computing checksums on target.",
  },
  "flash.timeout.erase_all": { type: "float", default: 240, unit: "s", help: "Limit for erasing the whole chip." },
  "flash.timeout.erase_sector": { type: "float", default: 10, unit: "s", help: "Limit for erasing one sector." },
  "flash.timeout.init": { type: "float", default: 5, unit: "s", help: "Limit for Init and UnInit of an algorithm." },
  "flash.timeout.program": { type: "float", default: 10, unit: "s", help: "Limit for programming one page." },
  "hide_programming_progress": { type: "bool", default: false, help: "Show no progress while programming." },
  "keep_unwritten": {
    type: "bool",
    default: false,
    help: "Preserve bytes of erased sectors that the image does not cover.",
  },
  "load.post_reset": {
    type: "string",
    choices: ["off", ...RESET_TYPES],
    synonyms: OLD_RESET_NAMES,
    help: "Reset after programming, or off; without a value as reset_type says.",
  },
  "load.pre_reset": {
    type: "string",
    choices: ["off", ...RESET_TYPES],
    synonyms: OLD_RESET_NAMES,
    help: "Reset before programming, or off; without a value as reset_type says.",
  },
  "smart_flash": { type: "bool", default: true, help: "Skip what the flash holds already." },

  // Debugging
  "cache.enable_memory": {
    awaits: "gdb server",
    type: "bool",
    default: true,
    help: "Cache target memory while the core is halted.",
  },
  "cache.enable_register": {
    awaits: "gdb server",
    type: "bool",
    default: true,
    help: "Cache core registers while the core is halted.",
  },
  "cache.read_code_from_elf": {
    awaits: "gdb server",
    type: "bool",
    default: true,
    help: "Serve reads of code from the ELF file.",
  },
  "commander.history_length": { type: "int", default: 1000, help: "Lines of history to keep; -1 keeps all." },
  "cpu.step.instruction.timeout": {
    awaits: "gdb server",
    type: "float",
    default: 0,
    unit: "s",
    help: "Limit for stepping one instruction; 0 has none.",
  },
  "debug.status_fault_retry_timeout": {
    awaits: "gdb server",
    type: "float",
    default: 1,
    unit: "s",
    help: "How long failing status reads are tried again while the target runs.",
  },
  "debug.traceback": { type: "bool", default: false, help: "Print causes and stack traces of errors." },
  "soft_bkpt_as_hard": {
    awaits: "gdb server",
    type: "bool",
    default: false,
    help: "Set hardware breakpoints where gdb asks for software.",
  },
  "svd_file": {
    type: "string",
    help: "SVD file that describes the peripherals; the one of the chip's pack unless given.",
  },
  "step_into_interrupt": { type: "bool", default: false, help: "Leave interrupts on while stepping." },
  "vector_catch": {
    type: "string",
    default: "h",
    help:
      "Exceptions that halt the core: letters h b m e i s c p r, a for all, n for none. Set on connecting when given.",
  },

  // Servers
  "gdbserver_port": {
    awaits: "gdb server",
    type: "ints",
    default: 3333,
    help: "TCP port of gdb; the number of the core is added.",
  },
  "persist": { awaits: "gdb server", type: "bool", default: false, help: "Go on serving after a client has left." },
  "probeserver.port": { awaits: "probe server", type: "int", default: 5555, help: "TCP port of the probe server." },
  "register_fields": {
    awaits: "gdb server",
    type: "bool",
    default: true,
    help: "Describe the fields of registers to gdb.",
  },
  "report_core_number": {
    awaits: "gdb server",
    type: "bool",
    default: false,
    help: "Tell gdb the number of the core with each thread.",
  },
  "rtos.enable": {
    awaits: "gdb server",
    type: "bool",
    default: true,
    help: "Show the threads of an operating system to gdb.",
  },
  "rtos.name": {
    awaits: "gdb server",
    type: "string",
    help: "Operating system to look for, instead of all known ones.",
  },
  "serve_local_only": {
    awaits: "servers",
    type: "bool",
    default: true,
    help: "Accept connections from this computer only.",
  },

  // Semihosting, stdio, trace
  "enable_semihosting": {
    awaits: "semihosting",
    type: "bool",
    default: false,
    help: "Serve semihosting requests of the target.",
  },
  "enable_swv": { type: "bool", default: false, help: "Capture SWO output." },
  "rtt": { awaits: "RTT", type: "data", help: "RTT configurations, one per core." },
  "semihost.commandline": {
    awaits: "semihosting",
    type: "string",
    default: "",
    help: "Command line that the target is told.",
  },
  "semihost_console_type": {
    awaits: "semihosting",
    type: "string",
    default: "telnet",
    choices: ["telnet", "console"],
    help: "Where semihosting writes when stdio_mode is not set.",
  },
  "semihost_use_syscalls": {
    awaits: "semihosting",
    type: "bool",
    default: false,
    help: "Let gdb serve semihosting file requests.",
  },
  "stdio_file_in": {
    awaits: "semihosting",
    type: "strings",
    help: "File that stdio input comes from; a list gives one per core.",
  },
  "stdio_file_out": {
    awaits: "semihosting",
    type: "strings",
    help: "File that stdio output goes to; a list gives one per core.",
  },
  "stdio_mode": {
    awaits: "semihosting",
    type: "strings",
    help: "Where stdio goes: off, console, server or file; a list gives one per core.",
  },
  "stdio_port": {
    awaits: "semihosting",
    type: "ints",
    default: 4444,
    help: "TCP port of stdio; the number of the core is added.",
  },
  "swv_clock": { type: "int", default: 1_000_000, unit: "baud", help: "Speed of the SWO pin." },
  "swv_raw_enable": { awaits: "SWO server", type: "bool", default: true, help: "Serve the raw SWO stream." },
  "swv_raw_file": {
    awaits: "SWO server",
    type: "string",
    help: "File that the raw SWO stream goes to, instead of the port.",
  },
  "swv_raw_port": { awaits: "SWO server", type: "int", default: 3443, help: "TCP port of the raw SWO stream." },
  "swv_system_clock": { type: "int", unit: "Hz", help: "Clock of the trace unit; required for SWO." },
  "systemview_auto_start": {
    awaits: "RTT",
    type: "bool",
    default: true,
    help: "Start SystemView recording when the target starts.",
  },
  "systemview_auto_stop": { awaits: "RTT", type: "bool", default: true, help: "Stop SystemView recording at the end." },
  "systemview_file": { awaits: "RTT", type: "string", help: "File that SystemView data goes to." },

  // Probes
  "cmsis_dap.deferred_transfers": { type: "bool", default: true, help: "Collect transfers into large packets." },
  "cmsis_dap.limit_packets": { type: "bool", default: false, help: "Keep one packet in flight only." },
  "cmsis_dap.prefer_v1": { type: "bool", default: false, help: "Take the HID interface when a probe has both." },
  "jlink.device": { awaits: "J-Link driver", type: "string", help: "Device name that the J-Link is told." },
  "jlink.non_interactive": {
    awaits: "J-Link driver",
    type: "bool",
    default: true,
    help: "Let the J-Link software show no dialogs.",
  },
  "jlink.power": {
    awaits: "J-Link driver",
    type: "bool",
    default: true,
    help: "Supply the target from the J-Link while connected.",
  },
  "picoprobe.safeswd": {
    awaits: "Picoprobe driver",
    type: "bool",
    default: false,
    help: "Check the answer to every transfer.",
  },
  "stlink.v3_prescaler": {
    awaits: "ST-Link driver",
    type: "int",
    default: 1,
    choices: [1, 2, 4],
    help: "Prescaler of the ST-Link V3 clock; changes the available frequencies.",
  },
} as const satisfies Readonly<Record<string, OptionDefinition>>;

/** Name of a session option. */
export type OptionName = keyof typeof OPTIONS;

/** What the value of an option of each type is. */
export interface OptionTypeValues {
  /** Of `bool`. */
  bool: boolean;
  /** Of `int`. */
  int: number;
  /** Of `float`. */
  float: number;
  /** Of `frequency`, in hertz. */
  frequency: number;
  /** Of `string`. */
  string: string;
  /** Of `words`. */
  words: readonly string[];
  /** Of `paths`. */
  paths: readonly string[];
  /** Of `ints`. */
  ints: number | readonly number[];
  /** Of `strings`. */
  strings: string | readonly string[];
  /** Of `data`. */
  data: unknown;
}

/** What an option holds when it is set. */
export type OptionValue<N extends OptionName> = OptionTypeValues[(typeof OPTIONS)[N]["type"]];

/** What an option reads as: its value, or undefined when nothing sets it and it has no default. */
export type OptionReading<N extends OptionName> = (typeof OPTIONS)[N] extends { readonly default: unknown }
  ? OptionValue<N>
  : OptionValue<N> | undefined;

/** Every option by name, for code that goes through all of them. */
export const OPTION_TABLE: Readonly<Record<OptionName, OptionDefinition>> = OPTIONS;

/** Names of all options, sorted. */
export const OPTION_NAMES: readonly OptionName[] = (Object.keys(OPTIONS) as OptionName[]).sort();

/** Old names that still work. */
const ALIASES: Readonly<Record<string, OptionName>> = {
  telnet_port: "stdio_port",
  telnet_mode: "stdio_mode",
  telnet_file_in: "stdio_file_in",
  telnet_file_out: "stdio_file_out",
};

/**
 * The option a user means by `name`: letter case does not matter, `__` stands for a dot, old names still work.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resolveOptionName } from "./option_table.ts";
 *
 * assertEquals(resolveOptionName("CMSIS_DAP.limit_packets"), "cmsis_dap.limit_packets");
 * assertEquals(resolveOptionName("telnet_port"), "stdio_port");
 * assertEquals(resolveOptionName("no_such"), undefined);
 * ```
 */
export function resolveOptionName(name: string): OptionName | undefined {
  const plain = name.trim().toLowerCase().replaceAll("__", ".");
  return ALIASES[plain] ?? (Object.hasOwn(OPTIONS, plain) ? plain as OptionName : undefined);
}

/**
 * The environment variable that sets an option.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { environmentName } from "./option_table.ts";
 *
 * assertEquals(environmentName("reset.hold_time"), "TAPIR_RESET_HOLD_TIME");
 * ```
 */
export function environmentName(name: OptionName): string {
  return `TAPIR_${name.toUpperCase().replaceAll(".", "_")}`;
}
