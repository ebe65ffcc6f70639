/**
 * usbredir, the protocol by which QEMU takes a USB device from another program (`-device usb-redir`), in the role of the
 * host that has the device (usbredir protocol description 0.7). All fields are little-endian. Pure: bytes in, bytes out.
 *
 * @module
 */
import { concatBytes, viewOf } from "../../base/bytes.ts";
import { BULK_PACKET, ENDPOINT, HID_REPORT } from "./descriptors.ts";
import type { SimUsbDevice, UsbInRequest, UsbReply } from "./device.ts";
import { ChunkBuffer } from "./stream.ts";

const PACKET = {
  hello: 0,
  deviceConnect: 1,
  reset: 3,
  interfaceInfo: 4,
  endpointInfo: 5,
  setConfiguration: 6,
  getConfiguration: 7,
  configurationStatus: 8,
  setAlternate: 9,
  getAlternate: 10,
  alternateStatus: 11,
  startInterrupt: 15,
  stopInterrupt: 16,
  interruptStatus: 17,
  cancel: 21,
  filterReject: 22,
  filterFilter: 23,
  disconnectAck: 24,
  control: 100,
  bulk: 101,
  interrupt: 103,
} as const;

/** Capability bit numbers. */
const CAPABILITY = { deviceVersion: 1, disconnectAck: 3, maxPacketSize: 4, ids64: 5, bulk32: 6 } as const;
const OURS = Object.values(CAPABILITY).reduce((mask, bit) => mask | (1 << bit), 0);

const STATUS = { ok: 0, cancelled: 1, stall: 4 } as const;
const ENDPOINT_INVALID = 255;
const SPEED_HIGH = 2;
const HELLO_VERSION_LENGTH = 64;
const MAX_PACKET = 1 << 20;

interface Waiting {
  readonly endpoint: number;
  readonly head: Uint8Array;
  readonly request: UsbInRequest;
}

/** One connection to QEMU. Feed it what arrives; it calls `send` with what is to be sent. */
export class UsbRedirSession {
  readonly #device: SimUsbDevice;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #input = new ChunkBuffer();
  readonly #waiting = new Map<bigint, Waiting>();
  /** Interrupt endpoints that are being polled, with the request that waits on each. */
  readonly #polled = new Map<number, UsbInRequest | undefined>();
  #capabilities = 0;
  #interruptId = 0n;

  /** Serves one device; says hello at once. */
  constructor(device: SimUsbDevice, send: (bytes: Uint8Array) => void) {
    this.#device = device;
    this.#send = send;
    const hello = new Uint8Array(HELLO_VERSION_LENGTH + 4);
    hello.set(new TextEncoder().encode("tapir simulated probe"));
    viewOf(hello).setUint32(HELLO_VERSION_LENGTH, OURS, true);
    this.#packet(PACKET.hello, 0n, hello);
  }

  /** Whether the device was unplugged. */
  get isUnplugged(): boolean {
    return this.#device.unplugged;
  }

  /**
   * Takes bytes from QEMU.
   *
   * @returns false when they are not usbredir, or the device was unplugged, and the connection should be closed
   */
  receive(chunk: Uint8Array): boolean {
    this.#input.push(chunk);
    while (true) {
      const size = this.#has(CAPABILITY.ids64) ? 16 : 12;
      const head = this.#input.peek(size);
      if (head === undefined) return true;
      const view = viewOf(head);
      const length = view.getUint32(4, true);
      if (length > MAX_PACKET) return false;
      const id = size === 16 ? view.getBigUint64(8, true) : BigInt(view.getUint32(8, true));
      const type = view.getUint32(0, true);
      const whole = this.#input.take(size + length);
      if (whole === undefined) return true;
      this.#handle(type, id, whole.subarray(size));
      if (this.isUnplugged) return false;
    }
  }

