/**
 * A chip without a core for tests of the debug port and the probe: RAM at 0x20000000 behind one memory access port,
 * and a register access port at APSEL 1 that answers as the test says.
 *
 * @module
 */
import {
  type AccessSize,
  type ApReply,
  BUS_ERROR,
  type BusMaster,
  type SimAccessPort,
  type SimChip,
} from "../contracts.ts";
import { AHB_AP_IDR, SimMemAp } from "../dp/mem_ap.ts";

/** Where the RAM starts. */
export const RAM_BASE = 0x20000000;

/** Bytes of RAM. */
export const RAM_SIZE = 0x1000;

/** RAM with a bus error everywhere else. */
export class FakeBus implements BusMaster {
  /** The RAM. */
  readonly ram: Uint8Array = new Uint8Array(RAM_SIZE);

  /** Reads RAM. */
  read(address: number, size: AccessSize): number {
    const offset = address - RAM_BASE;
    if (offset < 0 || offset + size > RAM_SIZE) return BUS_ERROR;
    let value = 0;
    for (let i = 0; i < size; i++) value += this.ram[offset + i]! * 2 ** (8 * i);
    return value;
  }

  /** Writes RAM. */
  write(address: number, size: AccessSize, value: number): boolean {
    const offset = address - RAM_BASE;
    if (offset < 0 || offset + size > RAM_SIZE) return false;
    for (let i = 0; i < size; i++) this.ram[offset + i] = value >>> (8 * i);
    return true;
  }
}

/** An access port that replies what the test put into `replies`, then `ok` with 0. */
export class ScriptedAp implements SimAccessPort {
  /** Replies still to give. */
  readonly replies: ApReply[] = [];
  /** Registers accessed, in order. */
  readonly log: string[] = [];

  /** Logs and replies. */
  read(register: number): ApReply {
    this.log.push(`r${register.toString(16)}`);
    return this.replies.shift() ?? { kind: "ok", value: 0 };
  }

  /** Logs and replies. */
  write(register: number, value: number): ApReply {
    this.log.push(`w${register.toString(16)}=${value.toString(16)}`);
    return this.replies.shift() ?? { kind: "ok", value: 0 };
  }
}

/** The chip. */
export class FakeChip implements SimChip {
  /** Board name. */
  readonly name: string = "fake";
  /** Cortex-M4 SW-DP, version 1, unless told otherwise. */
  readonly dpidr: number;
  /** Zero unless told otherwise. */
  readonly targetId: number;
  /** Multi-drop instance. */
  readonly instance: number;
  /** Behind the memory access port. */
  readonly bus: FakeBus = new FakeBus();
  /** At APSEL 1. */
  readonly scripted: ScriptedAp = new ScriptedAp();
  /** A memory access port at APSEL 0, a scripted one at 1. */
  readonly accessPorts: ReadonlyMap<number, SimAccessPort>;
  /** Never runs anything. */
  readonly instructions: number = 0;
  /** nRESET. */
  resetAsserted = false;
  /** Nanoseconds passed. */
  elapsedNs = 0;
  /** Every change of the debug power, in order. */
  readonly power: boolean[] = [];
  /** Bytes the next takeSwo() returns. */
  swo: Uint8Array = new Uint8Array();

  /** Makes a chip; the defaults are those of a Cortex-M4. */
  constructor(options: { dpidr?: number; targetId?: number; instance?: number } = {}) {
    this.dpidr = options.dpidr ?? 0x2ba01477;
    this.targetId = options.targetId ?? 0;
    this.instance = options.instance ?? 0;
    this.accessPorts = new Map<number, SimAccessPort>([
      [0, new SimMemAp(this.bus, { idr: AHB_AP_IDR.CORTEX_M3 })],
      [1, this.scripted],
    ]);
  }

  /** Counts time. */
  advance(ns: number): void {
    this.elapsedNs += ns;
  }

  /** Remembers the level. */
  setReset(asserted: boolean): void {
    this.resetAsserted = asserted;
  }

  /** Remembers the change. */
  setDebugPower(on: boolean): void {
    this.power.push(on);
  }

  /** Hands over {@linkcode swo}. */
  takeSwo(): Uint8Array {
    const out = this.swo;
    this.swo = new Uint8Array();
    return out;
  }
}
