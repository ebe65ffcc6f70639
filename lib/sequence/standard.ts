// data: the standard sequences of the CMSIS-Pack specification
/**
 * Sequences that the debugger itself runs at fixed moments (CMSIS-Pack specification, "Predefined debug access
 * sequences").
 *
 * @module
 */

/** One standard sequence. */
export interface StandardSequence {
  /** Name. */
  readonly name: string;
  /** The user-script delegate that overrides it. */
  readonly delegate?: string;
  /** When it runs. */
  readonly when: string;
  /** Whether it concerns the whole chip and runs once, for the primary core. */
  readonly chipWide?: boolean;
}

/** All of them, in the order in which a session meets them. */
export const STANDARD_SEQUENCES: readonly StandardSequence[] = [
  { name: "DebugPortSetup", when: "connecting: SWJ switch, DPIDR, TARGETSEL", chipWide: true },
  { name: "DebugPortStart", when: "connecting: power up the debug port", chipWide: true },
  { name: "DebugPortStop", when: "disconnecting: power down the debug port", chipWide: true },
  { name: "DebugDeviceUnlock", delegate: "unlock_device", when: "before discovery", chipWide: true },
  { name: "DebugCoreStart", delegate: "start_debug_core", when: "enabling debug on a core" },
  { name: "DebugCoreStop", delegate: "stop_debug_core", when: "disabling debug on a core" },
  { name: "ResetSystem", delegate: "will_reset", when: "reset of type system" },
  { name: "ResetProcessor", delegate: "will_reset", when: "reset of type core" },
  { name: "ResetHardware", delegate: "will_reset", when: "reset of type hardware" },
  { name: "ResetHardwareAssert", when: "connecting under reset: before the connection", chipWide: true },
  { name: "ResetHardwareDeassert", when: "connecting under reset: after the connection", chipWide: true },
  { name: "ResetCatchSet", delegate: "set_reset_catch", when: "before a reset that halts" },
  { name: "ResetCatchClear", delegate: "clear_reset_catch", when: "after a reset that halts" },
  { name: "DebugCodeMemRemap", when: "before code memory is read back for verification" },
  { name: "FlashEraseSetup", when: "before an erase job" },
  { name: "FlashProgramSetup", when: "before a programming job" },
  { name: "FlashInit", when: "before erasing, programming or verifying flash by sequences" },
  { name: "FlashUninit", when: "after erasing, programming or verifying flash by sequences" },
  { name: "FlashEraseSector", when: "erasing one sector by sequences" },
  { name: "FlashEraseChip", when: "erasing all flash by sequences" },
  { name: "FlashEraseDone", when: "after all erasing" },
  { name: "FlashProgramPage", when: "programming one page by sequences" },
  { name: "FlashProgramDone", when: "after all programming" },
  { name: "TraceStart", delegate: "trace_start", when: "starting trace" },
  { name: "TraceStop", delegate: "trace_stop", when: "stopping trace" },
  { name: "TraceCapture", delegate: "trace_capture", when: "starting to capture trace" },
  { name: "TraceFlush", delegate: "trace_flush", when: "before captured trace is read" },
  { name: "RecoverySupportStart", when: "before a step or run that may lose the connection" },
  { name: "RecoverySupportStop", when: "after a step or run that may lose the connection" },
  { name: "RecoveryAcknowledge", when: "after a lost connection came back" },
];

/** Whether the debugger runs a sequence of this name by itself. */
export function isStandardSequence(name: string): boolean {
  return STANDARD_SEQUENCES.some((sequence) => sequence.name === name);
}
