/**
 * libusb's return codes and transfer statuses in Tapir's words.
 *
 * @module
 */
import { accessHint, busyHint, type UsbDiagnosis } from "./permissions.ts";
import { describeDevice, type UsbDeviceInfo, UsbError, type UsbFailure } from "./usb.ts";

/** `enum libusb_error` in Tapir's words. */
const FAILURES: Readonly<Record<number, UsbFailure>> = {
  [-3]: "access",
  [-4]: "gone",
  [-5]: "not-found",
  [-6]: "busy",
  [-7]: "timeout",
  [-8]: "overflow",
  [-9]: "stall",
  [-12]: "not-supported",
};

/** How to say each failure at the end of a message. */
export const FAILURE_WORDS: Readonly<Record<UsbFailure, string>> = {
  "no-library": "libusb was not found",
  access: "permission denied",
  busy: "another program uses it",
  gone: "the device was unplugged",
  "not-found": "it does not exist",
  timeout: "time ran out",
  stall: "the device refused",
  overflow: "the device sent more than was asked for",
  cancelled: "it was cancelled",
  "not-supported": "this system does not support it",
  io: "input/output error",
};

/** Turns a negative return code of libusb into an error. */
export function libusbError(code: number, what: string, device?: UsbDeviceInfo, diagnosis?: UsbDiagnosis): UsbError {
  const failure = FAILURES[code] ?? "io";
  const on = device ? ` of ${describeDevice(device)}` : "";
  const hint = failure === "access"
    ? accessHint(diagnosis)
    : failure === "busy" && device
    ? busyHint(device, diagnosis)
    : failure === "not-supported" && (diagnosis?.os ?? Deno.build.os) === "windows"
    ? "Install the WinUSB driver for this interface, for example with Zadig"
    : undefined;
  return new UsbError(`Cannot ${what}${on}: ${FAILURE_WORDS[failure]}`, failure, {
    fields: { libusb: code },
    ...(hint ? { hint } : {}),
  });
}
