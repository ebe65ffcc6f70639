/**
 * Which step of the ladder each standard debug sequence stands for, and who takes it.
 *
 * @module
 */
import type { SequenceListEntry } from "../sequence/engine.ts";
import type { StepName } from "./delegates.ts";
import type { Layer } from "./ladder.ts";
import { hasNativeStep } from "./sequence_native.ts";

/** Steps of the ladder that one standard sequence stands for. */
export const STEP_SEQUENCES: Readonly<Partial<Record<StepName, string>>> = {
  debug_port_setup: "DebugPortSetup",
  debug_port_start: "DebugPortStart",
  debug_port_stop: "DebugPortStop",
  unlock_device: "DebugDeviceUnlock",
  start_debug_core: "DebugCoreStart",
  stop_debug_core: "DebugCoreStop",
  set_reset_catch: "ResetCatchSet",
  clear_reset_catch: "ResetCatchClear",
  reset_hardware_assert: "ResetHardwareAssert",
  reset_hardware_deassert: "ResetHardwareDeassert",
  debug_code_mem_remap: "DebugCodeMemRemap",
  trace_start: "TraceStart",
  trace_stop: "TraceStop",
  trace_capture: "TraceCapture",
  trace_flush: "TraceFlush",
  recovery_support_start: "RecoverySupportStart",
  recovery_support_stop: "RecoverySupportStop",
  recovery_acknowledge: "RecoveryAcknowledge",
};

/** Step of the ladder that a standard sequence stands for; undefined for those of flash programming. */
export function stepOf(sequence: string): StepName | undefined {
  if (/^Reset(System|Processor|Hardware)$/.test(sequence)) return "will_reset";
  const found = Object.entries(STEP_SEQUENCES).find(([, name]) => name === sequence);
  return found?.[0] as StepName | undefined;
}

/**
 * Who takes the step of a sequence: the first of `above` that has a hook for it, the pack when the sequence is there and
 * on, then the first of `below`, then the architecture; undefined when nobody does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { whoRuns } from "./sequence_steps.ts";
 *
 * const row = { name: "ResetSystem", pname: undefined, standard: true, defined: true, enabled: false, info: "" };
 * assertEquals(whoRuns(row, [], []), "native");
 * assertEquals(whoRuns({ ...row, enabled: true }, [{ name: "script", hooks: { will_reset: () => {} } }], []), "script");
 * ```
 */
export function whoRuns(
  row: SequenceListEntry,
  above: readonly Layer[],
  below: readonly Layer[],
): string | undefined {
  const step = row.standard ? stepOf(row.name) : undefined;
  const takes = (layers: readonly Layer[]): string | undefined =>
    layers.find((layer) => step !== undefined && layer.hooks[step] !== undefined)?.name;
  return takes(above) ?? (row.enabled ? "pack" : takes(below) ?? (hasNativeStep(row.name) ? "native" : undefined));
}
