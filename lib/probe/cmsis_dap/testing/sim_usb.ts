/**
 * A USB backend whose devices are simulated: no library, no system, the same descriptors and packets.
 *
 * @module
 */
import { ByteReader } from "../../../base/bytes.ts";
import type { UsbReply } from "../../../sim/usb/device.ts";
import { SimUsbDevice, type UsbFirmware } from "../../../sim/usb/device.ts";
import type { UsbIdentity } from "../../../sim/usb/descriptors.ts";
import {
  type UsbBackend,
  type UsbConnection,
  type UsbDevice,
  type UsbDeviceInfo,
  type UsbEndpoint,
  UsbError,
  type UsbInterface,
  type UsbInterfaceState,
  type UsbSetup,
  type UsbStrings,
  type UsbTransferDone,
  type UsbTransferOptions,
  type UsbWatch,
} from "../../../usb/mod.ts";

const TYPES = ["control", "isochronous", "bulk", "interrupt"] as const;

/** How one device is plugged in. */
export interface SimPlug {
  /** The device. */
  readonly device: SimUsbDevice;
  /** Port of the root hub. */
  readonly port: number;
  /** Opening fails with this. */
  readonly openError?: UsbError;
  /** Claiming fails with this. */
  readonly claimError?: UsbError;
  /** Whether its interfaces have names; true unless told. */
  readonly namesInterfaces?: boolean;
  /** Whether the system remembers the strings; true unless told. */
  readonly knowsStrings?: boolean;
  /** Indices of strings that it refuses to say. */
  readonly refuses?: readonly number[];
  /** What the system knows of interfaces, by number; nothing unless told. */
  readonly states?: Readonly<Record<number, UsbInterfaceState>>;
}

/** Devices and what has been done with them. */
export class SimUsbBackend implements UsbBackend {
  readonly description = "simulated USB";
  /** Devices opened so far. */
  opened = 0;
  /** What was opened; those whose opening failed are missing. */
  readonly connections: SimUsbConnection[] = [];
  /** Whether it was closed. */
  isClosed = false;
  /** Watching fails with this. */
  watchError: UsbError | undefined;
  readonly #plugs: readonly SimPlug[];

  /** A computer with these devices. */
  constructor(plugs: readonly SimPlug[]) {
    this.#plugs = plugs;
  }

