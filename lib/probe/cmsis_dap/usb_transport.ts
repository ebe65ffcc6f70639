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
import { type UsbConnection, UsbError, type UsbTransferDone, type UsbTransferOptions } from "../../usb/mod.ts";
import type { PacketFlow, PacketTransport } from "./transport.ts";
import type { UsbRoute } from "./usb_match.ts";
import { Watchdog } from "./watchdog.ts";

/** Largest message over bulk endpoints, and the largest before the probe has told its packet size, in bytes. */
const MAX_MESSAGE = 32_768;
const FIRST_MESSAGE = 512;

/** Bytes of the SWO stream asked for at once. */
const SWO_LENGTH = 4096;

/** Handing a packet over takes microseconds; a probe that does not take one in this time hangs. */
const SEND_TIMEOUT_MS = 1000;

/** Cancelled transfers end at once; those that do not within this time are given up. */
const CANCEL_LIMIT_MS = 1000;

/** How long draining waits for one more stale response, and how many there can be. */
const DRAIN = { timeoutMs: 2, limit: 64 } as const;

/** Where requests go that have no endpoint of their own. */
const CONTROL_ENDPOINT = 0;

/** SET_REPORT to a HID interface, report type output (HID 1.11, 7.2.2). */
const SET_REPORT = { requestType: 0x21, request: 0x09, value: 0x0200 } as const;

