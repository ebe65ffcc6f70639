import { assertEquals } from "@std/assert";
import { parity32 } from "../../base/bits.ts";
import { FakeChip } from "../probe/fake_chip_test_support.ts";
import { resolveProbeOptions } from "../probe/options.ts";
import { Wire } from "../probe/wire.ts";
import type { DebugPortOptions } from "./debug_port.ts";

const DPIDR_V1 = 0x2ba01477;
const DPIDR_V2 = 0x0bc12477;
const TARGET = 0x01002927;

const READ = { dpidr: 0x02, ctrl: 0x06, resend: 0x0a, rdbuff: 0x0e } as const;
const WRITE = { abort: 0x00, ctrl: 0x04, select: 0x08, targetsel: 0x0c } as const;
const POWER_UP = 0x50000000;

function wireTo(chips: FakeChip[], debugPort: DebugPortOptions = {}): Wire {
  const wire = new Wire(chips, resolveProbeOptions({ debugPort }));
  wire.port = "swd";
  return wire;
}

function ones(wire: Wire, count: number): void {
  wire.output(new Uint8Array(Math.ceil(count / 8)).fill(0xff), count);
}

function zeros(wire: Wire, count: number): void {
  wire.output(new Uint8Array(Math.ceil(count / 8)), count);
}

function number(wire: Wire, value: number, count: number): void {
  wire.output(Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24), count);
}

function lineReset(wire: Wire): void {
  ones(wire, 50);
  zeros(wire, 2);
}

function swdSelected(chip = new FakeChip()): Wire {
  const wire = wireTo([chip]);
  ones(wire, 50);
  number(wire, 0xe79e, 16);
  lineReset(wire);
  return wire;
}

function ackOf(wire: Wire, request: number, data = 0): number {
  return wire.swdTransfer(request, data).ack;
}

Deno.test("SimDebugPort answers DPIDR only after 50 ones and two idle clocks", () => {
  const wire = swdSelected();
  assertEquals(wire.swdTransfer(READ.dpidr, 0), { ack: 1, value: DPIDR_V1 });
  zeros(wire, 1);
  ones(wire, 49);
  zeros(wire, 2);
  assertEquals(ackOf(wire, READ.dpidr), 7, "49 ones are a broken packet, not a line reset");
  ones(wire, 50);
  zeros(wire, 1);
  assertEquals(ackOf(wire, READ.dpidr), 7, "one idle clock is not enough");
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 1);
});

Deno.test("SimDebugPort wants 50 ones before the JTAG-to-SWD pattern", () => {
  const wire = wireTo([new FakeChip()]);
  zeros(wire, 1);
  ones(wire, 49);
  number(wire, 0xe79e, 16);
  assertEquals(wire.ports[0]!.mode, "jtag");
  ones(wire, 50);
  number(wire, 0xe79e, 16);
  assertEquals(wire.ports[0]!.mode, "swd");
});

Deno.test("SimDebugPort goes silent when the first packet after a line reset is no DPIDR read", () => {
  const wire = swdSelected();
  assertEquals(ackOf(wire, READ.ctrl), 7);
  assertEquals(ackOf(wire, READ.dpidr), 7);
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 1);
});

Deno.test("SimDebugPort answers a packet clocked bit by bit as IHI 0031 draws it", () => {
  const wire = swdSelected();
  wire.output(Uint8Array.of(0xa5), 8); // start, DP, read, address 0, parity 1, stop, park
  assertEquals(wire.capture(4)[0], 0b0011, "pull-up during the turnaround, then OK least significant bit first");
  assertEquals([...wire.capture(32)], [0x77, 0x14, 0xa0, 0x2b]);
  assertEquals(wire.capture(1)[0], parity32(DPIDR_V1));
  wire.capture(1);
  assertEquals(ackOf(wire, READ.ctrl), 1, "in step for the next packet");
});

