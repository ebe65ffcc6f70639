/**
 * The registers of a debug port and its road to the access ports, the same for both wires (IHI 0031 chapter B2).
 *
 * @module
 */
import { bits } from "../../base/bits.ts";
import type { ApReply, SimAccessPort, SimChip } from "../contracts.ts";

/** CTRL/STAT bits (IHI 0031 B2.2.2). */
export const CTRL = {
  ORUNDETECT: 1 << 0,
  STICKYORUN: 1 << 1,
  STICKYCMP: 1 << 4,
  STICKYERR: 1 << 5,
  READOK: 1 << 6,
  WDATAERR: 1 << 7,
  CDBGPWRUPREQ: 1 << 28,
  CDBGPWRUPACK: 1 << 29,
  CSYSPWRUPREQ: 1 << 30,
  CSYSPWRUPACK: (1 << 31) >>> 0,
} as const;

const STICKY_BITS = CTRL.STICKYORUN | CTRL.STICKYCMP | CTRL.STICKYERR | CTRL.WDATAERR;
const POWER_REQUESTS = CTRL.CDBGPWRUPREQ | CTRL.CSYSPWRUPREQ;
/** TRNMODE, MASKLANE and TRNCNT exist only when DPIDR.MIN is clear. */
const PUSHED_FIELDS = 0x00ffff0c;

/** ABORT bits (IHI 0031 B2.2.1). */
export const ABORT = { DAPABORT: 1, STKCMPCLR: 2, STKERRCLR: 4, WDERRCLR: 8, ORUNERRCLR: 16 } as const;

/** An access port transaction that has been accepted and not finished. */
interface PendingAccess {
  readonly run: (ap: SimAccessPort) => ApReply;
  readonly done: (value: number) => void;
}

/** The register file of one debug port. */
export class DpRegisters {
  /** Architecture version from DPIDR, 0 to 2. */
  readonly version: number;
  /** DLCR.TURNROUND plus one: turnaround clocks on SWD. */
  turnaround = 1;
  /** Result of the last finished access port read. */
  readBuffer = 0;
  /** CTRL/STAT.READOK as the wire last left it. */
  readOk = false;

  #chip: SimChip;
  #powerDelayNs: number;
  #now = 0;
  #powerChangeAt = Infinity;
  #powered = 0;
  #control = 0;
  #sticky = 0;
  #select = 0;
  #pending: PendingAccess | undefined;
  #injectedWaits = 0;

  /** The debug port of `chip`; power requests are acknowledged `powerDelayNs` nanoseconds later. */
  constructor(chip: SimChip, powerDelayNs: number) {
    this.#chip = chip;
    this.#powerDelayNs = powerDelayNs;
    this.version = bits(chip.dpidr, 15, 12);
  }

  /** Sticky error flags, in their CTRL/STAT positions; 0 when all is well. */
  get sticky(): number {
    return this.#sticky;
  }

