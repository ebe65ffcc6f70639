import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ProbeError } from "../../base/errors.ts";
import { createBoard } from "../../sim/boards/mod.ts";
import { SimProbe } from "../../sim/probe/probe.ts";
import type { ProbeOptions } from "../../sim/probe/options.ts";
import type { UsbIdentity } from "../../sim/usb/descriptors.ts";
import type { UsbReply } from "../../sim/usb/device.ts";
import { UsbError } from "../../usb/mod.ts";
import { scripted, type SimPlug, SimUsbBackend, simUsbDevice } from "./testing/sim_usb.ts";
import { cmsisDapUsbDriver } from "./usb_driver.ts";

const BOARDS: Readonly<Record<string, string>> = { "0240": "FRDM-K64F" };
const ACCESS = new UsbError("Cannot open the device: permission denied", "access", { hint: "udev" });

function probe(port: number, identity: Partial<UsbIdentity> = {}, options: ProbeOptions = {}): SimPlug {
  return { device: simUsbDevice(new SimProbe(createBoard("stm32f407"), options), identity), port };
}

/** A device that is no probe. */
function mouse(port: number): SimPlug {
  const identity = { vendorId: 0x046d, productId: 0xc077, product: "Mouse", serial: "", v2: false, hidOut: false };
  return { device: simUsbDevice(scripted(() => []), identity), port, namesInterfaces: false };
}

function driverOver(...plugs: SimPlug[]) {
  const backend = new SimUsbBackend(plugs);
  const boardById = (id: string) => BOARDS[id] ? { boardName: BOARDS[id], targetName: "k64f" } : undefined;
  return { backend, driver: cmsisDapUsbDriver({ backend: () => backend, boardById }) };
}

Deno.test("cmsisDapUsbDriver.list() passes on that there is no library", async () => {
  const driver = cmsisDapUsbDriver({
    backend: () => {
      throw new UsbError("Cannot load libusb", "no-library");
    },
  });
  await assertRejects(() => driver.list(), UsbError, "Cannot load libusb");
});

Deno.test("cmsisDapUsbDriver.list() shows one entry a probe, of 30 devices on a hub, and opens none", async () => {
  const others = Array.from({ length: 30 }, (_, i) => mouse(i + 3));
  const { backend, driver } = driverOver(probe(1), ...others, probe(2, { serial: "X1", vendorId: 0x1234 }));
  const found = await driver.list();
  assertEquals(found, [
    {
      driver: "cmsisdap",
      uniqueId: "0240000001",
      description: "DAPLink CMSIS-DAP",
      vendor: "Arm",
      board: { boardName: "FRDM-K64F", targetName: "k64f" },
    },
    { driver: "cmsisdap", uniqueId: "X1", description: "DAPLink CMSIS-DAP", vendor: "Arm" },
  ]);
  assertEquals([backend.opened, backend.isClosed], [0, true]);
});

Deno.test("cmsisDapUsbDriver.list() opens candidates only where the system does not know their strings", async () => {
  const { backend, driver } = driverOver({ ...probe(1), knowsStrings: false }, mouse(2));
  assertEquals((await driver.list()).map(({ uniqueId }) => uniqueId), ["0240000001"]);
  assertEquals(backend.opened, 1);
});

Deno.test("cmsisDapUsbDriver.list() shows a known probe that cannot be opened with its problem", async () => {
  const unknown = { ...probe(2, { vendorId: 0x9999 }), knowsStrings: false, openError: ACCESS };
  const known = { ...probe(1), knowsStrings: false, openError: ACCESS };
  const { driver } = driverOver(known, unknown, probe(3, { serial: "good" }));
  const found = await driver.list();
  assertEquals(found.map((p) => [p.description, p.uniqueId, p.problem?.message]), [
    ["DAPLink", "0d28-0204-1-1", "Cannot open the device: permission denied"],
    ["DAPLink CMSIS-DAP", "good", undefined],
  ]);
  const error = await assertRejects(() => driver.open("0d28-0204-1-1"), UsbError);
  assertEquals(error.hint, "udev");
});

Deno.test("cmsisDapUsbDriver.list() asks probes without a board ID for their board, when allowed", async () => {
  const told = { boardVendor: "ACME", boardName: "Rocket", targetVendor: "ST", targetName: "STM32F407VG-T6" };
  const busy = new UsbError("Cannot claim: another program uses it", "busy");
  const { backend, driver } = driverOver(
    probe(1),
    probe(2, { serial: "0000AA" }, told),
    probe(3, { serial: "0000BB" }),
    { ...probe(4, { serial: "0000CC" }), claimError: busy },
  );
  const found = await driver.list({ identify: true });
  assertEquals(found.map(({ board, problem }) => board ?? problem?.message), [
    { boardName: "FRDM-K64F", targetName: "k64f" },
    { boardVendor: "ACME", boardName: "Rocket", targetVendor: "ST", targetName: "stm32f407vg_t6" },
    undefined,
    "Cannot claim: another program uses it",
  ]);
  assertEquals(backend.opened, 3);
});

