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

/** A umockdev description of probes plugged into one root hub, with their strings as the kernel shows them. */
export function umockdevDescription(devices: readonly SimUsbDevice[]): string {
  return devices.map((device, index) => {
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
    const interfaces = [[descriptors.v2Interface, "CMSIS-DAP v2"], [descriptors.v1Interface, "CMSIS-DAP v1"]] as const;
    for (const [number, name] of interfaces) {
      if (number === undefined) continue;
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