const SENT = Promise.resolve();
const NOTHING = new Uint8Array(0);

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
  #packetSize = 0;
  /** Bytes to ask for in one read. */
  #readLength = 0;
  #reads: Promise<Uint8Array>[] = [];
  /** Why a request did not go out, until somebody has been told. */
  #sendError: unknown;
  /** Whether the endpoint for requests takes none before its stall has been ended. */
  #isHalted = false;
  readonly #watchdog = new Watchdog(this.clock, (isAgain) => isAgain ? this.#abandon(stuck()) : this.#cancelAll());
  /** Ends the wait for transfers that cannot even be cancelled. */
  #abandon: (error: ProbeError) => void = ignore;
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
    this.maxPacketSize = route.version === 1 ? route.maxPacketSize : MAX_MESSAGE;
    this.packetSize = route.version === 1 ? route.maxPacketSize : FIRST_MESSAGE;
    const { endpointSwo } = route;
    if (endpointSwo !== undefined) this.readSwo = (timeoutMs) => this.#readSwo(endpointSwo, timeoutMs);
  }

  /** The probe's packet size in bytes. */
  get packetSize(): number {
    return this.#packetSize;
  }

  /** Sets the probe's packet size. */
  set packetSize(bytes: number) {
    this.#packetSize = bytes;
    const { version, maxPacketSize } = this.#route;
    // Nothing marks the end of an answer that is as long as answers can be but that the read for it is full; and a read
    // must have room for whole USB packets.
    this.#readLength = version === 1 ? maxPacketSize : Math.ceil(bytes / maxPacketSize) * maxPacketSize;
  }

  /**
   * See {@linkcode PacketTransport}. Resolves once the packet is on its way, in order with those before it; when it does
   * not get there, receiving its response fails.
   */
  send(packet: Uint8Array): Promise<void> {
    if (UNANSWERED.has(packet[0]!)) {
      return new Promise((resolve, reject) => {
        this.#post(packet, { timeoutMs: SEND_TIMEOUT_MS }, (error) => error ? reject(this.#unsent(error)) : resolve());
      });
    }
    this.#reads.push(this.#read());
    this.#post(packet, UNLIMITED, (error) => {
      // Nothing will answer a request that did not go out.
      if (error === undefined || error.failure === "cancelled") return;
      this.#sendError ??= this.#unsent(error);
      this.#cancelAll();
    });
    return SENT;
  }

  /** See {@linkcode PacketTransport}. Nothing is under way any more when it is done, or has failed. */
  carry(flow: PacketFlow, window: number, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let failure: unknown;
    const abandon = (error: ProbeError): void => {
      failure ??= error;
      reject(failure);
    };
    this.#abandon = abandon;
    let unanswered = 0;
    let transfers = 1;
    const fail = (error: unknown): void => {
      if (failure !== undefined) return;
      failure = error;
      this.#cancelAll();
    };
    const ended = (): void => {
      if (--transfers > 0) return;
      // Transfers that were given up may end while others are under way.
      if (this.#abandon === abandon) this.#watchdog.rest();
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const sent: UsbTransferDone = (error) => {
      if (error) fail(error.failure === "cancelled" ? this.#unanswered(error, timeoutMs) : this.#unsent(error));
      ended();
    };
    const answered: UsbTransferDone = (error, response) => {
      unanswered--;
      if (error) fail(this.#unanswered(error, timeoutMs));
      else advance(response);
      ended();
    };
    const advance = (response?: Uint8Array): void => {
      if (failure !== undefined) return;
      try {
        if (response) flow.answer(response);
        while (unanswered < window) {
          const request = flow.next();
          if (request === undefined) break;
          this.#startRead(answered);
          unanswered++;
          transfers++;
          this.#post(request, UNLIMITED, sent);
          transfers++;
        }
        if (unanswered > 0) this.#watchdog.watch(timeoutMs);
      } catch (error) {
        fail(this.#failure(error, "use"));
      }
    };
    advance();
    ended();
    return promise;
  }

  /** See {@linkcode PacketTransport}. A time-out ends all reads that are under way; `drain` follows. */
  async receive(timeoutMs: number): Promise<Uint8Array> {
    // While getting back into step, answers are looked for that nobody has asked for.
    const read = this.#reads.shift() ?? this.#read();
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    this.#abandon = reject;
    this.#watchdog.watch(timeoutMs);
    try {
      return await Promise.race([read, abandoned]);
    } catch (error) {
      const sendError = this.#sendError;
      this.#sendError = undefined;
      throw sendError ?? this.#unanswered(error, timeoutMs);
    } finally {
      this.#watchdog.rest();
    }
  }

  /** See {@linkcode PacketTransport}. */
  giveUp(): void {
    this.#watchdog.expire();
  }

  /** See {@linkcode PacketTransport}. */
  async drain(): Promise<void> {
    await this.#dropReads();
    for (let i = 0; i < DRAIN.limit; i++) {
      try {
        await this.#connection.transferIn(this.#route.endpointIn, this.#readLength, { timeoutMs: DRAIN.timeoutMs });
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
    this.#watchdog.close();
    try {
      await this.#dropReads();
    } finally {
      try {
        await this.#connection.close();
      } finally {
        await this.#closed();
      }
    }
  }

  /** Starts a read. */
  #read(): Promise<Uint8Array> {
    const response = new Promise<Uint8Array>((resolve, reject) => {
      this.#startRead((error, received) => error ? reject(error) : resolve(received.slice()));
    });
    // Whoever receives it hears of a failure; until then it must not count as unhandled.
    response.catch(ignore);
    return response;
  }

  #startRead(done: UsbTransferDone): void {
    this.#connection.startIn(this.#route.endpointIn, this.#readLength, UNLIMITED, done);
  }

  /** Ends what is under way. @throws {ProbeError} when it does not end */
  async #dropReads(): Promise<void> {
    const reads = this.#reads.splice(0);
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    this.#cancelAll();
    const limit = setTimeout(() => reject(stuck()), CANCEL_LIMIT_MS);
    try {
      await Promise.race([Promise.allSettled(reads), abandoned]);
    } finally {
      clearTimeout(limit);
    }
    this.#sendError = undefined;
  }

  /** Cancels what is under way in both directions: a request that nobody waits for need not go out any more. */
  #cancelAll(): void {
    this.#connection.cancel(this.#route.endpointIn);
    this.#connection.cancel(this.#route.endpointOut ?? CONTROL_ENDPOINT);
  }

  /** Sends a packet; `done` hears of every failure. */
  #post(packet: Uint8Array, limit: UsbTransferOptions, done: UsbTransferDone): void {
    try {
      this.#start(packet, limit, done);
    } catch (error) {
      queueMicrotask(() => done(asUsbError(error), NOTHING));
    }
  }

  /** Starts sending a packet, as the interface wants it. @throws {UsbError} */
  #start(packet: Uint8Array, limit: UsbTransferOptions, done: UsbTransferDone): void {
    const { version, endpointOut, maxPacketSize } = this.#route;
    if (this.#isHalted && endpointOut !== undefined) {
      this.#connection.clearHalt(endpointOut);
      this.#isHalted = false;
    }
    if (version === 1) return this.#startReport(packet, limit, done);
    // A message that fills its last USB packet looks unfinished to the probe until an empty one follows, unless it is as
    // long as a message can be.
    const looksUnfinished = packet.length % maxPacketSize === 0 && packet.length < this.#packetSize;
    if (!looksUnfinished) return this.#connection.startOut(endpointOut!, packet, limit, done);
    let failure: UsbError | undefined;
    this.#connection.startOut(endpointOut!, packet, limit, (error) => failure = error);
    this.#connection.startOut(endpointOut!, NOTHING, limit, (error) => done(failure ?? error, NOTHING));
  }

  #startReport(packet: Uint8Array, limit: UsbTransferOptions, done: UsbTransferDone): void {
    const { endpointOut, maxPacketSize } = this.#route;
    const report = new Uint8Array(maxPacketSize);
    report.set(packet);
    if (endpointOut !== undefined) return this.#connection.startOut(endpointOut, report, limit, done);
    const setup = { ...SET_REPORT, index: this.#route.interface };
    this.#connection.controlOut(setup, report, limit).then(
      () => done(undefined, NOTHING),
      (error) => done(asUsbError(error), NOTHING),
    );
  }

  async #readSwo(endpoint: number, timeoutMs: number): Promise<Uint8Array> {
    try {
      return await this.#connection.transferIn(endpoint, SWO_LENGTH, { timeoutMs: Math.max(1, timeoutMs) });
    } catch (error) {
      if (error instanceof UsbError && error.failure === "timeout") return new Uint8Array();
      throw this.#failure(error, "read SWO data from");
    }
  }

  /** The error for a packet that did not get to the probe. */
  #unsent(error: UsbError): unknown {
    if (error.failure === "stall") this.#isHalted = true;
    return this.#failure(error, "send a packet to");
  }

  /** The error for an answer that did not come; waiting for one is ended by cancelling it. */
  #unanswered(error: unknown, timeoutMs: number): unknown {
    if (error instanceof UsbError && error.failure === "cancelled" && !this.#closing) {
      return new TimeoutError(`Cannot read a response from the probe: none came within ${timeoutMs} ms`, {
        code: "probe-timeout",
        hint: "Plug the probe in again; if it happens often, try -O cmsis_dap.limit_packets",
        cause: error,
      });
    }
    return this.#failure(error, "read a response from");
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

function stuck(): ProbeError {
  return new ProbeError("Cannot give up waiting for the probe: the system does not cancel its transfers", {
    code: "probe-stuck",
    hint: "Unplug the probe",
  });
}

function asUsbError(error: unknown): UsbError {
  return error instanceof UsbError ? error : new UsbError(`Cannot transfer: ${error}`, "io", { cause: error });
}

function ignore(): void {}
