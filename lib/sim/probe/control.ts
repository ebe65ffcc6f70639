/**
 * Commands about the connection as a whole: DAP_HostStatus, DAP_Connect and their neighbours (0x01–0x04, 0x08–0x0A).
 *
 * @module
 */
import { type CommandHandler, DAP_ERROR, DAP_OK } from "./state.ts";

const PORT = { DEFAULT: 0, SWD: 1, JTAG: 2 } as const;
const WRITE_ABORT = 0x00;
/** How long a device-specific reset holds nRESET. */
const RESET_PULSE_NS = 1_000_000;

/** DAP_HostStatus (0x01); the probe has no lamps. */
export const hostStatus: CommandHandler = (_state, request, out) => {
  request.bytes(2);
  out.u8(DAP_OK);
};

/** DAP_Connect (0x02): sets up the pins at their idle levels, which lets go of nRESET even when already connected. */
export const connect: CommandHandler = ({ wire, options }, request, out) => {
  const { swd = true, jtag = true } = options.capabilities;
  const wanted = request.u8();
  const port = wanted === PORT.DEFAULT ? (swd ? PORT.SWD : PORT.JTAG) : wanted;
  if (port === PORT.SWD && swd) wire.port = "swd";
  else if (port === PORT.JTAG && jtag) wire.port = "jtag";
  else {
    out.u8(0);
    return;
  }
  wire.setReset(false);
  out.u8(port);
};

/** DAP_Disconnect (0x03): the pins float, so nRESET is let go. */
export const disconnect: CommandHandler = ({ wire }, _request, out) => {
  wire.port = "off";
  wire.setReset(false);
  out.u8(DAP_OK);
};

/** DAP_TransferConfigure (0x04). */
export const transferConfigure: CommandHandler = (state, request, out) => {
  state.wire.idleClocks = request.u8();
  state.waitRetries = request.u16();
  state.matchRetries = request.u16();
  out.u8(DAP_OK);
};

/** DAP_WriteABORT (0x08). */
export const writeAbort: CommandHandler = ({ wire, jtag }, request, out) => {
  const device = request.u8();
  const value = request.u32();
  if (wire.port === "swd") {
    wire.swdTransfer(WRITE_ABORT, value);
  } else if (wire.port === "jtag" && device < jtag.lengths.length) {
    jtag.device = device;
    jtag.abort(value);
  } else {
    out.u8(DAP_ERROR);
    return;
  }
  out.u8(DAP_OK);
};

/** DAP_Delay (0x09). */
export const delay: CommandHandler = ({ wire }, request, out) => {
  wire.elapse(request.u16() * 1000);
  out.u8(DAP_OK);
};

/** DAP_ResetTarget (0x0A). */
export const resetTarget: CommandHandler = ({ wire, options }, _request, out) => {
  if (options.deviceReset) {
    wire.setReset(true);
    wire.elapse(RESET_PULSE_NS);
    wire.setReset(false);
  }
  out.u8(DAP_OK).u8(options.deviceReset ? 1 : 0);
};

/** DAPLink's vendor command 0x80: the board's unique id. */
export const uniqueId: CommandHandler = ({ options }, _request, out) => {
  const id = new TextEncoder().encode(options.uniqueId ?? "");
  out.u8(id.length).bytes(id);
};
