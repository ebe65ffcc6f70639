/**
 * Names of reset types as users type them.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import type { ResetType } from "../core/core.ts";
import { didYouMean } from "../base/near_names.ts";

/** All reset types. */
export const RESET_TYPES: readonly ResetType[] = [
  "default",
  "hardware",
  "system",
  "core",
  "n_srst",
  "sysresetreq",
  "vectreset",
  "emulated",
];

/** Names that pyOCD had before, and what they are called now. */
export const OLD_RESET_NAMES: Readonly<Record<string, ResetType>> = {
  sw: "default",
  software: "default",
  hw: "hardware",
  sw_system: "system",
  sw_core: "core",
  sw_sysresetreq: "sysresetreq",
  sw_vectreset: "vectreset",
  sw_emulated: "emulated",
};

/**
 * The reset type that a word names.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseResetType } from "./reset_types.ts";
 *
 * assertEquals([parseResetType("HW"), parseResetType("system")], ["hardware", "system"]);
 * ```
 * @throws {UsageError} when there is none
 */
export function parseResetType(text: string): ResetType {
  const word = text.toLowerCase();
  const type = RESET_TYPES.find((each) => each === word) ?? OLD_RESET_NAMES[word];
  if (type !== undefined) return type;
  throw new UsageError(`Cannot reset by ${text}: there is no such reset type`, {
    hint: didYouMean(word, RESET_TYPES) ?? `Use one of ${RESET_TYPES.join(", ")}`,
  });
}
