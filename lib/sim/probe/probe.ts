/**
 * The firmware of a simulated CMSIS-DAP 2.1 probe: takes request packets, gives response packets.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { SimChip } from "../contracts.ts";
import {
  connect,
  delay,
  disconnect,
  hostStatus,
  resetTarget,
  transferConfigure,
  uniqueId,
  writeAbort,
} from "./control.ts";
import { info } from "./info.ts";
import { JtagScanner } from "./jtag.ts";
import {
  jtagConfigure,
  jtagIdcode,
  jtagSequence,
  swdConfigure,
  swdSequence,
  swjClock,
  swjPins,
  swjSequence,
} from "./line.ts";
import { type ProbeOptions, type ResolvedProbeOptions, resolveProbeOptions } from "./options.ts";
import { type CommandHandler, DAP_ERROR, type ProbeState } from "./state.ts";
import {
  swoBaudrate,
  SwoBuffer,
  swoControl,
  swoData,
  swoExtendedStatus,
  swoMode,
  swoStatus,
  swoTransport,
} from "./swo.ts";
import { transfer, transferBlock } from "./transfer.ts";
import { UartBridge, uartConfigure, uartControl, uartStatus, uartTransfer, uartTransport } from "./uart.ts";
import { Wire } from "./wire.ts";

const TRANSFER_ABORT = 0x07;
const QUEUE_COMMANDS = 0x7e;
const EXECUTE_COMMANDS = 0x7f;
/** DAP_Transfer and DAP_TransferBlock: cut short they report that nothing was done. */
const TRANSFERS: ReadonlySet<number> = new Set([0x05, 0x06]);

/**
 * A CMSIS-DAP probe with one chip, or several sharing the wire.
 *
 * @example Asking for the packet size
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FakeChip } from "./fake_chip_test_support.ts";
 * import { SimProbe } from "./probe.ts";
 *
 * const probe = new SimProbe(new FakeChip(), { packetSize: 512 });
 * assertEquals(probe.execute(Uint8Array.of(0x00, 0xff)), Uint8Array.of(0x00, 2, 0x00, 0x02));
 * ```
 */
export class SimProbe {
  /** What the probe claims to be, defaults filled in. */
  readonly options: ResolvedProbeOptions;
  /** Pins, clocks and time. */
  readonly wire: Wire;
  #state: ProbeState;
  #handlers: ReadonlyMap<number, CommandHandler>;
  #queued: Uint8Array[] = [];

