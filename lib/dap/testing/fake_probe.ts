/**
 * A probe without a wire, for the tests of what sits on top of one: debug port, MEM-APs and memory as plain arrays.
 *
 * @module
 */
import { hexBytes } from "../../base/bytes.ts";
import { VirtualClock } from "../../base/clock.ts";
import type { TransferFault } from "../../base/errors.ts";
import type { DapOp, DapResult, Probe, WireProtocol, WireStats } from "../../probe/probe.ts";

/** One MEM-AP of a {@linkcode FakeProbe}, with a memory behind it. */
export class FakeMemAp {
  /** IDR value; an AHB-AP unless told. */
  idr = 0x24770011;
  /** CFG value. */
  cfg = 0;
  /** BASE value: no ROM table unless told. */
  base = 0xffff_ffff;
  /** Control and status word. */
  csw = 0x2300_0042;
  /** Transfer address, low word. */
  tar = 0;
  /** Transfer address, high word. */
  tarHigh = 0;
  /** Bytes of the memory; what is missing reads as zero. */
  readonly memory = new Map<number, number>();
  /** Addresses of words that answer with a bus error. */
  readonly broken = new Set<number>();
  /** Called before a word is read from the memory. */
  onRead: ((address: number) => void) | undefined;
  /** Called after a word was written to the memory. */
  onWrite: ((address: number, value: number) => void) | undefined;
  /** Largest size code of CSW that the bus takes. */
  maxSize = 2;
  /** Every access that reached the memory, oldest first. */
  readonly accesses: { readonly address: number; readonly size: number; readonly write: boolean }[] = [];

  /** The word at an aligned address. */
  word(address: number): number {
    let value = 0;
    for (let i = 3; i >= 0; i--) value = (value << 8) | (this.memory.get(address + i) ?? 0);
    return value >>> 0;
  }

  /** Reads a register at its ADIv5 offset; undefined is a bus error. */
  read(register: number): number | undefined {
    switch (register) {
      case 0x00:
        return this.csw;
      case 0x04:
        return this.tar;
      case 0x08:
        return this.tarHigh;
      case 0x0c:
        return this.#access(this.tar, undefined, true);
      case 0xf4:
        return this.cfg;
      case 0xf8:
        return this.base;
      case 0xfc:
        return this.idr;
    }
    if (register >= 0x10 && register < 0x20) {
      return this.#access((this.tar & ~0xf) + (register & 0xc), undefined, false);
    }
    return 0;
  }

  /** Writes a register at its ADIv5 offset; false is a bus error. */
  write(register: number, value: number): boolean {
    if (register === 0x00) {
      const size = Math.min(value & 7, this.maxSize);
      this.csw = ((value & ~0x47) | size | 0x40) >>> 0;
    } else if (register === 0x04) this.tar = value >>> 0;
    else if (register === 0x08) this.tarHigh = value >>> 0;
    else if (register === 0x0c) return this.#access(this.tar, value, true) !== undefined;
    else if (register >= 0x10 && register < 0x20) {
      return this.#access((this.tar & ~0xf) + (register & 0xc), value, false) !== undefined;
    }
    return true;
  }

  #access(low: number, value: number | undefined, move: boolean): number | undefined {
    const size = 1 << (this.csw & 7);
    const address = this.tarHigh * 2 ** 32 + (low >>> 0);
    if (this.broken.has(address - (address % 4))) return undefined;
    this.accesses.push({ address, size, write: value !== undefined });
    if (value === undefined) this.onRead?.(address);
    const lane = address % 4;
    let result = 0;
    for (let i = 0; i < size; i++) {
      if (value !== undefined) this.memory.set(address + i, (value >>> (8 * (lane + i))) & 0xff);
      else result |= (this.memory.get(address + i) ?? 0) << (8 * (lane + i));
    }
    if (value !== undefined) this.onWrite?.(address, value);
    if (move && (this.csw & 0x30) === 0x10) {
      this.tar = ((this.tar & ~0x3ff) | ((this.tar + size) & 0x3ff)) >>> 0;
    }
    return result >>> 0;
  }
}

/** A probe in front of a debug port with {@linkcode FakeMemAp}s. */
export class FakeProbe implements Probe {
  readonly uniqueId = "fake";
  readonly description = "Fake probe";
  readonly vendor = "None";
  readonly version = "1";
  readonly protocols: readonly WireProtocol[] = ["swd", "jtag"];
  readonly clock = new VirtualClock();
  readonly stats: WireStats = { packets: 0, bytesOut: 0, bytesIn: 0 };
  /** Access ports by APSEL (ADIv5) or by address (ADIv6). */
  readonly aps = new Map<number, FakeMemAp>([[0, new FakeMemAp()]]);
  /** DPIDR value. */
  dpidr = 0x2ba01477;
  /** Banked DP registers that can only be read, by address with the bank in bits 7:4. */
  readonly dpRegisters = new Map<number, number>();
  /** CTRL/STAT. */
  ctrlStat = 0;
  /** SELECT and SELECT1. */
  select = 0;
  /** High word of the AP address. */
  select1 = 0;
  /** Level of nRESET as the probe drives it. */
  nreset = true;
  /** How many DPIDR reads get no answer before one does. */
  deaf = 0;
  /** Every batch that was sent. */
  readonly batches: (readonly DapOp[])[] = [];
  /** Bits of every line sequence, in hexadecimal after their number. */
  readonly sequences: string[] = [];
  /** Values written to ABORT through {@linkcode FakeProbe.writeAbort}. */
  readonly aborts: number[] = [];
  /** Lets a test fail operation number `index` of the batch under way before it is carried out. */
  inject: ((op: DapOp, index: number) => TransferFault | undefined) | undefined;

