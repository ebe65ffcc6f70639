import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { FaultInjector, parseFaultPlan } from "./faults.ts";

Deno.test("parseFaultPlan() refuses what it does not know", () => {
  for (const text of ["melt@3", "wait", "wait@", "wait@x", "fault@1x2", "wait@-1", "gone@1.5"]) {
    assertThrows(() => parseFaultPlan(text), UsageError, "Cannot read fault plan entry");
  }
});

Deno.test("parseFaultPlan() reads every kind", () => {
  assertEquals(parseFaultPlan(""), []);
  assertEquals(parseFaultPlan("wait@1, fault@2,no-ack@3,parity@4,drop@5,short@6x2,garbage@7,gone@8,hang@9"), [
    { kind: "wait", transfer: 1 },
    { kind: "fault", transfer: 2 },
    { kind: "no-ack", transfer: 3 },
    { kind: "parity", transfer: 4 },
    { kind: "drop", packet: 5 },
    { kind: "short", packet: 6, length: 2 },
    { kind: "garbage", packet: 7 },
    { kind: "gone", packet: 8 },
    { kind: "hang", packet: 9 },
  ]);
});

Deno.test("FaultInjector counts transfers and packets apart", () => {
  const injector = new FaultInjector(parseFaultPlan("fault@1,parity@1,drop@0"));
  assertEquals(injector.nextTransfer(), []);
  assertEquals(injector.nextTransfer().map((fault) => fault.kind), ["fault", "parity"]);
  assertEquals(injector.nextPacket().map((fault) => fault.kind), ["drop"]);
  assertEquals([injector.nextTransfer(), injector.nextPacket()], [[], []]);
});
