/**
 * What umockdev needs to show simulated probes in a made-up sysfs.
 *
 * @module
 */
import type { SimUsbDevice } from "../../lib/sim/usb/device.ts";
import { hexBytes } from "../../lib/base/bytes.ts";

const ROOT = "/devices/pci0000:00/0000:00:14.0/usb1";

/** Path of device number `index` under /sys. */
export function sysPath(index: number): string {
  return `${ROOT}/1-${index + 1}`;
}

/** Paths under /sys of what the kernel shows for the interfaces of device number `index`. */
export function sysPathsOfInterfaces(device: SimUsbDevice, index: number): string[] {
  return interfacesOf(device).map(([number]) => `${sysPath(index)}/1-${index + 1}:1.${number}`);
}

function interfacesOf({ descriptors }: SimUsbDevice): (readonly [number: number, name: string])[] {
  const all = [[descriptors.v2Interface, "CMSIS-DAP v2"], [descriptors.v1Interface, "CMSIS-DAP v1"]] as const;
  return all.flatMap(([number, name]) => number === undefined ? [] : [[number, name] as const]);
}

/**
 * A umockdev description of probes plugged into one root hub, with their strings as the kernel shows them; the first one
 * is device number `first`.
 */
export function umockdevDescription(devices: readonly SimUsbDevice[], first = 0): string {
  return devices.map((device, at) => {
    const index = first + at;
    const { identity, descriptors } = device;
    const three = String(index + 2).padStart(3, "0");
    const four = (n: number): string => n.toString(16).padStart(4, "0");
    const strings = { manufacturer: identity.manufacturer, product: identity.product, serial: identity.serial };
    const lines = [
      `P: ${sysPath(index)}`,
      `N: bus/usb/001/${three}`,
      "E: SUBSYSTEM=usb",
      "E: DEVTYPE=usb_device",
      `E: DEVNAME=/dev/bus/usb/001/${three}`,
      "E: BUSNUM=001",
      `E: DEVNUM=${three}`,
      "A: busnum=1\\n",
      `A: devnum=${index + 2}\\n`,
      `A: devpath=${index + 1}\\n`,
      "A: speed=480\\n",
      "A: bConfigurationValue=1\\n",
      "A: bNumConfigurations=1\\n",
      `A: idVendor=${four(identity.vendorId)}\\n`,
      `A: idProduct=${four(identity.productId)}\\n`,
      ...Object.entries(strings).filter(([, text]) => text !== "").map(([name, text]) => `A: ${name}=${text}\\n`),
      `H: descriptors=${hexBytes(descriptors.device)}${hexBytes(descriptors.configuration)}`,
      "",
    ];
    for (const [number, name] of interfacesOf(device)) {
      lines.push(
        `P: ${sysPath(index)}/1-${index + 1}:1.${number}`,
        "E: SUBSYSTEM=usb",
        "E: DEVTYPE=usb_interface",
        `A: bInterfaceNumber=0${number}\\n`,
        `A: interface=${name}\\n`,
        "",
      );
    }
    return lines.join("\n");
  }).join("\n");
}
