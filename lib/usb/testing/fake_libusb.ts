/**
 * libusb without USB: its functions as far as {@linkcode TransferPump} and {@linkcode LibusbConnection} call them, with
 * a device whose answers a test writes down. Structures lie in real memory, laid out as libusb does it.
 *
 * @module
 */
import { viewOf } from "../../base/bytes.ts";
import { type LibusbSymbols, TRANSFER, TRANSFER_STATUS, TRANSFER_TYPE } from "../symbols.ts";
import type { UsbDeviceInfo } from "../usb.ts";

/** A transfer that was submitted. */
export interface FakeTransfer {
  /** Address of its device handle. */
  readonly handle: bigint;
  /** Endpoint address. */
  readonly endpoint: number;
  /** `TRANSFER_TYPE`. */
  readonly type: number;
  /** Its buffer, in the memory of whoever submitted it. */
  readonly buffer: Uint8Array;
  /** Limit in milliseconds. */
  readonly timeoutMs: number;
  /** Ends it with this status, after so many bytes. */
  finish(status: (typeof TRANSFER_STATUS)[number], actual?: number): void;
}

/** Memory of one `struct libusb_transfer`. */
type Memory = Uint8Array<ArrayBuffer>;

/** The library. Transfers end when the test, or `onSubmit`, ends them. */
export class FakeLibusb {
  /** Called for every transfer that is submitted. */
  onSubmit: (transfer: FakeTransfer) => void = () => {};
  /** Called when events are looked for on the main thread. */
  onEvents: () => void = () => {};
  /** What libusb_submit_transfer answers. */
  submitCode = 0;
  /** What waiting for events answers. */
  eventCode = 0;
  /** What libusb_claim_interface answers. */
  claimCode = 0;
  /** Whether cancelled transfers come back. */
  answersCancel = true;
  /** Names of functions in the order of their calls, events left out. */
  readonly calls: string[] = [];
  /** Whether a thread waits for events. */
  isWaited = false;
  /** Transfers that are allocated. */
  allocated = 0;
  /** How long each look for events on the main thread could have taken, in microseconds. */
  readonly waits: number[] = [];
  readonly #memory = new Map<bigint, Memory>();
  readonly #pending = new Map<bigint, FakeTransfer>();
  #wake: (() => void) | undefined;

  /** Transfers under way. */
  get pending(): FakeTransfer[] {
    return [...this.#pending.values()];
  }

  /** The functions, for whoever expects the library's. */
  get symbols(): LibusbSymbols {
    return this.#functions as unknown as LibusbSymbols;
  }

  readonly #functions = {
    libusb_alloc_transfer: () => {
      const memory: Memory = new Uint8Array(TRANSFER.size);
      const pointer = Deno.UnsafePointer.of(memory);
      this.#memory.set(Deno.UnsafePointer.value(pointer), memory);
      this.allocated++;
      return pointer;
    },
    libusb_free_transfer: () => void this.allocated--,
    libusb_submit_transfer: (pointer: Deno.PointerValue) => {
      if (this.submitCode < 0) return this.submitCode;
      const transfer = this.#transferAt(Deno.UnsafePointer.value(pointer));
      this.onSubmit(transfer);
      return 0;
    },
    libusb_cancel_transfer: (pointer: Deno.PointerValue) => {
      if (this.answersCancel) this.#pending.get(Deno.UnsafePointer.value(pointer))?.finish("cancelled");
      return 0;
    },
    handle_events: (_context: Deno.PointerValue, limit: Uint8Array) => {
      this.waits.push(viewOf(limit).getInt32(8, true));
      this.onEvents();
      return this.eventCode;
    },
    wait_for_events: async () => {
      if (this.eventCode < 0) return this.eventCode;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.isWaited = true;
      const timer = setTimeout(resolve, 10);
      await promise;
      clearTimeout(timer);
      this.isWaited = false;
      return this.eventCode;
    },
    libusb_interrupt_event_handler: () => this.#wake?.(),
    libusb_set_auto_detach_kernel_driver: () => 0,
    libusb_claim_interface: () => {
      this.calls.push("claim");
      return this.claimCode;
    },
    libusb_release_interface: () => void this.calls.push("release"),
    libusb_clear_halt: () => {
      this.calls.push("clear_halt");
      return this.claimCode;
    },
    libusb_close: () => void this.calls.push("close"),
  };

  #transferAt(address: bigint): FakeTransfer {
    const memory = this.#memory.get(address)!;
    const view = viewOf(memory);
    const length = view.getInt32(TRANSFER.length, true);
    const buffer = Deno.UnsafePointer.create(view.getBigUint64(TRANSFER.buffer, true));
    const transfer: FakeTransfer = {
      handle: view.getBigUint64(TRANSFER.handle, true),
      endpoint: view.getUint8(TRANSFER.endpoint),
      type: view.getUint8(TRANSFER.type),
      timeoutMs: view.getUint32(TRANSFER.timeout, true),
      buffer: buffer === null
        ? new Uint8Array()
        : new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(buffer, length)),
      finish: (status, actual = 0) => {
        this.#pending.delete(address);
        view.setInt32(TRANSFER.actual, actual, true);
        view.setInt32(TRANSFER.status, TRANSFER_STATUS.indexOf(status), true);
        this.#wake?.();
      },
    };
    this.#pending.set(address, transfer);
    return transfer;
  }
}

/** A handle that is only compared. */
export function fakeHandle(address: bigint): Deno.PointerValue {
  return Deno.UnsafePointer.create(address);
}

/** A device with a bulk pair at 1 and an interrupt endpoint at 0x82. */
export function fakeInfo(changes: Partial<UsbDeviceInfo> = {}): UsbDeviceInfo {
  return {
    vendorId: 0x0d28,
    productId: 0x0204,
    deviceClass: 0,
    release: 0x0100,
    bus: 1,
    address: 2,
    ports: [1],
    manufacturerIndex: 1,
    productIndex: 2,
    serialIndex: 3,
    interfaces: [{
      number: 0,
      alternate: 0,
      class: 0xff,
      subclass: 0,
      protocol: 0,
      nameIndex: 4,
      endpoints: [
        { address: 0x01, type: "bulk", maxPacketSize: 512 },
        { address: 0x81, type: "bulk", maxPacketSize: 512 },
        { address: 0x82, type: "interrupt", maxPacketSize: 64 },
      ],
    }],
    ...changes,
  };
}

/** Says whether a transfer is a control request. */
export function isControl(transfer: FakeTransfer): boolean {
  return transfer.type === TRANSFER_TYPE.control;
}