  /** The only access port of a plain board. */
  get ap0(): FakeMemAp {
    return this.aps.get(0)!;
  }

  async connect(_protocol: WireProtocol): Promise<void> {}
  async disconnect(): Promise<void> {}
  async close(): Promise<void> {}
  async setFrequency(_hz: number): Promise<void> {}

  writeAbort(value: number): Promise<void> {
    this.aborts.push(value);
    this.#abort(value);
    return Promise.resolve();
  }

  swjSequence(count: number, bits: Uint8Array): Promise<void> {
    this.sequences.push(`${count}:${hexBytes(bits)}`);
    return Promise.resolve();
  }

  pins(output: number, select: number, _waitUs: number): Promise<number> {
    if (select & 0x80) this.nreset = (output & 0x80) !== 0;
    return Promise.resolve(this.nreset ? 0x80 : 0);
  }

  async transfer(ops: readonly DapOp[]): Promise<DapResult> {
    this.batches.push(ops);
    await Promise.resolve();
    const words: number[] = [];
    for (const [index, op] of ops.entries()) {
      const [fault, partial] = this.#run(op, words, this.inject?.(op, index));
      if (fault) return { words: Uint32Array.from(words), done: index, partial, fault };
    }
    return { words: Uint32Array.from(words), done: ops.length, partial: 0 };
  }

  #run(op: DapOp, words: number[], injected: TransferFault | undefined): [TransferFault | undefined, number] {
    if (injected) return [injected, 0];
    const read = op.kind === "read" || op.kind === "read-block";
    const count = op.kind === "read-block" ? op.count : op.kind === "write-block" ? op.values.length : 1;
    for (let i = 0; i < count; i++) {
      if (op.kind === "write" || op.kind === "write-block") {
        const value = op.kind === "write" ? op.value : op.values[i]!;
        if (!this.#write(op.port, op.register, value)) return ["fault", i];
        continue;
      }
      const value = this.#read(op.port, op.register);
      if (typeof value === "string") return [value, i];
      if (read) words.push(value);
      else if (op.kind === "match" && (value & op.mask) >>> 0 !== op.value) return ["mismatch", 0];
    }
    return [undefined, 0];
  }

  #read(port: "dp" | "ap", register: number): number | TransferFault {
    if (port === "ap") {
      if (this.ctrlStat & 0x20) return "fault";
      const [ap, offset] = this.#selected(register);
      const value = ap ? ap.read(offset) : 0;
      if (value === undefined) this.ctrlStat |= 0x20;
      return value ?? "fault";
    }
    if (register === 0) {
      if (this.deaf > 0) {
        this.deaf--;
        return "no-ack";
      }
      return (this.select & 0xf) === 0 ? this.dpidr : this.dpRegisters.get((this.select & 0xf) << 4) ?? 0;
    }
    if (register === 4) {
      const bank = this.select & 0xf;
      return bank === 0 ? this.ctrlStat >>> 0 : this.dpRegisters.get((bank << 4) | 4) ?? 0;
    }
    return this.ctrlStat & 0x20 ? "fault" : 0;
  }

  #write(port: "dp" | "ap", register: number, value: number): boolean {
    if (port === "dp" && register === 0) {
      this.#abort(value);
      return true;
    }
    if (this.ctrlStat & 0x20) return false;
    if (port === "ap") {
      const [ap, offset] = this.#selected(register);
      if (!ap || ap.write(offset, value)) return true;
      this.ctrlStat |= 0x20;
      return false;
    }
    if (register === 8) this.select = value >>> 0;
    else if (register === 4 && (this.select & 0xf) === 0) {
      this.ctrlStat = (this.ctrlStat & 0x20) | (value & 0x5000_0f00) | ((value & 0x5000_0000) << 1);
    } else if (register === 4 && (this.select & 0xf) === 5) this.select1 = value >>> 0;
    return true;
  }

  #abort(value: number): void {
    if (value & 4) this.ctrlStat &= ~0x20;
  }

  #selected(register: number): [FakeMemAp | undefined, number] {
    if (this.dpidr >>> 12 & 3 && (this.dpidr >>> 12 & 0xf) >= 3) {
      const address = this.select1 * 2 ** 32 + (((this.select & ~0xf) | register) >>> 0);
      const base = address - (address % 0x1000);
      const offset = address - base;
      return offset >= 0xd00 ? [this.aps.get(base), offset - 0xd00] : [undefined, 0];
    }
    return [this.aps.get(this.select >>> 24), (this.select & 0xf0) | register];
  }
}
