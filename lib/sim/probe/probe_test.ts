import { assertEquals, assertThrows } from "@std/assert";
import { parseHexBytes } from "../../base/bytes.ts";
import { FakeChip } from "./fake_chip_test_support.ts";
import { SimProbe } from "./probe.ts";
import { connected, run, SET_CSW_TAR, text } from "./probe_test_support.ts";

Deno.test("SimProbe refuses packet sizes and counts that do not exist", () => {
  assertThrows(() => new SimProbe(new FakeChip(), { packetSize: 63 }), RangeError, "64 to 1024");
  assertThrows(() => new SimProbe(new FakeChip(), { packetCount: 9 }), RangeError, "1 to 8");
});

Deno.test("execute() answers unknown commands with the single byte 0xFF", () => {
  const probe = new SimProbe(new FakeChip(), { capabilities: { swd: true }, protocolVersion: "1.10" });
  for (const id of ["0b", "1d", "17", "1e", "1f", "7e", "7f", "80", "ff"]) {
    assertEquals(run(probe, `${id} 00 00 00`), "ff", id);
  }
  assertEquals(text(probe.execute(new Uint8Array())), "ff", "an empty packet");
  assertEquals(run(probe, "07"), "none", "DAP_TransferAbort is never answered");
});

Deno.test("execute() answers every packet that is cut short, and stays usable", () => {
  const { probe } = connected();
  for (let id = 0; id < 256; id++) {
    for (let length = 1; length <= 4; length++) {
      const packet = new Uint8Array(length).fill(0xee);
      packet[0] = id;
      const response = probe.execute(packet);
      if (id === 0x07) assertEquals(response, undefined);
      else assertEquals([id, 0xff, 0x7f].includes(response![0]!) && response!.length <= 512, true, `command ${id}`);
    }
  }
  assertEquals(run(probe, "00 fe"), "00 01 04");
});

Deno.test("info() gives strings with a trailing zero and little-endian numbers", () => {
  const probe = new SimProbe(new FakeChip(), {
    vendor: "V",
    product: "P CMSIS-DAP",
    serial: "42",
    protocolVersion: "2.1.1",
    firmwareVersion: "9",
    targetName: "T",
    packetSize: 1024,
    packetCount: 8,
    swoBufferSize: 0x2000,
    timerHz: 1_000_000,
  });
  assertEquals(run(probe, "00 01"), "00 02 56 00");
  assertEquals(run(probe, "00 03"), "00 03 34 32 00");
  assertEquals(run(probe, "00 04"), "00 06 32 2e 31 2e 31 00");
  assertEquals(run(probe, "00 05"), "00 00", "no target vendor");
  assertEquals(run(probe, "00 06"), "00 02 54 00");
  assertEquals(run(probe, "00 09"), "00 02 39 00");
  assertEquals(run(probe, "00 f0"), "00 01 ff");
  assertEquals(run(probe, "00 f1"), "00 04 40 42 0f 00");
  assertEquals(run(probe, "00 fb"), "00 04 00 04 00 00");
  assertEquals(run(probe, "00 fd"), "00 04 00 20 00 00");
  assertEquals(run(probe, "00 fe"), "00 01 08");
  assertEquals(run(probe, "00 ff"), "00 02 00 04");
  assertEquals(run(probe, "00 55"), "00 00");
});

Deno.test("info() reports only the capabilities there are", () => {
  const swdOnly = new SimProbe(new FakeChip(), { capabilities: { jtag: false } });
  assertEquals(run(swdOnly, "00 f0"), "00 01 01");
  assertEquals(run(swdOnly, "02 02"), "02 00", "JTAG refused");
  assertEquals(run(swdOnly, "02 00"), "02 01", "default port");
  const withComPort = new SimProbe(new FakeChip(), { capabilities: { atomic: true, usbComPort: true } });
  assertEquals(run(withComPort, "00 f0"), "00 02 13 01");
});

Deno.test("submit() holds queued packets until another arrives and answers them with 7F", () => {
  const { probe, chip } = connected();
  const queue = parseHexBytes("7e 01 05 00 02 01 52 00 00 23 05 00 00 00 20");
  assertEquals(probe.submit(queue), []);
  assertEquals(probe.submit(parseHexBytes("7e 01 06 00 01 00 0d 01 02 03 04")), []);
  assertEquals([...chip.bus.ram.subarray(0, 4)], [0, 0, 0, 0], "nothing runs yet");
  assertEquals(probe.submit(parseHexBytes("07")), [], "an abort does not release them");
  const responses = probe.submit(parseHexBytes("00 fe"));
  assertEquals(responses.map(text), ["7f 01 05 02 01", "7f 01 06 01 00 01", "00 01 04"]);
  assertEquals([...chip.bus.ram.subarray(0, 4)], [1, 2, 3, 4]);
});

Deno.test("execute() runs a list of commands in one packet and refuses lists inside lists", () => {
  const { probe } = connected();
  assertEquals(run(probe, `7f 02 ${SET_CSW_TAR} 00 fe`), "7f 02 05 02 01 00 01 04");
  assertEquals(run(probe, "7f 01 7f 01 00 fe"), "7f 01 7f ff");
  assertEquals(run(probe, "7f 03 00 fe"), "7f 03 00 01 04 ff ff", "commands missing from the packet");
});

Deno.test("execute() keeps a list's response within the packet size", () => {
  const probe = new SimProbe(new FakeChip(), { packetSize: 64, product: "x".repeat(60) });
  const response = probe.execute(parseHexBytes("7f 03 00 02 00 02 00 02"))!;
  assertEquals(response.length, 64);
});

Deno.test("execute() answers DAPLink's unique id only when there is one", () => {
  const probe = new SimProbe(new FakeChip(), { uniqueId: "0240" });
  assertEquals(run(probe, "80"), "80 04 30 32 34 30");
});
