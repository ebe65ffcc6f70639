/**
 * Connecting in one call, for programs that use Tapir as a library.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { ProbeInfo } from "../probe/probe.ts";
import type { Layer } from "../target/ladder.ts";
import { applyCbuildRun } from "./cbuild.ts";
import { NO_CONFIGURATION } from "./config.ts";
import { DRIVERS, probeOpenOptions } from "./drivers.ts";
import { Options, type OptionValues } from "./options.ts";
import { listProbes, openProbe } from "./probes.ts";
import { Session } from "./session.ts";

/** What to connect to. */
export interface ConnectRequest {
  /** Part of the probe's unique ID, or `driver:id` such as `sim:stm32f407`; the only probe unless given. */
  readonly probe?: string;
  /** Target type, such as `stm32f407vg`; what the probe says, or the generic Cortex-M, unless given. */
  readonly target?: string;
  /** Path or file URL of a CMSIS-Pack, or those of several. */
  readonly pack?: string | URL | readonly (string | URL)[];
  /** Session options by name. */
  readonly options?: OptionValues;
  /** Directory that relative paths start from; the current one unless given. */
  readonly projectDir?: string;
  /** Overrides above everything that is known about the chip. */
  readonly layers?: readonly Layer[];
}

/**
 * Opens a probe and connects to the target behind it. Neither configuration files nor the environment are read, and
 * nothing waits for a probe to appear.
 *
 * @throws {UsageError} when an option or the target is unknown, or several probes fit
 * @throws {ProbeError} when no probe fits, or it cannot be opened
 * @throws {TransferError} with exit code 4 when nothing answers behind it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./connect.ts";
 *
 * await using session = await connect({ probe: "sim:stm32f407" });
 * const core = session.coreAt(0);
 * core.write32(0x20000000, 0x12345678);
 * assertEquals(await core.read32(0x20000000), 0x12345678);
 * ```
 */
export async function connect(request: ConnectRequest = {}): Promise<Session> {
  const { target, pack } = request;
  const options = new Options({
    "warning.cortex_m_default": false,
    ...(target === undefined ? {} : { target_override: target }),
    ...(pack === undefined ? {} : { pack: (isSeveral(pack) ? pack : [pack]).map(pathOf) }),
    ...request.options,
  });
  const projectDir = request.projectDir ?? Deno.cwd();
  if (options.get("cbuild_run") !== undefined) await applyCbuildRun(options, projectDir);
  const probe = await openProbe({
    query: request.probe ?? "",
    drivers: DRIVERS,
    open: probeOpenOptions(options),
  });
  return await Session.open({
    options,
    config: NO_CONFIGURATION,
    projectDir,
    probe,
    layers: request.layers ?? [],
  });
}

function isSeveral<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** The path behind a URL, whatever characters had to be escaped in it. */
function pathOf(place: string | URL): string {
  return typeof place === "string" ? place : fileURLToPath(place);
}

/** The debug probes that are connected, sorted by name; one that cannot be used says why. */
export function probes(): Promise<ProbeInfo[]> {
  return listProbes(DRIVERS, {});
}
