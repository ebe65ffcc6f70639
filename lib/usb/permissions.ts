/**
 * Why a probe cannot be opened, in words that help: udev rules on Linux, drivers on Windows, usbipd under WSL, and which
 * program holds a busy device.
 *
 * @module
 */
import { UDEV_RULE_PATH } from "./udev.ts";
import type { UsbDeviceInfo } from "./usb.ts";

/** Facts about the computer that change the advice; looked up when absent. */
export interface UsbDiagnosis {
  /** Operating system, as `Deno.build.os`. */
  readonly os: string;
  /** Whether this is Linux under Windows. */
  readonly wsl: boolean;
}

/** What this computer is, from its own files. */
export function diagnoseSystem(): UsbDiagnosis {
  const { os } = Deno.build;
  let wsl = false;
  if (os === "linux") {
    try {
      wsl = /microsoft/i.test(Deno.readTextFileSync("/proc/sys/kernel/osrelease"));
    } catch {
      // Without /proc it is some other Linux.
    }
  }
  return { os, wsl };
}

/** What to do about a missing permission. */
export function accessHint(diagnosis: UsbDiagnosis = diagnoseSystem()): string {
  if (diagnosis.os === "windows") {
    return "Close other programs that use the probe; if there are none, bind the WinUSB driver to its interface, for " +
      "example with Zadig, or update its firmware";
  }
  if (diagnosis.os === "darwin") return "Close other programs that use the probe, and plug it in again";
  const rule = `Run "sudo tapir setup udev --install" (it writes ${UDEV_RULE_PATH}), then plug the probe in again`;
  return diagnosis.wsl ? `${wslHint()}; then: ${rule}` : rule;
}

/** How a USB device gets into WSL. */
export function wslHint(): string {
  return "Under WSL, attach the probe first, in a Windows terminal: usbipd attach --wsl --busid <BUSID>";
}

/**
 * What to do about a busy device; names the program that holds it when the system lets us see it.
 *
 * @param proc where `/proc` is mounted
 * @param others further device files of the device, such as `/dev/hidraw0`
 */
export function busyHint(
  info: UsbDeviceInfo,
  diagnosis: UsbDiagnosis = diagnoseSystem(),
  proc = "/proc",
  others: readonly string[] = [],
): string {
  const holders = diagnosis.os === "linux" ? nodeHolders([usbNode(info), ...others], proc) : [];
  if (holders.length === 0) return "Close the other program that uses the probe (a debugger, an IDE, another tapir)";
  return `Close ${holders.map((holder) => `${holder.name} (process ${holder.pid})`).join(", ")}`;
}

/** A process that has a device open. */
export interface DeviceHolder {
  /** Process number. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
}

/**
 * Other processes that have the device's node under `/dev/bus/usb` open, as far as `/proc` shows them to this user.
 *
 * @param proc where `/proc` is mounted
 */
export function deviceHolders(info: UsbDeviceInfo, proc = "/proc"): DeviceHolder[] {
  return nodeHolders([usbNode(info)], proc);
}

/**
 * Other processes that have one of these device files open, as far as `/proc` shows them to this user.
 *
 * @param proc where `/proc` is mounted
 */
export function nodeHolders(nodes: readonly string[], proc = "/proc"): DeviceHolder[] {
  const holders: DeviceHolder[] = [];
  for (const entry of readDirectory(proc)) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    const open = readDirectory(`${proc}/${pid}/fd`).some((fd) =>
      nodes.includes(linkTarget(`${proc}/${pid}/fd/${fd}`) ?? "")
    );
    if (!open) continue;
    try {
      holders.push({ pid, name: Deno.readTextFileSync(`${proc}/${pid}/comm`).trim() });
    } catch {
      holders.push({ pid, name: "a program" });
    }
  }
  return holders;
}

function usbNode({ bus, address }: UsbDeviceInfo): string {
  const three = (n: number): string => String(n).padStart(3, "0");
  return `/dev/bus/usb/${three(bus)}/${three(address)}`;
}

function readDirectory(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name);
  } catch {
    // Processes end while we look, and other users' are not ours to see.
    return [];
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}
