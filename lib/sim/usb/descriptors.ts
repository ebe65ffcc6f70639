/**
 * USB descriptors of the simulated probe: a CMSIS-DAP v2 interface (bulk, with an SWO endpoint) and a v1 interface
 * (HID), as one composite device (USB 2.0 chapter 9, HID 1.11 chapter 6).
 *
 * @module
 */

/** Endpoint addresses of the simulated device. */
export const ENDPOINT = {
  bulkOut: 0x01,
  bulkIn: 0x81,
  swoIn: 0x83,
  hidOut: 0x02,
  hidIn: 0x82,
  otherHidIn: 0x84,
} as const;

/** wMaxPacketSize of the bulk endpoints at high speed. */
export const BULK_PACKET = 512;

/** Report size of the HID interface in bytes. */
export const HID_REPORT = 64;

/** Which interfaces a device shows, and its names. */
export interface UsbIdentity {
  /** idVendor. */
  readonly vendorId: number;
  /** idProduct. */
  readonly productId: number;
  /** Manufacturer string. */
  readonly manufacturer: string;
  /** Product string. */
  readonly product: string;
  /** Serial number string; empty for a device without one. */
  readonly serial: string;
  /** CMSIS-DAP v2, bulk. */
  readonly v2: boolean;
  /** A third bulk endpoint for SWO. */
  readonly swo: boolean;
  /** CMSIS-DAP v1, HID. */
  readonly v1: boolean;
  /** Whether the HID interface has an interrupt OUT endpoint; without it, SET_REPORT carries the requests. */
  readonly hidOut: boolean;
  /** A HID interface for something else in front of the v1 one; both are nameless, only report descriptors tell. */
  readonly otherHid?: boolean;
  /** How it takes requests for strings; it answers them unless told. */
  readonly strings?: "stall" | "silence";
}

/** Everything a host may ask for. */
export interface UsbDescriptors {
  /** Device descriptor. */
  readonly device: Uint8Array;
  /** Configuration descriptor with all interfaces. */
  readonly configuration: Uint8Array;
  /** HID descriptor. */
  readonly hid: Uint8Array;
  /** HID report descriptor. */
  readonly report: Uint8Array;
  /** String descriptors by index; index 0 lists the language. */
  readonly strings: readonly Uint8Array[];
  /** Number of the v2 interface, or undefined. */
  readonly v2Interface: number | undefined;
  /** Number of the v1 interface, or undefined. */
  readonly v1Interface: number | undefined;
  /** Number of the HID interface for something else, or undefined. */
  readonly otherInterface: number | undefined;
  /** Its report descriptor. */
  readonly otherReport: Uint8Array;
}

/** One vendor-defined report of 64 bytes each way, without a report id. */
const REPORT_DESCRIPTOR = Uint8Array.of(
  ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01], // usage page 0xFF00, usage 1, collection
  ...[0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, HID_REPORT], // 64 items of 8 bits, 0–255
  ...[0x09, 0x01, 0x81, 0x02, 0x09, 0x01, 0x91, 0x02], // input, output
  0xc0,
);

/** Input reports of 63 bytes with an ID, on another vendor-defined usage page. */
const OTHER_REPORT_DESCRIPTOR = Uint8Array.of(
  ...[0x06, 0x01, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x85, 0x01], // usage page 0xFF01, usage 1, collection, report ID 1
  ...[0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 63, 0x09, 0x01, 0x81, 0x02], // 63 items of 8 bits, 0–255, input
  0xc0,
);

const le16 = (value: number): [number, number] => [value & 0xff, value >>> 8];

function stringDescriptor(text: string): Uint8Array {
  const units = Array.from({ length: text.length }, (_, i) => le16(text.charCodeAt(i))).flat();
  return Uint8Array.of(units.length + 2, 3, ...units);
}

/** HID descriptor of an interface with one report descriptor (HID 1.11, 6.2.1). */
function hidDescriptor(report: Uint8Array): Uint8Array {
  return Uint8Array.of(9, 0x21, ...le16(0x0111), 0, 1, 0x22, ...le16(report.length));
}

function endpoint(address: number, type: 2 | 3, size: number, interval: number): number[] {
  return [7, 5, address, type, ...le16(size), interval];
}

/**
 * Descriptors of a probe.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { buildDescriptors } from "./descriptors.ts";
 *
 * const { device, configuration } = buildDescriptors({
 *   vendorId: 0x0d28, productId: 0x0204, manufacturer: "Tapir", product: "Tapir CMSIS-DAP", serial: "1",
 *   v2: true, swo: true, v1: true, hidOut: true,
 * });
 * assertEquals([device.length, configuration[2], configuration[4]], [18, configuration.length, 2]);
 * ```
 */
export function buildDescriptors(identity: UsbIdentity): UsbDescriptors {
  const names = [identity.manufacturer, identity.product, identity.serial, "CMSIS-DAP v2", "CMSIS-DAP v1"];
  const hid = hidDescriptor(REPORT_DESCRIPTOR);
  const body: number[] = [];
  let interfaces = 0;
  const v2Interface = identity.v2 ? interfaces++ : undefined;
  const otherInterface = identity.otherHid ? interfaces++ : undefined;
  const v1Interface = identity.v1 ? interfaces++ : undefined;
  if (v2Interface !== undefined) {
    body.push(9, 4, v2Interface, 0, identity.swo ? 3 : 2, 0xff, 0, 0, 4);
    body.push(...endpoint(ENDPOINT.bulkOut, 2, BULK_PACKET, 0), ...endpoint(ENDPOINT.bulkIn, 2, BULK_PACKET, 0));
    if (identity.swo) body.push(...endpoint(ENDPOINT.swoIn, 2, BULK_PACKET, 0));
  }
  if (otherInterface !== undefined) {
    body.push(9, 4, otherInterface, 0, 1, 3, 0, 0, 0, ...hidDescriptor(OTHER_REPORT_DESCRIPTOR));
    body.push(...endpoint(ENDPOINT.otherHidIn, 3, HID_REPORT, 1));
  }
  if (v1Interface !== undefined) {
    const name = identity.otherHid ? 0 : 5;
    body.push(9, 4, v1Interface, 0, identity.hidOut ? 2 : 1, 3, 0, 0, name, ...hid);
    body.push(...endpoint(ENDPOINT.hidIn, 3, HID_REPORT, 1));
    if (identity.hidOut) body.push(...endpoint(ENDPOINT.hidOut, 3, HID_REPORT, 1));
  }
  return {
    device: Uint8Array.of(
      ...[18, 1, ...le16(0x0200), 0, 0, 0, 64, ...le16(identity.vendorId), ...le16(identity.productId)],
      ...[...le16(0x0100), 1, 2, identity.serial === "" ? 0 : 3, 1],
    ),
    configuration: Uint8Array.of(9, 2, ...le16(9 + body.length), interfaces, 1, 0, 0x80, 250, ...body),
    hid,
    report: REPORT_DESCRIPTOR,
    strings: [Uint8Array.of(4, 3, ...le16(0x0409)), ...names.map(stringDescriptor)],
    v2Interface,
    v1Interface,
    otherInterface,
    otherReport: OTHER_REPORT_DESCRIPTOR,
  };
}
