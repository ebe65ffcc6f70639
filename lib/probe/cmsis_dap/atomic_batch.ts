/**
 * Transfers, pins, delays and line sequences in one DAP_ExecuteCommands packet. Pure.
 *
 * @module
 */
import { ByteReader, type Bytes } from "../../base/bytes.ts";
import type { AtomicOutcome, AtomicPart } from "../probe.ts";
import { encodeExecute, EXECUTE_HEADER, MAX_COMMANDS, openExecute } from "./commands/atomic.ts";
import { encodeDelay } from "./commands/connect.ts";
import { COMMAND, decodeInner, decodeStatus } from "./commands/response.ts";
import { encodePins, encodeSwjSequence } from "./commands/swj.ts";
import { countWordsRead, readOutcome, WordsRead } from "./outcome.ts";
import { type PackedPacket, Packer, type PackLimits } from "./packer.ts";

/** Longest DAP_Delay in microseconds. */
const MAX_DELAY_US = 0xffff;

/** Most bits of one DAP_SWJ_Sequence. */
const MAX_SWJ_BITS = 256;

/** Less room than this is not worth trying. */
const MIN_ROOM = 16;

/** Bytes in front of the words of a response: of DAP_Transfer, and of DAP_TransferBlock. */
const TRANSFER_ANSWER = 3, BLOCK_ANSWER = 4;

/** Bytes of any other response. */
const SHORT_ANSWER = 2;

/** One packet that carries everything. */
export interface AtomicPlan {
  /** The packet. */
  readonly request: Bytes;
  /** Commands in it. */
  readonly count: number;
  /** What the packet itself makes the probe wait, in milliseconds. */
  readonly waitMs: number;
  /** What each part became: a packed transfer, or how many commands of another kind. */
  readonly parts: readonly (PackedPacket | { readonly id: number; readonly commands: number })[];
}

/** The packet for `parts`, or undefined when they do not fit into one. */
export function planAtomic(parts: readonly AtomicPart[], limits: PackLimits): AtomicPlan | undefined {
  const requests: Bytes[] = [];
  const packed: AtomicPlan["parts"][number][] = [];
  let [bytesOut, bytesIn, waitUs] = [EXECUTE_HEADER, EXECUTE_HEADER, 0];
  for (const part of parts) {
    if (part.kind === "transfer" && part.ops.length === 0) packed.push({ id: COMMAND.transfer, commands: 0 });
    else if (part.kind === "transfer") {
      const room = limits.packetSize - Math.max(bytesOut, bytesIn);
      if (room < MIN_ROOM || part.ops.some((op) => op.kind === "match")) return undefined;
      const packer = new Packer(part.ops, { ...limits, packetSize: room, atomic: false }, undefined);
      const packet = packer.next(0);
      if (!packer.finished || packet.wrapped) return undefined;
      requests.push(packet.request);
      packed.push(packet);
      bytesIn += answerLength(packet, countWordsRead(part.ops));
    } else {
      const commands = commandsOf(part);
      requests.push(...commands);
      packed.push({ id: commands[0]?.[0] ?? COMMAND.delay, commands: commands.length });
      bytesIn += commands.length * SHORT_ANSWER;
      waitUs += part.kind === "delay" ? part.us : part.kind === "pins" ? part.waitUs : 0;
    }
    bytesOut = requests.reduce((sum, request) => sum + request.length, EXECUTE_HEADER);
  }
  if (Math.max(bytesOut, bytesIn) > limits.packetSize || requests.length > MAX_COMMANDS) return undefined;
  return { request: encodeExecute(requests), count: requests.length, waitMs: waitUs / 1000, parts: packed };
}

/**
 * What became of each part. After a transfer that failed the probe has gone on with the other commands, but they do not
 * count as done.
 *
 * @throws {ProbeError} when the response does not fit the plan
 */
export function readAtomic(plan: AtomicPlan, response: Uint8Array): AtomicOutcome[] {
  let { at } = openExecute(response, plan.count);
  const outcomes: AtomicOutcome[] = [];
  let failed = false;
  for (const part of plan.parts) {
    if (failed) {
      outcomes.push({ words: new Uint32Array(0), done: 0, partial: 0, fault: "not-run" });
    } else if ("request" in part) {
      const words = new WordsRead(part.segments.reduce((sum, { answers }) => sum + answers, 0));
      const failure = readOutcome(part, response.subarray(at), words);
      failed = failure !== undefined;
      const read = words.done();
      const ops = part.segments.reduce((last, { runs }) => Math.max(last, (runs.at(-1)?.op ?? -1) + 1), 0);
      outcomes.push(
        failure === undefined
          ? { words: read, done: ops, partial: 0 }
          : { words: read, done: failure.op, partial: failure.word, fault: failure.fault },
      );
      at += answerLength(part, words.count);
    } else {
      const reader = new ByteReader(response, at);
      let value: number | undefined;
      for (let i = 0; i < part.commands; i++) {
        if (part.id === COMMAND.swjPins) value = decodeInner(reader, part.id, (inner) => inner.u8());
        else decodeStatus(reader, part.id);
      }
      outcomes.push(part.id === COMMAND.transfer ? { words: new Uint32Array(0), done: 0, partial: 0 } : value);
      at = reader.at;
    }
  }
  return outcomes;
}

function answerLength(packet: PackedPacket, words: number): number {
  const header = packet.segments[0]?.kind === "block" ? BLOCK_ANSWER : TRANSFER_ANSWER;
  return header + 4 * words;
}

function commandsOf(part: Exclude<AtomicPart, { kind: "transfer" }>): Bytes[] {
  const commands: Bytes[] = [];
  if (part.kind === "pins") commands.push(encodePins(part.output, part.select, part.waitUs));
  else if (part.kind === "delay") {
    for (let left = part.us; left > 0; left -= MAX_DELAY_US) commands.push(encodeDelay(Math.min(left, MAX_DELAY_US)));
  } else {
    for (let at = 0; at < part.count; at += MAX_SWJ_BITS) {
      commands.push(encodeSwjSequence(Math.min(MAX_SWJ_BITS, part.count - at), part.bits.subarray(at / 8)));
    }
  }
  return commands;
}