Deno.test("SimDebugPort treats a request with wrong parity as a protocol error", () => {
  const wire = swdSelected();
  ackOf(wire, READ.dpidr);
  wire.output(Uint8Array.of(0x85), 8);
  assertEquals(wire.capture(4)[0], 0x0f, "nobody drives the acknowledge");
  zeros(wire, 40);
  assertEquals(ackOf(wire, READ.dpidr), 7);
});

Deno.test("SimDebugPort sets WDATAERR for write data with wrong parity and does not write", () => {
  const wire = swdSelected();
  ackOf(wire, READ.dpidr);
  wire.output(Uint8Array.of(0xa9), 8); // write CTRL/STAT
  assertEquals((wire.capture(5)[0]! >>> 1) & 7, 1);
  number(wire, POWER_UP, 32);
  number(wire, parity32(POWER_UP) ^ 1, 1);
  assertEquals(wire.swdTransfer(READ.ctrl, 0), { ack: 1, value: 0x80 });
  assertEquals(ackOf(wire, WRITE.select, 0), 4);
  assertEquals(ackOf(wire, WRITE.abort, 0x08), 1);
  assertEquals(wire.swdTransfer(READ.ctrl, 0), { ack: 1, value: 0 });
});

Deno.test("SimDebugPort gives the same answers packet by packet and bit by bit", () => {
  const program: [number, number][] = [
    [READ.dpidr, 0],
    [WRITE.ctrl, POWER_UP],
    [READ.ctrl, 0],
    [WRITE.select, 0],
    [0x01, 0x23000052],
    [0x05, 0x20000000],
    [0x0d, 0x12345678],
    [0x05, 0x20000000],
    [0x0f, 0],
    [0x0f, 0],
    [READ.rdbuff, 0],
    [READ.resend, 0],
    [0x05, 0x40000000],
    [0x0f, 0],
    [READ.rdbuff, 0],
    [READ.ctrl, 0],
    [WRITE.abort, 0x1e],
    [WRITE.targetsel, 0],
    [READ.dpidr, 0],
  ];
  const play = (byBits: boolean): unknown => {
    const chip = new FakeChip();
    const wire = swdSelected(chip);
    if (byBits) wire.ports[0]!.canTransfer = () => false;
    const answers = program.map(([request, data]) => {
      const answer = wire.swdTransfer(request, data);
      wire.elapse(20_000);
      return answer;
    });
    return { answers, clocks: wire.clocks, ram: [...chip.bus.ram.subarray(0, 8)] };
  };
  // Random requests after the planned ones, from a small linear congruential generator.
  for (let i = 0, seed = 1; i < 500; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    program.splice(-2, 0, [(seed >>> 28) === WRITE.targetsel ? READ.ctrl : seed >>> 28, seed & 0x0f0000f4]);
  }
  assertEquals(play(true), play(false));
});

Deno.test("SimDebugPort goes out of step with a probe that uses another turnaround", () => {
  const wire = swdSelected(new FakeChip({ dpidr: DPIDR_V2 }));
  ackOf(wire, READ.dpidr);
  ackOf(wire, WRITE.select, 1);
  assertEquals(wire.swdTransfer(READ.ctrl, 0), { ack: 1, value: 0x40 }, "DLCR");
  assertEquals(ackOf(wire, WRITE.ctrl, 0x140), 1, "TURNROUND = 1: two clocks from now on");
  wire.turnaround = 2;
  assertEquals(wire.swdTransfer(READ.ctrl, 0), { ack: 1, value: 0x140 });
  wire.turnaround = 1;
  assertEquals(ackOf(wire, READ.dpidr) === 1, false);
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 1, "a line reset brings the turnaround back");
});

