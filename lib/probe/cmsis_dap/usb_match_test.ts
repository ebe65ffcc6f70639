import { assertEquals } from "@std/assert";
import type { UsbDeviceInfo, UsbInterface, UsbStrings } from "../../usb/mod.ts";
import type { HidReport } from "./hid_report.ts";
import { couldBeCmsisDap, fitReport, lacksCmsisDap, placeId, routesTo, uniqueIds } from "./usb_match.ts";
import { quirksOf } from "./quirks.ts";

const BULK_OUT = { address: 0x01, type: "bulk", maxPacketSize: 512 } as const;
const BULK_IN = { address: 0x81, type: "bulk", maxPacketSize: 512 } as const;
const SWO_IN = { address: 0x83, type: "bulk", maxPacketSize: 512 } as const;
const HID_IN = { address: 0x82, type: "interrupt", maxPacketSize: 64 } as const;
const HID_OUT = { address: 0x02, type: "interrupt", maxPacketSize: 64 } as const;

function itf(changes: Partial<UsbInterface> & Pick<UsbInterface, "endpoints">): UsbInterface {
  return { number: 0, alternate: 0, class: 0xff, subclass: 0, protocol: 0, nameIndex: 4, ...changes };
}

const bulk = (changes: Partial<UsbInterface> = {}): UsbInterface => itf({ endpoints: [BULK_OUT, BULK_IN], ...changes });
const hid = (changes: Partial<UsbInterface> = {}): UsbInterface =>
  itf({ class: 3, number: 1, endpoints: [HID_IN, HID_OUT], ...changes });

function device(interfaces: readonly UsbInterface[], changes: Partial<UsbDeviceInfo> = {}): UsbDeviceInfo {
  return {
    vendorId: 0x1234,
    productId: 0x5678,
    deviceClass: 0,
    release: 0,
    bus: 1,
    address: 5,
    ports: [2],
    manufacturerIndex: 0,
    productIndex: 0,
    serialIndex: 0,
    interfaces,
    ...changes,
  };
}

function named(product: string, interfaces: Readonly<Record<number, string>> = {}): UsbStrings {
  const names = Object.entries(interfaces).map(([number, name]) => [Number(number), name] as const);
  return { manufacturer: "", product, serial: "", interfaces: new Map(names) };
}

const DAPLINK = { vendorId: 0x0d28, productId: 0x0204 };

const MCU_LINK = { vendorId: 0x1fc9, productId: 0x0143 };