  list(): UsbDevice[] {
    return this.#plugs.map((plug) => {
      const info = parseInfo(plug);
      return {
        info,
        knownStrings: () => (plug.knowsStrings ?? true) ? stringsOf(plug) : undefined,
        knownState: (number) => {
          // As on Linux, an interface that is claimed has no HID device, and is in use whoever has claimed it.
          const isClaimed = this.connections.some((one) => one.info.ports[0] === plug.port && one.claimed.has(number));
          return isClaimed
            ? { busy: new UsbError(`Cannot claim ${number}: in use`, "busy") }
            : plug.states?.[number] ?? {};
        },
        open: () => {
          this.opened++;
          if (plug.openError) throw plug.openError;
          const connection = new SimUsbConnection(info, plug);
          this.connections.push(connection);
          return connection;
        },
      };
    });
  }

  watch(): UsbWatch {
    if (this.watchError) throw this.watchError;
    return { changed: () => Promise.resolve(!this.isClosed), close: () => Promise.resolve() };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** An open simulated device. */
export class SimUsbConnection implements UsbConnection {
  readonly info: UsbDeviceInfo;
  /** What was asked of it: `claim 0`, `out 01 64`, `control 09 64`, `halt 81`, `close`. */
  readonly calls: string[] = [];
  /** How many bytes each read asked for. */
  readonly asked: number[] = [];
  /** Interfaces it has now. */
  readonly claimed = new Set<number>();
  readonly #device: SimUsbDevice;
  readonly #claimError: UsbError | undefined;
  readonly #refuses: readonly number[];
  readonly #closing = new AbortController();
  readonly #cancels = new Map<number, Set<() => void>>();

  /** Opens a device. */
  constructor(info: UsbDeviceInfo, plug: Pick<SimPlug, "device" | "claimError" | "refuses">) {
    this.info = info;
    this.#device = plug.device;
    this.#claimError = plug.claimError;
    this.#refuses = plug.refuses ?? [];
  }

  readString(index: number): Promise<string> {
    if (this.#device.identity.strings === "silence") {
      const { promise, reject } = Promise.withResolvers<string>();
      this.#closing.signal.addEventListener("abort", () => reject(failure("cancelled")), { once: true });
      return promise;
    }
    if (this.#refuses.includes(index)) return Promise.reject(failure("stall"));
    const descriptor = this.#device.descriptors.strings[index];
    if (index === 0 || descriptor === undefined) return Promise.resolve("");
    return Promise.resolve(new TextDecoder("utf-16le").decode(descriptor.subarray(2)));
  }

  claim(interfaceNumber: number): void {
    this.calls.push(`claim ${interfaceNumber}`);
    if (this.#claimError) throw this.#claimError;
    this.claimed.add(interfaceNumber);
  }

  release(interfaceNumber: number): void {
    this.calls.push(`release ${interfaceNumber}`);
    this.claimed.delete(interfaceNumber);
  }

  async transferIn(endpoint: number, length: number, options: UsbTransferOptions): Promise<Uint8Array> {
    if (this.#device.unplugged) throw failure("gone");
    this.asked.push(length);
    const { promise, resolve, reject } = Promise.withResolvers<UsbReply>();
    const request = { length, done: resolve };
    const give = (error: UsbError) => () => {
      if (this.#device.cancel(endpoint, request)) reject(error);
    };
    const timer = options.timeoutMs > 0 ? setTimeout(give(failure("timeout")), options.timeoutMs) : undefined;
    const signals = [options.signal, this.#closing.signal].filter((signal) => signal !== undefined);
    const cancel = give(failure("cancelled"));
    for (const signal of signals) signal.addEventListener("abort", cancel, { once: true });
    const cancels = this.#cancels.get(endpoint) ?? new Set();
    this.#cancels.set(endpoint, cancels.add(cancel));
    this.#device.in(endpoint, request);
    if (signals.some(({ aborted }) => aborted)) cancel();
    try {
      const reply = await promise;
      if (reply === "stall") throw failure("stall");
      return reply;
    } finally {
      clearTimeout(timer);
      cancels.delete(cancel);
      for (const signal of signals) signal.removeEventListener("abort", cancel);
    }
  }

  transferOut(endpoint: number, bytes: Uint8Array): Promise<void> {
    this.calls.push(`out ${endpoint.toString(16).padStart(2, "0")} ${bytes.length}`);
    if (this.#device.unplugged) return Promise.reject(failure("gone"));
    return this.#outcome(this.#device.out(endpoint, bytes));
  }

  startIn(endpoint: number, length: number, options: UsbTransferOptions, done: UsbTransferDone): void {
    tell(this.transferIn(endpoint, length, options), done);
  }

  startOut(endpoint: number, bytes: Uint8Array, _options: UsbTransferOptions, done: UsbTransferDone): void {
    tell(this.transferOut(endpoint, bytes).then(() => new Uint8Array()), done);
  }

  controlIn(setup: UsbSetup, length: number): Promise<Uint8Array> {
    this.calls.push(`control ${setup.request.toString(16).padStart(2, "0")} of ${setup.index}`);
    const reply = this.#device.control(setupBytes(setup, length), new Uint8Array());
    if (reply === "silence") return Promise.reject(failure("timeout"));
    return reply === "stall" ? Promise.reject(failure("stall")) : Promise.resolve(reply);
  }

  controlOut(setup: UsbSetup, bytes: Uint8Array): Promise<void> {
    this.calls.push(`control ${setup.request.toString(16).padStart(2, "0")} ${bytes.length}`);
    return this.#outcome(this.#device.control(setupBytes(setup, bytes.length), bytes));
  }

  cancel(endpoint: number): void {
    for (const cancel of this.#cancels.get(endpoint) ?? []) cancel();
  }

  clearHalt(endpoint: number): void {
    this.calls.push(`halt ${endpoint.toString(16)}`);
    this.#device.control(Uint8Array.of(2, 1, 0, 0, endpoint, 0, 0, 0), new Uint8Array());
  }

  close(): Promise<void> {
    this.calls.push("close");
    this.claimed.clear();
    this.#closing.abort();
    return Promise.resolve();
  }

  #outcome(reply: UsbReply | "silence"): Promise<void> {
    if (reply === "silence") return Promise.reject(failure("timeout"));
    return reply === "stall" ? Promise.reject(failure("stall")) : Promise.resolve();
  }
}

/** A probe for {@linkcode SimUsbBackend}; `firmware` answers on both interfaces. */
export function simUsbDevice(firmware: UsbFirmware, identity: Partial<UsbIdentity> = {}): SimUsbDevice {
  return new SimUsbDevice(
    {
      vendorId: 0x0d28,
      productId: 0x0204,
      manufacturer: "Arm",
      product: "DAPLink CMSIS-DAP",
      serial: "0240000001",
      v2: true,
      swo: true,
      v1: true,
      hidOut: true,
      ...identity,
    },
    firmware,
    firmware,
  );
}

/** Firmware whose answers a test writes down. */
export function scripted(answer: (packet: Uint8Array) => readonly Uint8Array[]): UsbFirmware {
  return { submit: (packet) => [...answer(packet)], takeSwoStream: () => new Uint8Array() };
}

function tell(transfer: Promise<Uint8Array>, done: UsbTransferDone): void {
  transfer.then((received) => done(undefined, received), (error) => done(error, new Uint8Array()));
}

function failure(kind: UsbError["failure"]): UsbError {
  return new UsbError(`Cannot transfer: ${kind}`, kind);
}

function setupBytes({ requestType, request, value, index }: UsbSetup, length: number): Uint8Array {
  const le16 = (n: number): number[] => [n & 0xff, n >>> 8];
  return Uint8Array.of(requestType, request, ...le16(value), ...le16(index), ...le16(length));
}

function stringsOf({ device: { identity, descriptors }, namesInterfaces = true }: SimPlug): UsbStrings {
  const { manufacturer, product, serial } = identity;
  if (!namesInterfaces) return { manufacturer, product, serial, interfaces: new Map() };
  const v1 = identity.otherHid ? undefined : descriptors.v1Interface;
  const names = [[descriptors.v2Interface, "CMSIS-DAP v2"], [v1, "CMSIS-DAP v1"]] as const;
  const interfaces = new Map(names.filter((entry): entry is [number, typeof entry[1]] => entry[0] !== undefined));
  return { manufacturer, product, serial, interfaces };
}

/** Reads a device's descriptors back, as libusb does (USB 2.0, chapter 9). */
export function parseInfo({ device, port }: Pick<SimPlug, "device" | "port">): UsbDeviceInfo {
  const reader = new ByteReader(device.descriptors.device, 4);
  const deviceClass = reader.u8();
  reader.at = 8;
  const [vendorId, productId, release] = [reader.u16(), reader.u16(), reader.u16()];
  const [manufacturerIndex, productIndex, serialIndex] = [reader.u8(), reader.u8(), reader.u8()];
  const place = { bus: 1, address: port + 1, ports: [port] };
  const strings = { manufacturerIndex, productIndex, serialIndex };
  const interfaces = parseInterfaces(device.descriptors.configuration);
  return { vendorId, productId, deviceClass, release, ...place, ...strings, interfaces };
}

function parseInterfaces(configuration: Uint8Array): UsbInterface[] {
  const interfaces: (UsbInterface & { endpoints: UsbEndpoint[] })[] = [];
  for (let at = 0; at < configuration.length; at += configuration[at]!) {
    const [, kind, first = 0, second = 0, third = 0, ...rest] = configuration.subarray(at, at + configuration[at]!);
    if (kind === 4) {
      const [cls = 0, subclass = 0, protocol = 0, nameIndex = 0] = rest;
      interfaces.push({ number: first, alternate: second, class: cls, subclass, protocol, nameIndex, endpoints: [] });
    } else if (kind === 5) {
      const type = TYPES[(second & 3) as 0 | 1 | 2 | 3];
      interfaces.at(-1)!.endpoints.push({ address: first, type, maxPacketSize: third | ((rest[0] ?? 0) << 8) });
    }
  }
  return interfaces;
}
