import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteReader, parseHexBytes } from "../../../base/bytes.ts";
import { ProbeError } from "../../../base/errors.ts";
import { encodeExecute, openExecute } from "./atomic.ts";
import {
  decodeConnect,
  decodeResetTarget,
  encodeConnect,
  encodeDelay,
  encodeDisconnect,
  encodeHostStatus,
  encodeResetTarget,
  encodeWriteAbort,
} from "./connect.ts";
import { decodeCapabilities, decodeInfo, decodeInfoNumber, decodeInfoText, encodeInfo, INFO } from "./info.ts";
import { decodeJtagCaptures, encodeJtagConfigure, encodeJtagIdcode, encodeJtagSequence } from "./jtag.ts";
import { COMMAND, commandName, decodeStatus, openResponse } from "./response.ts";
import { decodeSwdCaptures, encodeSwdConfigure, encodeSwdSequence } from "./swd.ts";
import { decodePins, encodeClock, encodePins, encodeSwjSequence } from "./swj.ts";
import {
  decodeSwoBaudrate,
  decodeSwoData,
  decodeSwoStatus,
  encodeSwoBaudrate,
  encodeSwoControl,
  encodeSwoData,
  encodeSwoMode,
  encodeSwoStatus,
  encodeSwoTransport,
  SWO_MODE,
  SWO_TRANSPORT,
} from "./swo.ts";
import {
  decodeAck,
  decodeTransfer,
  decodeTransferBlock,
  encodeTransferAbort,
  encodeTransferConfigure,
  putTransfer,
  putTransferBlock,
  requestByte,
} from "./transfer.ts";
import {
  decodeUartConfigure,
  decodeUartStatus,
  decodeUartTransfer,
  encodeUartConfigure,
  encodeUartControl,
  encodeUartStatus,
  encodeUartTransfer,
  encodeUartTransport,
} from "./uart.ts";

const bytes = parseHexBytes;

/** What `put` writes into a large packet. */
function written(put: (packet: Uint8Array<ArrayBuffer>) => number): Uint8Array {
  const packet = new Uint8Array(1024);
  return packet.slice(0, put(packet));
}

Deno.test("openResponse() tells unknown commands, stray answers and short ones apart", () => {
  assertEquals(assertThrows(() => openResponse(bytes("ff"), 0x7f), ProbeError).code, "probe-unsupported");
  assertEquals(assertThrows(() => openResponse(bytes("06 00"), 0x05), ProbeError).code, "probe-stray");
  assertEquals(assertThrows(() => openResponse(bytes(""), 0x05), ProbeError).code, "probe-short-response");
  assertEquals(assertThrows(() => decodePins(bytes("10")), ProbeError).code, "probe-short-response");
  assertEquals([commandName(0x06), commandName(0x91)], ["transferBlock", "0x91"]);
});

Deno.test("decodeStatus() refuses anything but OK", () => {
  assertEquals(
    assertThrows(() => decodeStatus(new ByteReader(bytes("11 ff")), 0x11), ProbeError).code,
    "probe-refused",
  );
  decodeStatus(new ByteReader(bytes("11 00")), COMMAND.swjClock);
});

Deno.test("DAP_Info numbers may have any length", () => {
  assertEquals(encodeInfo(INFO.packetSize), bytes("00 ff"));
  assertEquals(decodeInfoNumber(bytes("00 00")), undefined);
  assertEquals(decodeInfoNumber(bytes("00 01 40")), 64);
  assertEquals(decodeInfoNumber(bytes("00 02 00 02")), 512);
  assertEquals(decodeInfoNumber(bytes("00 03 01 02 03")), 0x030201);
  assertEquals(decodeInfoNumber(bytes("00 08 78 56 34 92 ff ff ff ff")), 0x92345678);
  assertThrows(() => decodeInfo(bytes("00 05 41")), ProbeError, "too short");
});

Deno.test("DAP_Info texts lose their NUL and what pads the packet", () => {
  assertEquals(decodeInfoText(bytes("00 04 32 2e 31 00 00 00")), "2.1");
  assertEquals(decodeInfoText(bytes("00 01 00")), undefined);
});

