/**
 * The simulated probe as a USB device: control requests, endpoints, stalls. How its packets travel (USB/IP, usbredir) is
 * the business of the files beside this one.
 *
 * @module
 */
import { buildDescriptors, ENDPOINT, HID_REPORT, type UsbDescriptors, type UsbIdentity } from "./descriptors.ts";

/** A probe firmware behind one interface. */
export interface UsbFirmware {
  /** Takes a request packet; answers the responses it sets free. */
  submit(packet: Uint8Array): Uint8Array[];
  /** Bytes for the SWO endpoint. */
  takeSwoStream(): Uint8Array;
}

/** How a request to an endpoint ended: data or success, or a stall. */
export type UsbReply = Uint8Array | "stall";

/** An IN request that waits for data. */
export interface UsbInRequest {
  /** Bytes the host has room for. */
  readonly length: number;
  /** Called once with the data, or the failure. */
  done(reply: UsbReply): void;
}

const STANDARD = { getStatus: 0, clearFeature: 1, setFeature: 3, getDescriptor: 6, getConfiguration: 8 } as const;
const STRING = 3;
const SET_CONFIGURATION = 9;
const GET_INTERFACE = 10;
const SET_INTERFACE = 11;
const HID_CLASS = { getReport: 0x01, setReport: 0x09, setIdle: 0x0a, setProtocol: 0x0b } as const;
const NOTHING = new Uint8Array();

/** A CMSIS-DAP probe on the USB. */
export class SimUsbDevice {
  /** Who it says it is. */
  readonly identity: UsbIdentity;
  /** Its descriptors. */
  readonly descriptors: UsbDescriptors;
  /** Selected configuration; 0 before the host has chosen. */
  configuration = 0;
  /** Whether the cable was pulled; sessions end then, and no new one can begin. */
  unplugged = false;
  readonly #v2: UsbFirmware;
  readonly #v1: UsbFirmware;
  readonly #halted = new Set<number>();
  readonly #ready = new Map<number, Uint8Array[]>();
  readonly #waiting = new Map<number, UsbInRequest[]>();
  readonly #swo: number[] = [];

  /** A device whose bulk interface is served by `v2` and whose HID interface by `v1`. */
  constructor(identity: UsbIdentity, v2: UsbFirmware, v1: UsbFirmware) {
    this.identity = identity;
    this.descriptors = buildDescriptors(identity);
    this.#v2 = v2;
    this.#v1 = v1;
  }

  /** Bus reset: endpoints are emptied, stalls end. */
  reset(): void {
    this.configuration = 0;
    this.#halted.clear();
    this.#ready.clear();
  }

  /**
   * A control request: the eight bytes of the setup packet and, when the host writes, its data. Silence lasts until the
   * host gives up.
   */
  control(setup: Uint8Array, data: Uint8Array): UsbReply | "silence" {
    const [type = 0, request = 0] = setup;
    const value = setup[2]! | (setup[3]! << 8);
    const index = setup[4]! | (setup[5]! << 8);
    const length = setup[6]! | (setup[7]! << 8);
    if ((type & 0x60) === 0) return this.#standard(request, value, index, length);
    if ((type & 0x7f) === 0x21 && index === this.descriptors.v1Interface) return this.#hid(request, data, length);
    return "stall";
  }

