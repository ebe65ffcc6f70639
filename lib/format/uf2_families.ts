/**
 * UF2 families of Cortex-M chips, as Microsoft's list of families (`uf2families.json`) has them.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";

/** Data that is programmed wherever it says, whatever partitions there are. */
const RP2_ABSOLUTE = 0xe48bff57;

/** Not for the cores that Tapir debugs. */
const NO_CHIP = /^(?!)/;

/** Id, name, and the chips where the name does not tell: it begins theirs, with X for any character. */
const FAMILIES: readonly (readonly [id: number, name: string, chips?: RegExp])[] = [
  [0xa0c97b8e, "AT32F415"],
  [0x31d228c6, "GD32F350"],
  [0x7f83e793, "KL32L2"],
  [0x2abc77ec, "LPC55"],
  [0xd63f8632, "MAX32650"],
  [0xf0c30d71, "MAX32666"],
  [0x7410520a, "MAX32690"],
  [0x91d3fd18, "MAX78002"],
  [0x4fb2d5bd, "MIMXRT10XX"],
  [0x1b57745f, "NRF52"],
  [0x820d9a5f, "NRF52820"],
  [0x72721d4e, "NRF52832xxAA"],
  [0x6f752678, "NRF52832xxAB"],
  [0x621e937a, "NRF52833"],
  [0xada52840, "NRF52840"],
  [0x7be8976d, "RA4M1"],
  [0x68ed2b88, "SAMD21"],
  [0x55114460, "SAMD51"],
  [0x1851780a, "SAML21"],
  [0x647824b6, "STM32F0"],
  [0x5ee21072, "STM32F1"],
  [0x5d1a0a2e, "STM32F2"],
  [0x6b846188, "STM32F3"],
  [0x57755a57, "STM32F4"],
  [0x6d0922fa, "STM32F407"],
  [0x8fb060fe, "STM32F407VG"],
  [0x06d1097b, "STM32F411xC"],
  [0x2dc309c5, "STM32F411xE"],
  [0x53b80f00, "STM32F7"],
  [0x300f5633, "STM32G0"],
  [0x4c71240a, "STM32G4"],
  [0x4e8f1c5d, "STM32H5"],
  [0x6db66082, "STM32H7"],
  [0x202e3a91, "STM32L0"],
  [0x1e1f432d, "STM32L1"],
  [0x00ff6919, "STM32L4"],
  [0x04240bdf, "STM32L5"],
  [0x70d16653, "STM32WB"],
  [0x21460ff0, "STM32WL"],
  [0xe48bff56, "RP2040"],
  [RP2_ABSOLUTE, "RP2XXX_ABSOLUTE", /^RP23/],
  [0xe48bff58, "RP2XXX_DATA", /^RP23/],
  [0xe48bff59, "RP2350_ARM_S", /^RP23/],
  [0xe48bff5a, "RP2350_RISCV", NO_CHIP],
  [0xe48bff5b, "RP2350_ARM_NS", /^RP23/],
];

/** Name and number of a family, for people. */
export function describeFamily(id: number): string {
  const name = FAMILIES.find(([each]) => each === id)?.[1];
  return name === undefined ? hex(id) : `${name} (${hex(id)})`;
}

/** The id of a family by its name, in any case. */
export function familyNamed(name: string): number | undefined {
  return FAMILIES.find((family) => family[1].toUpperCase() === name.toUpperCase())?.[0];
}

/** Families that files for a chip belong to; empty when none is known. */
export function familiesOf(chip: string): number[] {
  const name = chip.toUpperCase().replace(/[^A-Z0-9]/g, "").replace(/^AT(?=SAM)/, "");
  return FAMILIES.filter(([, family, chips]) => (chips ?? patternOf(family)).test(name)).map(([id]) => id);
}

function patternOf(family: string): RegExp {
  return new RegExp(`^${family.toUpperCase().replaceAll("X", ".")}`);
}

/**
 * Which of the families in a file are for a chip: one, or several that belong together, as code and data of an RP2350
 * do. Undefined when that is not known: the chip's families are not, or the file holds one that nobody knows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { familiesFor } from "./uf2_families.ts";
 *
 * assertEquals(familiesFor("STM32F411CEUx", [0x57755a57, 0xada52840]), [0x57755a57]);
 * assertEquals(familiesFor("nRF52840_xxAA", [0x57755a57]), []);
 * assertEquals(familiesFor("cortex_m", [0x57755a57]), undefined);
 * ```
 */
export function familiesFor(chip: string, present: readonly number[]): readonly number[] | undefined {
  const own = familiesOf(chip);
  if (own.length === 0) return undefined;
  const fitting = present.filter((id) => own.includes(id));
  const isKnown = present.every((id) => FAMILIES.some(([each]) => each === id));
  return fitting.length === 0 && !isKnown ? undefined : fitting;
}

/** Whether data of these families of one file go together. */
export function belongTogether(ids: readonly number[]): boolean {
  return ids.length < 2 || ids.every((id) => (id & 0xffff_fff0) === (RP2_ABSOLUTE & 0xffff_fff0));
}
