/**
 * CMSIS-DAP probes on the USB as a probe driver.
 *
 * @module
 */
import { ProbeError, TapirError } from "../../base/errors.ts";
import { Libusb, type UsbBackend } from "../../usb/mod.ts";
import type { Probe, ProbeBoardInfo, ProbeDriver, ProbeInfo, ProbeOpenOptions, ProbeWatch } from "../probe.ts";
import { CmsisDapProbe } from "./probe.ts";
import { quirksOf } from "./quirks.ts";
import { checkFree, chooseRoute } from "./usb_choose.ts";
import { findProbes, type FoundProbe } from "./usb_examine.ts";
import { placeId, uniqueIds, type UsbRoute } from "./usb_match.ts";
import { UsbTransport } from "./usb_transport.ts";

/** What the driver needs from outside. */
export interface CmsisDapUsbOptions {
  /** Opens the USB library; libusb unless told. */
  readonly backend?: () => UsbBackend;
  /** Finds board and target by the board ID in the serial number (DAPLink). */
  readonly boardById?: (boardId: string) => ProbeBoardInfo | undefined;
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
        const found = await findProbes(usb, openOptions?.preferV1);
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
    const found = await findProbes(usb, openOptions?.preferV1);
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
  found: FoundProbe,
  uniqueId: string,
  closed: () => Promise<void>,
  options: CmsisDapUsbOptions,
  openOptions: ProbeOpenOptions | undefined,
): Promise<CmsisDapProbe> {
  if (found.problem) throw found.problem;
  const { device, strings, routes } = found;
  checkFree(device, routes);
  const connection = device.open();
  let route: UsbRoute;
  let transport: UsbTransport;
  try {
    route = await chooseRoute(device, connection, routes);
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

/**
 * Asks a probe which board it is on, unless that is known. A probe that another program uses is left alone; one that does
 * not answer is listed with its problem.
 */
async function identify(
  found: FoundProbe,
  listed: ProbeInfo,
  options: CmsisDapUsbOptions,
  openOptions: ProbeOpenOptions,
): Promise<ProbeInfo> {
  if (listed.problem) return listed;
  try {
    if (listed.board) {
      checkFree(found.device, found.routes);
      return listed;
    }
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

function describe({ device, strings, problem }: FoundProbe, uniqueId: string, options: CmsisDapUsbOptions): ProbeInfo {
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