Deno.test("cmsisDapUsbDriver.list() bounds what a mute probe costs", async () => {
  const mute = { device: simUsbDevice(scripted(() => []), { serial: "0000" }), port: 1 };
  const { driver } = driverOver(mute);
  const start = performance.now();
  const [found] = await driver.list({ identify: true });
  assertStringIncludes(found?.problem?.message ?? "", "does not answer DAP_Info");
  assertEquals(performance.now() - start < 1500, true);
});

Deno.test("cmsisDapUsbDriver.list() closes whatever it has opened, be it mute, busy or good", async () => {
  const mute = { device: simUsbDevice(scripted(() => []), { serial: "0000" }), port: 1 };
  const busy = { ...probe(2, { serial: "0001" }), claimError: new UsbError("Cannot claim", "busy") };
  const { backend, driver } = driverOver(mute, busy, probe(3, { serial: "0002" }), {
    ...probe(4, { serial: "0003" }),
    knowsStrings: false,
  });
  await driver.list({ identify: true });
  assertEquals(backend.connections.map(({ calls }) => calls.at(-1)), Array(5).fill("close"));
  assertEquals(backend.connections.find(({ info }) => info.ports[0] === 2)?.calls, ["claim 0", "close"]);
});

Deno.test("cmsisDapUsbDriver.list() does not disturb a session, whichever interface either would use", async () => {
  for (const preferV1 of [false, true]) {
    const { backend, driver } = driverOver(probe(1, { serial: "0000" }, { packetSize: 64 }));
    const session = await driver.open("0000", { preferV1 });
    await session.connect("swd");
    const [found] = await driver.list({ identify: true, preferV1: !preferV1 });
    assertEquals(found?.problem?.message, `Cannot claim ${preferV1 ? 1 : 0}: in use`);
    assertEquals(backend.opened, 1);
    await session.swjSequence(51, new Uint8Array(7).fill(0xff));
    await session.close();
    assertEquals((await driver.list({ identify: true }))[0]?.problem, undefined);
  }
});

Deno.test("cmsisDapUsbDriver leaves a probe alone that a program uses, through whichever interface", async () => {
  const busy = new UsbError("Cannot claim interface 1: another program uses it", "busy", { hint: "Close openocd" });
  const { backend, driver } = driverOver(
    { ...probe(1), states: { 1: { busy } } },
    { ...probe(2, { serial: "0000" }), states: { 1: { busy } } },
  );
  const found = await driver.list({ identify: true });
  assertEquals(found.map(({ board, problem }) => [board?.boardName, problem]), [["FRDM-K64F", busy], [
    undefined,
    busy,
  ]]);
  assertEquals(await assertRejects(() => driver.open("0000"), UsbError), busy);
  assertEquals(backend.opened, 0);
});

Deno.test("cmsisDapUsbDriver.open() opens each of several alike probes by the ID that list gives", async () => {
  const firmware = (version: string): ProbeOptions => ({ firmwareVersion: version });
  const wch = { vendorId: 0x1a86, productId: 0x8011, product: "WCH-Link", serial: "", v2: false };
  const { driver } = driverOver(
    probe(1, wch, { ...firmware("1"), packetSize: 64 }),
    probe(2, wch, { ...firmware("2"), packetSize: 64 }),
    probe(3, { serial: "AA" }, firmware("3")),
    probe(4, { serial: "AA" }, firmware("4")),
    { ...probe(5, { serial: "AAB\0\0 " }, firmware("5")), knowsStrings: false },
    { ...probe(6, {}, firmware("6")), knowsStrings: false, refuses: [3] },
  );
  const ids = (await driver.list()).map(({ uniqueId }) => uniqueId);
  assertEquals(ids, ["1a86-8011-1-1", "1a86-8011-1-2", "AA@1-3", "AA@1-4", "AAB", "0d28-0204-1-6"]);
  for (const [i, id] of ids.entries()) {
    const opened = await driver.open(id);
    assertEquals([opened.uniqueId, opened.version.replace(/^.* /, "")], [id, String(i + 1)]);
    await opened.close();
  }
});

Deno.test("cmsisDapUsbDriver.open() refuses what is not connected, and closes the library", async () => {
  const { backend, driver } = driverOver(probe(1));
  const error = await assertRejects(() => driver.open("nothing"), ProbeError, "it is not connected");
  assertEquals([error.code, backend.isClosed], ["probe-not-found", true]);
});