  /** CTRL/STAT.ORUNDETECT. */
  get overrunDetect(): boolean {
    return (this.#control & CTRL.ORUNDETECT) !== 0;
  }

  /** SELECT.DPBANKSEL. */
  get bank(): number {
    return this.#select & 0xf;
  }

  /** Sets sticky flags given in their CTRL/STAT positions. */
  raise(flags: number): void {
    this.#sticky |= flags & STICKY_BITS;
  }

  /** Makes the next `count` accesses that may wait find an access port still busy. */
  injectWaits(count: number): void {
    this.#injectedWaits += count;
  }

  /** Lets time pass for the power controller. */
  elapse(ns: number): void {
    this.#now += ns;
    if (this.#now >= this.#powerChangeAt) this.#settlePower();
  }

  #settlePower(): void {
    const before = this.#powered;
    this.#powered = this.#control & POWER_REQUESTS;
    this.#powerChangeAt = Infinity;
    const changed = (before ^ this.#powered) & CTRL.CDBGPWRUPREQ;
    if (changed !== 0) this.#chip.setDebugPower((this.#powered & CTRL.CDBGPWRUPREQ) !== 0);
  }

  /** Asks whether an access port transaction is still going on; asking gives it the chance to finish. */
  takeBusy(): boolean {
    if (this.#injectedWaits > 0) {
      this.#injectedWaits--;
      return true;
    }
    const pending = this.#pending;
    if (pending === undefined) return false;
    this.#pending = undefined;
    this.#start(pending);
    return this.#pending !== undefined;
  }

  /** Reads DPIDR (0x0) or what DPBANKSEL puts at 0x4. */
  read(address: 0x0 | 0x4): number {
    if (address === 0x0) return this.#chip.dpidr;
    switch (this.bank) {
      case 0:
        return this.#controlStatus();
      case 1:
        return this.version >= 1 ? 0x40 | ((this.turnaround - 1) << 8) : 0;
      case 2:
        return this.version >= 2 ? this.#chip.targetId : 0;
      case 3:
        return this.version >= 2 ? ((this.#chip.instance << 28) | 1) >>> 0 : 0;
      case 4:
        return this.version >= 2 ? 1 : 0;
      default:
        return 0;
    }
  }

  #controlStatus(): number {
    const acknowledged = this.#powered << 1;
    const readOk = this.readOk ? CTRL.READOK : 0;
    return (this.#control | acknowledged | this.#sticky | readOk) >>> 0;
  }

  /** Writes what DPBANKSEL puts at 0x4; `clearsSticky` when ones clear flags, as on JTAG (IHI 0031 B2.2.2). */
  writeBanked(value: number, clearsSticky: boolean): void {
    if (this.bank === 0) this.#writeControl(value, clearsSticky);
    else if (this.bank === 1 && this.version >= 1) this.turnaround = bits(value, 9, 8) + 1;
  }

  #writeControl(value: number, clearsSticky: boolean): void {
    const minimal = (this.#chip.dpidr & 0x10000) !== 0;
    const writable = CTRL.ORUNDETECT | POWER_REQUESTS | (minimal ? 0 : PUSHED_FIELDS);
    const before = this.#control;
    this.#control = value & writable;
    if (clearsSticky) this.#sticky &= ~(value & (CTRL.STICKYORUN | CTRL.STICKYCMP | CTRL.STICKYERR));
    if (((before ^ this.#control) & POWER_REQUESTS) === 0) return;
    this.#powerChangeAt = this.#now + this.#powerDelayNs;
    if (this.#powerDelayNs === 0) this.#settlePower();
  }

  /** Writes SELECT. */
  writeSelect(value: number): void {
    this.#select = value >>> 0;
  }

  /** Writes ABORT. */
  abort(value: number): void {
    if (value & ABORT.DAPABORT) {
      this.#pending = undefined;
      this.#injectedWaits = 0;
    }
    let clear = 0;
    if (value & ABORT.STKCMPCLR) clear |= CTRL.STICKYCMP;
    if (value & ABORT.STKERRCLR) clear |= CTRL.STICKYERR;
    if (value & ABORT.WDERRCLR) clear |= CTRL.WDATAERR;
    if (value & ABORT.ORUNERRCLR) clear |= CTRL.STICKYORUN;
    this.#sticky &= ~clear;
  }

  /** Whether the debug domain has power; without it an access port cannot answer. */
  get debugPowered(): boolean {
    return (this.#powered & CTRL.CDBGPWRUPREQ) !== 0;
  }

  /** Starts a read of the selected access port's register `address` (0, 4, 8 or 12) of the selected bank. */
  startRead(address: number): void {
    const register = (this.#select & 0xf0) | address;
    this.#start({
      run: (ap) => ap.read(register),
      done: (value) => {
        this.readBuffer = value >>> 0;
      },
    });
  }

  /** Starts a write, or in a pushed mode the read-and-compare that takes its place (IHI 0031 B1.2.3). */
  startWrite(address: number, value: number): void {
    const register = (this.#select & 0xf0) | address;
    const mode = bits(this.#control, 3, 2);
    if (mode !== 1 && mode !== 2) {
      this.#start({ run: (ap) => ap.write(register, value), done: () => {} });
      return;
    }
    const mask = laneMask(bits(this.#control, 11, 8));
    for (let left = bits(this.#control, 23, 12); left >= 0; left--) {
      this.#start({
        run: (ap) => ap.read(register),
        done: (found) => {
          const same = ((found ^ value) & mask) === 0;
          if (same === (mode === 2)) this.raise(CTRL.STICKYCMP);
        },
      });
      if (this.#sticky !== 0 || this.#pending !== undefined) break;
    }
    this.#control &= ~(0xfff << 12);
  }

  #start(access: PendingAccess): void {
    const ap = this.#chip.accessPorts.get(this.#select >>> 24);
    if (!this.debugPowered) {
      this.raise(CTRL.STICKYERR);
      return;
    }
    const reply: ApReply = ap === undefined ? { kind: "ok", value: 0 } : access.run(ap);
    if (reply.kind === "ok") access.done(reply.value);
    else if (reply.kind === "wait") this.#pending = access;
    else this.raise(CTRL.STICKYERR);
  }
}

function laneMask(lanes: number): number {
  let mask = 0;
  for (let lane = 0; lane < 4; lane++) if (lanes & (1 << lane)) mask |= 0xff << (lane * 8);
  return mask;
}
