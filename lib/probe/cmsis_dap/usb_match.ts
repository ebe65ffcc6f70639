/**
 * Which USB devices are CMSIS-DAP probes, and through which interface they talk (CMSIS-DAP documentation, "Connect to a
 * CMSIS-DAP unit"). Pure.
 *
 * @module
 */
import type { UsbDeviceInfo, UsbInterface, UsbStrings } from "../../usb/mod.ts";
import type { HidReport } from "./hid_report.ts";
import { CMSIS_DAP_STRINGS, type Quirks, quirksOf } from "./quirks.ts";

/** A way to talk to a probe. */
export interface UsbRoute {
  /** Protocol generation: v2 is bulk, v1 is HID. */
  readonly version: 1 | 2;
  /** Interface number. */
  readonly interface: number;
  /** Endpoint for responses. */
  readonly endpointIn: number;
  /** Endpoint for requests; a HID interface without one takes them by SET_REPORT. */
  readonly endpointOut: number | undefined;
  /** Bytes: v2, wMaxPacketSize of the request endpoint; v1, length of a report. */
  readonly maxPacketSize: number;
  /** Endpoint for the SWO stream. */
  readonly endpointSwo: number | undefined;
  /** Only the HID report descriptor tells whether the interface is for CMSIS-DAP; see {@linkcode fitReport}. */
  readonly isUnsure?: true;
}

/** Usage page of CMSIS-DAP's report ("CMSIS-DAP configuration for HID": vendor defined, 0xFF00). */
const USAGE_PAGE = 0xff00;

/** Length of a report where nothing else is known; interrupt endpoints of slow devices carry it in several packets. */
const REPORT_BYTES = 64;

/** Report lengths in bytes that are believed. */
const BELIEVED = { least: 16, most: 32768 } as const;

const CLASS = { perInterface: 0x00, miscellaneous: 0xef, hid: 0x03, vendor: 0xff } as const;

function says(text: string | undefined): boolean {
  return text !== undefined && CMSIS_DAP_STRINGS.some((mark) => text.includes(mark));
}

/**
 * Whether a device could be a probe, going by its descriptors alone: worth reading its strings.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { couldBeCmsisDap } from "./usb_match.ts";
 *
 * const hub = {
 *   vendorId: 0x1d6b, productId: 2, deviceClass: 9, release: 0, bus: 1, address: 1, ports: [],
 *   manufacturerIndex: 0, productIndex: 0, serialIndex: 0, interfaces: [],
 * };
 * assertEquals(couldBeCmsisDap(hub), false);
 * ```
 */
export function couldBeCmsisDap(info: UsbDeviceInfo): boolean {
  if (!hasProbeClass(info)) return false;
  return info.interfaces.some((i) => bulkRoute(i) !== undefined || hidRoute(i) !== undefined);
}

/**
 * Whether a device is a known probe that shows no interface for CMSIS-DAP: it is in its bootloader, or has other firmware.
 */
export function lacksCmsisDap(info: UsbDeviceInfo): boolean {
  const isKnown = quirksOf(info.vendorId, info.productId) !== undefined;
  return isKnown && info.interfaces.length > 0 && hasProbeClass(info) && !couldBeCmsisDap(info);
}

function hasProbeClass({ vendorId, productId, deviceClass }: UsbDeviceInfo): boolean {
  const { deviceClass: own } = quirksOf(vendorId, productId) ?? {};
  return deviceClass === CLASS.perInterface || deviceClass === CLASS.miscellaneous || deviceClass === own;
}

/**
 * The routes to a probe, preferred one first: none when the device is not one. Of those that are unsure at most one leads
 * to the probe.
 *
 * @param preferV1 HID before bulk (`cmsis_dap.prefer_v1`)
 */
export function routesTo(info: UsbDeviceInfo, strings: UsbStrings, preferV1 = false): UsbRoute[] {
  if (!couldBeCmsisDap(info)) return [];
  const quirks = quirksOf(info.vendorId, info.productId);
  const bulk = info.interfaces.filter((i) => i.alternate === 0 && says(strings.interfaces.get(i.number)))
    .map(bulkRoute).filter((route) => route !== undefined);
  const hid = hidRoutes(info, strings, quirks);
  return preferV1 ? [...hid, ...bulk] : [...bulk, ...hid];
}

