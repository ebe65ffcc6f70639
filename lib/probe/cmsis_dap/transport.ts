/**
 * How CMSIS-DAP packets travel. The same queue and probe code runs over USB bulk, USB HID and the simulator.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** Carries packets to a CMSIS-DAP probe and back; responses come in the order of the requests. */
export interface PacketTransport {
  /** Largest packet the carrier takes before DAP_Info has been asked, in bytes. */
  readonly maxPacketSize: number;
  /** Time as the probe's world sees it. */
  readonly clock: Clock;
  /**
   * Sends one request; resolves when it has been handed over, so that further packets may follow it.
   *
   * @throws {ProbeError} when the probe has gone
   */
  send(packet: Uint8Array): Promise<void>;
  /**
   * The next response, without padding rules applied.
   *
   * @throws {TimeoutError} after `timeoutMs` milliseconds
   * @throws {ProbeError} when the probe has gone
   */
  receive(timeoutMs: number): Promise<Uint8Array>;
  /** Drops responses that nobody waits for; used to resynchronise. */
  drain(): Promise<void>;
  /** Gives the carrier back. */
  close(): Promise<void>;
  /** SWO bytes from a streaming endpoint, when there is one; empty when nothing has arrived. */
  readSwo?(timeoutMs: number): Promise<Uint8Array>;
  /** Figures only a simulated carrier knows. */
  readonly modelled?: { readonly swdClocks: number; readonly instructions: number; readonly modelMs: number };
}
