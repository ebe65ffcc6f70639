/**
 * SDC-600 COM port: an authenticated byte channel to the chip, with its flag protocol.
 *
 * Arm CoreSight SDC-600 manual (101130), external COM port.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/clock.ts";
import { TargetError, UsageError } from "../base/errors.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { COM_FLAG, flagName, isFlag, stuff, Unstuffer } from "./com_protocol.ts";

const DR = 0xd20;
const SR = 0xd2c;
const NULL_FILL = 0xafafaf00;
const SR_RRDIS_BIT = 12;
const SR_TX_ERRORS = (1 << 13) | (1 << 14);
const SR_PEN_BIT = 31;
const TRANSFER_LIMIT = 30_000;

/** How far the link is open: 1 when the hardware answers, 2 when software behind it does. */
export type LinkPhase = 1 | 2;

/** One COM port. */
export class Sdc600 {
  readonly #memory: MemoryInterface;
  readonly #clock: Clock;
  readonly #base: number;
  #phase: LinkPhase | undefined;

  /** Drives the port at byte address `base`. */
  constructor(memory: MemoryInterface, clock: Clock, base: number) {
    this.#memory = memory;
    this.#clock = clock;
    this.#base = base;
  }

  /** How far the link is open, undefined while it is closed. */
  get phase(): LinkPhase | undefined {
    return this.#phase;
  }

  /** Clears old errors; says whether the port is enabled, and whether it may request a reboot. @throws {TransferError} */
  async init(): Promise<{ readonly enabled: boolean; readonly rebootAllowed: boolean }> {
    const status = await this.#memory.read32(this.#base + SR);
    if ((status & SR_TX_ERRORS) !== 0) this.#memory.write32(this.#base + SR, status & SR_TX_ERRORS);
    await this.#memory.flush();
    return { enabled: bit(status, SR_PEN_BIT), rebootAllowed: !bit(status, SR_RRDIS_BIT) };
  }

  /** Opens the next phase. Phase 1 is closed first, so that it starts from a known state. @throws {TimeoutError} */
  async open(phase: LinkPhase, timeoutMs: number = TRANSFER_LIMIT): Promise<void> {
    if (phase === 2) this.#require(1, "open phase 2 of the link");
    const deadline = this.#deadline(timeoutMs);
    if (phase === 1) await this.#exchange(COM_FLAG.LPH1RL, deadline);
    await this.#exchange(phase === 1 ? COM_FLAG.LPH1RA : COM_FLAG.LPH2RA, deadline);
    this.#phase = phase;
  }

  /** Closes a phase; phase 1 may be closed from any state. @throws {TimeoutError} */
  async close(phase: LinkPhase, timeoutMs: number = TRANSFER_LIMIT): Promise<void> {
    if (phase === 2) this.#require(2, "close phase 2 of the link");
    await this.#exchange(phase === 1 ? COM_FLAG.LPH1RL : COM_FLAG.LPH2RL, this.#deadline(timeoutMs));
    this.#phase = phase === 2 ? 1 : undefined;
  }

  /** Reads the protocol identification, in phase 1. @throws {TimeoutError} */
  async protocolId(timeoutMs: number = TRANSFER_LIMIT): Promise<Uint8Array> {
    this.#require(1, "read the protocol identification");
    const deadline = this.#deadline(timeoutMs);
    await this.#send(COM_FLAG.IDR, deadline);
    await this.#expect(COM_FLAG.IDA, deadline);
    return await this.#receiveToEnd(deadline);
  }

  /** Asks for a reboot, in phase 1. @throws {TimeoutError} */
  async requestReboot(timeoutMs: number = TRANSFER_LIMIT): Promise<void> {
    this.#require(1, "request a reboot");
    await this.#send(COM_FLAG.LPH2RR, this.#deadline(timeoutMs));
  }

