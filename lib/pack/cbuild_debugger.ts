/**
 * The `debugger` node of cbuild-run files.
 *
 * @module
 */
import type { YamlValue } from "../format/yaml.ts";
import type { YamlNode } from "./cbuild_node.ts";

/** Ways of resetting around loading. */
const LOAD_RESETS = ["off", "hardware", "system", "core"] as const;
const RESETS = ["default", "hardware", "system", "core", "n_srst", "sysresetreq", "vectreset", "emulated"] as const;
const PROTOCOLS = ["swd", "jtag"] as const;
const STDIO_MODES = ["off", "monitor", "server", "file", "console"] as const;
const CONNECT_MODES = ["attach", "under-reset", "pre-reset", "halt"] as const;

/** A way of resetting before or after loading. */
export type CbuildLoadReset = (typeof LOAD_RESETS)[number];

/** Where the standard input and output of one processor go. */
export interface CbuildStdio {
  /** Processor; all of them when absent. */
  readonly pname?: string;
  /** How. */
  readonly mode: "off" | "server" | "file" | "console";
  /** TCP port. */
  readonly port?: number;
  /** File that input comes from, absolute. */
  readonly fileIn?: string;
  /** File that output goes to, absolute. */
  readonly fileOut?: string;
}

/** Settings of the debugger. */
export interface CbuildDebugger {
  /** Name, such as `CMSIS-DAP@pyOCD`. */
  readonly name?: string;
  /** Wire protocol. */
  readonly protocol?: "swd" | "jtag";
  /** Clock in hertz. */
  readonly clock?: number;
  /** Path of the file with debug variables, absolute. */
  readonly dbgconf?: string;
  /** Processor that is debugged first. */
  readonly startPname?: string;
  /** What happens to the target while connecting. */
  readonly connect?: (typeof CONNECT_MODES)[number];
  /** Reset types by processor. */
  readonly resets: readonly { readonly pname?: string; readonly type: string }[];
  /** What happens around loading. */
  readonly load: {
    readonly halt: boolean;
    readonly preReset?: CbuildLoadReset;
    readonly postReset?: CbuildLoadReset;
  };
  /** Ports of gdb servers. */
  readonly gdbservers: readonly { readonly pname?: string; readonly port: number }[];
  /** Standard input and output. */
  readonly stdio: readonly CbuildStdio[];
  /** RTT as written, one mapping per processor. */
  readonly rtt: readonly YamlValue[];
  /** SystemView recording; only when RTT is configured too. */
  readonly systemView?: { readonly file?: string; readonly autoStart?: boolean; readonly autoStop?: boolean };
  /** Settings of single devices as written. */
  readonly deviceSettings: YamlValue;
}

/** Reads the node; `pathOf` makes paths absolute. */
export function readDebugger(node: YamlNode, pathOf: (path: string) => string): CbuildDebugger {
  const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
    (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
  const path = (text: string | undefined): string | undefined => text === undefined ? undefined : pathOf(text);
  const load = node.node("load-setup");
  const rtt = node.nodes("rtt");
  const view = node.node("systemview");
  return {
    ...optional("name", node.text("name")),
    ...optional("protocol", node.choice("protocol", PROTOCOLS)),
    ...optional("clock", node.number("clock")),
    ...optional("dbgconf", path(node.text("dbgconf"))),
    ...optional("startPname", node.text("start-pname")),
    ...optional("connect", node.choice("connect", CONNECT_MODES)),
    resets: node.nodes("reset").flatMap((each) => {
      const type = each.choice("type", RESETS);
      return type === undefined ? [] : [{ type, ...optional("pname", each.text("pname")) }];
    }),
    load: {
      halt: load.boolean("halt") ?? true,
      ...optional("preReset", load.choice("pre-reset", LOAD_RESETS)),
      ...optional("postReset", load.choice("post-reset", LOAD_RESETS)),
    },
    gdbservers: node.nodes("gdbserver").flatMap((each) => {
      const port = each.number("port", 0xffff);
      return port === undefined ? [] : [{ port, ...optional("pname", each.text("pname")) }];
    }),
    stdio: readStdio(node, pathOf),
    rtt: rtt.length === 0 ? [] : node.raw("rtt") as readonly YamlValue[],
    ...(node.has("systemview") && rtt.length > 0
      ? {
        systemView: {
          ...optional("file", path(view.text("file"))),
          ...optional("autoStart", view.boolean("auto-start")),
          ...optional("autoStop", view.boolean("auto-stop")),
        },
      }
      : {}),
    deviceSettings: node.raw("device-settings") ?? null,
  };
}

function readStdio(node: YamlNode, pathOf: (path: string) => string): CbuildStdio[] {
  if (node.has("stdio") && node.has("telnet")) node.problem("stdio is used, telnet is its old name; left out");
  const entries = node.has("stdio") ? node.nodes("stdio") : node.nodes("telnet");
  return entries.flatMap((each): CbuildStdio[] => {
    const mode = each.choice("mode", STDIO_MODES);
    if (mode === undefined) {
      if (!each.has("mode")) each.problem("it has no mode; left out");
      return [];
    }
    const [pname, port, file] = [each.text("pname"), each.number("port", 0xffff), each.text("file")];
    const fileIn = each.text("file-in") ?? (file === undefined ? undefined : `${file}.in`);
    const fileOut = each.text("file-out") ?? (file === undefined ? undefined : `${file}.out`);
    return [{
      mode: mode === "monitor" ? "server" : mode,
      ...(pname === undefined ? {} : { pname }),
      ...(port === undefined ? {} : { port }),
      ...(fileIn === undefined ? {} : { fileIn: pathOf(fileIn) }),
      ...(fileOut === undefined ? {} : { fileOut: pathOf(fileOut) }),
    }];
  });
}