Deno.test("DAP_Info capabilities are one byte or two", () => {
  const one = decodeCapabilities(bytes("00 01 13"));
  assertEquals([one.swd, one.jtag, one.swoUart, one.atomic, one.comPort], [true, true, false, true, false]);
  assertEquals(decodeCapabilities(bytes("00 02 c1 01")).comPort, true);
  assertEquals(decodeCapabilities(bytes("00 00")).swd, true);
});

Deno.test("general commands are encoded as specified", () => {
  assertEquals(encodeHostStatus("running", true), bytes("01 01 01"));
  assertEquals(encodeConnect(1), bytes("02 01"));
  assertEquals(encodeDisconnect(), bytes("03"));
  assertEquals(encodeWriteAbort(0x1e), bytes("08 00 1e 00 00 00"));
  assertEquals(encodeDelay(1000), bytes("09 e8 03"));
  assertEquals(encodeResetTarget(), bytes("0a"));
  assertEquals(decodeResetTarget(bytes("0a 00 01")), true);
  decodeConnect(bytes("02 01"), 1);
  assertThrows(() => decodeConnect(bytes("02 00"), 1), ProbeError, "refused");
});

Deno.test("pin, clock and sequence commands are encoded as specified", () => {
  assertEquals(encodePins(0x80, 0x80, 100), bytes("10 80 80 64 00 00 00"));
  assertEquals(encodePins(0, 0, 9_000_000), bytes("10 00 00 c0 c6 2d 00"));
  assertEquals(decodePins(bytes("10 83")), 0x83);
  assertEquals(encodeClock(10_000_000), bytes("11 80 96 98 00"));
  assertEquals(encodeSwjSequence(16, bytes("9e e7 ff")), bytes("12 10 9e e7"));
  assertEquals(encodeSwjSequence(256, new Uint8Array(32)).subarray(0, 2), bytes("12 00"));
});

Deno.test("SWD and JTAG sequences are encoded as specified", () => {
  assertEquals(encodeSwdConfigure(1, false), bytes("13 00"));
  assertEquals(encodeSwdConfigure(2, true), bytes("13 05"));
  const steps = [{ bits: 8, output: bytes("99") }, { bits: 5 }, { bits: 64, output: new Uint8Array(8) }];
  assertEquals(encodeSwdSequence(steps), bytes("1d 03 08 99 85 00 0000000000000000"));
  assertEquals(decodeSwdCaptures(new ByteReader(bytes("1f")), steps), [bytes("1f")]);
  assertEquals(encodeJtagConfigure([4, 5]), bytes("15 02 04 05"));
  assertEquals(encodeJtagIdcode(1), bytes("16 01"));
  const jtag = [{ cycles: 9, tms: true, tdi: bytes("ff"), capture: true }];
  assertEquals(encodeJtagSequence(jtag), bytes("14 01 c9 ff 00"));
  assertEquals(decodeJtagCaptures(new ByteReader(bytes("01 02")), jtag), [bytes("01 02")]);
});

Deno.test("transfers are encoded and decoded as specified", () => {
  assertEquals(encodeTransferConfigure(2, 150, 0), bytes("04 02 96 00 00 00"));
  assertEquals(encodeTransferAbort(), bytes("07"));
  assertEquals([requestByte("dp", 0, true), requestByte("ap", 0xc, false)], [0x02, 0x0d]);
  const poll = [
    { request: 0x20, count: 1, values: Uint32Array.of(0x10000) },
    { request: 0x13, count: 1, values: Uint32Array.of(0x10000) },
  ];
  assertEquals(written((packet) => putTransfer(packet, 0, poll)), bytes("05 00 02 20 00000100 13 00000100"));
  const block = [{ request: 0x0f, count: 200 }, { request: 0x0f, count: 100 }];
  assertEquals(written((packet) => putTransferBlock(packet, 0, block)), bytes("06 00 2c01 0f"));
  const words = Uint32Array.of(9, 1);
  const writes = [
    { request: 0x0d, count: 1, values: words.subarray(1) },
    { request: 0x0d, count: 1, values: [0x8000_0002] },
  ];
  assertEquals(
    written((packet) => putTransferBlock(packet, 2, writes, 1)),
    bytes("0000 06 01 0200 0d 01000000 02000080"),
  );
  assertEquals(decodeTransfer(new ByteReader(bytes("05 02 11"))), { count: 2, fault: "mismatch" });
  assertEquals(decodeTransferBlock(new ByteReader(bytes("06 2c 01 04"))), { count: 300, fault: "fault" });
  assertEquals(decodeAck(0), "no-ack");
});

