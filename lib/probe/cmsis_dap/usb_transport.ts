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
import { type UsbConnection, UsbError, type UsbTransferOptions } from "../../usb/mod.ts";
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

const SENT = Promise.resolve();

/** Limits of transfers that end with an answer or are cancelled. */
const UNLIMITED = { timeoutMs: 0 } as const;

/** Commands that nothing answers: DAP_TransferAbort and, until they are released, DAP_QueueCommands. */
const UNANSWERED: ReadonlySet<number> = new Set([0x07, 0x7e]);

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
  #reads: Promise<Uint8Array>[] = [];
  /** Why a request did not go out, until somebody has been told. */
  #sendError: unknown;
  /** When the answer that is being received is late, in milliseconds of the clock; Infinity when none is. */
  #late = Infinity;
  #watchdogAt = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
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

  /**
   * See {@linkcode PacketTransport}. Resolves once the packet is on its way, in order with those before it; when it does
   * not get there, receiving its response fails.
   */
  send(packet: Uint8Array): Promise<void> {
    const isAnswered = !UNANSWERED.has(packet[0]!);
    if (isAnswered) this.#reads.push(this.#read());
    const limit = isAnswered ? UNLIMITED : { timeoutMs: SEND_TIMEOUT_MS };
    const sent = this.#route.version === 1 ? this.#sendReport(packet, limit) : this.#sendBulk(packet, limit);
    if (!isAnswered) {
      return sent.then(ignore, (error) => Promise.reject(this.#failure(error, "send a packet to")));
    }
    sent.catch(this.#sendFailed);
    return SENT;
  }

  /** See {@linkcode PacketTransport}. A time-out ends all reads that are under way; `drain` follows. */
  async receive(timeoutMs: number): Promise<Uint8Array> {
    // While getting back into step, answers are looked for that nobody has asked for.
    const read = this.#reads.shift() ?? this.#read();
    this.#watch(timeoutMs);
    try {
      return await read;
    } catch (error) {
      if (this.#sendError !== undefined) {
        const sendError = this.#sendError;
        this.#sendError = undefined;
        throw sendError;
      }
      if (error instanceof UsbError && error.failure === "cancelled" && !this.#closing) {
        throw new TimeoutError(`Cannot read a response from the probe: none came within ${timeoutMs} ms`, {
          code: "probe-timeout",
          hint: "Plug the probe in again; if it happens often, try -O cmsis_dap.limit_packets",
          cause: error,
        });
      }
      throw this.#failure(error, "read a response from");
    } finally {
      this.#late = Infinity;
    }
  }

  /** See {@linkcode PacketTransport}. */
  async drain(): Promise<void> {
    await this.#dropReads();
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
    clearTimeout(this.#watchdog);
    await this.#dropReads();
    try {
      await this.#connection.close();
    } finally {
      await this.#closed();
    }
  }

  /** Nothing will answer a request that did not go out. Made once, as it is needed for every packet. */
  readonly #sendFailed = (error: unknown): void => {
    if (error instanceof UsbError && error.failure === "cancelled") return;
    this.#sendError ??= this.#failure(error, "send a packet to");
    this.#cancelReads();
  };

  /** Starts a read. */
  #read(): Promise<Uint8Array> {
    const length = this.#route.version === 1 ? this.#route.maxPacketSize : READ_LENGTH;
    const response = this.#connection.transferIn(this.#route.endpointIn, length, UNLIMITED);
    // Whoever receives it hears of a failure; until then it must not count as unhandled.
    response.catch(ignore);
    return response;
  }

  async #dropReads(): Promise<void> {
    const reads = this.#reads.splice(0);
    this.#cancelReads();
    await Promise.allSettled(reads);
    this.#sendError = undefined;
  }

  /** Cancels what is under way in both directions: a request that nobody waits for need not go out any more. */
  #cancelReads(): void {
    this.#connection.cancel(this.#route.endpointIn);
    if (this.#route.endpointOut !== undefined) this.#connection.cancel(this.#route.endpointOut);
  }

  /** Sees to it that the answer being received is not waited for longer; one timer serves many answers. */
  #watch(timeoutMs: number): void {
    const now = this.clock.now();
    const isTooLate = this.#watchdog !== undefined && this.#watchdogAt > now + timeoutMs;
    this.#late = now + timeoutMs;
    if (this.#watchdog !== undefined && !isTooLate) return;
    clearTimeout(this.#watchdog);
    this.#arm(timeoutMs);
  }

  #arm(ms: number): void {
    this.#watchdogAt = this.clock.now() + ms;
    this.#watchdog = setTimeout(() => {
      this.#watchdog = undefined;
      if (this.#late === Infinity) return;
      const left = this.#late - this.clock.now();
      if (left > 0) this.#arm(left);
      else this.#cancelReads();
    }, Math.ceil(ms));
  }

  #sendBulk(packet: Uint8Array, limit: UsbTransferOptions): Promise<unknown> {
    const { endpointOut, maxPacketSize } = this.#route;
    const sent = this.#connection.transferOut(endpointOut!, packet, limit);
    // A message that fills its last USB packet looks unfinished to the probe until an empty one follows.
    const isFull = packet.length > 0 && packet.length % maxPacketSize === 0 && packet.length < READ_LENGTH;
    return isFull ? Promise.all([sent, this.#connection.transferOut(endpointOut!, new Uint8Array(), limit)]) : sent;
  }

  async #sendReport(packet: Uint8Array, limit: UsbTransferOptions): Promise<void> {
    const { endpointOut, maxPacketSize } = this.#route;
    const report = new Uint8Array(maxPacketSize);
    report.set(packet);
    if (endpointOut !== undefined) return await this.#connection.transferOut(endpointOut, report, limit);
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

function ignore(): void {}
