/**
 * What the rest of Tapir knows of USB: devices, their descriptors, and transfers. {@linkcode UsbBackend} is implemented
 * over libusb; another one (WinUSB, IOKit) would live beside it.
 *
 * @module
 */
import { type ErrorOptions, ProbeError } from "../base/errors.ts";

/** Why a USB operation failed. */
export type UsbFailure =
  | "no-library"
  | "access"
  | "busy"
  | "gone"
  | "not-found"
  | "timeout"
  | "stall"
  | "overflow"
  | "cancelled"
  | "not-supported"
  | "io";

/** A USB operation failed; `failure` says how, in words that do not depend on the backend. */
export class UsbError extends ProbeError {
  /** How it failed. */
  readonly failure: UsbFailure;
  /** Bytes that were transferred before the failure. */
  readonly transferred: number;

  /** See {@linkcode ProbeError}. */
  constructor(message: string, failure: UsbFailure, options: ErrorOptions & { transferred?: number } = {}) {
    super(message, { code: `usb-${failure}`, ...options });
    this.failure = failure;
    this.transferred = options.transferred ?? 0;
  }
}

/** An endpoint descriptor (USB 2.0, 9.6.6). */
export interface UsbEndpoint {
  /** Address with the direction in bit 7: 0x81 is IN endpoint 1. */
  readonly address: number;
  /** How it transfers. */
  readonly type: "control" | "isochronous" | "bulk" | "interrupt";
  /** wMaxPacketSize in bytes. */
  readonly maxPacketSize: number;
}

/** One alternate setting of an interface (USB 2.0, 9.6.5). */
export interface UsbInterface {
  /** bInterfaceNumber. */
  readonly number: number;
  /** bAlternateSetting. */
  readonly alternate: number;
  /** bInterfaceClass: 3 is HID, 0xFF vendor specific. */
  readonly class: number;
  /** bInterfaceSubClass. */
  readonly subclass: number;
  /** bInterfaceProtocol. */
  readonly protocol: number;
  /** Index of its string descriptor, 0 for none. */
  readonly nameIndex: number;
  /** In descriptor order. */
  readonly endpoints: readonly UsbEndpoint[];
}

/** What can be known of a device without opening it. */
export interface UsbDeviceInfo {
  /** idVendor. */
  readonly vendorId: number;
  /** idProduct. */
  readonly productId: number;
  /** bDeviceClass. */
  readonly deviceClass: number;
  /** bcdDevice. */
  readonly release: number;
  /** Bus number. */
  readonly bus: number;
  /** Address on the bus; changes with every plugging. */
  readonly address: number;
  /** Port numbers from the root hub down; stays the same for the same socket. */
  readonly ports: readonly number[];
  /** Index of the manufacturer string, 0 for none. */
  readonly manufacturerIndex: number;
  /** Index of the product string, 0 for none. */
  readonly productIndex: number;
  /** Index of the serial number string, 0 for none. */
  readonly serialIndex: number;
  /** Interfaces of the active configuration, all alternate settings. */
  readonly interfaces: readonly UsbInterface[];
}

/** How a transfer may be limited. */
export interface UsbTransferOptions {
  /** Limit in milliseconds; 0 waits until the transfer is cancelled. */
  readonly timeoutMs: number;
  /** Cancels the transfer. */
  readonly signal?: AbortSignal;
}

/**
 * Hears how a transfer ended: with an error, or with what was read, which must be copied to be kept. Called once, and
 * never before the transfer's start has returned; must not throw.
 */
export type UsbTransferDone = (error: UsbError | undefined, received: Uint8Array) => void;

/** A setup packet (USB 2.0, 9.3) without its length. */
export interface UsbSetup {
  /** bmRequestType; bit 7 is the direction. */
  readonly requestType: number;
  /** bRequest. */
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
}