Deno.test("SWO commands are encoded and decoded as specified", () => {
  assertEquals(encodeSwoTransport(SWO_TRANSPORT.endpoint), bytes("17 02"));
  assertEquals(encodeSwoMode(SWO_MODE.uart), bytes("18 01"));
  assertEquals(encodeSwoBaudrate(2_000_000), bytes("19 80 84 1e 00"));
  assertEquals(decodeSwoBaudrate(bytes("19 80 84 1e 00")), 2_000_000);
  assertEquals(encodeSwoControl(true), bytes("1a 01"));
  assertEquals(encodeSwoStatus(), bytes("1b"));
  assertEquals(decodeSwoStatus(bytes("1b 81 05 00 00 00")), {
    active: true,
    paused: false,
    error: false,
    overrun: true,
    count: 5,
  });
  assertEquals(encodeSwoData(60), bytes("1c 3c 00"));
  assertEquals(decodeSwoData(bytes("1c 41 02 00 aa bb 00")).data, bytes("aa bb"));
  assertThrows(() => decodeSwoData(bytes("1c 41 03 00 aa bb")), ProbeError, "too short");
});

Deno.test("UART commands are encoded and decoded as specified", () => {
  assertEquals(encodeUartTransport(2), bytes("1f 02"));
  assertEquals(encodeUartConfigure({ baud: 115200 }), bytes("20 00 00 c2 01 00"));
  assertEquals(
    encodeUartConfigure({ baud: 9600, dataBits: 7, parity: "odd", stopBits: 2 }),
    bytes("20 67 80 25 00 00"),
  );
  assertEquals(decodeUartConfigure(bytes("20 02 00 00 00 00")), { refused: 2, baud: 0 });
  assertEquals(encodeUartControl(true), bytes("22 55"));
  assertEquals(encodeUartTransfer(bytes("41 42"), 58), bytes("21 3a 00 02 00 41 42"));
  assertEquals(decodeUartTransfer(bytes("21 11 02 00 01 00 43")), { status: 0x11, accepted: 2, received: bytes("43") });
  assertEquals(encodeUartStatus(), bytes("23"));
  assertEquals(decodeUartStatus(bytes("23 01 01000000 02000000")), { status: 1, received: 1, toSend: 2 });
});

Deno.test("openExecute() refuses an answer for another number of commands", () => {
  assertEquals(encodeExecute([bytes("03"), bytes("00 ff")]), bytes("7f 02 03 00 ff"));
  assertThrows(() => openExecute(bytes("7f 01 03 00"), 2), ProbeError);
  const reader = openExecute(bytes("7f 02 03 00 11 00"), 2);
  decodeStatus(reader, 0x03);
  decodeStatus(reader, 0x11);
});

Deno.test("putTransfer() can be read back", () => {
  const run = fc.record({
    request: fc.constantFrom(0x00, 0x0d, 0x20),
    values: fc.uint32Array({ minLength: 1, maxLength: 9 }),
  });
  fc.assert(fc.property(fc.array(run, { maxLength: 10 }), fc.nat(3), (runs, index) => {
    const counted = runs.map((r) => ({ ...r, count: r.values.length }));
    const reader = new ByteReader(written((packet) => putTransfer(packet, 0, counted, index)));
    assertEquals([reader.u8(), reader.u8()], [5, index]);
    const back: [number, number][] = [];
    for (let left = reader.u8(); left > 0; left--) back.push([reader.u8(), reader.u32()]);
    assertEquals(back, runs.flatMap((r) => [...r.values].map((value): [number, number] => [r.request, value])));
    assertEquals(reader.left, 0);
  }));
});

Deno.test("decoders answer any bytes with a value or a ProbeError", () => {
  const decoders = [decodeInfoText, decodeInfoNumber, decodePins, decodeSwoData, decodeSwoStatus, decodeUartTransfer];
  fc.assert(fc.property(fc.constantFrom(...decoders), fc.uint8Array({ maxLength: 20 }), (decode, response) => {
    try {
      decode(response);
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
    }
  }));
});
