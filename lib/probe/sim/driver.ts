/**
 * Simulated boards as probes: `sim:stm32f407`. The board sits behind the same CMSIS-DAP code that drives real probes.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { FaultInjector, parseFaultPlan } from "../../sim/faults.ts";
import { SimLink } from "../../sim/link.ts";
import type { Ledger } from "../../sim/ledger.ts";
import { boardNames, type BoardOptions, createBoard, type SimBoard } from "../../sim/boards/mod.ts";
import type { ProbeOptions } from "../../sim/probe/options.ts";
import { SimProbe } from "../../sim/probe/probe.ts";
import { CmsisDapProbe } from "../cmsis_dap/probe.ts";
import { attachFlashFile } from "./flash_file.ts";
import type { Probe, ProbeDriver, ProbeInfo, ProbeOpenOptions } from "../probe.ts";

/** How the simulated board, its probe and the cable between probe and computer are built. */
export interface SimOptions {
  /** The board. */
  readonly board?: BoardOptions;
  /** The probe. */
  readonly probe?: ProbeOptions;
  /** Unique ID of the probe; the name of the board unless told. */
  readonly uniqueId?: string;
  /** USB round trip in milliseconds. */
  readonly usbRoundTripMs?: number;
  /** Pads responses to the packet size, as HID probes do. */
  readonly padResponses?: boolean;
  /** Path of a file that keeps what the board remembers without power. */
  readonly flashFile?: string;
  /** Options of the driver. */
  readonly open?: ProbeOpenOptions;
}

/** A simulated board with everything in front of it. */
export interface OpenedSim {
  /** The probe as the rest of Tapir sees it. */
  readonly probe: CmsisDapProbe;
  /** The board. */
  readonly board: SimBoard;
  /** The cable. */
  readonly link: SimLink;
  /** What talking to the probe has cost. */
  readonly ledger: Ledger;
}

/**
 * Powers a simulated board on and opens its probe.
 *
 * @throws {UsageError} when there is no board of that name, or the file with its flash cannot be used
 */
export async function openSim(name: string, options: SimOptions = {}): Promise<OpenedSim> {
  const board = createBoard(name, options.board);
  const onClose = options.flashFile === undefined ? undefined : await attachFlashFile(board, options.flashFile);
  const link = new SimLink(new SimProbe(board, options.probe), {
    ...(options.usbRoundTripMs === undefined ? {} : { usbRoundTripMs: options.usbRoundTripMs }),
    ...(options.padResponses === undefined ? {} : { padResponses: options.padResponses }),
    ...(onClose === undefined ? {} : { onClose }),
  });
  const description = `Simulated ${board.name}`;
  const probe = await CmsisDapProbe.open(
    link,
    { uniqueId: options.uniqueId ?? name, description, vendor: "Tapir" },
    options.open,
  );
  return { probe, board, link, ledger: link.ledger };
}

/** What the simulated probe can do unless told otherwise. */
const EVERYTHING = {
  swoUart: true,
  swoManchester: true,
  timer: true,
  swoStream: true,
  uart: true,
} as const;

/** Settings behind the question mark of `sim:BOARD?key=value&…`, with what they mean. */
const SETTINGS: Readonly<Record<string, (value: string, options: SimOptions) => SimOptions>> = {
  packet_size: (value, o) => ({ ...o, probe: { ...o.probe, packetSize: number("packet_size", value) } }),
  packet_count: (value, o) => ({ ...o, probe: { ...o.probe, packetCount: number("packet_count", value) } }),
  locked: (value, o) => ({ ...o, board: { ...o.board, locked: flag("locked", value) } }),
  timing: (value, o) => ({ ...o, board: { ...o.board, timing: oneOf("timing", value, ["datasheet", "fast"]) } }),
  revision: (value, o) => ({ ...o, board: { ...o.board, revision: number("revision", value) } }),
  flash: (value, o) => ({ ...o, flashFile: value }),
  round_trip_ms: (value, o) => ({ ...o, usbRoundTripMs: number("round_trip_ms", value) }),
  hid: (value, o) => ({ ...o, padResponses: flag("hid", value) }),
  atomic: (value, o) => ({
    ...o,
    probe: { ...o.probe, capabilities: { ...EVERYTHING, atomic: flag("atomic", value) } },
  }),
  faults: (value, o) => ({ ...o, probe: { ...o.probe, faults: new FaultInjector(parseFaultPlan(value)) } }),
};

/**
 * Takes `BOARD?key=value&…` apart.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSimId } from "./driver.ts";
 *
 * const { name, options } = parseSimId("stm32f407?packet_size=64&locked=1");
 * assertEquals([name, options.probe?.packetSize, options.board?.locked], ["stm32f407", 64, true]);
 * ```
 * @throws {UsageError} for an unknown setting or a value that does not fit
 */
export function parseSimId(uniqueId: string): { readonly name: string; readonly options: SimOptions } {
  const mark = uniqueId.indexOf("?");
  const name = mark < 0 ? uniqueId : uniqueId.slice(0, mark);
  let options: SimOptions = {};
  for (const [key, value] of new URLSearchParams(mark < 0 ? "" : uniqueId.slice(mark + 1))) {
    const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
    if (!setting) {
      throw new UsageError(`Cannot set "${key}" of a simulated board: there is no such setting`, {
        hint: `Settings: ${Object.keys(SETTINGS).join(", ")}`,
      });
    }
    options = setting(value, options);
  }
  return { name, options };
}

/** Simulated boards: `sim:BOARD`, with settings as in `sim:stm32f407?packet_size=64&locked=1`. */
export const simDriver: ProbeDriver = {
  name: "sim",
  description: "Simulated boards",
  enumerable: false,
  list: () =>
    Promise.resolve(boardNames.map((name): ProbeInfo => ({
      driver: "sim",
      uniqueId: name,
      description: `Simulated ${name}`,
      vendor: "Tapir",
      board: { boardName: name, targetName: name },
    }))),
  open: async (uniqueId: string, open?: ProbeOpenOptions): Promise<Probe> => {
    const { name, options } = parseSimId(uniqueId);
    return (await openSim(name, { ...options, uniqueId, ...(open ? { open } : {}) })).probe;
  },
};

function number(key: string, value: string): number {
  const parsed = Number(value);
  if (value.trim() === "" || !Number.isFinite(parsed) || parsed < 0) {
    throw new UsageError(`Cannot set ${key} of a simulated board to "${value}": not a number`);
  }
  return parsed;
}

function flag(key: string, value: string): boolean {
  return oneOf(key, value, ["0", "1"]) === "1";
}

function oneOf<T extends string>(key: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new UsageError(`Cannot set ${key} of a simulated board to "${value}": choose from ${choices.join(", ")}`);
  }
  return found;
}
