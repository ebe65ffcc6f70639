/**
 * Bit sequences that switch a debug port between SWD, JTAG and dormant.
 *
 * Source: ADIv5.2 (IHI 0031), chapter B5 "The Serial Wire / JTAG Debug Port".
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { parity32 } from "../base/bits.ts";
import type { SwdSequenceStep, WireProtocol } from "../probe/probe.ts";

/** Bits driven on SWDIO/TMS, least significant bit of the first byte first. */
export interface LineSequence {
  /** Number of bits. */
  readonly count: number;
  /** The bits. */
  readonly bits: Bytes;
}

type Part = readonly [count: number, value: bigint];

const ones = (count: number): Part => [count, (1n << BigInt(count)) - 1n];
const zeros = (count: number): Part => [count, 0n];

const LINE_RESET = ones(51);
const JTAG_TO_SWD: Part = [16, 0xe79en];
const SWD_TO_JTAG: Part = [16, 0xe73cn];
const JTAG_TO_DORMANT: Part = [39, 0x33bb_bbban];
const SWD_TO_DORMANT: Part = [16, 0xe3bcn];
const SELECTION_ALERT: Part = [136, (0x19bc_0ea2_e3dd_afe9_8685_2d95_6209_f392n << 8n) | 0xffn];
const ACTIVATE_SWD: Part = [12, 0x1a0n];
const ACTIVATE_JTAG: Part = [12, 0x0a0n];

/** Test-logic-reset, then run-test/idle. */
const TAP_RESET: readonly Part[] = [ones(6), zeros(1)];

/**
 * The sequence that selects `protocol` on a debug port in an unknown state; with `dormant` by way of the dormant state
 * (SWJ-DP of ADIv5.2 and later), otherwise by the older 16-bit code.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { selectProtocol } from "./swj.ts";
 *
 * assertEquals(selectProtocol("swd", false).count, 51 + 16 + 51 + 8);
 * ```
 */
export function selectProtocol(protocol: WireProtocol, dormant: boolean): LineSequence {
  if (protocol === "swd") {
    return dormant
      ? join([LINE_RESET, JTAG_TO_DORMANT, SELECTION_ALERT, ACTIVATE_SWD, LINE_RESET, zeros(2)])
      : join([LINE_RESET, JTAG_TO_SWD, LINE_RESET, zeros(8)]);
  }
  return dormant
    ? join([LINE_RESET, SWD_TO_DORMANT, SELECTION_ALERT, ACTIVATE_JTAG, ones(8), ...TAP_RESET])
    : join([LINE_RESET, SWD_TO_JTAG, ones(8), ...TAP_RESET]);
}

/** Brings the wire protocol back to its start without switching: SWD line reset and idle, or TAP reset. */
export function lineReset(protocol: WireProtocol): LineSequence {
  return protocol === "swd" ? join([LINE_RESET, zeros(8)]) : join(TAP_RESET);
}

/**
 * The write of TARGETSEL that selects one debug port of several on one SWD wire. Nobody acknowledges it, so it cannot
 * be an ordinary transfer (ADIv5.2 B4.3.4).
 */
export function targetSelect(value: number): SwdSequenceStep[] {
  const data = new Uint8Array(5);
  new DataView(data.buffer).setUint32(0, value, true);
  data[4] = parity32(value);
  return [{ bits: 8, output: Uint8Array.of(0x99) }, { bits: 5 }, { bits: 33, output: data }];
}

function join(parts: readonly Part[]): LineSequence {
  let count = 0;
  let value = 0n;
  for (const [length, bits] of parts) {
    value |= bits << BigInt(count);
    count += length;
  }
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return { count, bits: bytes };
}
