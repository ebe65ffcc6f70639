/**
 * Linux reads a device's strings once, when it is plugged in, and shows them to everybody under `/sys`: no need to open
 * the device, nor to have the permission.
 *
 * @module
 */
import type { UsbDeviceInfo, UsbStrings } from "./usb.ts";

/**
 * Strings of a device from `/sys/bus/usb/devices`, or undefined on other systems.
 *
 * @param root where the devices are; replaced in tests
 */
export function sysfsStrings(info: UsbDeviceInfo, root = "/sys/bus/usb/devices"): UsbStrings | undefined {
  if (info.ports.length === 0) return undefined;
  const name = `${info.bus}-${info.ports.join(".")}`;
  const device = `${root}/${name}`;
  // Every device has this file; where it is missing there is no sysfs, or it describes another machine.
  if (Number.parseInt(readLine(`${device}/idVendor`) ?? "", 16) !== info.vendorId) return undefined;
  const configuration = readLine(`${device}/bConfigurationValue`) ?? "1";
  const interfaces = new Map<number, string>();
  for (const { number, nameIndex } of info.interfaces) {
    if (nameIndex === 0 || interfaces.has(number)) continue;
    const text = readLine(`${device}/${name}:${configuration}.${number}/interface`);
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

function readLine(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    // Attributes that a device lacks have no file.
    return undefined;
  }
}