/** Vendor interface with a bulk OUT, a bulk IN and perhaps a second bulk IN for SWO, in this order. */
function bulkRoute(i: UsbInterface): UsbRoute | undefined {
  if (i.class !== CLASS.vendor || i.subclass !== 0) return undefined;
  const [out, into, swo] = i.endpoints.filter((e) => e.type === "bulk");
  if (out === undefined || into === undefined || (out.address & 0x80) !== 0 || (into.address & 0x80) === 0) {
    return undefined;
  }
  // Through such an endpoint goes nothing.
  if (out.maxPacketSize === 0) return undefined;
  return {
    version: 2,
    interface: i.number,
    endpointIn: into.address,
    endpointOut: out.address,
    maxPacketSize: out.maxPacketSize,
    endpointSwo: swo !== undefined && (swo.address & 0x80) !== 0 ? swo.address : undefined,
  };
}

/**
 * A v1 route with what its report descriptor says, or undefined when the interface is for something else.
 *
 * @param report undefined when it could not be read
 */
export function fitReport(route: UsbRoute, report: HidReport | undefined): UsbRoute | undefined {
  if (report === undefined) return route;
  const { isUnsure, ...sure } = route;
  const { usagePages, hasIds, inputBytes, outputBytes } = report;
  if (isUnsure && (hasIds || !usagePages.includes(USAGE_PAGE))) return undefined;
  // CMSIS-DAP has reports of one length in both directions and no IDs; whatever else is said cannot be meant.
  const isPlain = !hasIds && inputBytes === outputBytes && inputBytes >= BELIEVED.least && inputBytes <= BELIEVED.most;
  return isPlain ? { ...sure, maxPacketSize: inputBytes } : sure;
}

/** HID interface that is no boot device, with an interrupt IN and at most one interrupt OUT. */
function hidRoute(i: UsbInterface): UsbRoute | undefined {
  if (i.class !== CLASS.hid || i.subclass !== 0 || i.endpoints.length > 2) return undefined;
  const into = i.endpoints.find((e) => e.type === "interrupt" && (e.address & 0x80) !== 0);
  const out = i.endpoints.find((e) => e.type === "interrupt" && (e.address & 0x80) === 0);
  if (into === undefined || (i.endpoints.length === 2 && out === undefined)) return undefined;
  return {
    version: 1,
    interface: i.number,
    endpointIn: into.address,
    endpointOut: out?.address,
    maxPacketSize: Math.max(REPORT_BYTES, (out ?? into).maxPacketSize),
    endpointSwo: undefined,
  };
}

/**
 * A probe's only HID interface needs no name of its own; of several, it is the one that says so. Where none does, or
 * the probe is known for HID interfaces that have other purposes, the report descriptors have to tell.
 */
function hidRoutes(info: UsbDeviceInfo, strings: UsbStrings, quirks: Quirks | undefined): UsbRoute[] {
  const candidates = info.interfaces.filter((i) => i.alternate === 0)
    .map((i) => ({ route: hidRoute(i), isNamed: says(strings.interfaces.get(i.number)) }))
    .flatMap(({ route, isNamed }) => route === undefined ? [] : [{ route, isNamed }]);
  const named = candidates.find(({ isNamed }) => isNamed);
  if (named !== undefined) return [named.route];
  if (!says(strings.product) && quirks === undefined) return [];
  const isUnsure = candidates.length > 1 || quirks?.hidUsagePage === true;
  return candidates.map(({ route }) => isUnsure ? { ...route, isUnsure } : route);
}

/**
 * The unique ID of a probe without a serial number: stays the same as long as it stays in its socket.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { placeId } from "./usb_match.ts";
 *
 * const info = {
 *   vendorId: 0x1a86, productId: 0x8011, deviceClass: 0, release: 0, bus: 1, address: 9, ports: [2, 4],
 *   manufacturerIndex: 0, productIndex: 0, serialIndex: 0, interfaces: [],
 * };
 * assertEquals(placeId(info), "1a86-8011-1-2.4");
 * ```
 */
export function placeId(info: UsbDeviceInfo): string {
  const four = (n: number): string => n.toString(16).padStart(4, "0");
  const place = info.ports.length > 0 ? info.ports.join(".") : `a${info.address}`;
  return `${four(info.vendorId)}-${four(info.productId)}-${info.bus}-${place}`;
}

/**
 * Unique IDs for probes in list order: the serial number, made unique by the socket where several probes share one. What
 * stands before a colon names a kind of probe, so that serial numbers get dashes for theirs.
 */
export function uniqueIds(probes: readonly { readonly info: UsbDeviceInfo; readonly serial: string }[]): string[] {
  const serials = probes.map(({ serial }) => serial.replaceAll(":", "-"));
  return probes.map(({ info }, i) => {
    const serial = serials[i]!;
    if (serial === "") return placeId(info);
    const isShared = serials.filter((other) => other === serial).length > 1;
    return isShared ? `${serial}@${info.bus}-${info.ports.join(".") || info.address}` : serial;
  });
}
