/**
 * Instrumentation Trace Macrocell of ARMv7-M (DDI0403E section C1.7): stimulus ports in, trace packets out.
 *
 * @module
 */
import type { AccessSize, BusDevice } from "../contracts.ts";
import { mergeLane, readLane } from "../flash/lanes.ts";
import { CIDR_GENERIC, identification } from "./component.ts";

const PORTS_END = 0x80, TER = 0xe00, TPR = 0xe40, TCR = 0xe80, LAR = 0xfb0, LSR = 0xfb4;
const UNLOCK_KEY = 0xc5acce55, LSR_PRESENT = 1, LSR_LOCKED = 2;

const TCR_ITMENA = 1 << 0, TCR_TSENA = 1 << 1, TCR_SYNCENA = 1 << 2, TCR_BUSY = 1 << 23;
const TCR_WRITABLE = 0x007f0f1f;
const TIMESTAMP_PRESCALE = [1, 4, 16, 64] as const;

const ID = { cidr: CIDR_GENERIC, pidr: 0x003bb001, pidr4: 4 } as const;

/** Core clocks between synchronisation packets: DWT_CTRL.SYNCTAP at its fastest. */
const SYNC_PERIOD = 2 ** 24;

const OVERFLOW_PACKET = Uint8Array.of(0x70);
const SYNC_PACKET = Uint8Array.of(0, 0, 0, 0, 0, 0x80);

/** Where trace packets go: the trace port with its queue. */
export interface TraceSink {
  /** Whether the queue takes `length` more bytes now. */
  hasRoom(length: number): boolean;
  /** Appends one whole packet. */
  push(packet: Uint8Array): void;
  /** Whether bytes are still waiting. */
  readonly busy: boolean;
}

/** The ITM as a component of the private peripheral bus at 0xE0000000. */
export class Itm implements BusDevice {
  #sink: TraceSink;
  #cycles: () => number;
  #ter = 0;
  #tpr = 0;
  #tcr = 0;
  #isLocked = true;
  #hasOverflowed = false;
  #lastStamp = 0;
  #lastSync = -Infinity;

  /** An ITM that sends to `sink`; `cycles` is the count of core clocks that timestamps are made of. */
  constructor(sink: TraceSink, cycles: () => number) {
    this.#sink = sink;
    this.#cycles = cycles;
  }

  /** ATB identifier under which a formatter shows this source (TCR.TraceBusID). */
  get traceBusId(): number {
    return (this.#tcr >>> 16) & 0x7f;
  }

  /** Power-on reset; a system reset leaves trace running. */
  powerOn(): void {
    this.#ter =
      this.#tpr =
      this.#tcr =
      this.#lastStamp =
        0;
    this.#isLocked = true;
    this.#hasOverflowed = false;
  }

  /** Reads a register; a stimulus port says whether it takes a write. */
  read(offset: number, size: AccessSize): number {
    return readLane(this.#readWord(offset & ~3), offset, size);
  }

  /** Writes a register. The lock guards all but the stimulus ports. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    if (register < PORTS_END) this.#stimulate(register >> 2, size, value);
    else if (register === LAR) this.#isLocked = value >>> 0 !== UNLOCK_KEY;
    else if (!this.#isLocked) this.#control(register, mergeLane(this.#readWord(register), offset, size, value));
    return true;
  }

  #readWord(register: number): number {
    if (register < PORTS_END) return this.#tcr & TCR_ITMENA && this.#sink.hasRoom(5) ? 1 : 0;
    switch (register) {
      case TER:
        return this.#ter;
      case TPR:
        return this.#tpr;
      case TCR:
        return this.#tcr | (this.#sink.busy ? TCR_BUSY : 0);
      case LSR:
        return LSR_PRESENT | (this.#isLocked ? LSR_LOCKED : 0);
      default:
        return identification(ID, register);
    }
  }

  #control(register: number, word: number): void {
    switch (register) {
      case TER:
        this.#ter = word;
        return;
      case TPR:
        this.#tpr = word & 0xf;
        return;
      case TCR: {
        const starts = !(this.#tcr & TCR_ITMENA) && (word & TCR_ITMENA) !== 0;
        this.#tcr = word & TCR_WRITABLE;
        if (!starts) return;
        this.#lastStamp = this.#cycles();
        this.#lastSync = -Infinity;
        this.#synchronise();
        return;
      }
    }
  }

  #stimulate(port: number, size: AccessSize, value: number): void {
    if (!(this.#tcr & TCR_ITMENA) || !((this.#ter >>> port) & 1)) return;
    const packet = new Uint8Array(1 + size);
    packet[0] = port << 3 | (size === 4 ? 3 : size);
    for (let i = 0; i < size; i++) packet[1 + i] = (value >>> (i * 8)) & 0xff;
    this.#synchronise();
    this.#send(packet);
    if (this.#tcr & TCR_TSENA) this.#stamp();
  }

  #synchronise(): void {
    const now = this.#cycles();
    if (!(this.#tcr & TCR_SYNCENA) || now - this.#lastSync < SYNC_PERIOD) return;
    this.#lastSync = now;
    this.#send(SYNC_PACKET);
  }

  /** Local timestamp of the packet before it: the clocks since the last one (DDI0403E D4.2.4). */
  #stamp(): void {
    const now = this.#cycles();
    const delta = Math.floor((now - this.#lastStamp) / TIMESTAMP_PRESCALE[((this.#tcr >>> 8) & 3) as 0 | 1 | 2 | 3]);
    this.#lastStamp = now;
    this.#send(timestampPacket(delta));
  }

  #send(packet: Uint8Array): void {
    const needed = packet.length + (this.#hasOverflowed ? OVERFLOW_PACKET.length : 0);
    if (!this.#sink.hasRoom(needed)) {
      this.#hasOverflowed = true;
      return;
    }
    if (this.#hasOverflowed) this.#sink.push(OVERFLOW_PACKET);
    this.#hasOverflowed = false;
    this.#sink.push(packet);
  }
}

/**
 * A local timestamp packet that is synchronous to its source: one byte for 1–6, otherwise up to four groups of seven
 * bits; longer waits saturate (DDI0403E D4.2.4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { timestampPacket } from "./itm.ts";
 *
 * assertEquals(timestampPacket(3), Uint8Array.of(0x30));
 * assertEquals(timestampPacket(200), Uint8Array.of(0xc0, 0xc8, 0x01));
 * ```
 */
export function timestampPacket(delta: number): Uint8Array<ArrayBuffer> {
  if (delta >= 1 && delta <= 6) return Uint8Array.of(delta << 4);
  const bytes = [0xc0];
  let rest = Math.min(delta, 0xfffffff);
  do {
    const group = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? group | 0x80 : group);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
