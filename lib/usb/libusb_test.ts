import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InternalError } from "../base/errors.ts";
import type { LibraryOpener } from "./find.ts";
import { Libusb } from "./libusb.ts";
import { FakeLibusb } from "./testing/fake_libusb.ts";
import { UsbError } from "./usb.ts";

/** Whether a libusb can be loaded here. */
function missing(): boolean {
  try {
    Deno.dlopen("libusb-1.0.so.0", { libusb_get_version: { parameters: [], result: "pointer" } }).close();
    return false;
  } catch {
    return true;
  }
}

const ignore = missing();

Deno.test("Libusb.open() says that there is no library", () => {
  assertThrows(() => Libusb.open({ explicit: "/nonexistent.so" }), UsbError, "was not found");
});

Deno.test({
  name: `Libusb lists what is there, and can be closed twice${ignore ? " (ignored: libusb is absent)" : ""}`,
  ignore,
  fn: async () => {
    const usb = Libusb.open();
    assertMatch(usb.description, /^libusb 1\.0\.\d+ \(.+\)$/);
    const places = usb.list().map(({ info }) => [info.bus, ...info.ports].join("."));
    assertEquals(places, [...new Set(places)]);
    await usb.close();
    await usb.close();
    assertThrows(() => usb.list(), UsbError, "was closed");
  },
});

Deno.test({
  name: `Libusb.watch() ends with its limit, with its library, and with the threads it used${
    ignore ? " (ignored: libusb is absent)" : ""
  }`,
  ignore,
  fn: async () => {
    const usb = Libusb.open();
    const watch = usb.watch();
    assertEquals(await watch.changed(5), false);
    const waiting = watch.changed(60_000);
    const closed = usb.watch();
    await closed.close();
    await usb.close();
    assertEquals(await waiting, false);
    await watch.close();
    assertThrows(() => usb.watch(), UsbError, "was closed");
  },
});

/** A library with one device, and what was given back to it. */
function fakeLibrary() {
  const fake = new FakeLibusb();
  const given: string[] = [];
  const memory = new Uint8Array(64);
  const list = new BigUint64Array(2);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
  list[0] = address;
  const give = (out: BigUint64Array): number => {
    out[0] = address;
    return 0;
  };
  const symbols = {
    ...fake.symbols,
    libusb_init: give,
    libusb_exit: () => void given.push("exit"),
    libusb_get_version: () => Deno.UnsafePointer.of(memory),
    libusb_get_device_list: (_context: Deno.PointerValue, out: BigUint64Array) => {
      out[0] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(list));
      return 1n;
    },
    libusb_free_device_list: () => {},
    libusb_ref_device: (device: Deno.PointerValue) => device,
    libusb_unref_device: () => void given.push("unref"),
    libusb_get_bus_number: () => 1,
    libusb_get_device_address: () => 2,
    libusb_get_port_numbers: () => 0,
    libusb_get_device_descriptor: () => 0,
    libusb_get_active_config_descriptor: () => -5,
    libusb_open: (_device: Deno.PointerValue, out: BigUint64Array) => give(out),
  };
  const library = { symbols, close: () => void given.push("library") };
  const usb = Libusb.open({ explicit: "fake" }, () => library as unknown as ReturnType<LibraryOpener>);
  return { fake, given, usb };
}

Deno.test("Libusb.close() gives everything back, also when a connection cannot be closed properly", async () => {
  const { fake, given, usb } = fakeLibrary();
  const [device] = usb.list();
  const [first, second] = [device!.open(), device!.open()];
  first.close = () => Promise.reject(new InternalError("cannot be closed"));
  await assertRejects(() => usb.close(), InternalError, "cannot be closed");
  await assertRejects(() => usb.close(), InternalError, "cannot be closed");
  assertEquals([fake.calls, given], [["close"], ["unref", "exit", "library"]]);
  assertThrows(() => second.claim(0), UsbError, "was closed");
  assertThrows(() => device!.open(), UsbError, "was closed");
});