  /** QEMU has gone: requests that wait are taken back. */
  close(): void {
    for (const { endpoint, request } of this.#waiting.values()) this.#device.cancel(endpoint, request);
    for (const [endpoint, request] of this.#polled) if (request) this.#device.cancel(endpoint, request);
    this.#waiting.clear();
    this.#polled.clear();
  }

  #has(capability: number): boolean {
    return (((this.#capabilities & OURS) >>> capability) & 1) !== 0;
  }

  #packet(type: number, id: bigint, ...body: Uint8Array[]): void {
    const payload = concatBytes(body);
    const wide = type !== PACKET.hello && this.#has(CAPABILITY.ids64);
    const head = new Uint8Array(wide ? 16 : 12);
    const view = viewOf(head);
    view.setUint32(0, type, true);
    view.setUint32(4, payload.length, true);
    if (wide) view.setBigUint64(8, id, true);
    else view.setUint32(8, Number(BigInt.asUintN(32, id)), true);
    this.#send(concatBytes([head, payload]));
  }

  #handle(type: number, id: bigint, body: Uint8Array): void {
    const first = body[0] ?? 0;
    switch (type) {
      case PACKET.hello:
        return this.#hello(body);
      case PACKET.reset:
        this.#device.reset();
        this.#device.configuration = 1;
        return;
      case PACKET.setConfiguration:
        this.#device.configuration = first;
        this.#describeEndpoints();
        return this.#packet(PACKET.configurationStatus, id, Uint8Array.of(STATUS.ok, first));
      case PACKET.getConfiguration:
        return this.#packet(PACKET.configurationStatus, id, Uint8Array.of(STATUS.ok, this.#device.configuration));
      case PACKET.setAlternate:
      case PACKET.getAlternate:
        return this.#packet(PACKET.alternateStatus, id, Uint8Array.of(STATUS.ok, first, 0));
      case PACKET.startInterrupt:
        this.#packet(PACKET.interruptStatus, id, Uint8Array.of(STATUS.ok, first));
        return this.#poll(first);
      case PACKET.stopInterrupt:
        this.#stopPolling(first);
        return this.#packet(PACKET.interruptStatus, id, Uint8Array.of(STATUS.ok, first));
      case PACKET.cancel:
        return this.#cancel(id);
      case PACKET.control:
        return this.#control(id, body);
      case PACKET.bulk:
        return this.#bulk(id, body);
      case PACKET.interrupt:
        return this.#interruptOut(id, body);
      case PACKET.filterReject:
      case PACKET.filterFilter:
      case PACKET.disconnectAck:
        return;
    }
  }

  #hello(body: Uint8Array): void {
    if (body.length >= HELLO_VERSION_LENGTH + 4) {
      this.#capabilities = viewOf(body).getUint32(HELLO_VERSION_LENGTH, true);
    }
    this.#device.reset();
    this.#device.configuration = 1;
    this.#describeEndpoints();
    const { vendorId, productId } = this.#device.identity;
    const connect = new Uint8Array(this.#has(CAPABILITY.deviceVersion) ? 10 : 8);
    const view = viewOf(connect);
    view.setUint8(0, SPEED_HIGH);
    connect.set(this.#device.descriptors.device.subarray(4, 7), 1);
    view.setUint16(4, vendorId, true);
    view.setUint16(6, productId, true);
    if (connect.length === 10) view.setUint16(8, 0x0100, true);
    this.#packet(PACKET.deviceConnect, 0n, connect);
  }

  /** Tells QEMU which endpoints and interfaces there are: tables of 32, indexed by direction and number. */
  #describeEndpoints(): void {
    const { identity, descriptors } = this.#device;
    const table = new Uint8Array(32 * 3 + 64);
    const view = viewOf(table);
    table.fill(ENDPOINT_INVALID, 0, 32);
    const add = (address: number, type: number, interval: number, number: number, size: number): void => {
      const index = ((address & 0x80) >>> 3) | (address & 0x0f);
      table[index] = type;
      table[32 + index] = interval;
      table[64 + index] = number;
      view.setUint16(96 + 2 * index, size, true);
    };
    add(0x00, 0, 0, 0, 64);
    add(0x80, 0, 0, 0, 64);
    const interfaces = new Uint8Array(4 + 32 * 4);
    if (this.#device.configuration !== 0) {
      const { v2Interface, otherInterface, v1Interface } = descriptors;
      if (v2Interface !== undefined) {
        add(ENDPOINT.bulkOut, 2, 0, v2Interface, BULK_PACKET);
        add(ENDPOINT.bulkIn, 2, 0, v2Interface, BULK_PACKET);
        if (identity.swo) add(ENDPOINT.swoIn, 2, 0, v2Interface, BULK_PACKET);
      }
      if (v1Interface !== undefined) {
        add(ENDPOINT.hidIn, 3, 1, v1Interface, HID_REPORT);
        if (identity.hidOut) add(ENDPOINT.hidOut, 3, 1, v1Interface, HID_REPORT);
      }
      if (otherInterface !== undefined) add(ENDPOINT.otherHidIn, 3, 1, otherInterface, HID_REPORT);
      const numbers = [v2Interface, otherInterface, v1Interface].filter((n) => n !== undefined);
      interfaces[0] = numbers.length;
      numbers.forEach((number, i) => {
        interfaces[4 + i] = number;
        interfaces[36 + i] = number === v2Interface ? 0xff : 3;
      });
    }
    this.#packet(PACKET.endpointInfo, 0n, this.#has(CAPABILITY.maxPacketSize) ? table : table.subarray(0, 96));
    this.#packet(PACKET.interfaceInfo, 0n, interfaces);
  }

  /** Control packet: endpoint, request, request type, status, value, index, length; then data. */
  #control(id: bigint, body: Uint8Array): void {
    const view = viewOf(body);
    const isIn = (body[0]! & 0x80) !== 0;
    const setup = Uint8Array.of(body[2]!, body[1]!, ...body.subarray(4, 10));
    const reply = this.#device.control(setup, body.subarray(10));
    // The guest takes such a request back, and wants no answer then.
    if (reply === "silence") return;
    const head = body.slice(0, 10);
    head[3] = reply === "stall" ? STATUS.stall : STATUS.ok;
    const length = reply === "stall" ? 0 : isIn ? reply.length : view.getUint16(8, true);
    viewOf(head).setUint16(8, length, true);
    this.#packet(PACKET.control, id, head, isIn && reply !== "stall" ? reply : new Uint8Array());
  }

  /** Bulk packet: endpoint, status, length, stream id and, when agreed on, the upper half of the length; then data. */
  #bulk(id: bigint, body: Uint8Array): void {
    const view = viewOf(body);
    const headLength = this.#has(CAPABILITY.bulk32) ? 10 : 8;
    const head = body.slice(0, headLength);
    const endpoint = body[0]!;
    const length = view.getUint16(2, true) | (headLength === 10 ? view.getUint16(8, true) << 16 : 0);
    if ((endpoint & 0x80) === 0) {
      return this.#bulkReply(id, head, this.#device.out(endpoint, body.subarray(headLength)), length, false);
    }
    const request: UsbInRequest = {
      length,
      done: (reply) => {
        this.#waiting.delete(id);
        this.#bulkReply(id, head, reply, length, true);
      },
    };
    this.#waiting.set(id, { endpoint, head, request });
    this.#device.in(endpoint, request);
  }

