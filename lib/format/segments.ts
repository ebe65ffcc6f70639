/**
 * Collects addressed bytes record by record and turns them into sorted segments that do not overlap.
 *
 * @module
 */
import { concatBytes, hex } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import type { ImageSegment } from "./image.ts";

/** Addresses of Cortex-M parts are 32 bits wide. */
const ADDRESS_END = 0x1_0000_0000;

interface Run {
  readonly address: number;
  readonly parts: Uint8Array[];
  length: number;
  readonly origin: string;
}

/**
 * Builds the segments of an image.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SegmentBuilder } from "./segments.ts";
 *
 * const builder = new SegmentBuilder("a.hex");
 * builder.add(0x102, Uint8Array.of(3), "line 2");
 * builder.add(0x100, Uint8Array.of(1, 2), "line 3");
 * assertEquals(builder.finish().map((s) => s.address), [0x100, 0x102]);
 * ```
 */
export class SegmentBuilder {
  readonly #fileName: string;
  readonly #runs: Run[] = [];

  /** Starts empty; `fileName` appears in messages. */
  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  /**
   * Adds bytes at a byte address; those that go on where the last ones ended extend the same segment. `origin` says
   * where in the file they stand.
   *
   * @throws {FormatError} when they leave the 32-bit address space
   */
  add(address: number, data: Uint8Array, origin: string): void {
    if (data.length === 0) return;
    if (address < 0 || address + data.length > ADDRESS_END) {
      throw new FormatError(
        `Cannot read ${this.#fileName}: ${origin} at ${hex(address)} leaves the 32-bit address space`,
        {
          fields: { file: this.#fileName, address },
        },
      );
    }
    const last = this.#runs.at(-1);
    if (last && last.address + last.length === address) {
      last.parts.push(data);
      last.length += data.length;
    } else this.#runs.push({ address, parts: [data], length: data.length, origin });
  }

  /**
   * The segments, sorted by address.
   *
   * @throws {FormatError} when two overlap; the message names both
   */
  finish(): ImageSegment[] {
    this.#runs.sort((a, b) => a.address - b.address);
    for (let i = 1; i < this.#runs.length; i++) {
      const [low, high] = [this.#runs[i - 1]!, this.#runs[i]!];
      if (low.address + low.length <= high.address) continue;
      throw new FormatError(
        `Cannot read ${this.#fileName}: ${describe(low)} and ${describe(high)} overlap`,
        { code: "overlapping-data", fields: { file: this.#fileName, address: high.address } },
      );
    }
    return this.#runs.map((run) => ({
      address: run.address,
      data: concatBytes(run.parts),
    }));
  }
}

function describe(run: Run): string {
  return `${run.origin} (${hex(run.address)} to ${hex(run.address + run.length - 1)})`;
}