/** Rules of discovery: what a device shows, and the routes `version:interface` that follow. */
const RULES: readonly (readonly [what: string, info: UsbDeviceInfo, strings: UsbStrings, routes: string[]])[] = [
  ["a bulk interface that says so", device([bulk()]), named("X", { 0: "Y CMSIS-DAP v2" }), ["2:0"]],
  ["a bulk interface that says nothing", device([bulk()]), named("X CMSIS-DAP"), []],
  ["a bulk interface of another class", device([bulk({ class: 8 })]), named("", { 0: "CMSIS-DAP" }), []],
  ["a bulk interface of a subclass", device([bulk({ subclass: 1 })]), named("", { 0: "CMSIS-DAP" }), []],
  [
    "bulk endpoints in the wrong order",
    device([itf({ endpoints: [BULK_IN, BULK_OUT] })]),
    named("", { 0: "CMSIS-DAP" }),
    [],
  ],
  [
    "bulk endpoints for packets of no size",
    device([itf({ endpoints: [{ ...BULK_OUT, maxPacketSize: 0 }, BULK_IN] })]),
    named("", { 0: "CMSIS-DAP" }),
    [],
  ],
  ["one bulk endpoint", device([itf({ endpoints: [BULK_OUT] })]), named("", { 0: "CMSIS-DAP" }), []],
  ["a second alternate setting", device([bulk(), bulk({ alternate: 1 })]), named("", { 0: "CMSIS-DAP" }), ["2:0"]],
  ["HID by the product's name", device([hid()]), named("DAPLink CMSIS-DAP"), ["1:1"]],
  ["HID with an underscore", device([hid()]), named("My CMSIS_DAP probe"), ["1:1"]],
  ["WCH-Link by name", device([hid()]), named("WCH-Link"), ["1:1"]],
  ["a keyboard", device([hid({ subclass: 1, protocol: 1 })]), named("CMSIS-DAP keyboard"), []],
  ["HID that says nothing", device([hid()]), named("Joystick"), []],
  ["HID known by its number", device([hid()], DAPLINK), named("MBED"), ["1:1"]],
  ["HID without OUT", device([hid({ endpoints: [HID_IN] })], DAPLINK), named(""), ["1:1"]],
  ["HID with OUT first", device([hid({ endpoints: [HID_OUT, HID_IN] })], DAPLINK), named(""), ["1:1"]],
  ["HID with OUT only", device([hid({ endpoints: [HID_OUT] })], DAPLINK), named(""), []],
  ["HID with two IN", device([hid({ endpoints: [HID_IN, HID_IN] })], DAPLINK), named(""), []],
  ["several HID, one named", device([hid(), hid({ number: 2 })]), named("CMSIS-DAP", { 2: "CMSIS-DAP v1" }), ["1:2"]],
  ["several HID, none named", device([hid(), hid({ number: 2 })]), named("CMSIS-DAP"), ["1:1?", "1:2?"]],
  ["one HID of a probe with others", device([hid()], MCU_LINK), named(""), ["1:1?"]],
  ["one named HID of a probe with others", device([hid()], MCU_LINK), named("", { 1: "CMSIS-DAP" }), ["1:1"]],
  [
    "bulk beside several HID, none named",
    device([hid(), hid({ number: 2 }), bulk()], MCU_LINK),
    named("", { 0: "CMSIS-DAP" }),
    ["2:0", "1:1?", "1:2?"],
  ],
  ["both, bulk preferred", device([hid(), bulk()]), named("CMSIS-DAP", { 0: "CMSIS-DAP v2" }), ["2:0", "1:1"]],
  ["a miscellaneous device", device([bulk()], { deviceClass: 0xef }), named("", { 0: "CMSIS-DAP" }), ["2:0"]],
  ["a communication device", device([hid()], { deviceClass: 2 }), named("CMSIS-DAP"), []],
  ["DAPLink as communication device", device([hid()], { deviceClass: 2, ...DAPLINK }), named(""), ["1:1"]],
  ["a hub", device([], { deviceClass: 9 }), named("CMSIS-DAP"), []],
];

for (const [what, info, strings, routes] of RULES) {
  Deno.test(`routesTo() ${what}: ${routes.join(" then ") || "none"}`, () => {
    const found = routesTo(info, strings).map((route) =>
      `${route.version}:${route.interface}${route.isUnsure ? "?" : ""}`
    );
    assertEquals(found, routes);
    if (routes.length > 0) assertEquals(couldBeCmsisDap(info), true);
  });
}

Deno.test("routesTo() prefers HID when asked", () => {
  const info = device([hid(), bulk()]);
  assertEquals(routesTo(info, named("", { 0: "CMSIS-DAP", 1: "CMSIS-DAP" }), true).map((r) => r.version), [1, 2]);
});

Deno.test("routesTo() finds the endpoints, SWO among them, and their packet sizes", () => {
  const swo = bulk({ endpoints: [BULK_OUT, BULK_IN, SWO_IN] });
  const [v2, v1] = routesTo(device([swo, hid({ endpoints: [HID_IN] })]), named("CMSIS-DAP", { 0: "CMSIS-DAP" }));
  assertEquals(v2, {
    version: 2,
    interface: 0,
    endpointIn: 0x81,
    endpointOut: 0x01,
    maxPacketSize: 512,
    endpointSwo: 0x83,
  });
  assertEquals([v1?.endpointOut, v1?.endpointIn, v1?.maxPacketSize], [undefined, 0x82, 64]);
});

