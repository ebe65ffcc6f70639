/**
 * All built-in families.
 *
 * @module
 */
import type { TargetDescription } from "../description.ts";
import { type Family, matchesFamily } from "./family.ts";
import { kinetis } from "./kinetis.ts";
import { nrf52 } from "./nrf52.ts";
import { stm32 } from "./stm32.ts";

/** The families, in the order in which they are tried. */
export const FAMILIES: readonly Family[] = [kinetis, nrf52, stm32];

/**
 * The family a chip belongs to.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { familyFor } from "./registry.ts";
 *
 * const chip = { name: "nRF52840_xxAA", vendor: "Nordic Semiconductor", families: ["nRF52 Series"] };
 * const description = { ...chip, source: "pack", memory: [], algorithms: [], processors: [] } as const;
 * assertEquals(familyFor(description)?.name, "nRF52");
 * ```
 */
export function familyFor(description: TargetDescription): Family | undefined {
  return FAMILIES.find((family) => matchesFamily(family, description));
}
