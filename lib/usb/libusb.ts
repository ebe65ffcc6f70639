/**
 * {@linkcode UsbBackend} over libusb-1.0.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { ByteReader } from "../base/bytes.ts";
import { resourceUrl } from "../base/resources.ts";
import { LibusbConnection } from "./connection.ts";
import { LIBRARY_VARIABLE, type LibraryOpener, type LibrarySearch, openLibrary } from "./find.ts";
import { libusbError } from "./failures.ts";
import { DESCRIPTOR, type LibusbSymbols, pointerIn, type SYMBOLS } from "./symbols.ts";
import { sysfsState, sysfsStrings } from "./sysfs.ts";
import { TransferPump } from "./transfers.ts";
import {
  describeDevice,
  type UsbBackend,
  type UsbDevice,
  type UsbDeviceInfo,
  type UsbEndpoint,
  UsbError,
  type UsbInterface,
  type UsbWatch,
} from "./usb.ts";
import { LibusbWatch } from "./watch.ts";

const ENDPOINT_TYPES = ["control", "isochronous", "bulk", "interrupt"] as const;

/** Devices reached through libusb. Make it with {@linkcode Libusb.open}; nothing is loaded before. */
export class Libusb implements UsbBackend {
  readonly description: string;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #symbols: LibusbSymbols;
  readonly #context: Deno.PointerValue;
  readonly #pump: TransferPump;
  readonly #connections = new Set<LibusbConnection>();
  readonly #watches = new Set<LibusbWatch>();
  readonly #references = new Set<Deno.PointerValue>();
  #closing: Promise<void> | undefined;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, path: string) {
    this.#library = library;
    this.#symbols = library.symbols;
    const out = new BigUint64Array(1);
    const code = this.#symbols.libusb_init(out);
    if (code < 0) {
      library.close();
      throw libusbError(code, "start libusb");
    }
    this.#context = pointerIn(out);
    const version = new Deno.UnsafePointerView(this.#symbols.libusb_get_version()!);
    this.description = `libusb ${[0, 2, 4].map((at) => version.getUint16(at)).join(".")} (${path})`;
    this.#pump = new TransferPump(this.#symbols, this.#context, (result, what) => {
      if (result < 0) throw libusbError(result, what);
      return result;
    });
  }

  /**
   * Loads the library and starts it.
   *
   * @throws {UsbError} `no-library` with where it was looked for
   */
  static open(search: Partial<LibrarySearch> = {}, opener?: LibraryOpener): Libusb {
    const explicit = search.explicit ?? Deno.env.get(LIBRARY_VARIABLE);
    const { library, path } = openLibrary({
      os: Deno.build.os,
      programDir: folderOf(Deno.execPath()),
      embeddedDir: fileURLToPath(resourceUrl("native")),
      ...search,
      ...(explicit ? { explicit } : {}),
    }, opener);
    return new Libusb(library, path);
  }

  list(): UsbDevice[] {
    if (this.#closing) throw new UsbError("Cannot list USB devices: libusb was closed", "gone");
    const out = new BigUint64Array(1);
    const count = Number(this.#symbols.libusb_get_device_list(this.#context, out));
    if (count < 0) throw libusbError(count, "list USB devices");
    const array = pointerIn(out);
    const devices: UsbDevice[] = [];
    const previous = [...this.#references];
    this.#references.clear();
    if (array !== null) {
      const view = new Deno.UnsafePointerView(array);
      for (let i = 0; i < count; i++) {
        const pointer = view.getPointer(i * 8);
        const info = this.#describe(pointer);
        if (info === undefined) continue;
        this.#references.add(this.#symbols.libusb_ref_device(pointer));
        devices.push({
          info,
          knownStrings: () => sysfsStrings(info),
          knownState: (number, looksForPrograms) => sysfsState(info, number, looksForPrograms),
          open: () => this.#openDevice(pointer, info),
        });
      }
      this.#symbols.libusb_free_device_list(array, 1);
    }
    // Devices of the list before this one can no longer be opened; open connections hold references of their own.
    for (const pointer of previous) this.#symbols.libusb_unref_device(pointer);
    return devices.sort((a, b) => comparePlaces(a.info, b.info));
  }

  /**
   * Begins to watch for devices that come and go.
   *
   * @example
   * ```ts ignore
   * import { Libusb } from "./libusb.ts";
   *
   * const usb = Libusb.open();
   * const watch = usb.watch();
   * while (usb.list().length === 0) await watch.changed(1000);
   * await usb.close();
   * ```
   */
  watch(): UsbWatch {
    if (this.#closing) throw new UsbError("Cannot watch USB devices: libusb was closed", "gone");
    const watch = new LibusbWatch(this.#symbols, { closed: () => this.#watches.delete(watch) });
    this.#watches.add(watch);
    return watch;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // One that does not close properly keeps no other open.
    const closings = [...this.#watches, ...this.#connections].map((one) => one.close());
    const problem = (await Promise.allSettled(closings)).find(({ status }) => status === "rejected");
    await this.#pump.close();
    for (const pointer of this.#references) this.#symbols.libusb_unref_device(pointer);
    this.#symbols.libusb_exit(this.#context);
    this.#library.close();
    if (problem?.status === "rejected") throw problem.reason;
  }

  #openDevice(pointer: Deno.PointerValue, info: UsbDeviceInfo): LibusbConnection {
    if (this.#closing) throw new UsbError("Cannot open a USB device: libusb was closed", "gone");
    if (![...this.#references].some((known) => Deno.UnsafePointer.equals(known, pointer))) {
      throw new UsbError(`Cannot open ${describeDevice(info)}: the list of devices has been read again since`, "gone");
    }
    const out = new BigUint64Array(1);
    const code = this.#symbols.libusb_open(pointer, out);
    if (code < 0) throw libusbError(code, `open the device ${describeDevice(info)}`);
    const connection = new LibusbConnection({
      info,
      symbols: this.#symbols,
      handle: pointerIn(out),
      pump: this.#pump,
      closed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }

  #describe(pointer: Deno.PointerValue): UsbDeviceInfo | undefined {
    const bytes = new Uint8Array(18);
    if (this.#symbols.libusb_get_device_descriptor(pointer, bytes) < 0) return undefined;
    const reader = new ByteReader(bytes, 4);
    const deviceClass = reader.u8();
    reader.at = 8;
    const [vendorId, productId, release] = [reader.u16(), reader.u16(), reader.u16()];
    const [manufacturerIndex, productIndex, serialIndex] = [reader.u8(), reader.u8(), reader.u8()];
    const ports = new Uint8Array(8);
    const portCount = this.#symbols.libusb_get_port_numbers(pointer, ports, ports.length);
    return {
      vendorId,
      productId,
      deviceClass,
      release,
      bus: this.#symbols.libusb_get_bus_number(pointer),
      address: this.#symbols.libusb_get_device_address(pointer),
      ports: portCount > 0 ? [...ports.subarray(0, portCount)] : [],
      manufacturerIndex,
      productIndex,
      serialIndex,
      interfaces: this.#interfaces(pointer),
    };
  }

  #interfaces(pointer: Deno.PointerValue): UsbInterface[] {
    const out = new BigUint64Array(1);
    if (this.#symbols.libusb_get_active_config_descriptor(pointer, out) < 0) return [];
    const config = pointerIn(out);
    if (config === null) return [];
    const view = new Deno.UnsafePointerView(config);
    const array = view.getPointer(DESCRIPTOR.configInterfaces);
    const found: UsbInterface[] = [];
    if (array !== null) {
      const list = new Deno.UnsafePointerView(array);
      for (let i = 0; i < view.getUint8(DESCRIPTOR.configInterfaceCount); i++) {
        const at = i * DESCRIPTOR.interfaceSize;
        const alternates = list.getPointer(at + DESCRIPTOR.interfaceAlternates);
        const count = list.getInt32(at + DESCRIPTOR.interfaceAlternateCount);
        if (alternates !== null) found.push(...readAlternates(alternates, count));
      }
    }
    this.#symbols.libusb_free_config_descriptor(config);
    return found;
  }
}

/** By bus, then by port from the root hub down. */
function comparePlaces(a: UsbDeviceInfo, b: UsbDeviceInfo): number {
  const [first, second] = [[a.bus, ...a.ports], [b.bus, ...b.ports]];
  const at = first.findIndex((number, i) => number !== second[i]);
  return at < 0 ? a.address - b.address : first[at]! - (second[at] ?? -1);
}

function folderOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "");
}

function readAlternates(pointer: Deno.PointerObject, count: number): UsbInterface[] {
  const view = new Deno.UnsafePointerView(pointer);
  return Array.from({ length: count }, (_, i): UsbInterface => {
    const at = i * DESCRIPTOR.alternateSize;
    const endpoints = view.getPointer(at + DESCRIPTOR.alternateEndpoints);
    return {
      number: view.getUint8(at + 2),
      alternate: view.getUint8(at + 3),
      class: view.getUint8(at + 5),
      subclass: view.getUint8(at + 6),
      protocol: view.getUint8(at + 7),
      nameIndex: view.getUint8(at + 8),
      endpoints: endpoints === null ? [] : readEndpoints(endpoints, view.getUint8(at + 4)),
    };
  });
}

function readEndpoints(pointer: Deno.PointerObject, count: number): UsbEndpoint[] {
  const view = new Deno.UnsafePointerView(pointer);
  return Array.from({ length: count }, (_, i): UsbEndpoint => {
    const at = i * DESCRIPTOR.endpointSize;
    return {
      address: view.getUint8(at + 2),
      type: ENDPOINT_TYPES[(view.getUint8(at + 3) & 3) as 0 | 1 | 2 | 3],
      maxPacketSize: view.getUint16(at + 4) & 0x7ff,
    };
  });
}
