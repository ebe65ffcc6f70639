/**
 * The cable to a simulated probe, in virtual time. Fits the packet transport of the CMSIS-DAP driver by its shape.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { ProbeError, TimeoutError } from "../base/errors.ts";
import { FaultInjector, type PacketFaultPlan } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { SimProbe } from "./probe/probe.ts";

/** How the cable behaves. */
export interface SimLinkOptions {
  /** USB round trip in milliseconds; 0.25 unless told. */
  readonly usbRoundTripMs?: number;
  /** Pads every response to the packet size, as HID reports are. */
  readonly padResponses?: boolean;
  /** Packet faults; those of the probe unless told. */
  readonly faults?: FaultInjector;
  /** Called when the probe is given back, once. */
  readonly onClose?: () => Promise<void>;
}

const DEFAULT_ROUND_TRIP_MS = 0.25;
const TRANSFER_ABORT = 0x07;
/**
 * Turns of the microtask queue before a response is handed over. The host takes no modelled time, so whatever it can
 * send without waiting for this response has to be sent before the model's clock moves on.
 */
const YIELD_TURNS = 16;

/** The simulator never waits for anything outside; after so much real time, signals and other I/O get a turn. */
const TURN_MS = 20;

interface Response {
  readonly bytes: Uint8Array;
  readonly arrivalMs: number;
}

/**
 * Carries packets between the CMSIS-DAP driver and a {@linkcode SimProbe}. The chip runs in the same time as the
 * model: during clocks and delays, while packets travel, and while the host sleeps on {@linkcode SimLink.clock}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SimLink } from "./link.ts";
 * import { FakeChip } from "./probe/fake_chip_test_support.ts";
 * import { SimProbe } from "./probe/probe.ts";
 *
 * const link = new SimLink(new SimProbe(new FakeChip(), { packetCount: 4 }));
 * await link.send(Uint8Array.of(0x00, 0xfe));
 * assertEquals(await link.receive(100), Uint8Array.of(0x00, 1, 4));
 * assertEquals(link.clock.now(), 0.25);
 * ```
 */
export class SimLink {
  /** Largest packet of the probe, in bytes. */
  readonly maxPacketSize: number;
  /** Virtual time in milliseconds; sleeping lets the chip run that long at once. */
  readonly clock: Clock;
  /** What the conversation has cost so far. */
  readonly ledger: Ledger;

  #probe: SimProbe;
  #faults: FaultInjector;
  #padResponses: boolean;
  #onClose: (() => Promise<void>) | undefined;
  #responses: Response[] = [];
  #state: "open" | "hung" | "gone" | "closed" = "open";
  #lastTurn = performance.now();

  /** A cable to `probe`. */
  constructor(probe: SimProbe, options: SimLinkOptions = {}) {
    this.#probe = probe;
    this.#faults = options.faults ?? probe.options.faults ?? new FaultInjector();
    this.#padResponses = options.padResponses ?? false;
    this.#onClose = options.onClose;
    this.maxPacketSize = probe.options.packetSize;
    const { wire } = probe;
    const source = {
      get swdClocks() {
        return wire.clocks;
      },
      get transfers() {
        return wire.transfers;
      },
      get instructions() {
        return wire.chips.reduce((sum, chip) => sum + chip.instructions, 0);
      },
    };
    this.ledger = new Ledger(source, options.usbRoundTripMs ?? DEFAULT_ROUND_TRIP_MS);
    this.clock = {
      now: () => this.ledger.nowMs,
      sleep: async (ms) => {
        this.#pass(ms);
        await macrotask();
      },
    };
  }

  /** Figures for the driver to pass on. */
  get modelled(): { readonly swdClocks: number; readonly instructions: number; readonly modelMs: number } {
    return this.ledger.snapshot();
  }

