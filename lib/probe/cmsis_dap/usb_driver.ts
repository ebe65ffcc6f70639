/**
 * CMSIS-DAP probes on the USB as a probe driver.
 *
 * @module
 */
import { ProbeError, TapirError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import {
  describeDevice,
  Libusb,
  type UsbBackend,
  type UsbConnection,
  type UsbDevice,
  UsbError,
  type UsbStrings,
} from "../../usb/mod.ts";
import type { Probe, ProbeBoardInfo, ProbeDriver, ProbeInfo, ProbeOpenOptions, ProbeWatch } from "../probe.ts";
import { CmsisDapProbe } from "./probe.ts";
import { quirksOf } from "./quirks.ts";
import { couldBeCmsisDap, placeId, routesTo, uniqueIds, type UsbRoute } from "./usb_match.ts";
import { UsbTransport } from "./usb_transport.ts";

const log = getLogger("probe", "cmsis_dap.usb");

/** What the driver needs from outside. */
export interface CmsisDapUsbOptions {
  /** Opens the USB library; libusb unless told. */
  readonly backend?: () => UsbBackend;
  /** Finds board and target by the board ID in the serial number (DAPLink). */
  readonly boardById?: (boardId: string) => ProbeBoardInfo | undefined;
}

interface Found {
  readonly device: UsbDevice;
  readonly strings: UsbStrings;
  readonly routes: readonly UsbRoute[];
  readonly problem?: Error;
}

/** The driver for CMSIS-DAP probes, both generations. */
export function cmsisDapUsbDriver(options: CmsisDapUsbOptions = {}): ProbeDriver {
  const openBackend = options.backend ?? (() => Libusb.open());
  return {
    name: "cmsisdap",
    description: "CMSIS-DAP",
    enumerable: true,
    list: async (openOptions) => {
      const usb = openBackend();
      try {
        const found = await findProbes(usb, openOptions);
        const ids = uniqueIds(found.map(({ device, strings }) => ({ info: device.info, serial: strings.serial })));
        const listed = found.map((probe, i) => describe(probe, ids[i]!, options));
        if (!openOptions?.identify) return listed;
        return await Promise.all(found.map((probe, i) => identify(probe, listed[i]!, options, openOptions)));
      } finally {
        await usb.close();
      }
    },
    open: async (uniqueId, openOptions) => await openProbe(openBackend(), uniqueId, options, openOptions),
    watch: async () => await watchProbes(openBackend()),
  };
}

/** Any device may be a probe: what has come is seen by listing. The library is given back with the watch. */
async function watchProbes(usb: UsbBackend): Promise<ProbeWatch> {
  try {
    const watch = usb.watch();
    return { changed: (limitMs, signal) => watch.changed(limitMs, signal), close: () => usb.close() };
  } catch (error) {
    await usb.close();
    throw error;
  }
}

async function openProbe(
  usb: UsbBackend,
  uniqueId: string,
  options: CmsisDapUsbOptions,
  openOptions: ProbeOpenOptions | undefined,
): Promise<Probe> {
  try {
    const found = await findProbes(usb, openOptions);
    const ids = uniqueIds(found.map(({ device, strings }) => ({ info: device.info, serial: strings.serial })));
    const probe = found[ids.indexOf(uniqueId)];
    if (probe === undefined) {
      throw new ProbeError(`Cannot open probe ${uniqueId}: it is not connected`, {
        code: "probe-not-found",
        hint: "See what is connected with: tapir list",
      });
    }
    return await openFound(probe, uniqueId, () => usb.close(), options, openOptions);
  } catch (error) {
    await usb.close();
    throw error;
  }
}

/** Opens a probe over its preferred route; `closed` is called once it is closed again. */
async function openFound(
  found: Found,
  uniqueId: string,
  closed: () => Promise<void>,
  options: CmsisDapUsbOptions,
  openOptions: ProbeOpenOptions | undefined,
): Promise<CmsisDapProbe> {
  if (found.problem) throw found.problem;
  const { device, strings, routes } = found;
  const route = routes[0]!;
  const connection = device.open();
  let transport: UsbTransport;
  try {
    transport = new UsbTransport(connection, route, closed);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const quirks = quirksOf(device.info.vendorId, device.info.productId);
  const limitPackets = openOptions?.limitPackets || quirks?.limitPackets;
  return await CmsisDapProbe.open(transport, {
    uniqueId,
    ...(strings.product ? { description: strings.product } : {}),
    ...(strings.manufacturer ? { vendor: strings.manufacturer } : {}),
    fallbackVersion: route.version === 1 ? [1, 0, 0] : [2, 0, 0],
    ...(quirks ? { quirks } : {}),
    ...(options.boardById ? { boardById: options.boardById } : {}),
  }, { ...openOptions, ...(limitPackets === undefined ? {} : { limitPackets }) });
}

/** Asks a probe which board it is on, unless that is known; a probe that does not answer is listed with its problem. */
async function identify(
  found: Found,
  listed: ProbeInfo,
  options: CmsisDapUsbOptions,
  openOptions: ProbeOpenOptions,
): Promise<ProbeInfo> {
  if (listed.problem || listed.board) return listed;
  try {
    const probe = await openFound(found, listed.uniqueId, () => Promise.resolve(), options, openOptions);
    try {
      const board = await probe.boardInfo();
      return Object.keys(board).length === 0 ? listed : { ...listed, board };
    } finally {
      await probe.close();
    }
  } catch (error) {
    if (!(error instanceof TapirError)) throw error;
    return { ...listed, problem: error };
  }
}

async function findProbes(usb: UsbBackend, options: ProbeOpenOptions | undefined): Promise<Found[]> {
  const candidates = usb.list().filter(({ info }) => couldBeCmsisDap(info));
  const found = await Promise.all(candidates.map((device) => examine(device, options?.preferV1 ?? false)));
  return found.filter((probe) => probe !== undefined);
}

/** Reads a device's strings and decides; a device that cannot be read is only reported when it is a known probe. */
async function examine(device: UsbDevice, preferV1: boolean): Promise<Found | undefined> {
  const { info } = device;
  try {
    const strings = device.knownStrings() ?? await askForStrings(device);
    const routes = routesTo(info, strings, preferV1);
    return routes.length === 0 ? undefined : { device, strings, routes };
  } catch (error) {
    if (!(error instanceof UsbError)) throw error;
    log.debug(() => `Cannot read the strings of ${describeDevice(info)}: ${error.message}`);
    const quirks = quirksOf(info.vendorId, info.productId);
    if (quirks === undefined) return undefined;
    const strings = { manufacturer: "", product: quirks.name, serial: "", interfaces: new Map<number, string>() };
    return { device, strings, routes: [], problem: error };
  }
}

async function askForStrings(device: UsbDevice): Promise<UsbStrings> {
  const { info } = device;
  const connection: UsbConnection = device.open();
  try {
    const interfaces = new Map<number, string>();
    const manufacturer = await connection.readString(info.manufacturerIndex);
    const product = await connection.readString(info.productIndex);
    const serial = await connection.readString(info.serialIndex);
    for (const { number, nameIndex } of info.interfaces) {
      if (nameIndex !== 0) interfaces.set(number, await connection.readString(nameIndex));
    }
    return { manufacturer, product, serial, interfaces };
  } finally {
    await connection.close();
  }
}

function describe({ device, strings, problem }: Found, uniqueId: string, options: CmsisDapUsbOptions): ProbeInfo {
  const { vendorId, productId } = device.info;
  const quirks = quirksOf(vendorId, productId);
  const board = quirks?.boardIdInSerial && strings.serial
    ? options.boardById?.(strings.serial.slice(0, 4).toLowerCase())
    : undefined;
  return {
    driver: "cmsisdap",
    uniqueId,
    description: strings.product || quirks?.name || `CMSIS-DAP ${placeId(device.info)}`,
    vendor: strings.manufacturer,
    ...(board ? { board } : {}),
    ...(problem ? { problem } : {}),
  };
}
