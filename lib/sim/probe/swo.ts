/**
 * Trace capture of a simulated probe: DAP_SWO_* (0x17–0x1C, 0x1E).
 *
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import type { SimChip } from "../contracts.ts";
import { type CommandHandler, DAP_ERROR, DAP_OK, roomLeft, timestamp } from "./state.ts";

/** Bits of the trace status byte. */
const STATUS = { ACTIVE: 0x01, OVERRUN: 0x80 } as const;
const TRANSPORT = { NONE: 0, COMMANDS: 1, ENDPOINT: 2 } as const;
const MODE = { OFF: 0, UART: 1, MANCHESTER: 2 } as const;

/** Captures what the SWO pins of some chips shift out. */
export class SwoBuffer {
  /** Where captured bytes go, as in DAP_SWO_Transport. */
  transport = 0;
  /** Line encoding, as in DAP_SWO_Mode. */
  mode = 0;
  /** Whether capture runs. */
  active = false;
  /** Bytes captured since capture started. */
  index = 0;
  #chips: readonly SimChip[];
  #capacity: number;
  #buffer: Uint8Array = new Uint8Array();
  #overrun = false;

  /** Captures from `chips` into `capacity` bytes. */
  constructor(chips: readonly SimChip[], capacity: number) {
    this.#chips = chips;
    this.#capacity = capacity;
  }

  /** Bytes waiting to be read. */
  get waiting(): number {
    return this.#buffer.length;
  }

  /** Starts with an empty buffer, or stops. */
  control(run: boolean): void {
    this.collect();
    if (run && !this.active) {
      this.#buffer = new Uint8Array();
      this.index = 0;
      this.#overrun = false;
    }
    this.active = run;
  }

  /** Takes what the pins have shifted out; it is lost while capture is off and when the buffer is full. */
  collect(): void {
    const arrived = concatBytes(this.#chips.map((chip) => chip.takeSwo()));
    if (!this.active) return;
    const room = this.#capacity - this.#buffer.length;
    if (arrived.length > room) this.#overrun = true;
    const kept = arrived.subarray(0, room);
    this.index += kept.length;
    if (kept.length > 0) this.#buffer = concatBytes([this.#buffer, kept]);
  }

  /** Removes up to `max` bytes. */
  take(max: number): Uint8Array {
    this.collect();
    const out = this.#buffer.slice(0, max);
    this.#buffer = this.#buffer.slice(max);
    return out;
  }

  /** The trace status byte; reading it clears the overrun flag. */
  takeStatus(): number {
    const status = (this.active ? STATUS.ACTIVE : 0) | (this.#overrun ? STATUS.OVERRUN : 0);
    this.#overrun = false;
    return status;
  }
}

/** DAP_SWO_Transport (0x17). */
export const swoTransport: CommandHandler = ({ swo, options }, request, out) => {
  const transport = request.u8();
  const known = transport <= TRANSPORT.COMMANDS ||
    (transport === TRANSPORT.ENDPOINT && options.capabilities.swoStream === true);
  if (swo.active || !known) {
    out.u8(DAP_ERROR);
    return;
  }
  swo.transport = transport;
  out.u8(DAP_OK);
};

/** DAP_SWO_Mode (0x18). */
export const swoMode: CommandHandler = ({ swo, options }, request, out) => {
  const mode = request.u8();
  const { swoUart, swoManchester } = options.capabilities;
  const known = mode === MODE.OFF || (mode === MODE.UART && swoUart === true) ||
    (mode === MODE.MANCHESTER && swoManchester === true);
  swo.control(false);
  swo.mode = known ? mode : MODE.OFF;
  out.u8(known ? DAP_OK : DAP_ERROR);
};

/** DAP_SWO_Baudrate (0x19). */
export const swoBaudrate: CommandHandler = ({ swo, options }, request, out) => {
  const wanted = request.u32();
  out.u32(swo.mode === MODE.OFF ? 0 : Math.min(wanted, options.swoMaxBaud));
};

/** DAP_SWO_Control (0x1A). */
export const swoControl: CommandHandler = ({ swo }, request, out) => {
  const run = (request.u8() & 1) !== 0;
  if (run && swo.mode === MODE.OFF) {
    out.u8(DAP_ERROR);
    return;
  }
  swo.control(run);
  out.u8(DAP_OK);
};

/** DAP_SWO_Status (0x1B). */
export const swoStatus: CommandHandler = ({ swo }, _request, out) => {
  swo.collect();
  out.u8(swo.takeStatus()).u32(swo.waiting);
};

/** DAP_SWO_ExtendedStatus (0x1E). */
export const swoExtendedStatus: CommandHandler = (state, request, out) => {
  const { swo } = state;
  const fields = request.u8();
  swo.collect();
  if (fields & 1) out.u8(swo.takeStatus());
  if (fields & 2) out.u32(swo.waiting);
  if (fields & 4) out.u32(swo.index).u32(timestamp(state));
};

/** DAP_SWO_Data (0x1C). */
export const swoData: CommandHandler = (state, request, out) => {
  const { swo } = state;
  const max = Math.min(request.u16(), roomLeft(state, out) - 3);
  const bytes = swo.transport === TRANSPORT.COMMANDS ? swo.take(max) : new Uint8Array();
  out.u8(swo.takeStatus()).u16(bytes.length).bytes(bytes);
};
