/**
 * Options that choose flash algorithms.
 *
 * @module
 */
import type { OptionValues } from "../session/options.ts";
import { type CliOption, type CliValues, group, many, text } from "./command_spec.ts";

/** Options that choose flash algorithms. */
export const ALGORITHM_OPTIONS: {
  readonly algorithm: CliOption<readonly string[]>;
  readonly flm: CliOption<readonly string[]>;
} = group("Flash algorithms:", {
  algorithm: many("--algorithm <name>", "use this algorithm of the target's pack where it serves; repeatable", text),
  flm: many("--flm <file[@base[,size]]>", "use the algorithm in this file; repeatable", text),
});

/** Session options that the flags set. */
export function algorithmFlags({ algorithm, flm }: CliValues<typeof ALGORITHM_OPTIONS>): OptionValues {
  return {
    "flash.algorithms": algorithm.length === 0 ? undefined : algorithm,
    "flash.flm": flm.length === 0 ? undefined : flm,
  };
}
