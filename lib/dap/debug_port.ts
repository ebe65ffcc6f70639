/**
 * The debug port: connecting, power, selection of access ports and recovery from errors.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { Deadline } from "../base/clock.ts";
import { TargetError, TimeoutError, TransferError, type TransferFault, UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { type DapOp, PIN, type Probe, type WireProtocol } from "../probe/probe.ts";
import { type ApAddress, apName, type DpIdentity } from "./identity.ts";
import { handled, TransferQueue, type TransferTag } from "./queue.ts";
import { ABORT, AP_V2_OFFSET, CTRL_STAT, DP } from "./registers.ts";
import { type ConnectOptions, DpWire } from "./wire.ts";

export { type ApAddress, apName, decodeDpidr, type DpIdentity } from "./identity.ts";
export type { ConnectOptions } from "./wire.ts";

const log = getLogger("dap");

const POWER_REQUESTS = (CTRL_STAT.csysPwrUpReq | CTRL_STAT.cdbgPwrUpReq) >>> 0;
const POWER_ACKS = (CTRL_STAT.csysPwrUpAck | CTRL_STAT.cdbgPwrUpAck) >>> 0;
const POWER_TIMEOUT_MS = 5000;
const STICKY = CTRL_STAT.stickyErr | CTRL_STAT.stickyCmp | CTRL_STAT.stickyOrun | CTRL_STAT.wdataErr;
const ALL_PINS_HIGH = PIN.nreset;

/** Times the probe reads a register in one poll before the host asks again; the same everywhere, so set only once. */
export const POLL_RETRIES = 250;

/**
 * The debug port behind a probe. It owns the probe's {@linkcode TransferQueue}; everything below happens in the order
 * of the calls.
 */
export class DebugPort {
  /** The probe. */
  readonly probe: Probe;
  /** The probe's only queue. */
  readonly queue: TransferQueue;
  #wire: DpWire;
  #identity: DpIdentity | undefined;
  #select: number | undefined;
  #select1: number | undefined;
  #selectEpoch = -1;
  #recoveries = 0;

  /** Makes the debug port of `probe`; nothing is sent. */
  constructor(probe: Probe) {
    this.probe = probe;
    this.queue = new TransferQueue(probe);
    this.#wire = new DpWire(probe, {});
    this.queue.faultHandler = (fault) => this.#afterFault(fault);
  }

