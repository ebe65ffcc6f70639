/**
 * Commands that drive the pins directly: DAP_SWJ_*, DAP_SWD_* and DAP_JTAG_* (0x10–0x16, 0x1D).
 *
 * @module
 */
import { type CommandHandler, DAP_ERROR, DAP_OK, roomLeft } from "./state.ts";

/** Longest wait that DAP_SWJ_Pins grants, in microseconds. */
const MAX_PIN_WAIT_US = 3_000_000;
/** How finely a pin wait is watched. */
const PIN_WAIT_STEPS = 1000;
const SELECTABLE_PINS = 0xaf;

/** DAP_SWJ_Pins (0x10). */
export const swjPins: CommandHandler = ({ wire }, request, out) => {
  const value = request.u8();
  const mask = request.u8() & SELECTABLE_PINS;
  const waitNs = Math.min(request.u32(), MAX_PIN_WAIT_US) * 1000;
  wire.setPins(value, mask);
  const end = wire.elapsedNs + waitNs;
  const settled = (): boolean => ((wire.readPins() ^ value) & mask) === 0;
  while (waitNs > 0 && !settled() && wire.elapsedNs < end) {
    wire.elapse(Math.min(Math.max(1000, waitNs / PIN_WAIT_STEPS), end - wire.elapsedNs));
  }
  out.u8(wire.readPins());
};

/** DAP_SWJ_Clock (0x11). */
export const swjClock: CommandHandler = ({ wire }, request, out) => {
  const hz = request.u32();
  if (hz !== 0) wire.clockHz = hz;
  out.u8(hz === 0 ? DAP_ERROR : DAP_OK);
};

/** DAP_SWJ_Sequence (0x12). */
export const swjSequence: CommandHandler = ({ wire }, request, out) => {
  const count = request.u8() || 256;
  wire.output(request.bytes(Math.ceil(count / 8)), count);
  out.u8(DAP_OK);
};

/** DAP_SWD_Configure (0x13). */
export const swdConfigure: CommandHandler = ({ wire }, request, out) => {
  const value = request.u8();
  wire.turnaround = (value & 3) + 1;
  wire.alwaysDataPhase = (value & 4) !== 0;
  out.u8(DAP_OK);
};

/** DAP_SWD_Sequence (0x1D). */
export const swdSequence: CommandHandler = (state, request, out) => {
  const status = out.u8(DAP_OK).length - 1;
  for (let left = request.u8(); left > 0; left--) {
    const step = request.u8();
    const count = step & 0x3f || 64;
    if (!(step & 0x80)) {
      state.wire.output(request.bytes(Math.ceil(count / 8)), count);
      continue;
    }
    const bits = state.wire.capture(count);
    if (roomLeft(state, out) >= bits.length) out.bytes(bits);
    else out.done()[status] = DAP_ERROR;
  }
};

/** DAP_JTAG_Sequence (0x14). */
export const jtagSequence: CommandHandler = (state, request, out) => {
  const status = out.u8(DAP_OK).length - 1;
  for (let left = request.u8(); left > 0; left--) {
    const step = request.u8();
    const count = step & 0x3f || 64;
    const tms = step & 0x40 ? 1 : 0;
    const tdi = request.bytes(Math.ceil(count / 8));
    const tdo = new Uint8Array(tdi.length);
    for (let i = 0; i < count; i++) {
      const bit = ((tdi[i >>> 3]! >>> (i & 7)) & 1) as 0 | 1;
      tdo[i >>> 3]! |= state.wire.jtagClock(tms, bit) << (i & 7);
    }
    state.wire.settle();
    if (!(step & 0x80)) continue;
    if (roomLeft(state, out) >= tdo.length) out.bytes(tdo);
    else out.done()[status] = DAP_ERROR;
  }
};

/** DAP_JTAG_Configure (0x15). */
export const jtagConfigure: CommandHandler = ({ jtag }, request, out) => {
  jtag.lengths = [...request.bytes(request.u8())];
  jtag.device = 0;
  out.u8(DAP_OK);
};

/** DAP_JTAG_IDCODE (0x16). */
export const jtagIdcode: CommandHandler = ({ jtag, wire }, request, out) => {
  const device = request.u8();
  if (wire.port !== "jtag" || device >= jtag.lengths.length) {
    out.u8(DAP_ERROR);
    return;
  }
  jtag.device = device;
  out.u8(DAP_OK).u32(jtag.idcode());
};