  /** Data for an OUT endpoint. */
  out(endpoint: number, data: Uint8Array): UsbReply {
    if (this.#halted.has(endpoint)) return "stall";
    if (endpoint === ENDPOINT.bulkOut && this.identity.v2) {
      // A zero-length packet ends a request that fills its last packet; the request itself has already been seen.
      if (data.length > 0) { for (const response of this.#v2.submit(data)) this.#give(ENDPOINT.bulkIn, response); }
      return NOTHING;
    }
    if (endpoint === ENDPOINT.hidOut && this.identity.v1) return this.#report(data);
    return "stall";
  }

  /** Asks an IN endpoint for data; answers when there is some. */
  in(endpoint: number, request: UsbInRequest): void {
    if (this.#halted.has(endpoint)) return request.done("stall");
    const known: readonly number[] = [ENDPOINT.bulkIn, ENDPOINT.hidIn, ENDPOINT.swoIn];
    if (!known.includes(endpoint)) return request.done("stall");
    const ready = this.#ready.get(endpoint)?.shift();
    if (ready) return request.done(ready.subarray(0, request.length));
    const queue = this.#waiting.get(endpoint) ?? [];
    queue.push(request);
    this.#waiting.set(endpoint, queue);
    if (endpoint === ENDPOINT.swoIn) this.pollSwo();
  }

  /** Takes an IN request back; false when it was already answered. */
  cancel(endpoint: number, request: UsbInRequest): boolean {
    const queue = this.#waiting.get(endpoint) ?? [];
    const at = queue.indexOf(request);
    if (at < 0) return false;
    queue.splice(at, 1);
    return true;
  }

  /** Moves SWO bytes to the endpoint; called now and then, because nothing tells when the target has written some. */
  pollSwo(): void {
    for (const byte of this.#v2.takeSwoStream()) this.#swo.push(byte);
    const waiting = this.#waiting.get(ENDPOINT.swoIn) ?? [];
    while (waiting.length > 0 && this.#swo.length > 0) {
      const request = waiting.shift()!;
      request.done(Uint8Array.from(this.#swo.splice(0, request.length)));
    }
  }

  #standard(request: number, value: number, index: number, length: number): UsbReply | "silence" {
    switch (request) {
      case STANDARD.getDescriptor:
        if (value >>> 8 === STRING && this.identity.strings !== undefined) return this.identity.strings;
        return this.#descriptor(value >>> 8, value & 0xff, index)?.subarray(0, length) ?? "stall";
      case STANDARD.getStatus:
        return Uint8Array.of(this.#halted.has(index) ? 1 : 0, 0).subarray(0, length);
      case STANDARD.clearFeature:
        this.#halted.delete(index);
        return NOTHING;
      case STANDARD.setFeature:
        this.#halted.add(index);
        return NOTHING;
      case STANDARD.getConfiguration:
        return Uint8Array.of(this.configuration);
      case SET_CONFIGURATION:
        this.configuration = value & 0xff;
        return NOTHING;
      case GET_INTERFACE:
        return Uint8Array.of(0);
      case SET_INTERFACE:
        return NOTHING;
      default:
        return "stall";
    }
  }

  #descriptor(type: number, index: number, interfaceNumber: number): Uint8Array | undefined {
    const { device, configuration, strings, hid, report, v1Interface, otherInterface, otherReport } = this.descriptors;
    if (type === 1) return device;
    if (type === 2 && index === 0) return configuration;
    if (type === STRING) return strings[index];
    if (otherInterface !== undefined && interfaceNumber === otherInterface && type === 0x22) return otherReport;
    if (v1Interface === undefined || interfaceNumber !== v1Interface) return undefined;
    return type === 0x21 ? hid : type === 0x22 ? report : undefined;
  }

  #hid(request: number, data: Uint8Array, length: number): UsbReply {
    switch (request) {
      case HID_CLASS.setReport:
        return this.#report(data);
      case HID_CLASS.getReport:
        return new Uint8Array(Math.min(HID_REPORT, length));
      case HID_CLASS.setIdle:
      case HID_CLASS.setProtocol:
        return NOTHING;
      default:
        return "stall";
    }
  }

  #report(data: Uint8Array): UsbReply {
    for (const response of this.#v1.submit(data)) {
      const report = new Uint8Array(HID_REPORT);
      report.set(response.subarray(0, HID_REPORT));
      this.#give(ENDPOINT.hidIn, report);
    }
    return NOTHING;
  }

  #give(endpoint: number, data: Uint8Array): void {
    const request = this.#waiting.get(endpoint)?.shift();
    if (request) return request.done(data.subarray(0, request.length));
    const queue = this.#ready.get(endpoint) ?? [];
    queue.push(data);
    this.#ready.set(endpoint, queue);
  }
}
