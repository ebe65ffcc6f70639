/**
 * DAP_SWD_Configure and DAP_SWD_Sequence.
 *
 * @module
 */
import { type Bytes, ByteWriter } from "../../../base/bytes.ts";
import type { ByteReader } from "../../../base/bytes.ts";
import type { SwdSequenceStep } from "../../probe.ts";
import { COMMAND } from "./response.ts";

/** Sets the turnaround in clocks (1–4), and whether the data phase follows WAIT and FAULT as well. */
export function encodeSwdConfigure(turnaround = 1, dataPhase = false): Bytes {
  return Uint8Array.of(COMMAND.swdConfigure, (turnaround - 1) | (dataPhase ? 4 : 0));
}

/** Sequences of 1 to 64 clocks each, driven or captured. */
export function encodeSwdSequence(steps: readonly SwdSequenceStep[]): Bytes {
  const writer = new ByteWriter().u8(COMMAND.swdSequence).u8(steps.length);
  for (const step of steps) {
    const drive = "output" in step;
    writer.u8((step.bits & 0x3f) | (drive ? 0 : 0x80));
    if (drive) writer.bytes(step.output.subarray(0, Math.ceil(step.bits / 8)));
  }
  return writer.done();
}

/** The bits every capturing step captured; `reader` is behind the status byte. */
export function decodeSwdCaptures(reader: ByteReader, steps: readonly SwdSequenceStep[]): Uint8Array[] {
  return steps.filter((step) => !("output" in step)).map((step) => reader.bytes(Math.ceil(step.bits / 8)).slice());
}