Deno.test("cmsisDapUsbDriver.open() closes everything when the interface is in use", async () => {
  const { backend, driver } = driverOver({ ...probe(1), claimError: new UsbError("Cannot claim", "busy") });
  await assertRejects(() => driver.open("0240000001"), UsbError, "Cannot claim");
  assertEquals(backend.isClosed, true);
});

Deno.test("cmsisDapUsbDriver.open() tells probes with one serial number apart by their sockets", async () => {
  const { driver } = driverOver(probe(1, { serial: "AA" }), probe(2, { serial: "AA" }, { firmwareVersion: "2.2.2" }));
  const opened = await driver.open("AA@1-2");
  assertStringIncludes(opened.version, "firmware 2.2.2");
  await opened.close();
});

Deno.test("cmsisDapUsbDriver.open() talks over bulk, or over HID when asked or nothing else is there", async () => {
  for (
    const [identity, preferV1] of [[{}, false], [{}, true], [{ v2: false }, false], [
      { v2: false, hidOut: false },
      false,
    ]] as const
  ) {
    const { backend, driver } = driverOver(probe(1, identity, { packetSize: 64 }));
    const opened = await driver.open("0240000001", { preferV1 });
    await opened.connect("swd");
    assertEquals([opened.description, opened.vendor], ["DAPLink CMSIS-DAP", "Arm"]);
    await opened.close();
    assertEquals(backend.isClosed, true);
  }
});

Deno.test("cmsisDapUsbDriver.open() never has two requests under way on probes that lose answers", async () => {
  const xds110 = { vendorId: 0x0451, productId: 0xbef3, serial: "L" };
  const cases = [[xds110, {}, 1], [{ serial: "L" }, { limitPackets: true }, 1], [{ serial: "L" }, {}, 4]] as const;
  for (const [identity, options, expected] of cases) {
    const firmware = new SimProbe(createBoard("stm32f407"));
    let waiting = 0;
    let most = 0;
    const device = simUsbDevice({
      submit: (packet) => {
        most = Math.max(most, ++waiting);
        return firmware.submit(packet);
      },
      takeSwoStream: () => new Uint8Array(),
    }, identity);
    const take = device.in.bind(device);
    device.in = (endpoint, request) => {
      const { done } = request;
      take(endpoint, Object.assign(request, { done: (reply: UsbReply) => (waiting--, done(reply)) }));
    };
    const opened = await driverOver({ device, port: 1 }).driver.open("L", options);
    await opened.connect("swd");
    const read = { kind: "read-block", port: "dp", register: 0, count: 500 } as const;
    await opened.transfer([read]);
    await opened.close();
    assertEquals(most <= expected, true, `${most} requests under way`);
  }
});

Deno.test("cmsisDapUsbDriver.open() takes a packet count of 0 for 1", async () => {
  const firmware = new SimProbe(createBoard("stm32f407"));
  const device = simUsbDevice({
    submit: (packet) => packet[0] === 0 && packet[1] === 0xfe ? [Uint8Array.of(0, 1, 0)] : firmware.submit(packet),
    takeSwoStream: () => new Uint8Array(),
  });
  const opened = await driverOver({ device, port: 1 }).driver.open("0240000001");
  await opened.connect("swd");
  await opened.close();
});

Deno.test("a probe that answers too much is brought back into step", async () => {
  const firmware = new SimProbe(createBoard("stm32f407"));
  let extra = false;
  const device = simUsbDevice({
    submit: (packet) => {
      const answers = firmware.submit(packet);
      if (!extra) return answers;
      extra = false;
      return [Uint8Array.of(0x42), ...answers];
    },
    takeSwoStream: () => new Uint8Array(),
  });
  const opened = await driverOver({ device, port: 1 }).driver.open("0240000001");
  await opened.connect("swd");
  const read = { kind: "read", port: "dp", register: 0 } as const;
  extra = true;
  const error = await assertRejects(() => opened.transfer([read]), ProbeError, "answered 0x42");
  assertEquals(error.code, "probe-out-of-step");
  await opened.swjSequence(51, new Uint8Array(7).fill(0xff));
  await opened.close();
});

Deno.test("cmsisDapUsbDriver.watch() gives the library back with the watch, and when it cannot watch", async () => {
  const { backend, driver } = driverOver(probe(1));
  const watch = await driver.watch!();
  assertEquals([await watch!.changed(1000), backend.isClosed], [true, false]);
  await watch!.close();
  assertEquals(backend.isClosed, true);
  const broken = driverOver();
  broken.backend.watchError = new UsbError("Cannot watch USB devices", "io");
  await assertRejects(() => broken.driver.watch!(), UsbError, "Cannot watch");
  assertEquals(broken.backend.isClosed, true);
});