  /** Sends one packet, in phase 2. @throws {TimeoutError} */
  async sendPacket(data: Uint8Array, timeoutMs: number = TRANSFER_LIMIT): Promise<void> {
    this.#require(2, "send a packet");
    const deadline = this.#deadline(timeoutMs);
    for (const byte of [COM_FLAG.START, ...stuff(data), COM_FLAG.END]) await this.#send(byte, deadline);
  }

  /** Receives one packet, in phase 2. @throws {TimeoutError} @throws {TargetError} when the link is closed meanwhile */
  async receivePacket(timeoutMs: number = TRANSFER_LIMIT): Promise<Uint8Array> {
    this.#require(2, "receive a packet");
    const deadline = this.#deadline(timeoutMs);
    await this.#expect(COM_FLAG.START, deadline);
    return await this.#receiveToEnd(deadline);
  }

  async #receiveToEnd(deadline: Deadline): Promise<Uint8Array> {
    const unstuffer = new Unstuffer();
    while (true) {
      const byte = await this.#receive(deadline);
      if (byte === COM_FLAG.END) return unstuffer.done();
      if (isFlag(byte) && byte !== COM_FLAG.ESC) throw await this.#unexpected(byte, COM_FLAG.END, deadline);
      unstuffer.push(byte);
    }
  }

  async #exchange(flag: number, deadline: Deadline): Promise<void> {
    await this.#send(flag, deadline);
    await this.#expect(flag, deadline);
  }

  async #expect(flag: number, deadline: Deadline): Promise<void> {
    const byte = await this.#receive(deadline);
    if (byte !== flag) throw await this.#unexpected(byte, flag, deadline);
  }

  /** What an out-of-place byte means; the other side closing phase 2 wants to be answered. */
  async #unexpected(byte: number, wanted: number, deadline: Deadline): Promise<TargetError> {
    if (byte === COM_FLAG.LPH1RL) this.#phase = undefined;
    if (byte === COM_FLAG.LPH2RL) {
      this.#phase = 1;
      await this.#send(COM_FLAG.LPH2RL, deadline);
    }
    const closed = byte === COM_FLAG.LPH1RL || byte === COM_FLAG.LPH2RL;
    const reason = closed
      ? `the target closed the link (${flagName(byte)})`
      : byte === COM_FLAG.LERR
      ? "the target reported a link error"
      : `got ${flagName(byte)} instead of ${flagName(wanted)}`;
    return new TargetError(`Cannot talk through the SDC-600: ${reason}`, {
      code: closed ? "com-link-closed" : "com-link-error",
      hint: "Open the link again from phase 1",
      fields: { received: byte, wanted },
    });
  }

  async #send(byte: number, deadline: Deadline): Promise<void> {
    await this.#poll((status) => bits(status, 7, 0) !== 0, deadline);
    this.#memory.write32(this.#base + DR, (NULL_FILL | byte) >>> 0);
    await this.#memory.flush();
  }

  /** The next byte that is not a filler. */
  async #receive(deadline: Deadline): Promise<number> {
    while (true) {
      await this.#poll((status) => bits(status, 23, 16) !== 0, deadline);
      const byte = await this.#memory.read32(this.#base + DR) & 0xff;
      if (byte !== COM_FLAG.NULL) return byte;
    }
  }

  async #poll(ready: (status: number) => boolean, deadline: Deadline): Promise<void> {
    while (!ready(await this.#memory.read32(this.#base + SR))) {
      deadline.check("Check that the chip is powered and that its SDC-600 is enabled");
      await this.#clock.sleep(1);
    }
  }

  #deadline(timeoutMs: number): Deadline {
    return new Deadline(this.#clock, timeoutMs, `talking through the SDC-600 at ${hex(this.#base)}`);
  }

  #require(phase: LinkPhase, action: string): void {
    if (this.#phase === phase) return;
    throw new UsageError(`Cannot ${action}: the link is ${this.#phase ? `in phase ${this.#phase}` : "closed"}`, {
      hint: `This needs phase ${phase} of the link to be open`,
    });
  }
}
