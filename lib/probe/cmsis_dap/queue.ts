/**
 * Moves CMSIS-DAP packets: in call order, as many in flight as the probe can buffer, every answer checked and awaited
 * for a limited time.
 *
 * @module
 */
import { ByteReader, type Bytes } from "../../base/bytes.ts";
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import type { AtomicOutcome, AtomicPart, DapOp, DapResult, WireStats } from "../probe.ts";
import { planAtomic, readAtomic } from "./atomic_batch.ts";
import { encodeExecute, EXECUTE_HEADER, MAX_COMMANDS, openExecute } from "./commands/atomic.ts";
import { encodeInfo, INFO } from "./commands/info.ts";
import { COMMAND, decodeStatus } from "./commands/response.ts";
import { encodeTransferAbort, encodeTransferConfigure } from "./commands/transfer.ts";
import { BatchFlow, CheckedFlow, RequestFlow, type RetrySetting } from "./flow.ts";
import { Packer } from "./packer.ts";
import { carry, type PacketFlow, type PacketTransport } from "./transport.ts";

const log = getLogger("probe", "cmsis_dap");

/** Milliseconds an answer may take, beyond what the request itself asks the probe to wait; more at a slow wire clock. */
export const RESPONSE_TIMEOUT_MS = 5000;
const RESYNC_TIMEOUT_MS = 100;

/** Most wire clocks for a byte of a packet (a word of four takes 46 over SWD, some more over JTAG), and for one try. */
const CLOCKS = { perByte: 16, perTry: 50 } as const;

/** A number of retries that nobody asks for, so that the next poll sets its own. */
const UNKNOWN_RETRIES = -1;

/** Bytes of the answer to a request that is answered with a status. */
const STATUS_ANSWER = 2;

/** Codes of errors after which nothing is worth a try. */
const FINAL: ReadonlySet<string> = new Set(["probe-gone", "probe-closed"]);

const UNPLUG_HINT = "Unplug the probe and plug it in again";

/** What the probe can take. */
export interface QueueLimits {
  /** Largest packet in bytes. */
  packetSize: number;
  /** Packets the probe can buffer. */
  packetCount: number;
  /** Whether DAP_ExecuteCommands works. */
  atomic: boolean;
  /** Whether a batch may be spread over packets as it fits; otherwise every operation gets its own. */
  deferred: boolean;
}

/** How transfers are carried out, as set with DAP_TransferConfigure. */
export interface TransferSettings {
  /** Clock cycles between transfers. */
  readonly idleCycles: number;
  /** Retries after WAIT. */
  readonly waitRetries: number;
  /** Retries of a match. */
  readonly matchRetries: number;
}

/**
 * The only way to a CMSIS-DAP probe. Each method call has the wire for itself until it is done; calls are served in
 * order.
 */
export class CommandQueue implements RetrySetting {
  readonly #transport: PacketTransport;
  readonly #limits: QueueLimits;
  #turn: Promise<unknown> = Promise.resolve();
  #mask: number | undefined;
  /** Whether answers and requests belong together; false once getting back into step has failed. */
  #isInStep = true;
  #settings: TransferSettings = { idleCycles: 0, waitRetries: 100, matchRetries: 0 };
  /** Index of the device in the JTAG chain that transfers are for. */
  dapIndex = 0;
  /** The wire clock in hertz: at a slow one packets take long. */
  clockHz = 1_000_000;
  /** Packets and bytes so far. */
  readonly stats: WireStats = { packets: 0, bytesOut: 0, bytesIn: 0 };

  /** Uses `transport`, which nobody else may use. */
  constructor(transport: PacketTransport, limits: QueueLimits) {
    this.#transport = transport;
    this.#limits = limits;
  }

  /** The limits in force; they may be changed between calls. */
  get limits(): QueueLimits {
    return this.#limits;
  }

  /**
   * Sends one request.
   *
   * @param waitMs how long the request itself makes the probe wait, in milliseconds
   * @returns the response, its identifier checked
   * @throws {ProbeError} when the probe does not answer in time, or answers something else
   */
  async command(request: Uint8Array, waitMs = 0): Promise<Uint8Array> {
    return (await this.commands([request], waitMs))[0]!;
  }

