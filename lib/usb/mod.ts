/**
 * libusb for Deno: finds the library, lists devices without opening them, and transfers without a callback from a
 * foreign thread. Usable on its own.
 *
 * ```ts ignore
 * import { Libusb } from "@tapir/tapir/usb";
 *
 * const usb = Libusb.open();
 * for (const { info } of usb.list()) console.log(info.vendorId.toString(16), info.productId.toString(16));
 * await usb.close();
 * ```
 *
 * @module
 */
export { type ConnectionParts, LibusbConnection } from "./connection.ts";
export { LIBRARY_VARIABLE, libraryCandidates, type LibraryOpener, type LibrarySearch } from "./find.ts";
export { libusbError } from "./failures.ts";
export { Libusb } from "./libusb.ts";
export {
  accessHint,
  busyHint,
  type DeviceHolder,
  deviceHolders,
  diagnoseSystem,
  type UsbDiagnosis,
  wslHint,
} from "./permissions.ts";
export type { TransferDone, TransferRequest, TransferStatus } from "./slot.ts";
export { type LibusbSymbols, SYMBOLS, TRANSFER_STATUS } from "./symbols.ts";
export { TransferPump } from "./transfers.ts";
export { installUdevRules, insteadOfUdev, UDEV_RULE_PATH, udevRules, type UdevSystem } from "./udev.ts";
export {
  describeDevice,
  type UsbBackend,
  type UsbConnection,
  type UsbDevice,
  type UsbDeviceInfo,
  type UsbEndpoint,
  UsbError,
  type UsbFailure,
  type UsbInterface,
  type UsbInterfaceState,
  type UsbSetup,
  type UsbStrings,
  type UsbTransferDone,
  type UsbTransferOptions,
  type UsbWatch,
} from "./usb.ts";
export { LibusbWatch, type WatchOptions } from "./watch.ts";
