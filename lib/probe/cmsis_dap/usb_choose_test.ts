import { assertEquals, assertRejects } from "@std/assert";
import { ProbeError } from "../../base/errors.ts";
import { createBoard } from "../../sim/boards/mod.ts";
import { SimProbe } from "../../sim/probe/probe.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import { UsbError } from "../../usb/mod.ts";
import { type SimPlug, SimUsbBackend, type SimUsbConnection, simUsbDevice } from "./testing/sim_usb.ts";
import { chooseRoute } from "./usb_choose.ts";
import { cmsisDapUsbDriver } from "./usb_driver.ts";
import { routesTo, type UsbRoute } from "./usb_match.ts";

/** A probe with two nameless HID interfaces, 0 for something else and 1 for CMSIS-DAP. */
function plug(more: Partial<SimPlug> = {}, identity: Partial<UsbIdentity> = {}): SimPlug {
  const firmware = new SimProbe(createBoard("stm32f407"), { packetSize: 64 });
  const device = simUsbDevice(firmware, { serial: "1", v2: false, otherHid: true, ...identity });
  return { device, port: 1, ...more };
}

const BUSY = new UsbError("Cannot claim: another program uses it", "busy");

/** What is chosen, and what the device was asked for it. */
async function chosen(
  more: SimPlug,
  preferV1 = false,
): Promise<{ route: UsbRoute; calls: string[] }> {
  const backend = new SimUsbBackend([more]);
  const [device] = backend.list();
  const connection = device!.open() as SimUsbConnection;
  try {
    const route = await chooseRoute(device!, connection, routesTo(device!.info, device!.knownStrings()!, preferV1));
    return { route, calls: [...connection.calls] };
  } finally {
    await connection.close();
  }
}

/** The HID interface for something else does not answer to GET_DESCRIPTOR, nor do others. */
function refusing(...interfaces: readonly number[]): SimPlug {
  const made = plug();
  const control = made.device.control.bind(made.device);
  made.device.control = (setup, data) => interfaces.includes(setup[4]!) ? "stall" : control(setup, data);
  return made;
}

Deno.test("chooseRoute() asks nothing when bulk decides", async () => {
  const { route, calls } = await chosen(plug({}, { v2: true }));
  assertEquals([route.version, calls], [2, []]);
});

Deno.test("chooseRoute() asks each HID interface for its report descriptor, and keeps the one it chooses", async () => {
  const { route, calls } = await chosen(plug());
  assertEquals([route.interface, route.isUnsure, route.maxPacketSize], [1, undefined, 64]);
  assertEquals(calls, ["claim 0", "control 06 of 0", "release 0", "claim 1", "control 06 of 1"]);
});

Deno.test("chooseRoute() takes from the system what it knows", async () => {
  const { descriptors: { report, otherReport } } = plug().device;
  const { route, calls } = await chosen(plug({ states: { 0: { report: otherReport }, 1: { report } } }));
  assertEquals([route.interface, calls], [1, ["release 0"]]);
});

Deno.test("chooseRoute() passes a HID interface over that a program uses, unless that may be the probe's", async () => {
  const { route } = await chosen(plug({ states: { 0: { busy: BUSY } } }));
  assertEquals(route.interface, 1);
  assertEquals(await assertRejects(() => chosen(plug({ states: { 1: { busy: BUSY } } })), UsbError), BUSY);
  assertEquals(await assertRejects(() => chosen(plug({ claimError: BUSY })), UsbError), BUSY);
});

Deno.test("chooseRoute() passes over what does not answer, and tries the first when nothing answers", async () => {
  assertEquals((await chosen(refusing(0))).route.interface, 1);
  assertEquals((await chosen(refusing(0, 1))).route.interface, 0);
});

Deno.test("chooseRoute() falls back to bulk, or fails, when no HID interface is for CMSIS-DAP", async () => {
  const { descriptors: { otherReport } } = plug().device;
  const states = { 0: { report: otherReport }, 1: { report: otherReport }, 2: { report: otherReport } };
  assertEquals((await chosen(plug({ states }, { v2: true }), true)).route.version, 2);
  const error = await assertRejects(
    () => chosen(plug({ states })),
    ProbeError,
    "none of its HID interfaces is for CMSIS-DAP",
  );
  assertEquals(error.code, "probe-no-interface");
});

Deno.test("chooseRoute() makes do with a report descriptor that is cut off", async () => {
  const named = plug({ states: { 0: { report: Uint8Array.of(0x06, 0x00) } } }, { otherHid: false });
  const { route, calls } = await chosen(named);
  assertEquals([route.interface, route.maxPacketSize, calls], [0, 64, []]);
});

Deno.test("cmsisDapUsbDriver.open() talks to the right of two nameless HID interfaces", async () => {
  for (const hidOut of [true, false]) {
    const backend = new SimUsbBackend([plug({}, { hidOut })]);
    const opened = await cmsisDapUsbDriver({ backend: () => backend }).open("1");
    await opened.connect("swd");
    await opened.close();
    assertEquals(backend.isClosed, true);
  }
});
