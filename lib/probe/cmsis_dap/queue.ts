/**
 * Moves CMSIS-DAP packets: in call order, as many in flight as the probe can buffer, every answer checked and awaited
 * for a limited time.
 *
 * @module
 */
import { ByteReader, type Bytes, hex } from "../../base/bytes.ts";
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import type { AtomicOutcome, AtomicPart, DapOp, DapResult, WireStats } from "../probe.ts";
import { planAtomic, readAtomic } from "./atomic_batch.ts";
import { encodeExecute, EXECUTE_HEADER, MAX_COMMANDS, openExecute } from "./commands/atomic.ts";
import { encodeInfo, INFO } from "./commands/info.ts";
import { COMMAND, commandName, decodeStatus } from "./commands/response.ts";
import { encodeTransferAbort, encodeTransferConfigure } from "./commands/transfer.ts";
import { type PackedPacket, Packer } from "./packer.ts";
import { type PacketFailure, readOutcome } from "./outcome.ts";
import type { PacketTransport } from "./transport.ts";

const log = getLogger("probe", "cmsis_dap");

/** Milliseconds an answer may take, beyond what the request itself asks the probe to wait. */
export const RESPONSE_TIMEOUT_MS = 5000;
const RESYNC_TIMEOUT_MS = 100;

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
export class CommandQueue {
  readonly #transport: PacketTransport;
  readonly #limits: QueueLimits;
  #turn: Promise<unknown> = Promise.resolve();
  #mask: number | undefined;
  #settings: TransferSettings = { idleCycles: 0, waitRetries: 100, matchRetries: 0 };
  /** Index of the device in the JTAG chain that transfers are for. */
  dapIndex = 0;
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
      const responses: Uint8Array[] = [];
      for (let sent = 0; responses.length < requests.length;) {
        while (sent < requests.length && sent - responses.length < this.#limits.packetCount) {
          await this.#send(requests[sent++]!);
        }
        responses.push(await this.#receive(requests[responses.length]![0]!, waitMs));
      }
      return responses;
    });
  }

  /**
   * Sends requests that are answered with a status byte each, in one packet where the probe allows.
   *
   * @throws {ProbeError} when one is refused, or the probe does not answer
   */
  async statusCommands(requests: readonly Bytes[]): Promise<void> {
    const bytes = requests.reduce((sum, request) => sum + request.length, EXECUTE_HEADER);
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
      await this.#send(plan.request);
      const response = await this.#receive(COMMAND.executeCommands, plan.waitMs);
      try {
        return readAtomic(plan, response);
      } catch (error) {
        throw await this.#misread(error);
      }
    });
  }

  async #batch(ops: readonly DapOp[]): Promise<DapResult> {
    const packer = new Packer(ops, { ...this.#limits, dapIndex: this.dapIndex }, this.#mask);
    const flying: (PackedPacket | undefined)[] = [];
    const words: number[] = [];
    let failure: PacketFailure | undefined;
    while (flying.length > 0 || (!packer.finished && !failure)) {
      while (!packer.finished && !failure && flying.length < this.#limits.packetCount && !flying.at(-1)?.polls) {
        const { retries } = packer;
        if (retries !== undefined && retries !== this.#settings.matchRetries) {
          if (flying.length > 0) break;
          await this.#setRetries(retries);
        }
        const packet = packer.next(this.#settings.matchRetries);
        flying.push(packet);
        await this.#send(packet.request);
      }
      const packet = flying.shift()!;
      const response = await this.#receive(packet.request[0]!, 0);
      if (failure) continue;
      try {
        failure = readOutcome(packet, response, words);
      } catch (error) {
        throw await this.#misread(error);
      }
    }
    this.#mask = failure ? undefined : packer.mask;
    const read = Uint32Array.from(words);
    if (!failure) return { words: read, done: ops.length, partial: 0 };
    return { words: read, done: failure.op, partial: failure.word, fault: failure.fault };
  }

  async #setRetries(matchRetries: number): Promise<void> {
    this.#settings = { ...this.#settings, matchRetries };
    const { idleCycles, waitRetries } = this.#settings;
    await this.#send(encodeTransferConfigure(idleCycles, waitRetries, matchRetries));
    const response = await this.#receive(COMMAND.transferConfigure, 0);
    decodeStatus(new ByteReader(response), COMMAND.transferConfigure);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #send(request: Uint8Array): Promise<void> {
    if (request.length > this.#limits.packetSize) {
      throw new ProbeError(`Cannot send ${request.length} bytes: the probe takes ${this.#limits.packetSize} at once`);
    }
    this.stats.packets++;
    this.stats.bytesOut += request.length;
    return this.#transport.send(request);
  }

  async #receive(id: number, waitMs: number): Promise<Uint8Array> {
    let response: Uint8Array;
    try {
      response = await this.#transport.receive(RESPONSE_TIMEOUT_MS + waitMs);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw await this.#lost(`the probe did not answer ${commandName(id)} in time`, error);
    }
    this.stats.bytesIn += response.length;
    const got = response[0];
    if (got === id || got === 0xff) return response;
    throw await this.#lost(
      `the probe answered ${got === undefined ? "nothing" : hex(got, 2)} to ${commandName(id)}`,
      undefined,
    );
  }

  /** The error for an answer that does not fit its request: answers and requests are out of step. */
  async #misread(error: unknown): Promise<unknown> {
    return error instanceof ProbeError ? await this.#lost(error.message, error) : error;
  }

  /** Brings requests and answers back into step, and makes the error that says so. */
  async #lost(why: string, cause: unknown): Promise<ProbeError> {
    log.warning(`Lost step with the probe: ${why}`);
    this.#mask = undefined;
    const restored = await this.#resynchronise();
    return new ProbeError(`Cannot go on with the transfer: ${why}`, {
      code: "probe-out-of-step",
      cause,
      hint: restored
        ? "The connection to the probe was brought back into step; the operation may be tried again"
        : "The probe does not respond any more; unplug and replug it",
    });
  }

  /** Aborts, drops what is under way, and asks a question whose answer is known to be the last to come. */
  async #resynchronise(): Promise<boolean> {
    try {
      await this.#transport.send(encodeTransferAbort());
      await this.#transport.drain();
      await this.#transport.send(encodeInfo(INFO.packetCount));
      for (let i = 0; i <= this.#limits.packetCount; i++) {
        const response = await this.#transport.receive(RESYNC_TIMEOUT_MS);
        if (response[0] === COMMAND.info) return true;
      }
    } catch (error) {
      log.debug(() => `The probe cannot be brought back into step: ${error}`);
    }
    return false;
  }
}
