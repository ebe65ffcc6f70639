/**
 * One open device of libusb.
 *
 * @module
 */
import { concatBytes } from "../base/bytes.ts";
import { FAILURE_WORDS, libusbError } from "./failures.ts";
import { type LibusbSymbols, TRANSFER_TYPE } from "./symbols.ts";
import type { TransferDone, TransferStatus } from "./slot.ts";
import type { TransferPump } from "./transfers.ts";
import {
  describeDevice,
  type UsbConnection,
  type UsbDeviceInfo,
  UsbError,
  type UsbFailure,
  type UsbSetup,
  type UsbTransferDone,
  type UsbTransferOptions,
} from "./usb.ts";

/** GET_DESCRIPTOR of a device (USB 2.0, table 9-4), descriptor type string. */
const STRING_REQUEST = { requestType: 0x80, request: 6, descriptor: 3 } as const;

/** Strings are short; a device that does not answer within this is not worth waiting for. */
const STRING_TIMEOUT_MS = 1000;

const OUTCOME: Readonly<Record<Exclude<TransferStatus, "completed">, UsbFailure>> = {
  error: "io",
  "timed-out": "timeout",
  cancelled: "cancelled",
  stall: "stall",
  "no-device": "gone",
  overflow: "overflow",
};

const NOTHING = new Uint8Array(0);

/** What a connection is made from. */
export interface ConnectionParts {
  /** The device. */
  readonly info: UsbDeviceInfo;
  /** The library. */
  readonly symbols: LibusbSymbols;
  /** Open handle. */
  readonly handle: Deno.PointerValue;
  /** Completes the transfers. */
  readonly pump: TransferPump;
  /** Called once when the connection is closed. */
  closed(): void;
}

/** {@linkcode UsbConnection} over a libusb handle. */
export class LibusbConnection implements UsbConnection {
  readonly info: UsbDeviceInfo;
  readonly #parts: ConnectionParts;
  readonly #claimed = new Set<number>();
  readonly #types = new Map<number, number>();
  #language: number | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over an open handle. */
  constructor(parts: ConnectionParts) {
    this.info = parts.info;
    this.#parts = parts;
    for (const { address, type } of parts.info.interfaces.flatMap(({ endpoints }) => endpoints)) {
      this.#types.set(address, type === "interrupt" ? TRANSFER_TYPE.interrupt : TRANSFER_TYPE.bulk);
    }
    // Not supported on every system; claiming reports the driver then.
    parts.symbols.libusb_set_auto_detach_kernel_driver(parts.handle, 1);
  }

  async readString(index: number): Promise<string> {
    if (index === 0) return "";
    this.#language ??= await this.#firstLanguage();
    const bytes = await this.#descriptor(index, this.#language);
    return new TextDecoder("utf-16le").decode(bytes.subarray(2, Math.min(bytes[0] ?? 0, bytes.length) & ~1));
  }

  claim(interfaceNumber: number): void {
    this.#checkOpen();
    const code = this.#parts.symbols.libusb_claim_interface(this.#parts.handle, interfaceNumber);
    if (code < 0) throw libusbError(code, `claim interface ${interfaceNumber}`, this.info);
    this.#claimed.add(interfaceNumber);
  }

