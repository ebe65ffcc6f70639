/**
 * USB/IP, the protocol by which Linux attaches USB devices over a byte stream (Linux kernel documentation,
 * `usb/usbip_protocol`). All fields are big-endian. Pure: bytes in, bytes out.
 *
 * @module
 */
import { concatBytes, viewOf } from "../../base/bytes.ts";
import type { SimUsbDevice, UsbInRequest, UsbReply } from "./device.ts";
import { ChunkBuffer } from "./stream.ts";

const VERSION = 0x0111;
const OPERATION = { requestImport: 0x8003, replyImport: 0x0003, requestList: 0x8005, replyList: 0x0005 } as const;
const COMMAND = { submit: 1, unlink: 2, returnSubmit: 3, returnUnlink: 4 } as const;
const SPEED_HIGH = 3;
const HEADER = 48;
const RECORD = 312;

/** Linux errno values the protocol carries, negative. */
const ERRNO = { pipe: -32, reset: -104 } as const;

/** A transfer larger than this is not a probe's. */
const MAX_TRANSFER = 1 << 20;

interface Waiting {
  readonly endpoint: number;
  readonly request: UsbInRequest;
}

/**
 * One client's connection. Feed it what arrives; it calls `send` with what is to be sent.
 *
 * Device number n (from 0) has the bus id `1-(n+1)`, bus 1 and device number n+2, as behind one root hub.
 */
export class UsbIpSession {
  readonly #devices: readonly SimUsbDevice[];
  readonly #send: (bytes: Uint8Array) => void;
  readonly #input = new ChunkBuffer();
  readonly #waiting = new Map<number, Waiting>();
  /** Control requests that are never answered, until the host takes them back. */
  readonly #unanswered = new Set<number>();
  #device: SimUsbDevice | undefined;

  /** Serves `devices` to one client. */
  constructor(devices: readonly SimUsbDevice[], send: (bytes: Uint8Array) => void) {
    this.#devices = devices;
    this.#send = send;
  }

  /** Whether the device that the client uses was unplugged. */
  get isUnplugged(): boolean {
    return this.#device?.unplugged ?? false;
  }

  /**
   * Takes bytes from the client.
   *
   * @returns false when they are not USB/IP, or the device was unplugged, and the connection should be closed
   */
  receive(chunk: Uint8Array): boolean {
    this.#input.push(chunk);
    while (true) {
      const outcome = this.#device ? this.#command(this.#device) : this.#operation();
      if (this.isUnplugged) return false;
      if (outcome === "more") return true;
      if (outcome === "bad") return false;
    }
  }