/** An open device. Transfers on different endpoints, and several on one, may be under way at once. */
export interface UsbConnection {
  /** The device. */
  readonly info: UsbDeviceInfo;
  /** String descriptor in the first language; empty for index 0. @throws {UsbError} */
  readString(index: number): Promise<string>;
  /** Claims an interface; a kernel driver is detached, and comes back with the release. @throws {UsbError} */
  claim(interfaceNumber: number): void;
  /** Releases an interface; never fails, the device may have gone. */
  release(interfaceNumber: number): void;
  /** Reads from a bulk or interrupt endpoint. A time-out with data is data. @throws {UsbError} */
  transferIn(endpoint: number, length: number, options: UsbTransferOptions): Promise<Uint8Array>;
  /** Writes to a bulk or interrupt endpoint; the bytes are copied at once. @throws {UsbError} */
  transferOut(endpoint: number, bytes: Uint8Array, options: UsbTransferOptions): Promise<void>;
  /**
   * Like {@linkcode UsbConnection.transferIn} without a promise, for long rows of packets: `done` may start the next
   * transfer at once.
   *
   * @throws {UsbError} when it cannot be started; `done` is not called then
   */
  startIn(endpoint: number, length: number, options: UsbTransferOptions, done: UsbTransferDone): void;
  /** Like {@linkcode UsbConnection.startIn} for writing; the bytes are copied at once. @throws {UsbError} */
  startOut(endpoint: number, bytes: Uint8Array, options: UsbTransferOptions, done: UsbTransferDone): void;
  /** Control request that reads. @throws {UsbError} */
  controlIn(setup: UsbSetup, length: number, options: UsbTransferOptions): Promise<Uint8Array>;
  /** Control request that writes. @throws {UsbError} */
  controlOut(setup: UsbSetup, bytes: Uint8Array, options: UsbTransferOptions): Promise<void>;
  /** Cancels the transfers that are under way on an endpoint. */
  cancel(endpoint: number): void;
  /** Ends a stall. @throws {UsbError} */
  clearHalt(endpoint: number): void;
  /** Cancels what is under way, releases interfaces and closes. Safe to call twice. */
  close(): Promise<void>;
}

/** String descriptors of a device. */
export interface UsbStrings {
  /** iManufacturer. */
  readonly manufacturer: string;
  /** iProduct. */
  readonly product: string;
  /** iSerialNumber; empty when the device has none. */
  readonly serial: string;
  /** Names of interfaces (alternate setting 0) by number; those without one are absent. */
  readonly interfaces: ReadonlyMap<number, string>;
}

/** What the operating system knows of an interface of a device that is not open. */
export interface UsbInterfaceState {
  /** HID report descriptor (HID 1.11, 6.2.2), where the system has read it. */
  readonly report?: Uint8Array;
  /** Why it cannot be used now: another program does. */
  readonly busy?: UsbError;
}

/** A device that is plugged in. */
export interface UsbDevice {
  /** Its descriptors. */
  readonly info: UsbDeviceInfo;
  /** Its strings as the operating system remembers them, without opening it; undefined where it does not. */
  knownStrings(): UsbStrings | undefined;
  /**
   * The state of an interface, without opening the device; empty where the operating system does not tell.
   *
   * @param looksForPrograms whether to look also for programs that have its HID device open, which takes milliseconds
   */
  knownState(interfaceNumber: number, looksForPrograms: boolean): UsbInterfaceState;
  /** Opens it. @throws {UsbError} with a hint when permission is missing */
  open(): UsbConnection;
}

/** Notices that devices come and go. */
export interface UsbWatch {
  /**
   * Resolves once devices have come or gone since the last call, or since the watch began: at once when they already
   * have. A device that has just come may still lack permissions and interfaces; list again to see it.
   *
   * @returns false when `limitMs` milliseconds have passed, the signal fired or the watch was closed before
   * @throws {UsbError} when the system fails
   * @throws {InternalError} while another call is under way
   */
  changed(limitMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Ends the wait that is under way, and the watch. Safe to call twice. */
  close(): Promise<void>;
}

/** A way to reach USB devices. */
export interface UsbBackend {
  /** Name and version, for people. */
  readonly description: string;
  /** Devices present now. Nothing is opened. @throws {UsbError} */
  list(): UsbDevice[];
  /** Begins to watch for devices that come and go. @throws {UsbError} */
  watch(): UsbWatch;
  /** Closes what is still open, watches included, and gives the library back. */
  close(): Promise<void>;
}

/** A short text for a device in messages: `0d28:0204 at bus 1, ports 2.4`. */
export function describeDevice(info: UsbDeviceInfo): string {
  const id = [info.vendorId, info.productId].map((n) => n.toString(16).padStart(4, "0")).join(":");
  const ports = info.ports.length > 0 ? `, ports ${info.ports.join(".")}` : "";
  return `${id} at bus ${info.bus}${ports}`;
}