  #pass(ms: number): void {
    this.ledger.wait(ms);
    this.#runUntil(this.ledger.nowMs);
  }

  /** The probe may already be ahead: it works on packets while the host's clock stands still. */
  #runUntil(ms: number): void {
    this.#probe.elapse(ms * 1e6 - this.#probe.wire.elapsedNs);
  }

  #assertUsable(action: string): void {
    if (this.#state === "gone") {
      throw new ProbeError(`Cannot ${action} the simulated probe: it has been unplugged`, {
        code: "probe-gone",
        hint: "The fault plan of the simulated board says so",
      });
    }
    if (this.#state === "closed") {
      throw new ProbeError(`Cannot ${action} the simulated probe: it has been closed`, { code: "probe-closed" });
    }
  }

  /**
   * Sends one request.
   *
   * @throws {ProbeError} with code `probe-gone` once the fault plan has unplugged the probe, `probe-closed` after
   * closing, `packet-too-long` when the probe could not take the packet
   */
  send(packet: Uint8Array): Promise<void> {
    try {
      this.#send(packet);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(packet: Uint8Array): void {
    this.#assertUsable("send to");
    if (packet.length > this.maxPacketSize) {
      throw new ProbeError(
        `Cannot send ${packet.length} bytes to the simulated probe: its packets hold ${this.maxPacketSize}`,
        { code: "packet-too-long" },
      );
    }
    const faults = this.#faults.nextPacket();
    if (faults.some((fault) => fault.kind === "gone")) {
      this.#state = "gone";
      this.#responses = [];
      this.#assertUsable("send to");
    }
    if (faults.some((fault) => fault.kind === "hang")) this.#state = "hung";
    const arrival = this.ledger.sent(packet.length, packet[0] !== TRANSFER_ABORT);
    if (this.#state === "hung") return;
    this.#runUntil(arrival);
    const responses = this.#probe.submit(packet);
    const arrivalMs = this.ledger.arrivalOf(this.#probe.wire.elapsedNs / 1e6);
    for (const [index, response] of responses.entries()) {
      // A fault meant for this packet hits its own response, not those of packets queued before it.
      const own = index === responses.length - 1 ? faults : [];
      const bytes = damage(this.#padResponses ? pad(response, this.maxPacketSize) : response, own);
      if (bytes !== undefined) this.#responses.push({ bytes, arrivalMs });
    }
  }

  /**
   * The next response.
   *
   * @throws {TimeoutError} when none arrives within `timeoutMs` milliseconds of virtual time
   * @throws {ProbeError} with code `probe-gone` or `probe-closed`
   */
  async receive(timeoutMs: number): Promise<Uint8Array> {
    for (let turn = 0; turn < YIELD_TURNS; turn++) await Promise.resolve();
    if (this.#responses.length === 0 || performance.now() - this.#lastTurn > TURN_MS) {
      await macrotask();
      this.#lastTurn = performance.now();
    }
    this.#assertUsable("receive from");
    const [response] = this.#responses;
    if (response === undefined || response.arrivalMs - this.ledger.nowMs > timeoutMs) {
      this.#pass(timeoutMs);
      throw new TimeoutError(`Cannot receive from the simulated probe: no response within ${timeoutMs} ms`);
    }
    this.#responses.shift();
    this.ledger.received(response.bytes.length, response.arrivalMs);
    this.#runUntil(this.ledger.nowMs);
    return response.bytes;
  }

  /** Drops all responses that are on their way. */
  drain(): Promise<void> {
    const last = this.#responses.at(-1);
    if (last !== undefined) this.#pass(last.arrivalMs - this.ledger.nowMs);
    this.#responses = [];
    this.ledger.forgetInFlight();
    return Promise.resolve();
  }

  /** Gives the probe back; whatever is called afterwards rejects. */
  async close(): Promise<void> {
    if (this.#state !== "gone") this.#state = "closed";
    this.#responses = [];
    const onClose = this.#onClose;
    this.#onClose = undefined;
    await onClose?.();
  }

  /**
   * Bytes from the SWO endpoint; waits up to `timeoutMs` milliseconds of virtual time when there are none.
   *
   * @throws {ProbeError} with code `probe-gone` or `probe-closed`
   */
  async readSwo(timeoutMs: number): Promise<Uint8Array> {
    this.#assertUsable("read SWO data from");
    const ready = this.#probe.takeSwoStream();
    if (ready.length > 0) return ready;
    this.#pass(timeoutMs);
    await macrotask();
    return this.#probe.takeSwoStream();
  }
}

/** Lets other I/O of the process have its turn. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function pad(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}

/** The response as it arrives after these faults, or undefined when it does not. */
export function damage(response: Uint8Array, faults: readonly PacketFaultPlan[]): Uint8Array | undefined {
  let bytes: Uint8Array | undefined = response;
  for (const fault of faults) {
    if (bytes === undefined || fault.kind === "drop") bytes = undefined;
    else if (fault.kind === "short") bytes = bytes.slice(0, fault.length ?? 1);
    else if (fault.kind === "garbage") bytes = bytes.map((byte, index) => byte ^ (0xa5 + index * 0x3b));
  }
  return bytes;
}