  /**
   * A probe wired to `chips`.
   *
   * @throws {RangeError} when the packet size or count is outside 64–1024 or 1–8
   */
  constructor(chips: SimChip | readonly SimChip[], options: ProbeOptions = {}) {
    const list = "accessPorts" in chips ? [chips] : chips;
    this.options = resolveProbeOptions(options);
    this.wire = new Wire(list, this.options);
    this.#handlers = commandTable(this.options);
    this.#state = {
      options: this.options,
      wire: this.wire,
      jtag: new JtagScanner(this.wire),
      swo: new SwoBuffer(list, this.options.swoBufferSize),
      uart: new UartBridge(this.options.uart),
      waitRetries: 100,
      matchRetries: 0,
      matchMask: 0,
    };
  }

  /**
   * Takes a packet from the host and gives the responses it sets free: none for DAP_TransferAbort and for a queued
   * packet, several when queued packets were waiting, else one.
   */
  submit(packet: Uint8Array): Uint8Array[] {
    if (packet[0] === QUEUE_COMMANDS && this.#handlers.has(QUEUE_COMMANDS)) {
      this.#queued.push(packet.slice());
      return [];
    }
    // DAP_TransferAbort is seen on reception; it neither waits for the queue nor lets it go.
    if (packet[0] === TRANSFER_ABORT) return [];
    const packets = [...this.#queued, packet];
    this.#queued = [];
    return packets.map((one) => this.execute(one)).filter((response) => response !== undefined);
  }

  /** Runs one packet at once; undefined for DAP_TransferAbort, which has no response. */
  execute(packet: Uint8Array): Uint8Array | undefined {
    if (packet[0] === TRANSFER_ABORT) return undefined;
    const out = new ByteWriter(this.options.packetSize);
    this.#run(new ByteReader(packet.subarray(0, this.options.packetSize)), out, true);
    this.#state.swo.collect();
    return out.done().slice(0, this.options.packetSize);
  }

  /** Bytes for the SWO endpoint of its own; empty while that transport is not selected. */
  takeSwoStream(): Uint8Array {
    const { swo } = this.#state;
    return swo.transport === 2 ? swo.take(this.options.swoBufferSize) : new Uint8Array();
  }

  /** Lets `ns` nanoseconds pass while the probe has nothing to do. */
  elapse(ns: number): void {
    this.wire.elapse(ns);
    this.#state.swo.collect();
  }

  /** Runs one command of a packet; a request that ends too early is answered with an error status. */
  #run(request: ByteReader, out: ByteWriter, outermost: boolean): void {
    const start = out.length;
    const id = request.left > 0 ? request.u8() : DAP_ERROR;
    if (outermost && (id === QUEUE_COMMANDS || id === EXECUTE_COMMANDS) && this.#handlers.has(id)) {
      this.#runList(request, out);
      return;
    }
    const handler = this.#handlers.get(id);
    if (handler === undefined) {
      out.u8(DAP_ERROR);
      return;
    }
    out.u8(id);
    try {
      handler(this.#state, request, out);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      request.at += request.left;
      const bytes = out.done();
      if (bytes.length < start + 2) out.u8(DAP_ERROR);
      else if (!TRANSFERS.has(id)) bytes[start + 1] = DAP_ERROR;
    }
  }

  #runList(request: ByteReader, out: ByteWriter): void {
    out.u8(EXECUTE_COMMANDS);
    const count = request.left > 0 ? request.u8() : 0;
    out.u8(count);
    for (let i = 0; i < count && out.length < this.options.packetSize; i++) this.#run(request, out, false);
  }
}

function commandTable(options: ResolvedProbeOptions): Map<number, CommandHandler> {
  const { swd = true, jtag = true, swoUart, swoManchester, atomic, uart } = options.capabilities;
  const table = new Map<number, CommandHandler>([
    [0x00, info],
    [0x01, hostStatus],
    [0x02, connect],
    [0x03, disconnect],
    [0x04, transferConfigure],
    [0x05, transfer],
    [0x06, transferBlock],
    [0x08, writeAbort],
    [0x09, delay],
    [0x0a, resetTarget],
    [0x10, swjPins],
    [0x11, swjClock],
    [0x12, swjSequence],
    [0x13, swd ? swdConfigure : refuse],
    [0x14, jtag ? jtagSequence : refuse],
    [0x15, jtag ? jtagConfigure : refuse],
    [0x16, jtag ? jtagIdcode : refuse],
  ]);
  const add = (first: number, ...handlers: CommandHandler[]): void =>
    handlers.forEach((handler, index) => table.set(first + index, handler));
  if (swd && knowsSwdSequence(options.protocolVersion)) table.set(0x1d, swdSequence);
  if (swoUart || swoManchester) {
    add(0x17, swoTransport, swoMode, swoBaudrate, swoControl, swoStatus, swoData);
    table.set(0x1e, swoExtendedStatus);
  }
  if (uart) add(0x1f, uartTransport, uartConfigure, uartTransfer, uartControl, uartStatus);
  if (atomic) add(QUEUE_COMMANDS, refuse, refuse);
  if (options.uniqueId !== undefined) table.set(0x80, uniqueId);
  return table;
}

/** Also the answer to command lists inside command lists. */
function refuse(_state: ProbeState, _request: ByteReader, out: ByteWriter): void {
  out.u8(DAP_ERROR);
}

/** DAP_SWD_Sequence came with protocol version 1.2. */
function knowsSwdSequence(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // Early probes wrote 1.1.0 as "1.10".
  const oldStyle = version.split(".").length === 2 && minor >= 10;
  return major > 1 || (major === 1 && (oldStyle ? Math.floor(minor / 10) : minor) >= 2);
}
