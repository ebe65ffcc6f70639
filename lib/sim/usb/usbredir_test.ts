import { assertEquals } from "@std/assert";
import { concatBytes, hexBytes, parseHexBytes } from "../../base/bytes.ts";
import { SimUsbDevice } from "./device.ts";
import { UsbRedirSession } from "./usbredir.ts";

const ECHO = { submit: (packet: Uint8Array) => [packet.slice()], takeSwoStream: () => new Uint8Array() };
const IDENTITY = {
  vendorId: 0x0d28,
  productId: 0x0204,
  manufacturer: "T",
  product: "P",
  serial: "S",
  v2: true,
  swo: true,
  v1: true,
  hidOut: true,
};

function connect() {
  const device = new SimUsbDevice(IDENTITY, ECHO, ECHO);
  const sent: Uint8Array[] = [];
  const session = new UsbRedirSession(device, (bytes) => sent.push(bytes.slice()));
  return { device, session, take: () => hexBytes(concatBytes(sent.splice(0))) };
}

const le32 = (n: number): string => hexBytes(new Uint8Array(Uint32Array.of(n).buffer));

/** The hello of a peer that knows device version, disconnect ack, packet sizes, 64-bit ids and 32-bit bulk lengths. */
const HELLO = parseHexBytes(le32(0) + le32(68) + le32(0) + "71656d75".padEnd(128, "0") + le32(0x7a));

/** A packet with a 64-bit id. */
function packet(type: number, id: number, body: string): Uint8Array {
  return parseHexBytes(le32(type) + le32(body.length / 2) + le32(id) + le32(0) + body);
}

function greeted() {
  const connection = connect();
  connection.session.receive(HELLO);
  connection.take();
  return connection;
}

Deno.test("UsbRedirSession hangs up on packets no probe sends", () => {
  assertEquals(connect().session.receive(parseHexBytes(le32(101) + le32(0x7fffffff) + le32(0))), false);
});

Deno.test("UsbRedirSession says hello first, then describes the device", () => {
  const { session, take } = connect();
  const hello = take();
  assertEquals([hello.slice(0, 24), hello.slice(-8)], [le32(0) + le32(68) + le32(0), le32(0x7a)]);
  for (const byte of HELLO) assertEquals(session.receive(Uint8Array.of(byte)), true);
  const answer = take();
  const connected = answer.slice(answer.indexOf(le32(1) + le32(10)));
  assertEquals(connected, le32(1) + le32(10) + le32(0) + le32(0) + "02000000" + "280d" + "0402" + "0001");
  assertEquals(answer.includes(le32(5) + le32(160)), true);
  assertEquals(answer.includes(le32(4) + le32(132)), true);
});

Deno.test("UsbRedirSession carries control requests, and stalls", () => {
  const { session, take } = greeted();
  // endpoint, request, request type, status, value, index, length
  session.receive(packet(100, 7, "80068000" + "0001" + "0000" + "0800"));
  assertEquals(
    take(),
    le32(100) + le32(18) + le32(7) + le32(0) + "80068000" + "0001" + "0000" + "0800" + "1201000200000040",
  );
  session.receive(packet(100, 8, "8055c000" + "0000" + "0000" + "0800"));
  assertEquals(take().slice(32, 40), "8055c004");
});

Deno.test("UsbRedirSession carries bulk, in order, with 32-bit lengths", () => {
  const { session, take } = greeted();
  // endpoint, status, length, stream, upper half of the length
  session.receive(packet(101, 1, "8100" + "0002" + "00000000" + "0000"));
  assertEquals(take(), "");
  session.receive(packet(101, 2, "0100" + "0300" + "00000000" + "0000" + "010203"));
  const replies = take();
  assertEquals(
    replies.startsWith(le32(101) + le32(13) + le32(1) + le32(0) + "8100" + "0300" + "00000000" + "0000" + "010203"),
    true,
  );
  assertEquals(
    replies.endsWith(le32(101) + le32(10) + le32(2) + le32(0) + "0100" + "0300" + "00000000" + "0000"),
    true,
  );
});

Deno.test("UsbRedirSession takes back a read", () => {
  const { session, take } = greeted();
  session.receive(packet(101, 5, "8100" + "0002" + "00000000" + "0000"));
  session.receive(packet(21, 5, ""));
  assertEquals(take(), le32(101) + le32(10) + le32(5) + le32(0) + "8101" + "0000" + "00000000" + "0000");
  session.receive(packet(21, 5, ""));
  assertEquals(take(), "");
});

Deno.test("UsbRedirSession polls interrupt endpoints once told, until told otherwise", async () => {
  const { session, take } = greeted();
  session.receive(packet(15, 1, "82"));
  assertEquals(take().slice(32), "0082");
  for (const id of [2, 3]) {
    session.receive(packet(103, id, "02000200" + "0a0b"));
    const replies = take();
    assertEquals(replies.includes("82004000" + "0a0b".padEnd(128, "0")), true);
    await Promise.resolve();
  }
  session.receive(packet(16, 4, "82"));
  take();
  session.receive(packet(103, 5, "02000200" + "0a0b"));
  assertEquals(take(), le32(103) + le32(4) + le32(5) + le32(0) + "02000200");
});

Deno.test("UsbRedirSession keeps configurations and alternate settings", () => {
  const { session, take } = greeted();
  session.receive(packet(6, 1, "01"));
  assertEquals(take().endsWith(le32(8) + le32(2) + le32(1) + le32(0) + "0001"), true);
  session.receive(packet(7, 2, ""));
  assertEquals(take().slice(32), "0001");
  session.receive(packet(9, 3, "0000"));
  assertEquals(take().slice(32), "000000");
});

Deno.test("UsbRedirSession ends when the device is unplugged", () => {
  const { session, device } = greeted();
  device.unplugged = true;
  assertEquals([session.receive(packet(7, 2, "")), session.isUnplugged], [false, true]);
});
