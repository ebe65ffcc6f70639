import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ProbeError, UsageError } from "../../base/errors.ts";
import { FaultInjector } from "../../sim/faults.ts";
import { PIN } from "../probe.ts";
import { openSim, parseSimId, simDriver } from "./driver.ts";

Deno.test("parseSimId() refuses what it does not know", () => {
  assertThrows(() => parseSimId("stm32f407?colour=red"), UsageError, "no such setting");
  assertThrows(() => parseSimId("stm32f407?packet_size=big"), UsageError, "not a number");
  assertThrows(() => parseSimId("stm32f407?timing=slow"), UsageError, "choose from");
  assertThrows(() => parseSimId("stm32f407?locked=maybe"), UsageError, "choose from");
});

Deno.test("simDriver.open() refuses an unknown board", async () => {
  await assertRejects(() => simDriver.open("nothing"), UsageError);
});

Deno.test("simDriver lists the boards, which have to be named to be used", async () => {
  const found = await simDriver.list();
  assert(found.some((probe) => probe.uniqueId === "stm32f407"));
  assertEquals(simDriver.enumerable, false);
});

Deno.test("simDriver.open() opens the board under the CMSIS-DAP probe", async () => {
  const probe = await simDriver.open("stm32f407?packet_size=64&packet_count=1&hid=1&atomic=0");
  assertEquals([probe.uniqueId, probe.protocols, probe.version], [
    "stm32f407?packet_size=64&packet_count=1&hid=1&atomic=0",
    ["swd", "jtag"],
    "CMSIS-DAP 2.1.1, firmware 1.0.0",
  ]);
  await probe.connect("swd");
  await probe.close();
  await probe.close();
});

Deno.test("CmsisDapProbe.open() gives the transport back when the probe does not answer", async () => {
  const faults = new FaultInjector([{ kind: "hang", packet: 0 }]);
  await assertRejects(() => openSim("stm32f407", { probe: { faults } }), ProbeError, "does not answer DAP_Info");
});

Deno.test("CmsisDapProbe.open() gets over a lost and a short first answer", async () => {
  const faults = new FaultInjector([{ kind: "drop", packet: 0 }, { kind: "short", packet: 1 }]);
  const { probe } = await openSim("stm32f407", { probe: { faults } });
  await probe.connect("swd");
  await probe.close();
});

Deno.test("CmsisDapProbe opens with one packet in flight when told to limit packets", async () => {
  const { probe, ledger } = await openSim("stm32f407", { open: { limitPackets: true } });
  await probe.connect("swd");
  assertEquals(ledger.maxInFlight, 1);
  await probe.close();
});

Deno.test("CmsisDapProbe drives and reads nRESET", async () => {
  const { probe, board } = await openSim("stm32f407");
  await probe.connect("swd");
  assertEquals((await probe.pins(0, PIN.nreset, 0)) & PIN.nreset, 0);
  assertEquals(board.resetAsserted, true);
  assertEquals((await probe.pins(PIN.nreset, PIN.nreset, 1000)) & PIN.nreset, PIN.nreset);
  await probe.close();
});

Deno.test("CmsisDapProbe refuses impossible sequences and frequencies before sending anything", async () => {
  const { probe } = await openSim("stm32f407");
  await assertRejects(() => probe.swdSequence!([{ bits: 65 }]), UsageError);
  await assertRejects(
    () => probe.jtagSequence([{ cycles: 0, tms: false, tdi: new Uint8Array(0), capture: false }]),
    UsageError,
  );
  await assertRejects(() => probe.setFrequency(0), UsageError);
  await assertRejects(() => probe.configureJtag([4], 1), UsageError);
  await probe.close();
});

Deno.test("CmsisDapProbe reports board and target as the firmware tells them", async () => {
  const { probe } = await openSim("stm32f407", {
    probe: { boardVendor: "ST", boardName: "Discovery", targetName: "STM32F407-VG" },
  });
  assertEquals(await probe.boardInfo(), { boardVendor: "ST", boardName: "Discovery", targetName: "stm32f407_vg" });
  const old = await openSim("stm32f407", { probe: { protocolVersion: "1.10", boardName: "Discovery" } });
  assertEquals(await old.probe.boardInfo(), {});
  assertEquals(old.probe.swdSequence, undefined);
});

Deno.test("CmsisDapProbe captures SWO by polling and by streaming", async () => {
  for (const swoStream of [false, true]) {
    const { probe } = await openSim("stm32f407", { probe: { capabilities: { swoUart: true, swoStream } } });
    await probe.connect("swd");
    assertEquals(await probe.swo!.read(), new Uint8Array(0));
    assertEquals(await probe.swo!.start(2_000_000), 2_000_000);
    assertEquals((await probe.swo!.read()).length, 0);
    await probe.swo!.stop();
    await probe.close();
  }
});

Deno.test("CmsisDapProbe sends and receives through the serial port", async () => {
  const { probe } = await openSim("stm32f407");
  assertEquals(await probe.uart!.open({ baud: 115200 }), 115200);
  assertEquals(await probe.uart!.transfer(Uint8Array.of(1, 2, 3)), { accepted: 3, received: Uint8Array.of(1, 2, 3) });
  await probe.uart!.close();
});
