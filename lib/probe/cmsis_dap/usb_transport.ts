/**
 * Carries CMSIS-DAP packets over USB: bulk endpoints (v2) and HID reports (v1).
 *
 * The read for a response is posted before its request goes out, so that the answer never waits for the host; several
 * requests may be under way at once.
 *
 * @module
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import { type UsbConnection, UsbError } from "../../usb/mod.ts";
import type { PacketTransport } from "./transport.ts";
import type { UsbRoute } from "./usb_match.ts";

/** Bytes asked for in one read: at least the largest packet of any probe seen. */
const READ_LENGTH = 4096;

/** Handing a packet over takes microseconds; a probe that does not take one in this time hangs. */
const SEND_TIMEOUT_MS = 5000;

/** How long draining waits for one more stale response, and how many there can be. */
const DRAIN = { timeoutMs: 2, limit: 64 } as const;

/** SET_REPORT to a HID interface, report type output (HID 1.11, 7.2.2). */
const SET_REPORT = { requestType: 0x21, request: 0x09, value: 0x0200 } as const;

/** Commands that nothing answers: DAP_TransferAbort and, until they are released, DAP_QueueCommands. */
const UNANSWERED: ReadonlySet<number> = new Set([0x07, 0x7e]);

interface Read {
  readonly response: Promise<Uint8Array>;
  readonly abort: AbortController;
}

/** {@linkcode PacketTransport} over one interface of an open USB device. */
export class UsbTransport implements PacketTransport {
  /** Largest packet the interface takes. */
  readonly maxPacketSize: number;
  /** USB devices live in real time. */
  readonly clock: Clock = systemClock;
  /** SWO bytes, when the interface has an endpoint for them. */
  readonly readSwo?: (timeoutMs: number) => Promise<Uint8Array>;
  readonly #connection: UsbConnection;
  readonly #route: UsbRoute;
  readonly #closed: () => Promise<void>;
  #reads: Read[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Claims the interface.
   *
   * @param closed called after the device was closed
   * @throws {UsbError}
   */
  constructor(connection: UsbConnection, route: UsbRoute, closed: () => Promise<void> = () => Promise.resolve()) {
    connection.claim(route.interface);
    this.#connection = connection;
    this.#route = route;
    this.#closed = closed;
    this.maxPacketSize = route.version === 1 ? route.maxPacketSize : READ_LENGTH;
    const { endpointSwo } = route;
    if (endpointSwo !== undefined) this.readSwo = (timeoutMs) => this.#readSwo(endpointSwo, timeoutMs);
  }

  /** See {@linkcode PacketTransport}. */
  async send(packet: Uint8Array): Promise<void> {
    const read = UNANSWERED.has(packet[0]!) ? undefined : this.#post(true);
    try {
      if (this.#route.version === 1) await this.#sendReport(packet);
      else await this.#sendBulk(packet);
    } catch (error) {
      // Nothing will answer a request that did not go out.
      this.#reads = this.#reads.filter((each) => each !== read);
      read?.abort.abort();
      throw this.#failure(error, "send a packet to");
    }
  }

  /** See {@linkcode PacketTransport}. */
  async receive(timeoutMs: number): Promise<Uint8Array> {
    // While getting back into step, answers are looked for that nobody has asked for.
    const read = this.#reads.shift() ?? this.#post(false);
    const timer = setTimeout(() => read.abort.abort(), timeoutMs);
    try {
      return await read.response;
    } catch (error) {
      if (error instanceof UsbError && error.failure === "cancelled" && !this.#closing) {
        throw new TimeoutError(`Cannot read a response from the probe: none came within ${timeoutMs} ms`, {
          code: "probe-timeout",
          hint: "Plug the probe in again; if it happens often, try -O cmsis_dap.limit_packets",
          cause: error,
        });
      }
      throw this.#failure(error, "read a response from");
    } finally {
      clearTimeout(timer);
    }
  }

  /** See {@linkcode PacketTransport}. */
  async drain(): Promise<void> {
    const waiting = this.#reads;
    this.#reads = [];
    for (const { abort } of waiting) abort.abort();
    await Promise.allSettled(waiting.map(({ response }) => response));
    for (let i = 0; i < DRAIN.limit; i++) {
      try {
        await this.#connection.transferIn(this.#route.endpointIn, READ_LENGTH, { timeoutMs: DRAIN.timeoutMs });
      } catch (error) {
        if (error instanceof UsbError && error.failure === "timeout") return;
        if (error instanceof UsbError && error.failure === "stall") {
          this.#connection.clearHalt(this.#route.endpointIn);
          continue;
        }
        throw this.#failure(error, "resynchronise with");
      }
    }
    throw new ProbeError("Cannot resynchronise with the probe: it does not stop sending", {
      code: "probe-babbling",
      hint: "Plug the probe in again",
    });
  }

  /** See {@linkcode PacketTransport}. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const waiting = this.#reads;
    this.#reads = [];
    for (const { abort } of waiting) abort.abort();
    await Promise.allSettled(waiting.map(({ response }) => response));
    try {
      await this.#connection.close();
    } finally {
      await this.#closed();
    }
  }

  /** Starts a read; `queued` for the answer to a request that follows. */
  #post(queued: boolean): Read {
    const abort = new AbortController();
    const length = this.#route.version === 1 ? this.#route.maxPacketSize : READ_LENGTH;
    const response = this.#connection.transferIn(this.#route.endpointIn, length, {
      timeoutMs: 0,
      signal: abort.signal,
    });
    // Whoever receives it hears of a failure; until then it must not count as unhandled.
    response.catch(() => {});
    const read = { response, abort };
    if (queued) this.#reads.push(read);
    return read;
  }

  async #sendBulk(packet: Uint8Array): Promise<void> {
    const { endpointOut, maxPacketSize } = this.#route;
    await this.#connection.transferOut(endpointOut!, packet, { timeoutMs: SEND_TIMEOUT_MS });
    // A message that fills its last USB packet looks unfinished to the probe until an empty one follows.
    if (packet.length > 0 && packet.length % maxPacketSize === 0 && packet.length < READ_LENGTH) {
      await this.#connection.transferOut(endpointOut!, new Uint8Array(), { timeoutMs: SEND_TIMEOUT_MS });
    }
  }

  async #sendReport(packet: Uint8Array): Promise<void> {
    const { endpointOut, maxPacketSize } = this.#route;
    const report = new Uint8Array(maxPacketSize);
    report.set(packet);
    if (endpointOut !== undefined) {
      return await this.#connection.transferOut(endpointOut, report, { timeoutMs: SEND_TIMEOUT_MS });
    }
    await this.#connection.controlOut({ ...SET_REPORT, index: this.#route.interface }, report, {
      timeoutMs: SEND_TIMEOUT_MS,
    });
  }

  async #readSwo(endpoint: number, timeoutMs: number): Promise<Uint8Array> {
    try {
      return await this.#connection.transferIn(endpoint, READ_LENGTH, { timeoutMs: Math.max(1, timeoutMs) });
    } catch (error) {
      if (error instanceof UsbError && error.failure === "timeout") return new Uint8Array();
      throw this.#failure(error, "read SWO data from");
    }
  }

  #failure(error: unknown, action: string): unknown {
    if (!(error instanceof UsbError)) return error;
    const gone = error.failure === "gone";
    return new ProbeError(`Cannot ${action} the probe: ${gone ? "it was unplugged" : error.message}`, {
      code: gone ? "probe-gone" : "probe-usb",
      hint: gone ? "Check the cable, plug the probe in again and repeat" : "Plug the probe in again and repeat",
      cause: error,
    });
  }
}
