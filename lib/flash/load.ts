/**
 * Loading an image into a connected target in one call.
 *
 * @module
 */
import type { AddressRange } from "../base/ranges.ts";
import type { CortexM } from "../core/cortex_m.ts";
import type { ImageSegment } from "../format/image.ts";
import type { Target } from "../target/target.ts";
import { type FlashBank, loadBanks } from "./bank.ts";
import { type FlashPlan, planFlash, type PlanOptions } from "./plan.ts";
import { flashDevice, type FlashRunOptions, runPlan } from "./programmer.ts";
import type { FlashReport } from "./report.ts";

const EVERYTHING: readonly AddressRange[] = [{ start: 0, end: 0x1_0000_0000 }];

/** Plan options, run options, and the core that does the work. */
export interface LoadOptions extends PlanOptions, FlashRunOptions {
  /** The core that runs the algorithms; the primary one unless told. */
  readonly core?: CortexM;
}

/**
 * The flash banks that `wanted` addresses lie in; all of the chip's unless told.
 *
 * @throws {PackError} when an algorithm cannot be loaded
 */
export function banksOf(target: Target, wanted = EVERYTHING, core = target.primaryCore): Promise<FlashBank[]> {
  return loadBanks(target.mapFor(core), target.description.algorithms, wanted);
}

/**
 * What loading `segments` would do; nothing is changed.
 *
 * @throws {FlashError} when a segment cannot go where it belongs
 * @throws {PackError} when an algorithm cannot be loaded
 */
export async function planImage(
  target: Target,
  segments: readonly ImageSegment[],
  options: LoadOptions = {},
): Promise<FlashPlan> {
  const core = options.core ?? target.primaryCore;
  const wanted = segments.map((s) => ({ start: s.address, end: s.address + s.data.length }));
  return planFlash(segments, target.mapFor(core), await banksOf(target, wanted, core), options);
}

/**
 * Loads `segments`: plans, erases, programs, verifies. The core is left halted.
 *
 * @throws {FlashError} see {@linkcode planImage} and {@linkcode runPlan}
 */
export async function loadImage(
  target: Target,
  segments: readonly ImageSegment[],
  options: LoadOptions = {},
): Promise<FlashReport> {
  const plan = await planImage(target, segments, options);
  return await runPlan(plan, flashDevice(target, options.core), options);
}
