/**
 * An imaginary computer whose sockets are filled and emptied while programs run: umockdev's testbed. The process that
 * uses it needs libumockdev-preload.so.0 in LD_PRELOAD, and so do the programs, with UMOCKDEV_DIR naming its folder.
 *
 * @module
 */
import type { SimUsbDevice } from "../../lib/sim/usb/device.ts";
import { sysPath, sysPathsOfInterfaces, umockdevDescription } from "./umockdev.ts";

/** umockdev.h 0.17, as far as it is used here. */
const UMOCKDEV = {
  umockdev_testbed_new: { parameters: [], result: "pointer" },
  umockdev_testbed_get_root_dir: { parameters: ["pointer"], result: "pointer" },
  umockdev_testbed_add_from_string: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  umockdev_testbed_uevent: { parameters: ["pointer", "buffer", "buffer"], result: "void" },
  umockdev_testbed_remove_device: { parameters: ["pointer", "buffer"], result: "void" },
} as const;

const GOBJECT = { g_object_unref: { parameters: ["pointer"], result: "void" } } as const;

/** Sockets for some devices, all empty at first. */
export class Testbed implements Disposable {
  readonly #umockdev = Deno.dlopen("libumockdev.so.0", UMOCKDEV);
  readonly #devices: readonly SimUsbDevice[];
  readonly #bed: Deno.PointerValue;

  /** Makes the folder. */
  constructor(devices: readonly SimUsbDevice[]) {
    this.#devices = devices;
    this.#bed = this.#umockdev.symbols.umockdev_testbed_new();
  }

  /** What UMOCKDEV_DIR must be for programs that are to see it. */
  get folder(): string {
    return Deno.UnsafePointerView.getCString(this.#umockdev.symbols.umockdev_testbed_get_root_dir(this.#bed)!);
  }

  /** Plugs a device in; udev tells. */
  plug(index: number): void {
    const description = umockdevDescription([this.#devices[index]!], index);
    const error = new BigUint64Array(1);
    if (!this.#umockdev.symbols.umockdev_testbed_add_from_string(this.#bed, text(description), error)) {
      throw new Error(`Cannot plug in device ${index}`);
    }
  }

  /** Pulls a device out; udev tells. */
  pull(index: number): void {
    for (const path of [...sysPathsOfInterfaces(this.#devices[index]!, index), sysPath(index)]) {
      const place = text(`/sys${path}`);
      this.#umockdev.symbols.umockdev_testbed_uevent(this.#bed, place, text("remove"));
      this.#umockdev.symbols.umockdev_testbed_remove_device(this.#bed, place);
    }
  }

  /** Removes the folder. */
  [Symbol.dispose](): void {
    const glib = Deno.dlopen("libgobject-2.0.so.0", GOBJECT);
    glib.symbols.g_object_unref(this.#bed);
    glib.close();
    this.#umockdev.close();
  }
}

/** A C string. */
function text(content: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${content}\0`);
}
