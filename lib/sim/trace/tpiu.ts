/**
 * Trace Port Interface Unit of Cortex-M (DDI0403E section C1.10) with its SWO pin: a queue that drains at the baud
 * rate, and the CoreSight formatter in front of it.
 *
 * @module
 */
import type { AccessSize, BusDevice } from "../contracts.ts";
import { mergeLane, readLane } from "../flash/lanes.ts";
import { CIDR_DEBUG, identification } from "./component.ts";
import type { TraceSink } from "./itm.ts";

const SSPSR = 0x000, CSPSR = 0x004, ACPR = 0x010, SPPR = 0x0f0, FFSR = 0x300, FFCR = 0x304;
const CLAIMSET = 0xfa0, CLAIMCLR = 0xfa4, DEVID = 0xfc8, DEVTYPE = 0xfcc;

const SUPPORTED_SIZES = 0x0000000f, FFSR_CANNOT_STOP = 0x8, FFCR_ENFCONT = 1 << 1, FFCR_TRIGIN = 1 << 8;
/** Manchester and NRZ output, and a parallel port, are there. */
const DEVID_VALUE = 0xca1, DEVTYPE_VALUE = 0x11;

const PROTOCOL_MANCHESTER = 1, PROTOCOL_NRZ = 2;
/** Bit times per byte: start, eight data and stop bits for NRZ; a ninth double-length bit for Manchester. */
const BITS_PER_BYTE: Readonly<Record<number, number>> = { [PROTOCOL_MANCHESTER]: 18, [PROTOCOL_NRZ]: 10 };

/** Bytes between the ITM and the pin. */
const QUEUE_BYTES = 64;
/** Bytes kept for whoever listens to the pin. */
const LISTENER_BYTES = 1 << 20;

const ID = { cidr: CIDR_DEBUG, pidr: 0x000bb9a1, pidr4: 4 } as const;

/** What a {@linkcode Tpiu} needs from the chip. */
export interface TpiuOptions {
  /** Target time in nanoseconds. */
  readonly now: () => number;
  /** Frequency in hertz of the clock that ACPR divides. */
  readonly traceClockHz: () => number;
  /** Whether the chip routes SWO to its pin. */
  readonly isPinOn: () => boolean;
  /** ATB identifier of the source, for the formatter. */
  readonly sourceId: () => number;
}

/** The TPIU as a component of the private peripheral bus at 0xE0040000, and the pin behind it. */
export class Tpiu implements BusDevice, TraceSink {
  #options: TpiuOptions;
  #cspsr = 1;
  #acpr = 0;
  #sppr = PROTOCOL_MANCHESTER;
  #ffcr = FFCR_ENFCONT | FFCR_TRIGIN;
  #claim = 0;
  #frame: number[] = [];
  #queue: { byte: number; doneAt: number }[] = [];
  #sent: number[] = [];

  /** A TPIU in its power-on state. */
  constructor(options: TpiuOptions) {
    this.#options = options;
  }

  /** Whether bytes wait to be shifted out. */
  get busy(): boolean {
    return this.#waiting() > 0;
  }

  /** Power-on reset. */
  powerOn(): void {
    this.#cspsr = 1;
    this.#acpr = 0;
    this.#sppr = PROTOCOL_MANCHESTER;
    this.#ffcr = FFCR_ENFCONT | FFCR_TRIGIN;
    this.#claim = 0;
    this.#frame = [];
    this.#queue = [];
    this.#sent = [];
  }

  /** Whether the queue takes `length` more bytes now. */
  hasRoom(length: number): boolean {
    return this.#waiting() + length <= QUEUE_BYTES;
  }

  /** Queues a packet; it is lost when the pin is off or speaks the parallel protocol. */
  push(packet: Uint8Array): void {
    const bits = BITS_PER_BYTE[this.#sppr];
    if (bits === undefined || !this.#options.isPinOn()) return;
    const byteNs = bits * (this.#acpr + 1) * 1e9 / this.#options.traceClockHz();
    const bytes = this.#ffcr & FFCR_ENFCONT ? this.#format(packet) : packet;
    let at = Math.max(this.#options.now(), this.#queue.at(-1)?.doneAt ?? 0);
    for (const byte of bytes) this.#queue.push({ byte, doneAt: at += byteNs });
  }

  /** The bytes shifted out since the last call; when nobody listens, the first mebibyte is kept. */
  takeSwo(): Uint8Array<ArrayBuffer> {
    this.#waiting();
    const sent = Uint8Array.from(this.#sent);
    this.#sent = [];
    return sent;
  }

  /** Reads a register. */
  read(offset: number, size: AccessSize): number {
    return readLane(this.#readWord(offset & ~3), offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: AccessSize, value: number): boolean {
    const register = offset & ~3;
    const word = mergeLane(this.#readWord(register), offset, size, value);
    switch (register) {
      case CSPSR:
        this.#cspsr = word;
        break;
      case ACPR:
        this.#acpr = word & 0x1fff;
        break;
      case SPPR:
        this.#sppr = word & 3;
        break;
      case FFCR:
        this.#ffcr = word & FFCR_ENFCONT | FFCR_TRIGIN;
        this.#frame = [];
        break;
      case CLAIMSET:
        this.#claim |= value & 0xf;
        break;
      case CLAIMCLR:
        this.#claim &= ~value;
        break;
    }
    return true;
  }

  #readWord(register: number): number {
    switch (register) {
      case SSPSR:
        return SUPPORTED_SIZES;
      case CSPSR:
        return this.#cspsr;
      case ACPR:
        return this.#acpr;
      case SPPR:
        return this.#sppr;
      case FFSR:
        return FFSR_CANNOT_STOP;
      case FFCR:
        return this.#ffcr;
      case CLAIMSET:
        return 0xf;
      case CLAIMCLR:
        return this.#claim;
      case DEVID:
        return DEVID_VALUE;
      case DEVTYPE:
        return DEVTYPE_VALUE;
      default:
        return identification(ID, register);
    }
  }

  /** Bytes not shifted out yet, after moving those that are. */
  #waiting(): number {
    const now = this.#options.now();
    while (this.#queue.length > 0 && this.#queue[0]!.doneAt <= now) {
      const { byte } = this.#queue.shift()!;
      if (this.#sent.length < LISTENER_BYTES) this.#sent.push(byte);
    }
    return this.#queue.length;
  }

  /** CoreSight frames of 16 bytes, each opening with the source's id (IHI0029 D4.2); a frame leaves once it is full. */
  #format(packet: Uint8Array): number[] {
    const out: number[] = [];
    for (const byte of packet) {
      if (this.#frame.length === 0) this.#frame.push(this.#options.sourceId() << 1 | 1);
      this.#frame.push(byte);
      if (this.#frame.length === 15) {
        out.push(...sealFrame(this.#frame));
        this.#frame = [];
      }
    }
    return out;
  }
}

/** Moves the low bits of data bytes at even places into the sixteenth byte. */
function sealFrame(bytes: readonly number[]): number[] {
  let auxiliary = 0;
  const frame = bytes.map((byte, i) => {
    if (i === 0 || i % 2 === 1) return byte;
    auxiliary |= (byte & 1) << (i / 2);
    return byte & 0xfe;
  });
  return [...frame, auxiliary];
}
