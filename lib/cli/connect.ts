/**
 * Opens the session of a subcommand: chooses the probe, with the user's help where needed.
 *
 * @module
 */
import { InterruptedError, UsageError } from "../base/errors.ts";
import type { ProbeInfo } from "../probe/probe.ts";
import { probeOpenOptions } from "../session/drivers.ts";
import { openProbe } from "../session/probes.ts";
import { findScript } from "../script/find.ts";
import { Session, type SessionInit } from "../session/session.ts";
import type { Settings } from "../session/settings.ts";
import type { Layer } from "../target/ladder.ts";
import type { ConnectValues } from "./common_options.ts";
import type { CliContext } from "./context.ts";
import { probeTable } from "./probe_table.ts";

/**
 * Opens a session with the probe that `-u` names, or the only one, or the one the user chooses.
 *
 * @throws {TapirError} when no probe or no target can be used
 */
export async function connectSession(
  context: CliContext,
  settings: Settings,
  values: Partial<ConnectValues>,
  init: SessionInit = "full",
): Promise<Session> {
  const { streams } = context;
  const layers = await scriptLayers(settings);
  const probe = await openProbe({
    query: values.uid ?? "",
    drivers: context.drivers,
    open: probeOpenOptions(settings.options),
    signal: streams.interrupted,
    ...(values.noWait ? {} : { onWaiting: () => tellWaiting(context, values.uid) }),
    ...(streams.stdin.isTerminal ? { choose: (probes: readonly ProbeInfo[]) => chooseProbe(context, probes) } : {}),
  });
  const ask = (question: string): Promise<string | undefined> => {
    streams.stderr.write(question);
    return streams.stdin.readLine();
  };
  return await Session.open({ ...settings, probe, layers, ...(streams.stdin.isTerminal ? { ask } : {}), init });
}

/** The user script, loaded before anything is done to the target. @throws {TapirError} */
export async function scriptLayers(settings: Settings): Promise<Layer[]> {
  const path = await findScript(settings);
  if (path === undefined) return [];
  const { UserScript } = await import("../script/user_script.ts");
  return [await UserScript.load({ path, base: settings.projectDir })];
}

function tellWaiting(context: CliContext, uid: string | undefined): void {
  const which = uid === undefined ? "" : ` with unique ID '${uid}'`;
  context.say(context.paint("yellow", `Waiting for a debug probe${which} to be connected...`));
}

/** Shows the probes and asks for a number until a good one comes. */
export async function chooseProbe(context: CliContext, probes: readonly ProbeInfo[]): Promise<ProbeInfo> {
  const { streams } = context;
  while (true) {
    streams.stderr.write(probeTable(probes, context.paint, () => true));
    streams.stderr.write("\nEnter the number of the debug probe or 'q' to quit> ");
    const line = await streams.stdin.readLine();
    if (line === undefined) throw new UsageError("Cannot choose a debug probe: the input ended");
    const answer = line.trim().toLowerCase();
    if (answer === "q") throw new InterruptedError("Cannot connect: no debug probe was chosen");
    const chosen = /^\d+$/.test(answer) ? probes[Number(answer)] : undefined;
    if (chosen !== undefined) return chosen;
  }
}
