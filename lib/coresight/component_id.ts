/**
 * The identification registers at the end of every CoreSight component, taken apart.
 *
 * CoreSight architecture (IHI 0029) B2; class 0x9 registers B2.3, ROM tables D5 to D7.
 *
 * @module
 */
import { bit, bits } from "../base/bits.ts";

/** Offset in bytes of the identification words from the component's base: PIDR4–7, PIDR0–3, CIDR0–3. */
export const ID_OFFSET = 0xfd0;
/** Number of words from {@linkcode ID_OFFSET} on. */
export const ID_WORDS = 12;
/** Offset in bytes of the words that class 0x9 adds: DEVARCH, DEVID2, DEVID1, DEVID, DEVTYPE. */
export const DEV_OFFSET = 0xfbc;
/** Number of words from {@linkcode DEV_OFFSET} on. */
export const DEV_WORDS = 5;

/** Component classes (CIDR1.CLASS). */
export const COMPONENT_CLASS = {
  /** Legacy ROM table. */
  romTable: 0x1,
  /** CoreSight component, with DEVARCH and DEVTYPE. */
  coresight: 0x9,
  /** Generic IP component. */
  generic: 0xe,
  /** CoreLink, PrimeCell or system component without a common layout. */
  system: 0xf,
} as const;

/** Who made a component and what it is, by number. */
export interface ComponentId {
  /** Component class. */
  readonly class: number;
  /** JEP106 code: continuation in bits 11:8, identity in 6:0. Bit 7 of a legacy ASCII designer is kept. */
  readonly designer: number;
  /** Part number, 12 bits. */
  readonly part: number;
  /** Revision. */
  readonly revision: number;
  /** DEVTYPE of a CoreSight component: minor type in bits 7:4, major type in 3:0; 0 elsewhere. */
  readonly devtype: number;
  /** DEVARCH.ARCHID of a CoreSight component, 0 when absent. */
  readonly archid: number;
  /** DEVID of a CoreSight component. */
  readonly devid: number;
  /** DEVID2 of a CoreSight component. */
  readonly devid2: number;
  /** Number of bytes the component takes: 4096 times a power of two. */
  readonly size: number;
}

/**
 * Decodes the twelve words at {@linkcode ID_OFFSET} and, for CoreSight components, the five at
 * {@linkcode DEV_OFFSET}.
 *
 * @returns undefined when there is no component (the preamble of CIDR is wrong)
 *
 * @example The SCS of a Cortex-M4
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeComponentId } from "./component_id.ts";
 *
 * const id = decodeComponentId(Uint32Array.of(4, 0, 0, 0, 0x0c, 0xb0, 0x0b, 0, 0x0d, 0xe0, 0x05, 0xb1));
 * assertEquals([id?.class, id?.designer, id?.part], [0xe, 0x43b, 0x00c]);
 * ```
 */
export function decodeComponentId(id: Uint32Array, dev?: Uint32Array): ComponentId | undefined {
  const byte = (index: number) => (id[index] ?? 0) & 0xff;
  const cidr1 = byte(9);
  if (byte(8) !== 0x0d || (cidr1 & 0x0f) !== 0 || byte(10) !== 0x05 || byte(11) !== 0xb1) return undefined;
  const [pidr4, pidr0, pidr1, pidr2] = [byte(0), byte(4), byte(5), byte(6)] as const;
  const identity = (bits(pidr2, 2, 0) << 4) | bits(pidr1, 7, 4);
  const jedec = bit(pidr2, 3);
  const isCoresight = bits(cidr1, 7, 4) === COMPONENT_CLASS.coresight;
  const devarch = isCoresight ? dev?.[0] ?? 0 : 0;
  return {
    class: bits(cidr1, 7, 4),
    designer: jedec ? (bits(pidr4, 3, 0) << 8) | identity : identity | 0x80,
    part: (bits(pidr1, 3, 0) << 8) | pidr0,
    revision: bits(pidr2, 7, 4),
    devtype: isCoresight ? (dev?.[4] ?? 0) & 0xff : 0,
    archid: bit(devarch, 20) ? bits(devarch, 15, 0) : 0,
    devid: isCoresight ? dev?.[3] ?? 0 : 0,
    devid2: isCoresight ? dev?.[1] ?? 0 : 0,
    size: 4096 * 2 ** bits(pidr4, 7, 4),
  };
}
