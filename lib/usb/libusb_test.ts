import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Libusb } from "./libusb.ts";
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