  release(interfaceNumber: number): void {
    if (!this.#claimed.delete(interfaceNumber)) return;
    this.#parts.symbols.libusb_release_interface(this.#parts.handle, interfaceNumber);
  }

  transferIn(endpoint: number, length: number, options: UsbTransferOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.startIn(endpoint, length, options, (error, received) => error ? reject(error) : resolve(received.slice()));
    });
  }

  transferOut(endpoint: number, bytes: Uint8Array, options: UsbTransferOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.startOut(endpoint, bytes, options, (error) => error ? reject(error) : resolve());
    });
  }

  startIn(endpoint: number, length: number, options: UsbTransferOptions, done: UsbTransferDone): void {
    this.#submit(endpoint, NOTHING, length, options, (status, actual, received) => {
      if (status === "completed" || (status === "timed-out" && actual > 0)) done(undefined, received);
      else done(this.#failure(status, actual, `read from endpoint 0x${endpoint.toString(16)}`), NOTHING);
    });
  }

  startOut(endpoint: number, bytes: Uint8Array, options: UsbTransferOptions, done: UsbTransferDone): void {
    const { length } = bytes;
    this.#submit(endpoint, bytes, 0, options, (status, actual) => {
      if (status === "completed" && actual === length) done(undefined, NOTHING);
      else done(this.#failure(status, actual, `write to endpoint 0x${endpoint.toString(16)}`, length), NOTHING);
    });
  }

  async controlIn(setup: UsbSetup, length: number, options: UsbTransferOptions): Promise<Uint8Array> {
    return await this.#control(setup, setupPacket(setup, length), length, options);
  }

  async controlOut(setup: UsbSetup, bytes: Uint8Array, options: UsbTransferOptions): Promise<void> {
    await this.#control(setup, concatBytes([setupPacket(setup, bytes.length), bytes]), 0, options);
  }

  cancel(endpoint: number): void {
    // Closing cancels everything, and a handle opened afterwards may have the same address.
    if (this.#closing) return;
    this.#parts.pump.cancel(this.#parts.handle, endpoint);
  }

  clearHalt(endpoint: number): void {
    this.#checkOpen();
    const code = this.#parts.symbols.libusb_clear_halt(this.#parts.handle, endpoint);
    if (code < 0) throw libusbError(code, `clear the halt of endpoint 0x${endpoint.toString(16)}`, this.info);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#parts.pump.cancelAll(this.#parts.handle);
    } finally {
      for (const number of [...this.#claimed]) this.release(number);
      this.#parts.symbols.libusb_close(this.#parts.handle);
      this.#parts.pump.abandon(this.#parts.handle);
      this.#parts.closed();
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new UsbError(`Cannot use ${describeDevice(this.info)}: it was closed`, "gone");
  }

  #control(setup: UsbSetup, packet: Uint8Array, room: number, options: UsbTransferOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#submit(0, packet, room, options, (status, actual, received) => {
        if (status === "completed") resolve(received.slice());
        else reject(this.#failure(status, actual, `make control request ${setup.request}`));
      });
    });
  }

  #submit(endpoint: number, bytes: Uint8Array, room: number, options: UsbTransferOptions, done: TransferDone): void {
    this.#checkOpen();
    const { handle, pump } = this.#parts;
    const { timeoutMs, signal } = options;
    const type = endpoint === 0 ? TRANSFER_TYPE.control : this.#types.get(endpoint) ?? TRANSFER_TYPE.bulk;
    pump.submit({ handle, endpoint, type, bytes, room, timeoutMs, signal, done });
  }

  /** What an outcome means that is not what was wanted; one that completed moved too few of `length` bytes. */
  #failure(status: TransferStatus, actual: number, what: string, length = 0): UsbError {
    const failure = status === "completed" ? "io" : OUTCOME[status];
    const reason = status === "completed" ? `${actual} of ${length} bytes were taken` : FAILURE_WORDS[failure];
    return new UsbError(`Cannot ${what} of ${describeDevice(this.info)}: ${reason}`, failure, {
      transferred: actual,
      ...(status === "no-device" ? { hint: "Check the cable, plug the probe in again and repeat" } : {}),
    });
  }

  async #firstLanguage(): Promise<number> {
    const table = await this.#descriptor(0, 0);
    return table.length >= 4 ? table[2]! | (table[3]! << 8) : 0x0409;
  }

  #descriptor(index: number, language: number): Promise<Uint8Array> {
    return this.controlIn(
      { ...STRING_REQUEST, value: (STRING_REQUEST.descriptor << 8) | index, index: language },
      255,
      { timeoutMs: STRING_TIMEOUT_MS },
    );
  }
}

function setupPacket(setup: UsbSetup, length: number): Uint8Array {
  const { requestType, request, value, index } = setup;
  return Uint8Array.of(
    requestType,
    request,
    value & 0xff,
    value >>> 8,
    index & 0xff,
    index >>> 8,
    length & 0xff,
    length >>> 8,
  );
}
