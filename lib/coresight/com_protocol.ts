/**
 * Flag bytes and byte stuffing of the SDC-600 COM port, pure.
 *
 * Arm CoreSight SDC-600 manual (101130): bytes with 0b101 in their top bits are flags; data that looks like one is escaped.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import { hex } from "../base/bytes.ts";
import { TargetError } from "../base/errors.ts";

/** Flag bytes. */
export const COM_FLAG = {
  /** Protocol identification wanted. */
  IDR: 0xa0,
  /** Protocol identification follows. */
  IDA: 0xa1,
  /** Phase 1 opens. */
  LPH1RA: 0xa6,
  /** Phase 1 closes. */
  LPH1RL: 0xa7,
  /** Phase 2 opens. */
  LPH2RA: 0xa8,
  /** Phase 2 closes. */
  LPH2RL: 0xa9,
  /** Reboot wanted. */
  LPH2RR: 0xaa,
  /** Link error. */
  LERR: 0xab,
  /** A packet starts. */
  START: 0xac,
  /** A packet ends. */
  END: 0xad,
  /** The next byte is data with bit 7 inverted. */
  ESC: 0xae,
  /** Filler. */
  NULL: 0xaf,
} as const;

/** Whether a byte on the link is a flag, known or reserved. */
export function isFlag(byte: number): boolean {
  return (byte & 0xe0) === 0xa0;
}

/** Name of a flag, or the byte itself. */
export function flagName(byte: number): string {
  return Object.entries(COM_FLAG).find(([, value]) => value === byte)?.[0] ?? hex(byte, 2);
}

/**
 * Data as it travels: whatever looks like a flag is escaped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stuff } from "./com_protocol.ts";
 *
 * assertEquals(stuff(Uint8Array.of(1, 0xad, 2)), [1, 0xae, 0x2d, 2]);
 * ```
 */
export function stuff(data: Uint8Array): number[] {
  const out: number[] = [];
  for (const byte of data) {
    if (isFlag(byte)) out.push(COM_FLAG.ESC, byte ^ 0x80);
    else out.push(byte);
  }
  return out;
}

/** The inverse of {@linkcode stuff}, a byte at a time. */
export class Unstuffer {
  readonly #out: number[] = [];
  #escaped = false;

  /** Takes the next byte of a packet. */
  push(byte: number): void {
    if (!this.#escaped && byte === COM_FLAG.ESC) {
      this.#escaped = true;
      return;
    }
    this.#out.push(this.#escaped ? byte ^ 0x80 : byte);
    this.#escaped = false;
  }

  /** The packet. @throws {TargetError} when it ends in the middle of an escape */
  done(): Bytes {
    if (this.#escaped) throw new TargetError("Cannot decode a COM port packet: it ends in an escape flag");
    return Uint8Array.from(this.#out);
  }
}
