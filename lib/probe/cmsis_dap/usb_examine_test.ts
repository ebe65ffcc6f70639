import { assertEquals } from "@std/assert";
import { UsbError } from "../../usb/mod.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import { scripted, type SimPlug, SimUsbBackend, simUsbDevice } from "./testing/sim_usb.ts";
import { findProbes } from "./usb_examine.ts";

const PRODUCT = 2;
const V2_NAME = 4;

/** A probe whose strings the system does not know. */
function plug(port: number, more: Partial<SimPlug> = {}, identity: Partial<UsbIdentity> = {}): SimPlug {
  return { device: simUsbDevice(scripted(() => []), identity), port, knowsStrings: false, ...more };
}

const SILENT = { strings: "silence" } as const;
const UNKNOWN = { vendorId: 0x1234, productId: 0x5678 };

/** A probe that shows a disk and nothing else. */
function bootloader(port: number): SimPlug {
  const made = plug(port, { knowsStrings: true }, { product: "DAPLink MAINTENANCE", v1: false, swo: false });
  // Class and subclass of the only interface: mass storage, SCSI.
  made.device.descriptors.configuration.set([8, 6], 9 + 5);
  return made;
}

async function found(...plugs: readonly SimPlug[]) {
  const backend = new SimUsbBackend(plugs);
  const probes = await findProbes(backend);
  const rows = probes.map(({ strings, routes, problem }) => [
    strings.product,
    strings.serial,
    routes.map(({ version }) => version).join(),
    problem?.message,
  ]);
  return { rows, backend, problems: probes.map(({ problem }) => problem) };
}

Deno.test("findProbes() gives up a device that answers no string request, while others are examined", async () => {
  const start = performance.now();
  const hangs = Array.from({ length: 4 }, (_, i) => plug(i + 1, {}, SILENT));
  const { rows, backend, problems } = await found(...hangs, plug(5), plug(6, {}, { ...UNKNOWN, ...SILENT }));
  const ms = performance.now() - start;
  const late = (port: number) =>
    `Cannot read what 0d28:0204 at bus 1, ports ${port} says about itself: it does not answer`;
  assertEquals(rows, [
    ...[1, 2, 3, 4].map((port) => ["DAPLink", "", "", late(port)]),
    ["DAPLink CMSIS-DAP", "0240000001", "2,1", undefined],
  ]);
  assertEquals((problems[0] as UsbError).failure, "timeout");
  assertEquals(backend.connections.every(({ calls }) => calls.includes("close")), true);
  assertEquals([ms >= 700, ms < 1600], [true, true], `${ms} ms`);
});

Deno.test("findProbes() does without single strings that a device refuses", async () => {
  const { rows } = await found(plug(1, { refuses: [PRODUCT] }), plug(2, { refuses: [V2_NAME] }));
  assertEquals(rows, [
    ["", "0240000001", "2,1", undefined],
    ["DAPLink CMSIS-DAP", "0240000001", "1", undefined],
  ]);
});

Deno.test("findProbes() says what is missing of a known probe whose only interface has no readable name", async () => {
  const refused = plug(1, { refuses: [V2_NAME] }, { v1: false });
  const { rows } = await found(refused, plug(2, { refuses: [V2_NAME] }, { ...UNKNOWN, v1: false }));
  assertEquals(rows, [["DAPLink CMSIS-DAP", "0240000001", "", "Cannot transfer: stall"]]);
});

Deno.test("findProbes() shows a probe in its bootloader with its problem", async () => {
  const { rows, problems, backend } = await found(bootloader(1), plug(2, { knowsStrings: true }));
  assertEquals(rows[0], [
    "DAPLink MAINTENANCE",
    "0240000001",
    "",
    "Cannot use this DAPLink: it shows no CMSIS-DAP interface",
  ]);
  assertEquals([(problems[0] as UsbError).hint?.startsWith("If it is in its bootloader"), rows.length], [true, 2]);
  assertEquals(backend.opened, 0);
});

Deno.test("findProbes() keeps what devices say from upsetting the terminal or the unique ID", async () => {
  const odd = { product: "\x1b[31mX CMSIS-DAP\r\n", serial: "AB12\0\0junk", manufacturer: " Arm " };
  const { rows, backend } = await found(plug(1, {}, { ...UNKNOWN, ...odd }));
  assertEquals([rows, backend.opened], [[["[31mX CMSIS-DAP", "AB12", "2,1", undefined]], 1]);
});

Deno.test("findProbes() opens only candidates among 30 other devices", async () => {
  const gone = new UsbError("Cannot open the device", "gone");
  const others = Array.from({ length: 30 }, (_, i) => {
    const made = plug(i + 2, { openError: gone }, { ...UNKNOWN, product: "Disk", v1: false, swo: false });
    made.device.descriptors.configuration.set([8, 6], 9 + 5);
    return made;
  });
  const { rows, backend } = await found(plug(1), ...others);
  assertEquals([rows.length, backend.opened], [1, 1]);
});
