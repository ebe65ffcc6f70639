/**
 * Connecting in one call, with a user script, for programs that use Tapir as a library.
 *
 * @module
 */
import { connect as connectTarget, type ConnectRequest } from "../session/connect.ts";
import type { Session } from "../session/session.ts";
import { namedScript } from "./find.ts";

/** What to connect to, and how. */
export interface ScriptedConnectRequest extends ConnectRequest {
  /** Path of a user script; none unless given here or by the option `user_script`. */
  readonly script?: string;
}

/**
 * Opens a probe and connects to the target behind it. Neither configuration files nor the environment are read, and
 * nothing waits for a probe to appear.
 *
 * @throws {UsageError} when an option or the target is unknown, several probes fit, or the script is wrong
 * @throws {ProbeError} when no probe fits, or it cannot be opened
 * @throws {TransferError} with exit code 4 when nothing answers behind it
 *
 * @example Memory and registers of a simulated board
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connect } from "./connect.ts";
 *
 * await using session = await connect({ probe: "sim:stm32f407", options: { frequency: 4_000_000 } });
 * const [core] = session.cores;
 * core!.write32(0x20000000, 0x12345678);
 * assertEquals(await core!.read32(0x20000000), 0x12345678);
 * assertEquals(await core!.state(), "halted");
 * ```
 */
export async function connect(request: ScriptedConnectRequest = {}): Promise<Session> {
  const base = request.projectDir ?? Deno.cwd();
  const script = request.script ?? request.options?.user_script;
  if (script === undefined) return await connectTarget(request);
  const { UserScript } = await import("./user_script.ts");
  const layer = await UserScript.load({ path: await namedScript(script, base), base });
  return await connectTarget({ ...request, layers: [layer, ...request.layers ?? []] });
}
