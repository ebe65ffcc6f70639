/**
 * Names of things on the debug port's side: its own identification, and where access ports are.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";

/** DPIDR, decoded (ADIv5.2 B2.2.5). */
export interface DpIdentity {
  /** The register. */
  readonly value: number;
  /** Architecture version of the debug port; 3 is ADIv6. */
  readonly version: number;
  /** Part number. */
  readonly part: number;
  /** Revision of the part. */
  readonly revision: number;
  /** Minimal debug port: no pushed operations. */
  readonly minimal: boolean;
  /** JEP106 designer code. */
  readonly designer: number;
}

/** Where an access port is: by number (ADIv5), or by byte address (ADIv6). */
export type ApAddress = { readonly apsel: number } | { readonly base: number };

/** Name of an access port for people. */
export function apName(ap: ApAddress): string {
  return "apsel" in ap ? `AP#${ap.apsel}` : `AP@${hex(ap.base)}`;
}

/**
 * Decodes DPIDR.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeDpidr } from "./identity.ts";
 *
 * const { version, revision, minimal } = decodeDpidr(0x2ba01477);
 * assertEquals([version, revision, minimal], [1, 2, false]);
 * ```
 */
export function decodeDpidr(value: number): DpIdentity {
  return {
    value,
    version: bits(value, 15, 12),
    part: bits(value, 27, 20),
    revision: bits(value, 31, 28),
    minimal: bit(value, 16),
    designer: bits(value, 11, 1),
  };
}
