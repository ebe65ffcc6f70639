/**
 * A CMSIS-DAP probe, whatever carries its packets.
 *
 * @module
 */
import { ByteReader, type Bytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { ProbeError, UsageError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import type {
  AtomicOutcome,
  AtomicPart,
  DapOp,
  DapResult,
  JtagSequenceStep,
  Probe,
  ProbeBoardInfo,
  ProbeOpenOptions,
  SwdSequenceStep,
  SwoCapture,
  WireProtocol,
  WireStats,
} from "../probe.ts";
import {
  decodeConnect,
  encodeConnect,
  encodeDisconnect,
  encodeHostStatus,
  encodeWriteAbort,
  PORT,
} from "./commands/connect.ts";
import { INFO } from "./commands/info.ts";
import { decodeJtagCaptures, encodeJtagConfigure, encodeJtagSequence } from "./commands/jtag.ts";
import { COMMAND, decodeStatus } from "./commands/response.ts";
import { decodeSwdCaptures, encodeSwdConfigure, encodeSwdSequence } from "./commands/swd.ts";
import { decodePins, encodeClock, encodePins, encodeSwjSequence } from "./commands/swj.ts";
import { greet, type Identity, readIdentity, readPacketCount, readTexts } from "./identify.ts";
import { CommandQueue } from "./queue.ts";
import type { Quirks } from "./quirks.ts";
import { CmsisDapSwo } from "./swo.ts";
import type { PacketTransport } from "./transport.ts";
import { CmsisDapUart } from "./uart.ts";
import { atLeast, type ProtocolVersion } from "./version.ts";

const log = getLogger("probe", "cmsis_dap");

/** What the carrier knows about a probe before it is asked anything. */
export interface CmsisDapSource {
  /** Full unique ID, as `list` shows it. */
  readonly uniqueId: string;
  /** Product string; the probe's own answer unless told. */
  readonly description?: string;
  /** Vendor string; the probe's own answer unless told. */
  readonly vendor?: string;
  /** Protocol version when the probe gives none that makes sense: 1.0.0 for HID, 2.0.0 (default) for bulk. */
  readonly fallbackVersion?: ProtocolVersion;
  /** Peculiarities; see `quirksOf`. */
  readonly quirks?: Quirks;
  /** Finds board and target by the board ID in the serial number (DAPLink). */
  readonly boardById?: (boardId: string) => ProbeBoardInfo | undefined;
}

const IDLE_CYCLES = 0;
const WAIT_RETRIES = 1000;
/** What the debug port's polls ask for, so that it need not be set again. */
const MATCH_RETRIES = 250;
const SWJ_BITS = 256;
const SEQUENCE_BITS = 64;
/** IR length of an Arm JTAG-DP. */
const ARM_IR_LENGTH = 4;

/** An open CMSIS-DAP probe. */
export class CmsisDapProbe implements Probe {
  readonly #transport: PacketTransport;
  readonly #queue: CommandQueue;
  readonly #source: CmsisDapSource;
  readonly #identity: Identity;
  #protocol: WireProtocol | undefined;
  #jtag: { readonly lengths: readonly number[]; readonly index: number } = { lengths: [ARM_IR_LENGTH], index: 0 };
  #closed = false;
  /** SWO capture, when the probe has a UART for it. */
  readonly swo?: SwoCapture;
  /** The board's serial port, when it goes through DAP commands. */
  readonly uart?: CmsisDapUart;
  /** SWD sequences exist since protocol 1.2. */
  readonly swdSequence?: (steps: readonly SwdSequenceStep[]) => Promise<Uint8Array[]>;

  private constructor(transport: PacketTransport, queue: CommandQueue, source: CmsisDapSource, identity: Identity) {
    this.#transport = transport;
    this.#queue = queue;
    this.#source = source;
    this.#identity = identity;
    const { capabilities, protocol } = identity;
    const streaming = capabilities.swoStreaming && transport.readSwo !== undefined;
    if (capabilities.swoUart) this.swo = new CmsisDapSwo(queue, transport, streaming);
    if (capabilities.uart) this.uart = new CmsisDapUart(queue, capabilities.comPort);
    if (atLeast(protocol, [1, 2, 0])) this.swdSequence = (steps) => this.#swdSequence(steps);
  }

  /**
   * Gets into step with the probe and asks what it is.
   *
   * @throws {ProbeError} when it does not answer
   */
  static async open(
    transport: PacketTransport,
    source: CmsisDapSource,
    options: ProbeOpenOptions = {},
  ): Promise<CmsisDapProbe> {
    try {
      const packetSize = await greet(transport);
      transport.packetSize = packetSize;
      const deferred = options.deferredTransfers ?? true;
      const queue = new CommandQueue(transport, { packetSize, packetCount: 1, atomic: false, deferred });
      if (!options.limitPackets) queue.limits.packetCount = await readPacketCount(queue);
      const identity = await readIdentity(queue, source.fallbackVersion ?? [2, 0, 0]);
      queue.limits.atomic = identity.capabilities.atomic;
      const { packetCount } = queue.limits;
      log.debug(() => `CMSIS-DAP ${identity.protocol.join(".")}: ${packetCount} packets of ${packetSize} bytes`);
      return new CmsisDapProbe(transport, queue, source, identity);
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  /** See {@linkcode Probe}. */
  get uniqueId(): string {
    return this.#source.uniqueId;
  }

  /** See {@linkcode Probe}. */
  get description(): string {
    return this.#source.description ?? this.#identity.product ?? this.#source.quirks?.name ?? "CMSIS-DAP";
  }

  /** See {@linkcode Probe}. */
  get vendor(): string {
    return this.#source.vendor ?? this.#identity.vendor ?? "unknown";
  }

  /** See {@linkcode Probe}. */
  get version(): string {
    const { firmware, protocol } = this.#identity;
    return `CMSIS-DAP ${protocol.join(".")}${firmware ? `, firmware ${firmware}` : ""}`;
  }

  /** See {@linkcode Probe}. */
  get protocols(): readonly WireProtocol[] {
    const { swd, jtag } = this.#identity.capabilities;
    return [...(swd ? ["swd" as const] : []), ...(jtag ? ["jtag" as const] : [])];
  }

  /** See {@linkcode Probe}. */
  get clock(): Clock {
    return this.#transport.clock;
  }

  /** See {@linkcode Probe}. */
  get stats(): WireStats {
    return { ...this.#queue.stats, ...this.#transport.modelled };
  }

  /** Selects and sets up the wire. @throws {ProbeError} when the probe cannot drive it */
  async connect(protocol: WireProtocol): Promise<void> {
    if (!this.protocols.includes(protocol)) {
      throw new ProbeError(`Cannot use ${protocol.toUpperCase()}: the probe does not support it`);
    }
    const port = PORT[protocol];
    decodeConnect(await this.#queue.command(encodeConnect(port)), port);
    await this.#queue.statusCommands([
      encodeClock(this.#queue.clockHz),
      this.#queue.configureTransfers({
        idleCycles: IDLE_CYCLES,
        waitRetries: WAIT_RETRIES,
        matchRetries: MATCH_RETRIES,
      }),
      protocol === "swd" ? encodeSwdConfigure() : encodeJtagConfigure(this.#jtag.lengths),
      encodeHostStatus("connect", true),
      encodeHostStatus("running", false),
    ]);
    this.#protocol = protocol;
  }

  /** Releases the wire. @throws {ProbeError} */
  async disconnect(): Promise<void> {
    if (this.#protocol === undefined) return;
    this.#protocol = undefined;
    await this.#queue.statusCommands([
      encodeHostStatus("running", false),
      encodeHostStatus("connect", false),
      encodeDisconnect(),
    ]);
  }

  /** See {@linkcode Probe}. */
  giveUp(): void {
    this.#transport.giveUp?.();
  }

  /** Gives the probe back, releasing the wire first where the probe still answers. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.disconnect();
    } catch (error) {
      log.debug(() => `The probe was closed without releasing the wire: ${error}`);
    } finally {
      await this.#transport.close();
    }
  }

  /** Sets the wire clock. @throws {UsageError} when it is not positive @throws {ProbeError} */
  async setFrequency(hz: number): Promise<void> {
    if (!(hz > 0 && hz < 2 ** 32)) throw new UsageError(`Cannot set the wire clock to ${hz} Hz: not a frequency`);
    this.#queue.clockHz = Math.round(hz);
    if (this.#protocol !== undefined) await this.#queue.statusCommands([encodeClock(this.#queue.clockHz)]);
  }

  /** Carries out a batch. @throws {ProbeError} */
  transfer(ops: readonly DapOp[]): Promise<DapResult> {
    return this.#queue.transfer(ops);
  }

  /** Carries out all parts in one packet where they fit. @throws {ProbeError} */
  atomic(parts: readonly AtomicPart[]): Promise<readonly AtomicOutcome[] | undefined> {
    return this.#queue.atomic(parts);
  }

  /** Writes ABORT. @throws {ProbeError} */
  async writeAbort(value: number): Promise<void> {
    await this.#queue.statusCommands([encodeWriteAbort(value, this.#jtag.index)]);
  }

  /** Shifts bits, 256 to a command. @throws {ProbeError} */
  async swjSequence(count: number, bits: Uint8Array): Promise<void> {
    const requests: Bytes[] = [];
    for (let at = 0; at < count; at += SWJ_BITS) {
      requests.push(encodeSwjSequence(Math.min(SWJ_BITS, count - at), bits.subarray(at / 8)));
    }
    if (this.#source.quirks?.losesClock) requests.push(encodeClock(this.#queue.clockHz));
    await this.#queue.statusCommands(requests);
  }

  /** Drives and reads pins. @throws {ProbeError} */
  async pins(output: number, select: number, waitUs: number): Promise<number> {
    return decodePins(await this.#queue.command(encodePins(output, select, waitUs), waitUs / 1000));
  }

  async #swdSequence(steps: readonly SwdSequenceStep[]): Promise<Uint8Array[]> {
    checkLengths(steps.map((step) => step.bits));
    const response = await this.#queue.command(encodeSwdSequence(steps));
    const reader = new ByteReader(response);
    decodeStatus(reader, COMMAND.swdSequence);
    return decodeSwdCaptures(reader, steps);
  }

  /** Raw JTAG sequences. @throws {ProbeError} @throws {UsageError} when a step is not 1 to 64 cycles */
  async jtagSequence(steps: readonly JtagSequenceStep[]): Promise<Uint8Array[]> {
    checkLengths(steps.map((step) => step.cycles));
    const response = await this.#queue.command(encodeJtagSequence(steps));
    const reader = new ByteReader(response);
    decodeStatus(reader, COMMAND.jtagSequence);
    return decodeJtagCaptures(reader, steps);
  }

  /** Describes the JTAG chain. @throws {ProbeError} */
  async configureJtag(irLengths: readonly number[], index: number): Promise<void> {
    if (index < 0 || index >= irLengths.length) {
      throw new UsageError(`Cannot use device ${index} of a JTAG chain of ${irLengths.length}`);
    }
    this.#jtag = { lengths: [...irLengths], index };
    this.#queue.dapIndex = index;
    if (this.#protocol === "jtag") await this.#queue.statusCommands([encodeJtagConfigure(irLengths)]);
  }

  /** Board and target as the probe reports them, or as its board ID says. @throws {ProbeError} */
  async boardInfo(): Promise<ProbeBoardInfo> {
    const { quirks, boardById, uniqueId } = this.#source;
    const known = quirks?.boardIdInSerial ? boardById?.(uniqueId.slice(0, 4).toLowerCase()) : undefined;
    const { protocol } = this.#identity;
    const tells = atLeast(protocol, [2, 1, 0]) || (protocol[0] === 1 && atLeast(protocol, [1, 3, 0]));
    if (!tells) return known ?? {};
    const [targetVendor, device, boardVendor, boardName] = await readTexts(this.#queue, [
      INFO.targetVendor,
      INFO.targetName,
      INFO.boardVendor,
      INFO.boardName,
    ]);
    const targetName = device?.toLowerCase().replaceAll("-", "_");
    return {
      ...(boardVendor ? { boardVendor } : {}),
      ...(boardName ? { boardName } : {}),
      ...(targetVendor ? { targetVendor } : {}),
      ...(targetName ? { targetName } : {}),
      ...known,
    };
  }
}

function checkLengths(lengths: readonly number[]): void {
  for (const length of lengths) {
    if (!(Number.isInteger(length) && length >= 1 && length <= SEQUENCE_BITS)) {
      throw new UsageError(`Cannot shift ${length} bits in one step: 1 to ${SEQUENCE_BITS} are possible`);
    }
  }
}
