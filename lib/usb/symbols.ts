/**
 * The part of libusb-1.0 that Tapir calls, as a table for `Deno.dlopen`, and the layout of the structures it shares
 * with the library (libusb.h 1.0; offsets hold on 64-bit targets, LP64 and LLP64 alike).
 *
 * @module
 */

const POINTER = "pointer";
const BUFFER = "buffer";
const INT = "i32";

/** Functions by their names in the library. */
export const SYMBOLS = {
  libusb_init: { parameters: [BUFFER], result: INT },
  libusb_exit: { parameters: [POINTER], result: "void" },
  libusb_get_version: { parameters: [], result: POINTER },
  libusb_error_name: { parameters: [INT], result: POINTER },
  libusb_has_capability: { parameters: ["u32"], result: INT },
  libusb_get_device_list: { parameters: [POINTER, BUFFER], result: "isize" },
  libusb_free_device_list: { parameters: [POINTER, INT], result: "void" },
  libusb_ref_device: { parameters: [POINTER], result: POINTER },
  libusb_unref_device: { parameters: [POINTER], result: "void" },
  libusb_get_bus_number: { parameters: [POINTER], result: "u8" },
  libusb_get_device_address: { parameters: [POINTER], result: "u8" },
  libusb_get_port_numbers: { parameters: [POINTER, BUFFER, INT], result: INT },
  libusb_get_device_descriptor: { parameters: [POINTER, BUFFER], result: INT },
  libusb_get_active_config_descriptor: { parameters: [POINTER, BUFFER], result: INT },
  libusb_free_config_descriptor: { parameters: [POINTER], result: "void" },
  libusb_open: { parameters: [POINTER, BUFFER], result: INT },
  libusb_close: { parameters: [POINTER], result: "void" },
  libusb_set_auto_detach_kernel_driver: { parameters: [POINTER, INT], result: INT },
  libusb_claim_interface: { parameters: [POINTER, INT], result: INT },
  libusb_release_interface: { parameters: [POINTER, INT], result: INT },
  libusb_clear_halt: { parameters: [POINTER, "u8"], result: INT },
  libusb_alloc_transfer: { parameters: [INT], result: POINTER },
  libusb_free_transfer: { parameters: [POINTER], result: "void" },
  libusb_submit_transfer: { parameters: [POINTER], result: INT },
  libusb_cancel_transfer: { parameters: [POINTER], result: INT },
  /** Waits on a thread of Deno's pool. */
  wait_for_events: {
    name: "libusb_handle_events_timeout_completed",
    parameters: [POINTER, BUFFER, POINTER],
    result: INT,
    nonblocking: true,
  },
  /** Handles what is there and returns. */
  handle_events: {
    name: "libusb_handle_events_timeout_completed",
    parameters: [POINTER, BUFFER, POINTER],
    result: INT,
  },
  libusb_interrupt_event_handler: { parameters: [POINTER], result: "void" },
} as const;

/** An open library. */
export type LibusbSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Byte offsets in `struct libusb_transfer`. */
export const TRANSFER = {
  handle: 0,
  flags: 8,
  endpoint: 9,
  type: 10,
  timeout: 12,
  status: 16,
  length: 20,
  actual: 24,
  callback: 32,
  userData: 40,
  buffer: 48,
  isoPackets: 56,
  /** Bytes of the structure without isochronous packet descriptors. */
  size: 64,
} as const;

/** Byte offsets and sizes of the descriptor structures. */
export const DESCRIPTOR = {
  /** `struct libusb_config_descriptor`: bNumInterfaces, `interface` pointer. */
  configInterfaceCount: 4,
  configInterfaces: 16,
  /** `struct libusb_interface`: altsetting pointer, count, size of the structure. */
  interfaceAlternates: 0,
  interfaceAlternateCount: 8,
  interfaceSize: 16,
  /** `struct libusb_interface_descriptor`. */
  alternateEndpoints: 16,
  alternateSize: 40,
  /** `struct libusb_endpoint_descriptor`. */
  endpointSize: 32,
} as const;

/** LIBUSB_CAP_HAS_HOTPLUG: whether the library tells of devices that come and go. */
export const HAS_HOTPLUG = 1;

/** LIBUSB_ERROR_INTERRUPTED: a signal of the operating system ended a wait; nothing is wrong. */
export const INTERRUPTED = -10;

/** `enum libusb_transfer_type`. */
export const TRANSFER_TYPE = { control: 0, bulk: 2, interrupt: 3 } as const;

/** `enum libusb_transfer_status`; {@linkcode PENDING} is ours. */
export const TRANSFER_STATUS = [
  "completed",
  "error",
  "timed-out",
  "cancelled",
  "stall",
  "no-device",
  "overflow",
] as const;

/** Planted into a transfer's status before it is submitted; the library never writes it. */
export const PENDING = -1;

/** Pointer written by the library into a pointer-sized buffer. */
export function pointerIn(buffer: BigUint64Array): Deno.PointerValue {
  return Deno.UnsafePointer.create(buffer[0]!);
}

/** `struct timeval` for a number of milliseconds; `os` is as `Deno.build.os`. */
export function timeval(ms: number, os: string = Deno.build.os): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(ms / 1000);
  const micros = Math.round((ms % 1000) * 1000);
  if (os === "windows") {
    // Both are `long` there, which has 32 bits.
    view.setInt32(0, seconds, true);
    view.setInt32(4, micros, true);
  } else {
    view.setBigInt64(0, BigInt(seconds), true);
    // macOS has a 32-bit tv_usec; the upper half is padding there and zero here.
    view.setInt32(8, micros, true);
  }
  return bytes;
}
