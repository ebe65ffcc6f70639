/**
 * Built-in knowledge about a family of chips: which chips, and which steps they need done their way.
 *
 * @module
 */
import type { TargetDescription } from "../description.ts";
import type { TargetSteps } from "../delegates.ts";
import type { Layer } from "../ladder.ts";

/** A family of chips. */
export interface Family {
  /** Name for logs. */
  readonly name: string;
  /** Matches the vendor's name without number. */
  readonly vendor: RegExp;
  /** Matches the whole part number, or a family name of the description. */
  readonly part: RegExp;
  /** What these chips do differently. */
  readonly hooks: TargetSteps;
}

/** Whether `family` is about this chip: by part number first, then its families from special to general. */
export function matchesFamily(family: Family, description: TargetDescription): boolean {
  if (!family.vendor.test(description.vendor)) return false;
  const whole = new RegExp(`^(?:${family.part.source})$`, family.part.flags);
  return [description.name, ...description.families].some((name) => whole.test(name));
}

/** A family as the lowest rung of the ladder. */
export function familyLayer(family: Family): Layer {
  return { name: `family ${family.name}`, hooks: family.hooks };
}