Deno.test("routesTo() counts on reports of 64 bytes where endpoints take less", () => {
  const slow = hid({ endpoints: [{ ...HID_IN, maxPacketSize: 8 }] });
  const fast = hid({ endpoints: [{ ...HID_IN, maxPacketSize: 512 }] });
  const sizes = [slow, fast].map((i) => routesTo(device([i], DAPLINK), named(""))[0]?.maxPacketSize);
  assertEquals(sizes, [64, 512]);
});

/** Report descriptors, and the report length they lead to: with a sure route, and with an unsure one. */
const FITTING:
  readonly (readonly [what: string, report: Partial<HidReport>, sure: number, unsure: number | undefined])[] = [
    ["CMSIS-DAP", {}, 512, 512],
    ["another usage page", { usagePages: [0xff01] }, 512, undefined],
    ["no collection", { usagePages: [] }, 512, undefined],
    ["several collections", { usagePages: [0x01, 0xff00] }, 512, 512],
    ["report IDs", { hasIds: true }, 64, undefined],
    ["no output", { outputBytes: 0 }, 64, 64],
    ["lengths that differ", { inputBytes: 64 }, 64, 64],
    ["reports that are too short", { inputBytes: 8, outputBytes: 8 }, 64, 64],
    ["absurd reports", { inputBytes: 2 ** 40, outputBytes: 2 ** 40 }, 64, 64],
  ];

for (const [what, changes, sure, unsure] of FITTING) {
  Deno.test(`fitReport() ${what}: reports of ${sure} bytes; when in doubt ${unsure}`, () => {
    const report = { usagePages: [0xff00], inputBytes: 512, outputBytes: 512, hasIds: false, ...changes };
    const [route] = routesTo(device([hid()], DAPLINK), named(""));
    const doubtful = fitReport({ ...route!, isUnsure: true }, report);
    assertEquals([fitReport(route!, report)?.maxPacketSize, doubtful?.maxPacketSize], [sure, unsure]);
    assertEquals(doubtful?.isUnsure, undefined);
  });
}

Deno.test("fitReport() leaves the route as it is when the report descriptor could not be read", () => {
  const [route] = routesTo(device([hid()], MCU_LINK), named(""));
  assertEquals(fitReport(route!, undefined), route);
});

Deno.test("lacksCmsisDap() sees known probes without an interface for CMSIS-DAP, and only them", () => {
  const disk = itf({ class: 8, subclass: 6, endpoints: [BULK_OUT, BULK_IN] });
  assertEquals(lacksCmsisDap(device([disk], DAPLINK)), true);
  assertEquals(lacksCmsisDap(device([disk])), false);
  assertEquals(lacksCmsisDap(device([disk, hid()], DAPLINK)), false);
  assertEquals(lacksCmsisDap(device([], DAPLINK)), false);
  assertEquals(lacksCmsisDap(device([disk], { ...DAPLINK, deviceClass: 9 })), false);
});

Deno.test("uniqueIds() are unique, whatever the serial numbers", () => {
  const at = (port: number, serial: string) => ({ info: device([], { ports: [1, port] }), serial });
  const ids = uniqueIds([at(1, "A"), at(2, "B"), at(3, "B"), at(4, ""), at(5, "")]);
  assertEquals(ids, ["A", "B@1-1.2", "B@1-1.3", "1234-5678-1-1.4", "1234-5678-1-1.5"]);
  assertEquals(uniqueIds([at(1, "7C:DF:A1"), at(2, "7C-DF")]), ["7C-DF-A1", "7C-DF"]);
  assertEquals(placeId(device([], { ports: [], address: 7 })), "1234-5678-1-a7");
});

Deno.test("quirksOf() knows what is peculiar", () => {
  assertEquals(quirksOf(0x03eb, 0x2141)?.losesClock, true);
  assertEquals(quirksOf(0x0451, 0xbef3)?.limitPackets, true);
  assertEquals(quirksOf(0x0d28, 0x0204)?.boardIdInSerial, true);
  assertEquals(quirksOf(0x1fc9, 0x0143)?.hidUsagePage, true);
});
