/**
 * What the commands of a simulated probe share.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { JtagScanner } from "./jtag.ts";
import type { ResolvedProbeOptions } from "./options.ts";
import type { SwoBuffer } from "./swo.ts";
import type { UartBridge } from "./uart.ts";
import type { Wire } from "./wire.ts";

/** Status byte of a command that succeeded. */
export const DAP_OK = 0x00;

/** Status byte of a command that failed, and the only byte of an unknown command's response. */
export const DAP_ERROR = 0xff;

/** The probe as its commands see it. */
export interface ProbeState {
  /** What the probe claims to be. */
  readonly options: ResolvedProbeOptions;
  /** The pins. */
  readonly wire: Wire;
  /** The JTAG chain. */
  readonly jtag: JtagScanner;
  /** Trace capture. */
  readonly swo: SwoBuffer;
  /** The serial port. */
  readonly uart: UartBridge;
  /** TransferConfigure: attempts after a WAIT. */
  waitRetries: number;
  /** TransferConfigure: attempts after a value mismatch. */
  matchRetries: number;
  /** Mask for value matches, kept from packet to packet. */
  matchMask: number;
}

/** Answers one command: reads its payload, writes its response; the command id is already in `out`. */
export type CommandHandler = (state: ProbeState, request: ByteReader, out: ByteWriter) => void;

/** Bytes that still fit into the response packet. */
export function roomLeft(state: ProbeState, out: ByteWriter): number {
  return state.options.packetSize - out.length;
}

/** Current value of the test domain timer. */
export function timestamp(state: ProbeState): number {
  return Math.floor(state.wire.elapsedNs * state.options.timerHz / 1e9) % 0x1_0000_0000;
}
