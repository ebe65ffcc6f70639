/**
 * Getting a debug port to answer: selecting the wire protocol, line resets, multi-drop selection.
 *
 * @module
 */
import { bit } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { EXIT, ProbeError, TransferError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Probe, WireProtocol } from "../probe/probe.ts";
import { decodeDpidr, type DpIdentity } from "./identity.ts";
import { DP } from "./registers.ts";
import { lineReset, selectProtocol, targetSelect } from "./swj.ts";

const log = getLogger("dap");

/** How to reach the debug port. */
export interface ConnectOptions {
  /** The wire; SWD unless told. */
  readonly protocol?: WireProtocol;
  /** `dap_swj_use_dormant`: go through the dormant state from the first attempt on. */
  readonly useDormant?: boolean;
  /** `dap_swj_enable`; false leaves the wire protocol as it is. */
  readonly swjEnable?: boolean;
  /** TARGETSEL value of one debug port among several on the same SWD wire. */
  readonly targetSel?: number;
  /** The probe drives the wire already; enabling it anew would let go of nRESET. */
  readonly keepWire?: boolean;
}

/** The wire between a probe and one debug port. Talks to the probe directly, beside any queue. */
export class DpWire {
  readonly #probe: Probe;
  /** How the debug port is reached. */
  readonly options: ConnectOptions;

  /** Reaches the debug port behind `probe` as `options` say; nothing is sent. */
  constructor(probe: Probe, options: ConnectOptions) {
    this.#probe = probe;
    this.options = options;
  }

  /** The wire in use. */
  get protocol(): WireProtocol {
    return this.options.protocol ?? "swd";
  }

  /**
   * Selects the wire protocol and reads DPIDR: two attempts as configured, then two by way of the dormant state.
   *
   * @throws {TransferError} with exit code 4 when no attempt gets an answer
   * @throws {ProbeError} when the probe fails
   */
  async establish(): Promise<DpIdentity> {
    const { useDormant = false, swjEnable = true } = this.options;
    let last: unknown;
    for (let attempt = 0; attempt < (useDormant || !swjEnable ? 2 : 4); attempt++) {
      try {
        return await this.#attempt(useDormant || attempt >= 2);
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        last = error;
        log.debug(() => `Attempt ${attempt + 1} to connect failed: ${error.message}`);
      }
    }
    throw new TransferError(
      `Cannot connect to the target over ${this.protocol.toUpperCase()}: no debug port answered`,
      last instanceof TransferError ? last.fault : "no-ack",
      {
        code: "no-target",
        exitCode: EXIT.noTarget,
        hint: "Check the power of the target and its wiring, try a lower frequency, or connect under reset",
        cause: last,
      },
    );
  }

  async #attempt(dormant: boolean): Promise<DpIdentity> {
    if (this.options.swjEnable !== false) {
      const sequence = selectProtocol(this.protocol, dormant);
      await this.#probe.swjSequence(sequence.count, sequence.bits);
    }
    if (this.options.targetSel !== undefined) await this.#selectTarget(this.options.targetSel);
    return decodeDpidr(await this.#readDpidr());
  }

  async #selectTarget(value: number): Promise<void> {
    if (!this.#probe.swdSequence) {
      throw new ProbeError("Cannot select a debug port on a shared wire: the probe has no SWD sequences");
    }
    const reset = lineReset("swd");
    await this.#probe.swjSequence(reset.count, reset.bits);
    await this.#probe.swdSequence(targetSelect(value));
  }

  async #readDpidr(): Promise<number> {
    const result = await this.#probe.transfer([{ kind: "read", port: "dp", register: DP.dpidr }]);
    const value = result.words[0];
    if (result.fault || value === undefined) {
      throw new TransferError("Cannot read DPIDR: the debug port did not answer", result.fault ?? "no-ack");
    }
    if (!bit(value, 0) || value === 0xffff_ffff) {
      throw new TransferError(`Cannot use DPIDR ${hex(value)}: it is not that of a debug port`, "no-ack");
    }
    return value;
  }

  /** After a protocol error: line reset, and DPIDR read, as the specification asks for; at most twice. */
  async resynchronise(): Promise<void> {
    const reset = lineReset(this.protocol);
    const { targetSel } = this.options;
    for (let attempt = 0; attempt < 2; attempt++) {
      if (targetSel === undefined) await this.#probe.swjSequence(reset.count, reset.bits);
      else await this.#selectTarget(targetSel);
      const result = await this.#probe.transfer([{ kind: "read", port: "dp", register: DP.dpidr }]);
      if (!result.fault) return;
    }
  }
}
