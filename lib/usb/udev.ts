/**
 * The udev rule that lets ordinary users open debug probes on Linux.
 *
 * @module
 */
import { ProbeError, UsageError } from "../base/errors.ts";

/** Where `tapir setup udev` puts the rule. */
export const UDEV_RULE_PATH = "/etc/udev/rules.d/70-tapir.rules";

/** Debug probes: a vendor and the products that are probes; no products where everything of the vendor is one. */
const PROBES: readonly { readonly name: string; readonly vendor: number; readonly products?: readonly number[] }[] = [
  { name: "Arm DAPLink", vendor: 0x0d28, products: [0x0204] },
  { name: "Keil ULINK", vendor: 0xc251 },
  {
    name: "Microchip EDBG, Atmel-ICE, Power Debugger",
    vendor: 0x03eb,
    products: [0x2111, 0x2140, 0x2141, 0x2144, 0x2145, 0x216c, 0x2175],
  },
  {
    name: "Infineon KitProg, MiniProg",
    vendor: 0x04b4,
    products: [0xf138, 0xf148, 0xf151, 0xf152, 0xf154, 0xf155, 0xf166],
  },
  { name: "NXP LPC-Link2, MCU-Link", vendor: 0x1fc9, products: [0x0090, 0x0143] },
  { name: "Raspberry Pi Debug Probe, Picoprobe", vendor: 0x2e8a, products: [0x0004, 0x000c] },
  {
    name: "STMicroelectronics ST-Link",
    vendor: 0x0483,
    products: [0x3744, 0x3748, 0x374a, 0x374b, 0x374d, 0x374e, 0x374f, 0x3752, 0x3753, 0x3754, 0x3757],
  },
  { name: "SEGGER J-Link", vendor: 0x1366 },
  { name: "WCH-Link", vendor: 0x1a86, products: [0x8011] },
  { name: "WCH-Link", vendor: 0x2a86, products: [0x8011] },
  { name: "Vega VT-LinkII", vendor: 0x30cc, products: [0x9527] },
  { name: "Texas Instruments XDS110", vendor: 0x0451, products: [0xbef3] },
];

/** For the user at the desk, and for members of `plugdev` where there is no desk. */
const ACCESS = 'MODE="0660", GROUP="plugdev", TAG+="uaccess"';

/**
 * The text of the rule file.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { udevRules } from "./udev.ts";
 *
 * assertStringIncludes(udevRules(), 'ATTRS{idVendor}=="0d28", ATTRS{idProduct}=="0204"');
 * ```
 */
export function udevRules(): string {
  const four = (n: number): string => n.toString(16).padStart(4, "0");
  const rules = PROBES.map(({ name, vendor, products }) => {
    const product = products ? `, ATTRS{idProduct}=="${products.map(four).join("|")}"` : "";
    return `# ${name}\nSUBSYSTEM=="usb|hidraw", ATTRS{idVendor}=="${four(vendor)}"${product}, ${ACCESS}`;
  });
  return [
    "# Debug probes, for Tapir. Written by: tapir setup udev --install",
    ...rules,
    "# Anything that calls itself CMSIS-DAP",
    `SUBSYSTEM=="usb|hidraw", ATTRS{product}=="*CMSIS-DAP*", ${ACCESS}`,
    "",
  ].join("\n");
}

/** What probes need on systems without udev. */
const WITHOUT_UDEV: Readonly<Record<string, string>> = {
  darwin: "macOS lets every user open debug probes; there is nothing to set up",
  windows:
    "On Windows, CMSIS-DAP probes need no driver; for others bind WinUSB to the interface, for example with Zadig",
};

/** What probes need on `os` (as `Deno.build.os`) in place of udev rules; undefined where these are what they need. */
export function insteadOfUdev(os: string = Deno.build.os): string | undefined {
  return WITHOUT_UDEV[os];
}

/** How {@linkcode installUdevRules} reaches the system; replaced in tests. */
export interface UdevSystem {
  /** Operating system, as `Deno.build.os`. */
  readonly os: string;
  /** Writes a file. */
  write(path: string, text: string): Promise<void>;
  /** Runs a program; whether it succeeded. */
  run(program: string, args: readonly string[]): Promise<boolean>;
}

/**
 * Writes the rule file and applies it to probes that are plugged in.
 *
 * @throws {UsageError} `no-udev` on a system other than Linux
 * @throws {ProbeError} `udev-install-failed` when the file cannot be written
 */
export async function installUdevRules(system: UdevSystem = realSystem): Promise<void> {
  const instead = insteadOfUdev(system.os);
  if (instead !== undefined) {
    throw new UsageError("Cannot install udev rules: this system has no udev", { code: "no-udev", hint: instead });
  }
  try {
    await system.write(UDEV_RULE_PATH, udevRules());
  } catch (error) {
    throw new ProbeError(`Cannot write ${UDEV_RULE_PATH}: ${error instanceof Error ? error.message : error}`, {
      code: "udev-install-failed",
      hint: 'Run it as root, such as: sudo tapir setup udev --install; or redirect the output of "tapir setup udev"',
      cause: error,
    });
  }
  // Without a running udev (a container) there is nothing to apply the rule to; it counts from the next start.
  if (await system.run("udevadm", ["control", "--reload"])) {
    await system.run("udevadm", ["trigger", "--subsystem-match=usb", "--subsystem-match=hidraw", "--action=add"]);
  }
}

const realSystem: UdevSystem = {
  os: Deno.build.os,
  write: async (path, text) => await Deno.writeTextFile(path, text),
  run: async (program, args) => {
    try {
      const command = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "null" });
      return (await command.output()).success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  },
};
