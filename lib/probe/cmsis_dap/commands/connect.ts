/**
 * DAP_HostStatus, DAP_Connect, DAP_Disconnect, DAP_WriteABORT, DAP_Delay and DAP_ResetTarget.
 *
 * @module
 */
import { type Bytes, ByteWriter } from "../../../base/bytes.ts";
import { ProbeError } from "../../../base/errors.ts";
import { COMMAND, decodeResponse } from "./response.ts";

/** Port numbers of DAP_Connect. Port 0, "default", is never asked for: some firmware refuses it. */
export const PORT = { swd: 1, jtag: 2 } as const;

/** Switches the `connect` or `running` LED. */
export function encodeHostStatus(led: "connect" | "running", on: boolean): Bytes {
  return Uint8Array.of(COMMAND.hostStatus, led === "connect" ? 0 : 1, on ? 1 : 0);
}

/** Selects the wire. */
export function encodeConnect(port: number): Bytes {
  return Uint8Array.of(COMMAND.connect, port);
}

/** Checks that the probe selected `port`. @throws {ProbeError} when it selected none, or another one */
export function decodeConnect(response: Uint8Array, port: number): void {
  const selected = decodeResponse(response, COMMAND.connect, (reader) => reader.u8());
  if (selected !== port) {
    const name = port === PORT.swd ? "SWD" : "JTAG";
    throw new ProbeError(`Cannot use ${name}: the probe refused to select it`, {
      code: "probe-refused",
      hint: `The probe may not support ${name}, or its target may be held by another program`,
    });
  }
}

/** Releases the wire. */
export function encodeDisconnect(): Bytes {
  return Uint8Array.of(COMMAND.disconnect);
}

/** Writes the ABORT register of the debug port. */
export function encodeWriteAbort(value: number, dapIndex = 0): Bytes {
  return new ByteWriter(6).u8(COMMAND.writeAbort).u8(dapIndex).u32(value).done();
}

/** Lets the probe wait for `us` microseconds, up to 65535. */
export function encodeDelay(us: number): Bytes {
  return new ByteWriter(3).u8(COMMAND.delay).u16(us).done();
}

/** Asks for a reset sequence of the probe's own. */
export function encodeResetTarget(): Bytes {
  return Uint8Array.of(COMMAND.resetTarget);
}

/** Whether the probe has a reset sequence of its own, and ran it. @throws {ProbeError} */
export function decodeResetTarget(response: Uint8Array): boolean {
  return decodeResponse(response, COMMAND.resetTarget, (reader) => reader.u8() === 0 && reader.u8() === 1);
}