  /** Sends requests without waiting for one answer before the next request. @throws {ProbeError} */
  commands(requests: readonly Uint8Array[], waitMs = 0): Promise<Uint8Array[]> {
    return this.#exclusive(async () => {
      const flow = new RequestFlow(requests);
      await this.#carry(flow, waitMs);
      return flow.responses;
    });
  }

  /**
   * Sends requests that are answered with a status byte each, in one packet where the probe allows.
   *
   * @throws {ProbeError} when one is refused, or the probe does not answer
   */
  async statusCommands(requests: readonly Bytes[]): Promise<void> {
    const bytes = requests.reduce((sum, { length }) => sum + Math.max(length, STATUS_ANSWER), EXECUTE_HEADER);
    const fits = bytes <= this.#limits.packetSize && requests.length <= MAX_COMMANDS;
    if (this.#limits.atomic && fits && requests.length > 1) {
      try {
        const reader = openExecute(await this.command(encodeExecute(requests)), requests.length);
        for (const request of requests) decodeStatus(reader, request[0]!);
        return;
      } catch (error) {
        if (!(error instanceof ProbeError) || error.code !== "probe-unsupported") throw error;
        log.warning("The probe claims to take several commands in one packet, but refuses; they go one by one");
        this.#limits.atomic = false;
      }
    }
    const responses = await this.commands(requests);
    for (const [i, response] of responses.entries()) decodeStatus(new ByteReader(response), requests[i]![0]!);
  }

  /** Sets how transfers are carried out, and notes it. */
  configureTransfers(settings: TransferSettings): Bytes {
    this.#settings = settings;
    this.#mask = undefined;
    return encodeTransferConfigure(settings.idleCycles, settings.waitRetries, settings.matchRetries);
  }

  /**
   * Carries out a batch, stopping at the first failure.
   *
   * @throws {ProbeError} when the probe does not answer in time, or answers something else
   */
  transfer(ops: readonly DapOp[]): Promise<DapResult> {
    return this.#exclusive(async () => {
      if (this.#limits.deferred) return await this.#batch(ops);
      const words: number[] = [];
      for (const [index, op] of ops.entries()) {
        const result = await this.#batch([op]);
        words.push(...result.words);
        if (result.fault) return { ...result, words: Uint32Array.from(words), done: index };
      }
      return { words: Uint32Array.from(words), done: ops.length, partial: 0 };
    });
  }

  /**
   * Carries out all parts in one packet.
   *
   * @returns undefined when they do not fit into one, or the probe takes one command at a time
   * @throws {ProbeError} when the probe does not answer in time, or answers something else
   */
  atomic(parts: readonly AtomicPart[]): Promise<readonly AtomicOutcome[] | undefined> {
    return this.#exclusive(async () => {
      const { atomic, deferred } = this.#limits;
      const plan = atomic && deferred ? planAtomic(parts, { ...this.#limits, dapIndex: this.dapIndex }) : undefined;
      if (plan === undefined) return undefined;
      const flow = new RequestFlow([plan.request]);
      await this.#carry(flow, plan.waitMs);
      try {
        return readAtomic(plan, flow.responses[0]!);
      } catch (error) {
        throw error instanceof ProbeError ? await this.#lost(error.message, error) : error;
      }
    });
  }

  async #batch(ops: readonly DapOp[]): Promise<DapResult> {
    const packer = new Packer(ops, { ...this.#limits, dapIndex: this.dapIndex }, this.#mask);
    const flow = new BatchFlow(ops, packer, this);
    await this.#carry(flow, 0);
    const result = flow.result(ops.length);
    this.#mask = result.fault ? undefined : packer.mask;
    return result;
  }

  /** How often the probe tries a match again. */
  get matchRetries(): number {
    return this.#settings.matchRetries;
  }

  /** The request that changes {@linkcode CommandQueue.matchRetries}, and notes that. */
  setMatchRetries(matchRetries: number): Bytes {
    this.#settings = { ...this.#settings, matchRetries };
    const { idleCycles, waitRetries } = this.#settings;
    return encodeTransferConfigure(idleCycles, waitRetries, matchRetries);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Carries a flow; when answers stop fitting their requests, brings both back into step. @throws {ProbeError} */
  async #carry(flow: PacketFlow, waitMs: number): Promise<void> {
    if (!this.#isInStep && !await this.#resynchronise()) {
      throw new ProbeError("Cannot use the probe: it does not respond any more", {
        code: "probe-out-of-step",
        hint: UNPLUG_HINT,
      });
    }
    const { packetSize, packetCount } = this.#limits;
    const checked = new CheckedFlow(flow, packetSize, this.stats);
    const before = this.stats.packets;
    try {
      await carry(this.#transport, checked, packetCount, this.#patienceMs() + waitMs);
    } catch (error) {
      if (this.stats.packets === before) throw error;
      // Answers may be missing, and those still to come must not be taken for answers to what is asked next.
      this.#forget();
      if (error instanceof TimeoutError) {
        throw await this.#lost(`the probe did not answer ${checked.awaited} in time`, error);
      }
      const isFixable = error instanceof ProbeError && (error === checked.problem || error.code === "probe-usb");
      throw isFixable ? await this.#lost(error.message, error) : error;
    }
  }

  /** How long the answer to one packet may take, in milliseconds: twice what the wire needs for the longest. */
  #patienceMs(): number {
    const { waitRetries, matchRetries } = this.#settings;
    const tries = waitRetries + Math.max(matchRetries, 0);
    const clocks = this.#limits.packetSize * CLOCKS.perByte + tries * CLOCKS.perTry;
    return Math.max(RESPONSE_TIMEOUT_MS, 2 * clocks / this.clockHz * 1000);
  }

  /** Nothing is known any more of what the probe has been told and what it is about to answer. */
  #forget(): void {
    this.#isInStep = false;
    this.#mask = undefined;
    this.#settings = { ...this.#settings, matchRetries: UNKNOWN_RETRIES };
  }

  /** Brings requests and answers back into step, and makes the error that says so. */
  async #lost(why: string, cause: unknown): Promise<ProbeError> {
    log.warning(`Lost step with the probe: ${why}`);
    this.#forget();
    const restored = await this.#resynchronise();
    return new ProbeError(`Cannot go on with the transfer: ${why}`, {
      code: "probe-out-of-step",
      cause,
      hint: restored
        ? "The connection to the probe was brought back into step; the operation may be tried again"
        : `The probe does not respond any more. ${UNPLUG_HINT}`,
    });
  }

  /**
   * Aborts, drops what is under way, and asks a question whose answer is known to be the last to come.
   *
   * @throws {ProbeError} when the probe has gone or was closed
   */
  async #resynchronise(): Promise<boolean> {
    try {
      await this.#transport.send(encodeTransferAbort());
      await this.#transport.drain();
      await this.#transport.send(encodeInfo(INFO.packetCount));
      for (let i = 0; i <= this.#limits.packetCount; i++) {
        const response = await this.#transport.receive(RESYNC_TIMEOUT_MS);
        if (response[0] === COMMAND.info) return this.#isInStep = true;
      }
    } catch (error) {
      if (error instanceof ProbeError && FINAL.has(error.code)) throw error;
      log.debug(() => `The probe cannot be brought back into step: ${error}`);
    }
    return false;
  }
}