  /** What DPIDR said. @throws {TargetError} before {@linkcode DebugPort.connect} */
  get identity(): DpIdentity {
    if (!this.#identity) throw new TargetError("Cannot identify the debug port: it is not connected");
    return this.#identity;
  }

  /** Whether DPIDR was read, so that {@linkcode DebugPort.identity} can be asked. */
  get isConnected(): boolean {
    return this.#identity !== undefined;
  }

  /** The wire in use. */
  get protocol(): WireProtocol {
    return this.#wire.protocol;
  }

  /** Whether the debug port is an ADIv6 one, with access ports at addresses. */
  get isAdi6(): boolean {
    return this.identity.version >= 3;
  }

  /** How often the debug port had to be recovered after an error, for diagnosis. */
  get recoveries(): number {
    return this.#recoveries;
  }

  /**
   * Connects the probe, selects the wire protocol and reads DPIDR. Two attempts are made as configured, then two by
   * way of the dormant state.
   *
   * @throws {TransferError} with exit code 4 when no attempt gets an answer
   * @throws {ProbeError} when the probe fails
   */
  async connect(options: ConnectOptions = {}): Promise<DpIdentity> {
    this.#wire = new DpWire(this.probe, options);
    this.queue.invalidate();
    if (options.keepWire !== true) await this.probe.connect(this.protocol);
    this.queue.check = this.protocol === "jtag"
      ? { kind: "match", port: "dp", register: DP.ctrlStat, mask: CTRL_STAT.stickyErr, value: 0, retries: POLL_RETRIES }
      : undefined;
    const identity = await this.#wire.establish();
    this.#identity = identity;
    log.info(() =>
      `DP IDR = ${hex(identity.value)} (v${identity.version}${
        identity.minimal ? " MINDP" : ""
      } rev${identity.revision})`
    );
    return identity;
  }

  /**
   * Clears sticky errors and switches debug and system power on.
   *
   * @throws {TimeoutError} when the target does not acknowledge within 5 s
   */
  async powerUp(timeoutMs = POWER_TIMEOUT_MS): Promise<void> {
    this.clearSticky();
    this.writeDp(DP.ctrlStat, (POWER_REQUESTS | CTRL_STAT.maskLane) >>> 0);
    const on = await this.poll(timeoutMs, () => this.#matchCtrlStat(POWER_ACKS, POWER_ACKS, timeoutMs));
    if (!on) {
      throw new TimeoutError("Cannot power up the debug port: CTRL/STAT shows no power acknowledgement", {
        hint: "The target may be in a low-power state; try to connect under reset",
      });
    }
  }

  /** Drops the system power request, then that of the debug power. @throws {TimeoutError} when power stays on */
  async powerDown(timeoutMs = POWER_TIMEOUT_MS): Promise<void> {
    for (const [request, ack] of [[CTRL_STAT.cdbgPwrUpReq, CTRL_STAT.csysPwrUpAck], [0, CTRL_STAT.cdbgPwrUpAck]]) {
      this.writeDp(DP.ctrlStat, (request! | CTRL_STAT.maskLane) >>> 0);
      const off = await this.poll(timeoutMs, () => this.#matchCtrlStat(ack!, 0, timeoutMs));
      if (!off) throw new TimeoutError("Cannot power down the debug port: CTRL/STAT still acknowledges power");
    }
    this.queue.invalidate();
  }

  #matchCtrlStat(mask: number, value: number, limitMs: number): Promise<boolean> {
    return this.queue.match("dp", DP.ctrlStat, { mask, value: value >>> 0, retries: POLL_RETRIES, limitMs });
  }

  /** Queues the clearing of all sticky flags. */
  clearSticky(): void {
    if (this.protocol === "swd") this.queue.write("dp", DP.abort, ABORT.clearSticky);
    else this.writeDp(DP.ctrlStat, (POWER_REQUESTS | CTRL_STAT.maskLane | STICKY) >>> 0);
  }

  /** Queues the read of a DP register; bits 7:4 of `register` are its bank. @throws {TransferError} */
  readDp(register: number): Promise<number> {
    this.#selectDpBank(register >>> 4);
    const value = this.queue.read("dp", register & 0xc);
    this.#selectDpBank(0);
    return value;
  }

  /** Queues the write of a DP register; bits 7:4 of `register` are its bank. */
  writeDp(register: number, value: number): void {
    if (register === DP.select) {
      this.queue.write("dp", register, value);
      this.#remember(value >>> 0);
      return;
    }
    this.#selectDpBank(register >>> 4);
    this.queue.write("dp", register & 0xc, value);
    this.#selectDpBank(0);
  }

  /**
   * {@linkcode DebugPort.readDp} by the name pyOCD's users know.
   *
   * @throws {UsageError} when there is no such address
   * @throws {TransferError} from the promise
   */
  readReg(register: number): Promise<number> {
    checkRegister(register, 0x100, "debug port");
    return this.readDp(register);
  }

  /** {@linkcode DebugPort.writeDp} by the name pyOCD's users know. @throws {UsageError} when there is no such address */
  writeReg(register: number, value: number): void {
    checkRegister(register, 0x100, "debug port");
    this.writeDp(register, value);
  }

  /**
   * Queues the read of an AP register. `register` is the ADIv5 offset (0x00–0xFC), which ADIv6 access ports have
   * 0xD00 higher; offsets from 0x100 on are taken as they are.
   *
   * @throws {TransferError} from the promise
   */
  readAp(ap: ApAddress, register: number, tag?: TransferTag): Promise<number> {
    return this.queue.read("ap", this.selectAp(ap, register), { ap: apName(ap), ...tag });
  }

  /** Queues the write of an AP register; see {@linkcode DebugPort.readAp} for `register`. */
  writeAp(ap: ApAddress, register: number, value: number, tag?: TransferTag): void {
    this.queue.write("ap", this.selectAp(ap, register), value, { ap: apName(ap), ...tag });
  }

  /**
   * Queues what is needed to make an AP register accessible.
   *
   * @returns the register's address on the wire, for {@linkcode TransferQueue}
   */
  selectAp(ap: ApAddress, register: number): number {
    if ("apsel" in ap) {
      this.#writeSelect(((ap.apsel << 24) | (register & 0xf0)) >>> 0);
      return register & 0xc;
    }
    const address = ap.base + register + (register < 0x100 ? AP_V2_OFFSET : 0);
    return this.selectAddress(address);
  }

  /** Like {@linkcode DebugPort.selectAp}, for a byte address in the space of ADIv6 access ports. */
  selectAddress(address: number): number {
    this.#checkEpoch();
    const high = Math.floor(address / 2 ** 32);
    if (high !== this.#select1 && (high !== 0 || this.#select1 !== undefined || this.#addressBits > 32)) {
      this.#writeSelect(DP.select1 >>> 4);
      this.queue.write("dp", DP.select1 & 0xc, high);
      this.#select1 = high;
    }
    this.#writeSelect((address & 0xffff_fff0) >>> 0);
    return address & 0xc;
  }

  /** Bits of an ADIv6 AP address; set by {@linkcode DebugPort.readRootBase}. */
  #addressBits = 32;

  /**
   * Base address of the ADIv6 root component, from BASEPTR, or undefined when there is none.
   *
   * @throws {TransferError}
   */
  async readRootBase(): Promise<number | undefined> {
    const [idr1, low, high] = await Promise.all([
      this.readDp(DP.dpidr1),
      this.readDp(DP.basePtr0),
      this.readDp(DP.basePtr1),
    ]);
    this.#addressBits = Math.max(bits(idr1, 6, 0), 32);
    if (!bit(low, 0)) return undefined;
    const base = high * 2 ** 32 + ((low & 0xffff_f000) >>> 0);
    return base % 2 ** Math.min(this.#addressBits, 52);
  }

  /** Waits until everything queued is done. @throws {TransferError} */
  flush(): Promise<void> {
    return this.queue.flush();
  }

  /** Forgets the cached selection, here and in all access ports; needed after the target was reset. */
  invalidate(): void {
    this.queue.invalidate();
  }

  /**
   * Repeats `ask` until it answers true, sleeping in between.
   *
   * @returns false when `timeoutMs` milliseconds of the probe's time passed first
   */
  poll(timeoutMs: number, ask: () => Promise<boolean>): Promise<boolean> {
    return handled(this.#poll(timeoutMs, ask));
  }

  async #poll(timeoutMs: number, ask: () => Promise<boolean>): Promise<boolean> {
    const deadline = new Deadline(this.probe.clock, timeoutMs, "polling the target");
    for (let pause = 1;; pause = Math.min(pause * 2, 16)) {
      if (await ask()) return true;
      if (deadline.expired) return false;
      await this.probe.clock.sleep(Math.min(pause, deadline.left));
    }
  }

  /** Drives nRESET low, or lets it go high. */
  async assertReset(asserted: boolean): Promise<void> {
    await this.queue.flush();
    await this.probe.pins(asserted ? 0 : ALL_PINS_HIGH, PIN.nreset, 0);
  }

  /** Whether nRESET reads low. */
  async isResetAsserted(): Promise<boolean> {
    return ((await this.probe.pins(0, 0, 0)) & PIN.nreset) === 0;
  }

  /**
   * Pulses nRESET: low for `holdMs` milliseconds, then high, then `postMs` milliseconds of waiting. Cached selections
   * are dropped.
   */
  async resetPulse(holdMs = 100, postMs = 100): Promise<void> {
    await this.assertReset(true);
    await this.probe.clock.sleep(holdMs);
    await this.assertReset(false);
    await this.probe.clock.sleep(postMs);
    this.invalidate();
  }

  /**
   * Makes the debug port usable again after a reset of the target: waits until it answers with power still on,
   * connecting and powering up anew when it does not.
   *
   * @throws {TimeoutError} when that does not succeed within `timeoutMs` milliseconds
   */
  async recover(timeoutMs: number): Promise<void> {
    this.invalidate();
    const deadline = new Deadline(this.probe.clock, timeoutMs, "recovering the debug port after a reset");
    for (let round = 0;; round++) {
      const last = deadline.expired;
      try {
        if (round > 0) {
          log.debug("The debug port does not answer after the reset; connecting anew");
          this.invalidate();
          this.#identity = await this.#wire.establish();
          await this.powerUp(Math.min(POWER_TIMEOUT_MS, Math.max(deadline.left, 1)));
        }
        const status = await this.readDp(DP.ctrlStat);
        if ((status & POWER_REQUESTS) >>> 0 === POWER_REQUESTS) return;
      } catch (error) {
        if (!(error instanceof TransferError || error instanceof TimeoutError)) throw error;
        if (last) throw new TimeoutError("Cannot recover the debug port after the reset: no answer", { cause: error });
      }
      if (last) throw new TimeoutError("Cannot recover the debug port after the reset: debug power stays off");
      await this.probe.clock.sleep(Math.min(50, deadline.left));
    }
  }

  /** After a failed transfer, before anything else goes out. Talks to the probe directly: the queue is standing by. */
  async #afterFault(fault: TransferFault): Promise<void> {
    if (fault === "mismatch" || fault === "not-run") return;
    this.#recoveries++;
    if (fault === "wait") await this.probe.writeAbort(ABORT.dapAbort | ABORT.clearSticky);
    else if (fault !== "fault") await this.#wire.resynchronise();
    const clear: DapOp = this.protocol === "swd"
      ? { kind: "write", port: "dp", register: DP.abort, value: ABORT.clearSticky }
      : { kind: "write", port: "dp", register: DP.ctrlStat, value: (POWER_REQUESTS | STICKY) >>> 0 };
    const result = await this.probe.transfer([
      clear,
      { kind: "write", port: "dp", register: DP.select, value: 0 },
      { kind: "read", port: "dp", register: DP.ctrlStat },
    ]);
    const status = result.words[0];
    if (result.fault || status === undefined) log.debug(`The debug port does not recover: ${result.fault}`);
    else if ((status & CTRL_STAT.cdbgPwrUpAck) === 0) log.warning("The target has lost its debug power");
    else if (status & STICKY) log.warning(`The debug port keeps its error flags: CTRL/STAT = ${hex(status)}`);
  }

  #checkEpoch(): void {
    if (this.#selectEpoch === this.queue.epoch) return;
    this.#selectEpoch = this.queue.epoch;
    this.#select = undefined;
    this.#select1 = undefined;
  }

  #remember(select: number): void {
    this.#checkEpoch();
    this.#select = select;
  }

  #writeSelect(value: number): void {
    this.#checkEpoch();
    if (this.#select === value) return;
    this.queue.write("dp", DP.select, value);
    this.#select = value;
  }

  /** DP banks exist since DPv1, in DPv1 and DPv2 only at address 4 and (read) 0; bank 0 is selected between uses. */
  #selectDpBank(bank: number): void {
    this.#checkEpoch();
    if (bank === 0 && this.#select !== undefined && (this.#select & 0xf) === 0) return;
    if (this.#identity?.version === 0) return;
    this.#writeSelect((((this.#select ?? 0) & ~0xf) | bank) >>> 0);
  }
}

/** Addresses of registers that a port of this kind cannot have would reach another register. @throws {UsageError} */
export function checkRegister(register: number, end: number, port: string): void {
  if (Number.isInteger(register) && register >= 0 && register < end && register % 4 === 0) return;
  throw new UsageError(`Cannot access register ${register} of the ${port}: it has none there`, {
    code: "no-such-register",
    hint: `Addresses are multiples of 4 from 0 to ${hex(end - 4, 1)}`,
  });
}
