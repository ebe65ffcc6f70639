import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteReader } from "../../base/bytes.ts";
import type { DapOp } from "../probe.ts";
import { hasAnswer, hasData, requestByte } from "./commands/transfer.ts";
import { type PackedPacket, Packer } from "./packer.ts";

type Request = readonly [request: number, value: number | undefined];

/** What a probe would carry out, with the size of its answer. */
function decode(packet: PackedPacket): { requests: Request[]; answer: number } {
  const reader = new ByteReader(packet.request);
  const requests: Request[] = [];
  let answer = 0;
  let commands = 1;
  if (packet.wrapped) {
    reader.u8();
    commands = reader.u8();
    answer = 2;
  }
  for (let i = 0; i < commands; i++) {
    const id = reader.u8();
    reader.u8();
    const count = id === 5 ? reader.u8() : reader.u16();
    const shared = id === 6 ? reader.u8() : undefined;
    answer += id === 5 ? 3 : 4;
    for (let n = 0; n < count; n++) {
      const request = shared ?? reader.u8();
      requests.push([request, hasData(request) ? reader.u32() : undefined]);
      if (hasAnswer(request)) answer += 4;
    }
  }
  assertEquals(reader.left, 0);
  return { requests, answer };
}

function expand(ops: readonly DapOp[]): Request[] {
  let mask: number | undefined;
  return ops.flatMap((op): Request[] => {
    const read = requestByte(op.port, op.register, true);
    const write = requestByte(op.port, op.register, false);
    if (op.kind === "read") return [[read, undefined]];
    if (op.kind === "write") return [[write, op.value]];
    if (op.kind === "read-block") return Array.from({ length: op.count }, () => [read, undefined]);
    if (op.kind === "write-block") return [...op.values].map((value) => [write, value]);
    const poll: Request = [read | 0x10, op.value];
    const known = mask === op.mask;
    mask = op.mask;
    return known ? [poll] : [[0x20, op.mask], poll];
  });
}

function packAll(ops: readonly DapOp[], packetSize: number, atomic: boolean): PackedPacket[] {
  const packer = new Packer(ops, { packetSize, atomic }, undefined);
  const packets: PackedPacket[] = [];
  let retries = 0;
  while (!packer.finished) {
    retries = packer.retries ?? retries;
    packets.push(packer.next(retries));
  }
  return packets;
}

const port = fc.constantFrom("dp" as const, "ap" as const);
const register = fc.constantFrom(0, 4, 8, 12);
const value = fc.nat(0xffff);
const anyOp: fc.Arbitrary<DapOp> = fc.oneof(
  fc.record({ kind: fc.constant("read" as const), port, register }),
  fc.record({ kind: fc.constant("write" as const), port, register, value }),
  fc.record({ kind: fc.constant("read-block" as const), port, register, count: fc.nat(400) }),
  fc.record({ kind: fc.constant("write-block" as const), port, register, values: fc.uint32Array({ maxLength: 300 }) }),
  fc.record({
    kind: fc.constant("match" as const),
    port,
    register,
    mask: fc.nat(3),
    value,
    retries: fc.constantFrom(5, 9),
  }),
);

Deno.test("Packer puts every transfer into a packet once, in order, and no packet is too long either way", () => {
  const sizes = fc.constantFrom(64, 512, 1024);
  fc.assert(
    fc.property(fc.array(anyOp, { maxLength: 40 }), sizes, fc.boolean(), (ops, packetSize, atomic) => {
      const packets = packAll(ops, packetSize, atomic);
      const decoded = packets.map(decode);
      assertEquals(decoded.flatMap((packet) => packet.requests), expand(ops));
      for (const [i, packet] of packets.entries()) {
        assert(packet.request.length <= packetSize, `request of ${packet.request.length}`);
        assert(decoded[i]!.answer <= packetSize, `answer of ${decoded[i]!.answer}`);
        assert(
          !packet.polls ||
            packet.segments.findIndex((s) => s.runs.some((r) => r.request & 0x10)) === packet.segments.length - 1,
        );
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("Packer fills packets to the capacity that the protocol allows", () => {
  const read: DapOp = { kind: "read-block", port: "ap", register: 12, count: 1000 };
  const write: DapOp = { kind: "write-block", port: "ap", register: 12, values: new Uint32Array(1000) };
  const first = (op: DapOp, size: number) => decode(packAll([op], size, false)[0]!).requests.length;
  assertEquals([64, 512, 1024].map((size) => first(read, size)), [15, 127, 255]);
  assertEquals([64, 512, 1024].map((size) => first(write, size)), [14, 126, 254]);
});

Deno.test("Packer keeps a TAR write and the reads behind it in one packet", () => {
  const packets = packAll(
    [
      { kind: "read-block", port: "ap", register: 12, count: 2 },
      { kind: "write", port: "ap", register: 4, value: 0x400 },
      { kind: "read-block", port: "ap", register: 12, count: 100 },
    ],
    512,
    false,
  );
  assertEquals(packets.length, 1);
});

Deno.test("Packer wraps commands only where that saves packets", () => {
  const ops: DapOp[] = [
    { kind: "write", port: "ap", register: 4, value: 0 },
    { kind: "write-block", port: "ap", register: 12, values: new Uint32Array(120) },
  ];
  assertEquals(packAll(ops, 512, false).length, 2);
  assertEquals(packAll(ops, 512, true).map((packet) => packet.wrapped), [true]);
  assertEquals(packAll(ops.slice(0, 1), 512, true).map((packet) => packet.wrapped), [false]);
});