Deno.test("SimDebugPort with overrun detection expects a data phase after WAIT", () => {
  const wire = swdSelected();
  for (const [request, data] of [[READ.dpidr, 0], [WRITE.ctrl, POWER_UP | 1]] as const) ackOf(wire, request, data);
  wire.elapse(20_000);
  wire.alwaysDataPhase = true;
  wire.ports[0]!.inject({ kind: "wait", count: 1 });
  const before = wire.clocks;
  assertEquals(ackOf(wire, 0x03), 2);
  assertEquals(wire.clocks - before, 46);
  assertEquals(ackOf(wire, 0x03), 4, "STICKYORUN");
  assertEquals(wire.swdTransfer(READ.ctrl, 0).value & 0x3, 3);
  assertEquals(ackOf(wire, WRITE.abort, 0x10), 1);
  assertEquals(ackOf(wire, 0x03), 1);
  wire.ports[0]!.inject({ kind: "wait", count: 1 });
  wire.alwaysDataPhase = false;
  assertEquals(ackOf(wire, 0x03), 2);
  assertEquals(ackOf(wire, READ.ctrl), 0, "the target still drives the data phase the probe left out");
});

Deno.test("SimDebugPort with TARGETSEL answers only for its own identity", () => {
  const chips = [0, 1].map((instance) => new FakeChip({ dpidr: DPIDR_V2, targetId: TARGET, instance }));
  const wire = wireTo(chips, { powerOnMode: "swd" });
  const select = (value: number, parity = parity32(value)): void => {
    lineReset(wire);
    wire.output(Uint8Array.of(0x99), 8);
    assertEquals(wire.capture(5)[0], 0x1f, "no acknowledge is driven");
    number(wire, value, 32);
    number(wire, parity, 1);
  };
  select(0x01002927);
  assertEquals(wire.swdTransfer(READ.dpidr, 0), { ack: 1, value: DPIDR_V2 });
  ackOf(wire, WRITE.select, 3);
  assertEquals(wire.swdTransfer(READ.ctrl, 0).value, 0x00000001, "DLPIDR of instance 0");
  select(0x11002927);
  ackOf(wire, READ.dpidr);
  ackOf(wire, WRITE.select, 3);
  assertEquals(wire.swdTransfer(READ.ctrl, 0).value, 0x10000001, "DLPIDR of instance 1");
  ackOf(wire, WRITE.select, 2);
  assertEquals(wire.swdTransfer(READ.ctrl, 0).value, TARGET, "TARGETID");
  select(0x21002927);
  assertEquals(ackOf(wire, READ.dpidr), 7, "no such instance");
  select(0x01002927, 0);
  assertEquals(parity32(0x01002927), 0, "so that the next line is a wrong parity");
  select(0x01002927, 1);
  assertEquals(ackOf(wire, READ.dpidr), 7, "wrong parity");
});

Deno.test("SimDebugPort enters and leaves the dormant state", () => {
  const wire = swdSelected(new FakeChip({ dpidr: DPIDR_V2 }));
  const port = wire.ports[0]!;
  ones(wire, 50);
  number(wire, 0xe3bc, 16);
  assertEquals(port.mode, "dormant");
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 7);
  const alert = (): void => {
    ones(wire, 8);
    for (const word of [0x6209f392, 0x86852d95, 0xe3ddafe9, 0x19bc0ea2]) number(wire, word, 32);
  };
  alert();
  number(wire, 0x110, 12);
  assertEquals(port.mode, "dormant", "unknown activation code");
  alert();
  number(wire, 0x1a0, 12);
  assertEquals(port.mode, "swd");
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 1);
  ones(wire, 50);
  number(wire, 0xe73c, 16);
  assertEquals(port.mode, "jtag");
  ones(wire, 5);
  number(wire, 0x33bbbbba, 31);
  assertEquals(port.mode, "dormant");
  alert();
  number(wire, 0x0a0, 12);
  assertEquals(port.mode, "jtag");
});

Deno.test("SimDebugPort of version 1 knows no dormant state", () => {
  const wire = swdSelected();
  ones(wire, 50);
  number(wire, 0xe3bc, 16);
  assertEquals(wire.ports[0]!.mode, "swd");
});

Deno.test("SimDebugPort without JTAG ignores the switch to it", () => {
  const wire = wireTo([new FakeChip()], { swdOnly: true });
  ones(wire, 50);
  number(wire, 0xe73c, 16);
  lineReset(wire);
  assertEquals(ackOf(wire, READ.dpidr), 1);
});