  /** The client has gone: requests that wait are taken back. */
  close(): void {
    for (const { endpoint, request } of this.#waiting.values()) this.#device?.cancel(endpoint, request);
    this.#waiting.clear();
  }

  #operation(): "done" | "more" | "bad" {
    const head = this.#input.peek(8);
    if (head === undefined) return "more";
    const code = viewOf(head).getUint16(2);
    if (code === OPERATION.requestList) {
      this.#input.take(8);
      this.#send(concatBytes([
        operationHeader(OPERATION.replyList, 0),
        be32(this.#devices.length),
        ...this.#devices.flatMap((device, index) => [deviceRecord(device, index), interfaceRecords(device)]),
      ]));
      return "done";
    }
    if (code !== OPERATION.requestImport) return "bad";
    const request = this.#input.take(40);
    if (request === undefined) return "more";
    const busId = new TextDecoder().decode(request.subarray(8)).replace(/\0.*$/s, "");
    const index = this.#devices.findIndex((_, i) => busIdOf(i) === busId);
    const device = this.#devices[index];
    if (device === undefined || device.unplugged) {
      this.#send(operationHeader(OPERATION.replyImport, 1));
      return "done";
    }
    device.reset();
    this.#device = device;
    this.#send(concatBytes([operationHeader(OPERATION.replyImport, 0), deviceRecord(device, index)]));
    return "done";
  }

  #command(device: SimUsbDevice): "done" | "more" | "bad" {
    const head = this.#input.peek(HEADER);
    if (head === undefined) return "more";
    const view = viewOf(head);
    const [command, sequence] = [view.getUint32(0), view.getUint32(4)];
    const isIn = view.getUint32(12) === 1;
    const endpoint = view.getUint32(16) | (isIn ? 0x80 : 0);
    if (command === COMMAND.unlink) {
      const victim = view.getUint32(20);
      this.#input.take(HEADER);
      this.#unlink(device, sequence, victim);
      return "done";
    }
    const length = view.getUint32(24);
    if (command !== COMMAND.submit || length > MAX_TRANSFER) return "bad";
    const whole = this.#input.take(HEADER + (isIn ? 0 : length));
    if (whole === undefined) return "more";
    this.#submit(device, sequence, endpoint, length, whole.subarray(40, 48), whole.subarray(HEADER));
    return "done";
  }

  #submit(
    device: SimUsbDevice,
    sequence: number,
    endpoint: number,
    length: number,
    setup: Uint8Array,
    data: Uint8Array,
  ): void {
    const isIn = (endpoint & 0x80) !== 0;
    if ((endpoint & 0x7f) === 0) {
      const reply = device.control(setup, data);
      if (reply === "silence") this.#unanswered.add(sequence);
      else this.#reply(sequence, reply, isIn, length);
      return;
    }
    if (!isIn) return this.#reply(sequence, device.out(endpoint, data), false, length);
    const request: UsbInRequest = {
      length,
      done: (reply) => {
        this.#waiting.delete(sequence);
        this.#reply(sequence, reply, true, length);
      },
    };
    this.#waiting.set(sequence, { endpoint, request });
    device.in(endpoint, request);
  }

  #unlink(device: SimUsbDevice, sequence: number, victim: number): void {
    const waiting = this.#waiting.get(victim);
    let status: number = this.#unanswered.delete(victim) ? ERRNO.reset : 0;
    if (waiting && device.cancel(waiting.endpoint, waiting.request)) {
      this.#waiting.delete(victim);
      status = ERRNO.reset;
    }
    this.#send(returnHeader(COMMAND.returnUnlink, sequence, status, 0));
  }

  #reply(sequence: number, reply: UsbReply, isIn: boolean, length: number): void {
    if (reply === "stall") return this.#send(returnHeader(COMMAND.returnSubmit, sequence, ERRNO.pipe, 0));
    const header = returnHeader(COMMAND.returnSubmit, sequence, 0, isIn ? reply.length : length);
    this.#send(isIn ? concatBytes([header, reply]) : header);
  }
}

/** Bus id of device number `index`. */
export function busIdOf(index: number): string {
  return `1-${index + 1}`;
}

function be32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

function operationHeader(code: number, status: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = viewOf(bytes);
  view.setUint16(0, VERSION);
  view.setUint16(2, code);
  view.setUint32(4, status);
  return bytes;
}

function returnHeader(command: number, sequence: number, status: number, actual: number): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  const view = viewOf(bytes);
  view.setUint32(0, command);
  view.setUint32(4, sequence);
  view.setInt32(20, status);
  view.setUint32(24, actual);
  return bytes;
}

function deviceRecord(device: SimUsbDevice, index: number): Uint8Array {
  const bytes = new Uint8Array(RECORD);
  const view = viewOf(bytes);
  const { device: d, configuration } = device.descriptors;
  bytes.set(new TextEncoder().encode(`/sys/devices/virtual/usb1/${busIdOf(index)}`), 0);
  bytes.set(new TextEncoder().encode(busIdOf(index)), 256);
  view.setUint32(288, 1);
  view.setUint32(292, index + 2);
  view.setUint32(296, SPEED_HIGH);
  view.setUint16(300, device.identity.vendorId);
  view.setUint16(302, device.identity.productId);
  view.setUint16(304, 0x0100);
  bytes.set(d.subarray(4, 7), 306);
  bytes.set([configuration[5]!, 1, configuration[4]!], 309);
  return bytes;
}

function interfaceRecords(device: SimUsbDevice): Uint8Array {
  const { configuration } = device.descriptors;
  const records: number[] = [];
  for (let at = 0; at < configuration.length; at += configuration[at]!) {
    if (configuration[at + 1] === 4) records.push(...configuration.subarray(at + 5, at + 8), 0);
  }
  return Uint8Array.from(records);
}
