/**
 * Chooses the interface through which an open device is talked to, without getting in the way of other programs.
 *
 * @module
 */
import { FormatError, ProbeError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import { describeDevice, type UsbConnection, type UsbDevice, UsbError } from "../../usb/mod.ts";
import { type HidReport, parseHidReport } from "./hid_report.ts";
import { fitReport, type UsbRoute } from "./usb_match.ts";

const log = getLogger("probe", "cmsis_dap.usb");

/** GET_DESCRIPTOR of an interface, descriptor type report (HID 1.11, 7.1.1). */
const GET_REPORT_DESCRIPTOR = { requestType: 0x81, request: 0x06, value: 0x2200 } as const;

/** More than any report descriptor seen, in bytes; a device sends what it has. */
const DESCRIPTOR_LENGTH = 1024;

/** Every HID device answers this when it is plugged in, or the system has no HID device; in milliseconds. */
const DESCRIPTOR_TIMEOUT_MS = 200;

/**
 * Makes sure that no other program uses the probe, as far as the system tells. Both generations of the protocol lead to
 * the same firmware: packets on one interface disturb whoever works through the other.
 *
 * @throws {UsbError} `busy`
 */
export function checkFree(device: UsbDevice, routes: readonly UsbRoute[]): void {
  for (const [i, { interface: number, version, isUnsure }] of routes.entries()) {
    // Claiming a HID interface takes it away from programs that have its HID device open; nobody refuses that.
    const { busy } = isUnsure ? {} : device.knownState(number, version === 1 && i === 0);
    if (busy) throw busy;
  }
}

/**
 * The first route that leads to CMSIS-DAP, with what its HID report descriptor says. An interface that has to be asked
 * for its descriptor is claimed, and released unless it is chosen.
 *
 * @throws {UsbError} `busy` when another program uses the probe, or an interface that would have to be asked
 * @throws {ProbeError} when none leads there
 */
export async function chooseRoute(
  device: UsbDevice,
  connection: UsbConnection,
  routes: readonly UsbRoute[],
): Promise<UsbRoute> {
  let busy: UsbError | undefined;
  let unread: UsbRoute | undefined;
  for (const route of routes) {
    if (route.version === 2) return route;
    const known = device.knownState(route.interface, false);
    const report = known.busy ?? await readReport(connection, route.interface, known.report);
    if (!route.isUnsure) {
      if (report instanceof UsbError) throw report;
      return fitReport(route, report) ?? route;
    }
    if (report instanceof UsbError) {
      busy ??= report;
      continue;
    }
    const fitting = fitReport(route, report);
    if (fitting !== undefined && report !== undefined) {
      // One that had to be asked is claimed by now, and counts as used.
      if (known.report !== undefined) checkFree(device, [fitting]);
      return fitting;
    }
    unread ??= fitting;
    connection.release(route.interface);
  }
  if (busy !== undefined) throw busy;
  if (unread !== undefined) {
    log.warning(
      `Cannot tell which HID interface of ${describeDevice(device.info)} is the probe's: trying ${unread.interface}`,
    );
    return unread;
  }
  throw new ProbeError("Cannot use the probe: none of its HID interfaces is for CMSIS-DAP", {
    code: "probe-no-interface",
    hint: "Give it firmware with CMSIS-DAP, or switch it to its CMSIS-DAP mode",
  });
}

/**
 * The report descriptor that the system knows, else the one with which the device answers; undefined when that is of no
 * use, and the error when another program has the interface.
 */
async function readReport(
  connection: UsbConnection,
  interfaceNumber: number,
  known: Uint8Array | undefined,
): Promise<HidReport | UsbError | undefined> {
  try {
    return parseHidReport(known ?? await askForReport(connection, interfaceNumber));
  } catch (error) {
    if (error instanceof UsbError && error.failure === "busy") return error;
    if (!(error instanceof FormatError) && !(error instanceof UsbError)) throw error;
    log.debug(() => `Interface ${interfaceNumber} of ${describeDevice(connection.info)}: ${error.message}`);
    return undefined;
  }
}

async function askForReport(connection: UsbConnection, interfaceNumber: number): Promise<Uint8Array> {
  connection.claim(interfaceNumber);
  return await connection.controlIn({ ...GET_REPORT_DESCRIPTOR, index: interfaceNumber }, DESCRIPTOR_LENGTH, {
    timeoutMs: DESCRIPTOR_TIMEOUT_MS,
  });
}
