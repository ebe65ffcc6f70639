/**
 * DAP_JTAG_Configure, DAP_JTAG_IDCODE and DAP_JTAG_Sequence.
 *
 * @module
 */
import { type ByteReader, type Bytes, ByteWriter } from "../../../base/bytes.ts";
import type { JtagSequenceStep } from "../../probe.ts";
import { COMMAND } from "./response.ts";

/** Tells the instruction register lengths of the chain, nearest TDO first. */
export function encodeJtagConfigure(irLengths: readonly number[]): Bytes {
  return Uint8Array.of(COMMAND.jtagConfigure, irLengths.length, ...irLengths);
}

/** Asks for the IDCODE of one device of the chain. */
export function encodeJtagIdcode(index: number): Bytes {
  return Uint8Array.of(COMMAND.jtagIdcode, index);
}

/** Sequences of 1 to 64 TCK cycles each. */
export function encodeJtagSequence(steps: readonly JtagSequenceStep[]): Bytes {
  const writer = new ByteWriter().u8(COMMAND.jtagSequence).u8(steps.length);
  for (const { cycles, tms, tdi, capture } of steps) {
    writer.u8((cycles & 0x3f) | (tms ? 0x40 : 0) | (capture ? 0x80 : 0));
    const bytes = new Uint8Array(Math.ceil(cycles / 8));
    bytes.set(tdi.subarray(0, bytes.length));
    writer.bytes(bytes);
  }
  return writer.done();
}

/** The TDO bits of every capturing step; `reader` is behind the status byte. */
export function decodeJtagCaptures(reader: ByteReader, steps: readonly JtagSequenceStep[]): Uint8Array[] {
  return steps.filter((step) => step.capture).map((step) => reader.bytes(Math.ceil(step.cycles / 8)).slice());
}