  #bulkReply(id: bigint, head: Uint8Array, reply: UsbReply, length: number, isIn: boolean): void {
    const view = viewOf(head);
    const actual = reply === "stall" ? 0 : isIn ? reply.length : length;
    head[1] = reply === "stall" ? STATUS.stall : STATUS.ok;
    view.setUint16(2, actual & 0xffff, true);
    if (head.length === 10) view.setUint16(8, actual >>> 16, true);
    this.#packet(PACKET.bulk, id, head, isIn && reply !== "stall" ? reply : new Uint8Array());
  }

  #interruptOut(id: bigint, body: Uint8Array): void {
    const reply = this.#device.out(body[0]!, body.subarray(4));
    const head = body.slice(0, 4);
    head[1] = reply === "stall" ? STATUS.stall : STATUS.ok;
    this.#packet(PACKET.interrupt, id, head);
  }

  /** Interrupt IN endpoints are polled all the time once started; every report goes to QEMU as it comes. */
  #poll(endpoint: number): void {
    const request: UsbInRequest = {
      length: HID_REPORT,
      done: (reply) => {
        if (!this.#polled.has(endpoint)) return;
        if (reply !== "stall") {
          const head = new Uint8Array(4);
          head[0] = endpoint;
          viewOf(head).setUint16(2, reply.length, true);
          this.#packet(PACKET.interrupt, this.#interruptId++, head, reply);
          queueMicrotask(() => this.#polled.has(endpoint) && this.#poll(endpoint));
        }
      },
    };
    this.#polled.set(endpoint, request);
    this.#device.in(endpoint, request);
  }

  #stopPolling(endpoint: number): void {
    const request = this.#polled.get(endpoint);
    this.#polled.delete(endpoint);
    if (request) this.#device.cancel(endpoint, request);
  }

  #cancel(id: bigint): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || !this.#device.cancel(waiting.endpoint, waiting.request)) return;
    this.#waiting.delete(id);
    const head = waiting.head.slice();
    head[1] = STATUS.cancelled;
    viewOf(head).setUint16(2, 0, true);
    this.#packet(PACKET.bulk, id, head);
  }
}
