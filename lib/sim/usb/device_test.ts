import { assertEquals } from "@std/assert";
import { SimUsbDevice, type UsbReply } from "./device.ts";

function plug(identity = {}, swo: number[] = []) {
  return new SimUsbDevice(
    {
      vendorId: 1,
      productId: 2,
      manufacturer: "T",
      product: "P",
      serial: "S",
      v2: true,
      swo: true,
      v1: true,
      hidOut: true,
      ...identity,
    },
    { submit: (packet) => [packet.slice()], takeSwoStream: () => Uint8Array.from(swo.splice(0)) },
    { submit: (packet) => [packet.slice(0, 2)], takeSwoStream: () => new Uint8Array() },
  );
}

function ask(device: SimUsbDevice, endpoint: number, length = 512): UsbReply[] {
  const replies: UsbReply[] = [];
  device.in(endpoint, { length, done: (reply) => replies.push(reply) });
  return replies;
}

const setup = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const NONE = new Uint8Array();

Deno.test("SimUsbDevice stalls what it does not know", () => {
  const device = plug();
  assertEquals(device.control(setup(0xc0, 0x55, 0, 0, 0, 0, 8, 0), NONE), "stall");
  assertEquals(device.control(setup(0x80, 6, 0, 6, 0, 0, 10, 0), NONE), "stall");
  assertEquals(device.control(setup(0x80, 6, 77, 3, 9, 4, 255, 0), NONE), "stall");
  assertEquals(device.control(setup(0x21, 0x42, 0, 0, 1, 0, 0, 0), NONE), "stall");
  assertEquals(device.control(setup(0x21, 9, 0, 2, 0, 0, 2, 0), setup(1, 2)), "stall");
  assertEquals(device.control(setup(0x00, 99, 0, 0, 0, 0, 0, 0), NONE), "stall");
  assertEquals(ask(device, 0x84), ["stall"]);
  assertEquals(device.out(0x05, NONE), "stall");
  assertEquals(plug({ v1: false }).out(0x02, NONE), "stall");
});

Deno.test("SimUsbDevice refuses strings, or says nothing, where its identity has it so", () => {
  const ask = setup(0x80, 6, 2, 3, 9, 4, 255, 0);
  assertEquals(plug({ strings: "stall" }).control(ask, NONE), "stall");
  assertEquals(plug({ strings: "silence" }).control(ask, NONE), "silence");
});

Deno.test("SimUsbDevice shows a HID interface for something else in front of its own, on demand", () => {
  const device = plug({ otherHid: true });
  const { otherInterface, v1Interface, otherReport, report } = device.descriptors;
  assertEquals([otherInterface, v1Interface], [1, 2]);
  assertEquals(device.control(setup(0x81, 6, 0, 0x22, 1, 0, 255, 0), NONE), otherReport);
  assertEquals(device.control(setup(0x81, 6, 0, 0x22, 2, 0, 255, 0), NONE), report);
});

Deno.test("SimUsbDevice answers standard requests, cut to the length asked for", () => {
  const device = plug();
  assertEquals(device.control(setup(0x80, 6, 0, 1, 0, 0, 8, 0), NONE), device.descriptors.device.subarray(0, 8));
  assertEquals(device.control(setup(0x80, 6, 0, 2, 0, 0, 255, 0), NONE), device.descriptors.configuration);
  assertEquals(device.control(setup(0x81, 6, 0, 0x22, 1, 0, 255, 0), NONE), device.descriptors.report);
  assertEquals(device.control(setup(0x00, 9, 1, 0, 0, 0, 0, 0), NONE), NONE);
  assertEquals(device.control(setup(0x80, 8, 0, 0, 0, 0, 1, 0), NONE), setup(1));
  assertEquals(device.control(setup(0x81, 10, 0, 0, 0, 0, 1, 0), NONE), setup(0));
  assertEquals(device.control(setup(0x01, 11, 0, 0, 0, 0, 0, 0), NONE), NONE);
  assertEquals(device.control(setup(0x21, 0x0a, 0, 0, 1, 0, 0, 0), NONE), NONE);
});

Deno.test("SimUsbDevice halts endpoints until the halt is cleared, or the bus is reset", () => {
  const device = plug();
  device.control(setup(2, 3, 0, 0, 0x81, 0, 0, 0), NONE);
  assertEquals(device.control(setup(0x82, 0, 0, 0, 0x81, 0, 2, 0), NONE), setup(1, 0));
  assertEquals(ask(device, 0x81), ["stall"]);
  device.control(setup(2, 1, 0, 0, 0x81, 0, 0, 0), NONE);
  device.out(0x01, setup(1));
  assertEquals(ask(device, 0x81), [setup(1)]);
  device.control(setup(2, 3, 0, 0, 0x01, 0, 0, 0), NONE);
  assertEquals(device.out(0x01, setup(1)), "stall");
  device.reset();
  assertEquals(device.out(0x01, setup(1)), NONE);
});

Deno.test("SimUsbDevice answers reads in order, whether they come before or after the data", () => {
  const device = plug();
  const early = ask(device, 0x81);
  device.out(0x01, setup(1, 2));
  device.out(0x01, setup(3, 4));
  device.out(0x01, NONE);
  assertEquals([early, ask(device, 0x81, 1), ask(device, 0x81)], [[setup(1, 2)], [setup(3)], []]);
});

Deno.test("SimUsbDevice pads HID reports, by endpoint or SET_REPORT", () => {
  for (const hidOut of [true, false]) {
    const device = plug({ hidOut });
    if (hidOut) device.out(0x02, setup(7, 8, 9));
    else device.control(setup(0x21, 9, 0, 2, 1, 0, 3, 0), setup(7, 8, 9));
    const [report] = ask(device, 0x82) as [Uint8Array];
    assertEquals([report.length, report[0], report[1], report[2]], [64, 7, 8, 0]);
  }
});

Deno.test("SimUsbDevice gives SWO bytes to reads that wait", () => {
  const swo: number[] = [];
  const device = plug({}, swo);
  const waiting = ask(device, 0x83, 2);
  assertEquals(waiting, []);
  swo.push(1, 2, 3);
  device.pollSwo();
  assertEquals([waiting, ask(device, 0x83, 2)], [[setup(1, 2)], [setup(3)]]);
});

Deno.test("SimUsbDevice.cancel() takes back a read, once", () => {
  const device = plug();
  const request = { length: 1, done: () => {} };
  device.in(0x81, request);
  assertEquals([device.cancel(0x81, request), device.cancel(0x81, request)], [true, false]);
});
