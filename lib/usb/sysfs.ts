/**
 * Linux reads a device's descriptors once, when it is plugged in, and shows them to everybody under `/sys`: no need to
 * open the device, nor to have the permission.
 *
 * @module
 */
import { FAILURE_WORDS } from "./failures.ts";
import { busyHint, nodeHolders } from "./permissions.ts";
import { describeDevice, type UsbDeviceInfo, UsbError, type UsbInterfaceState, type UsbStrings } from "./usb.ts";

/** Where the devices are. */
const DEVICES = "/sys/bus/usb/devices";

/** Name of a HID device's folder: bus, vendor, product and a running number. */
const HID_FOLDER = /^[0-9A-F]{4}:[0-9A-F]{4}:[0-9A-F]{4}\.[0-9A-F]{4,}$/;

/** The kernel's driver that lends interfaces to programs. */
const PROGRAM_DRIVER = "usbfs";

/**
 * Strings of a device from `/sys/bus/usb/devices`, or undefined on other systems.
 *
 * @param root where the devices are; replaced in tests
 */
export function sysfsStrings(info: UsbDeviceInfo, root = DEVICES): UsbStrings | undefined {
  const device = deviceFolder(info, root);
  if (device === undefined) return undefined;
  const interfaces = new Map<number, string>();
  for (const { number, nameIndex } of info.interfaces) {
    if (nameIndex === 0 || interfaces.has(number)) continue;
    const text = readLine(`${interfaceFolder(info, device, number)}/interface`);
    // A name that exists but is not shown has to be asked for.
    if (text === undefined) return undefined;
    interfaces.set(number, text);
  }
  return {
    manufacturer: readLine(`${device}/manufacturer`) ?? "",
    product: readLine(`${device}/product`) ?? "",
    serial: readLine(`${device}/serial`) ?? "",
    interfaces,
  };
}

/**
 * What Linux knows of an interface: its HID report descriptor while the kernel's HID driver is bound, and whether a
 * program has claimed it or, on demand, has its `/dev/hidraw` file open.
 *
 * @param looksForPrograms whether to look for programs with that file open
 * @param root where the devices are; replaced in tests
 * @param proc where `/proc` is mounted
 */
export function sysfsState(
  info: UsbDeviceInfo,
  interfaceNumber: number,
  looksForPrograms: boolean,
  root = DEVICES,
  proc = "/proc",
): UsbInterfaceState {
  const device = deviceFolder(info, root);
  if (device === undefined) return {};
  const folder = interfaceFolder(info, device, interfaceNumber);
  const hid = namesIn(folder).find((name) => HID_FOLDER.test(name));
  const report = hid === undefined ? undefined : readBytes(`${folder}/${hid}/report_descriptor`);
  const nodes = hid === undefined || !looksForPrograms
    ? []
    : namesIn(`${folder}/${hid}/hidraw`).map((name) => `/dev/${name}`);
  const inUse = driverOf(folder) === PROGRAM_DRIVER || (nodes.length > 0 && nodeHolders(nodes, proc).length > 0);
  const busy = (): UsbError =>
    new UsbError(
      `Cannot claim interface ${interfaceNumber} of ${describeDevice(info)}: ${FAILURE_WORDS.busy}`,
      "busy",
      { hint: busyHint(info, undefined, proc, nodes) },
    );
  return { ...(report ? { report } : {}), ...(inUse ? { busy: busy() } : {}) };
}

/** Folder of a device, or undefined where there is no sysfs, or it describes another machine. */
function deviceFolder({ bus, ports, vendorId }: UsbDeviceInfo, root: string): string | undefined {
  if (ports.length === 0) return undefined;
  const device = `${root}/${bus}-${ports.join(".")}`;
  // Every device has this file.
  return Number.parseInt(readLine(`${device}/idVendor`) ?? "", 16) === vendorId ? device : undefined;
}

function interfaceFolder({ bus, ports }: UsbDeviceInfo, device: string, interfaceNumber: number): string {
  const configuration = readLine(`${device}/bConfigurationValue`) ?? "1";
  return `${device}/${bus}-${ports.join(".")}:${configuration}.${interfaceNumber}`;
}

function driverOf(folder: string): string | undefined {
  try {
    return Deno.readLinkSync(`${folder}/driver`).replace(/^.*\//, "");
  } catch {
    // No driver is bound.
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    // Not a HID interface, or the device has just been unplugged.
    return [];
  }
}

function readBytes(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    // Whoever needs it asks the device.
    return undefined;
  }
}

function readLine(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    // Attributes that a device lacks have no file.
    return undefined;
  }
}
