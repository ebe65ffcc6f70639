import { assertEquals } from "@std/assert";
import { concatBytes, hexBytes, parseHexBytes } from "../../base/bytes.ts";
import { SimUsbDevice } from "./device.ts";
import { UsbIpSession } from "./usbip.ts";

const IDENTITY = {
  vendorId: 0x0d28,
  productId: 0x0204,
  manufacturer: "T",
  product: "P",
  serial: "S",
  v2: true,
  swo: false,
  v1: false,
  hidOut: false,
};
const ECHO = { submit: (packet: Uint8Array) => [packet.slice()], takeSwoStream: () => new Uint8Array() };

function connect(devices = [new SimUsbDevice(IDENTITY, ECHO, ECHO)]) {
  const sent: Uint8Array[] = [];
  const session = new UsbIpSession(devices, (bytes) => sent.push(bytes.slice()));
  return { session, device: devices[0]!, take: () => hexBytes(concatBytes(sent.splice(0))) };
}

function imported() {
  const connection = connect();
  connection.session.receive(IMPORT);
  connection.take();
  return connection;
}

/** OP_REQ_IMPORT of bus id 1-1, as the protocol description lays it out. */
const IMPORT = parseHexBytes(`0111800300000000${"312d31".padEnd(64, "0")}`);

/** A command header: command, sequence number, device 1-2, direction, endpoint, then what depends on the command. */
function command(kind: number, sequence: number, direction: number, endpoint: number, rest: string): Uint8Array {
  const be32 = (n: number): string => n.toString(16).padStart(8, "0");
  return parseHexBytes([kind, sequence, 0x00010002, direction, endpoint].map(be32).join("") + rest);
}

/** USBIP_CMD_SUBMIT: flags, length, start frame, number of packets, interval, setup, data. */
function submit(
  sequence: number,
  direction: number,
  endpoint: number,
  length: number,
  setup = "00".repeat(8),
  data = "",
) {
  const tail = `00000000${length.toString(16).padStart(8, "0")}${"0".repeat(24)}`;
  return command(1, sequence, direction, endpoint, `${tail}${setup}${data}`);
}

Deno.test("UsbIpSession hangs up on what is not USB/IP", () => {
  assertEquals(connect().session.receive(new TextEncoder().encode("GET / HTTP/1.1\r\n")), false);
  assertEquals(imported().session.receive(command(9, 1, 0, 0, "00".repeat(28))), false);
  assertEquals(imported().session.receive(submit(1, 1, 1, 0x7fffffff)), false);
});

Deno.test("UsbIpSession lists devices with their interfaces", () => {
  const { session, take } = connect();
  assertEquals(session.receive(parseHexBytes("0111800500000000")), true);
  const list = take();
  assertEquals(list.slice(0, 24), "011100050000000000000001");
  assertEquals(list.length / 2, 12 + 312 + 4);
  const record = list.slice(24);
  assertEquals(record.slice(512, 512 + 8), "312d3100");
  assertEquals(
    record.slice(576),
    "00000001" + "00000002" + "00000003" + "0d28" + "0204" + "0100" + "000000" + "010101" + "ff000000",
  );
});

Deno.test("UsbIpSession refuses to import what it does not have, and what was unplugged", () => {
  const { session, device, take } = connect();
  session.receive(parseHexBytes(`0111800300000000${"322d31".padEnd(64, "0")}`));
  assertEquals(take(), "0111000300000001");
  device.unplugged = true;
  session.receive(IMPORT);
  assertEquals(take(), "0111000300000001");
});

Deno.test("UsbIpSession takes requests byte by byte", () => {
  const { session, take } = connect();
  for (const byte of IMPORT) assertEquals(session.receive(Uint8Array.of(byte)), true);
  assertEquals(take().length / 2, 8 + 312);
  for (const byte of submit(1, 0, 1, 2, undefined, "0abc")) assertEquals(session.receive(Uint8Array.of(byte)), true);
  assertEquals(take(), "00000003" + "00000001" + "00".repeat(12) + "00000000" + "00000002" + "00".repeat(20));
});

Deno.test("UsbIpSession carries control, OUT and IN", () => {
  const { session, take } = imported();
  session.receive(submit(1, 1, 0, 18, "8006000100001200"));
  assertEquals(take().slice(96), "120100020000004028" + "0d0402" + "0001010203" + "01");
  session.receive(submit(2, 1, 1, 64));
  assertEquals(take(), "");
  session.receive(submit(3, 0, 1, 3, undefined, "010203"));
  const both = take();
  assertEquals(both.slice(0, 16), "0000000300000002");
  assertEquals(both.slice(40, 56), "0000000000000003");
  assertEquals(both.slice(96, 102), "010203");
  assertEquals(both.slice(102, 118), "0000000300000003");
});

Deno.test("UsbIpSession says EPIPE for a stall", () => {
  const { session, take } = imported();
  session.receive(submit(1, 1, 0, 8, "c055000000000800"));
  assertEquals(take().slice(40, 56), "ffffffe0" + "00000000");
});

Deno.test("UsbIpSession takes back a read with ECONNRESET, and answers 0 when it was too late", () => {
  const { session, take } = imported();
  session.receive(submit(1, 1, 1, 64));
  session.receive(command(2, 2, 0, 0, "00000001" + "00".repeat(24)));
  assertEquals(take(), "00000004" + "00000002" + "00".repeat(12) + "ffffff98" + "00".repeat(24));
  session.receive(command(2, 3, 0, 0, "00000001" + "00".repeat(24)));
  assertEquals(take().slice(40, 48), "00000000");
});

Deno.test("UsbIpSession leaves a request for a string unanswered until the host takes it back", () => {
  const { session, take } = connect([new SimUsbDevice({ ...IDENTITY, strings: "silence" }, ECHO, ECHO)]);
  session.receive(IMPORT);
  take();
  session.receive(submit(1, 1, 0, 255, "800602030904ff00"));
  assertEquals(take(), "");
  session.receive(command(2, 2, 0, 0, "00000001" + "00".repeat(24)));
  assertEquals(take().slice(40, 48), "ffffff98");
  session.receive(submit(3, 1, 0, 18, "8006000100001200"));
  assertEquals(take().slice(40, 48), "00000000");
});

Deno.test("UsbIpSession ends when the device is unplugged, and its reads with it", () => {
  const { session, device } = imported();
  session.receive(submit(1, 1, 1, 64));
  session.close();
  device.out(0x01, Uint8Array.of(1));
  device.unplugged = true;
  assertEquals([session.isUnplugged, session.receive(submit(2, 1, 1, 64))], [true, false]);
});
