/**
 * How CMSIS-DAP packets travel. The same queue and probe code runs over USB bulk, USB HID and the simulator.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** A row of requests that goes out as fast as the probe takes it. */
export interface PacketFlow {
  /** The next request; undefined when there is none before a further answer, or none at all. Valid until the next call. */
  next(): Uint8Array | undefined;
  /** Takes the answer to the oldest request without one; it must be copied to be kept. Throwing ends the flow. */
  answer(response: Uint8Array): void;
}

/** Carries packets to a CMSIS-DAP probe and back; responses come in the order of the requests. */
export interface PacketTransport {
  /** Largest packet the carrier takes before DAP_Info has been asked, in bytes. */
  readonly maxPacketSize: number;
  /** The packet size that the probe has told, in bytes; carriers that mark the end of shorter packets need it. */
  packetSize?: number;
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
  /**
   * Carries a flow with up to `window` requests under way; done when it has no more and all are answered. Carriers without
   * it are served by {@linkcode carry}.
   *
   * @throws {TimeoutError} when an answer takes longer than `timeoutMs` milliseconds
   * @throws {ProbeError} when the probe has gone
   */
  carry?(flow: PacketFlow, window: number, timeoutMs: number): Promise<void>;
  /** Ends the wait for a response as if its time were over. */
  giveUp?(): void;
  /** Drops responses that nobody waits for; used to resynchronise. */
  drain(): Promise<void>;
  /** Gives the carrier back. */
  close(): Promise<void>;
  /** SWO bytes from a streaming endpoint, when there is one; empty when nothing has arrived. */
  readSwo?(timeoutMs: number): Promise<Uint8Array>;
  /** Figures only a simulated carrier knows. */
  readonly modelled?: { readonly swdClocks: number; readonly instructions: number; readonly modelMs: number };
}

/** Carries a flow over any carrier; see {@linkcode PacketTransport.carry}. */
export async function carry(
  transport: PacketTransport,
  flow: PacketFlow,
  window: number,
  timeoutMs: number,
): Promise<void> {
  if (transport.carry) return await transport.carry(flow, window, timeoutMs);
  for (let underWay = 0;; underWay--) {
    for (; underWay < window; underWay++) {
      const request = flow.next();
      if (request === undefined) break;
      await transport.send(request);
    }
    if (underWay === 0) return;
    flow.answer(await transport.receive(timeoutMs));
  }
}
