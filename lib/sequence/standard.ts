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
  /** When it runs. */
  readonly when: string;
}

/** All of them, in the order in which a session meets them. */
export const STANDARD_SEQUENCES: readonly StandardSequence[] = [
  { name: "DebugPortSetup", when: "connecting: SWJ switch, DPIDR, TARGETSEL" },
  { name: "DebugPortStart", when: "connecting: power up the debug port" },
  { name: "DebugPortStop", when: "disconnecting: power down the debug port" },
  { name: "DebugDeviceUnlock", when: "before discovery" },
  { name: "DebugCoreStart", when: "enabling debug on a core" },
  { name: "DebugCoreStop", when: "disabling debug on a core" },
  { name: "ResetSystem", when: "reset of type system" },
  { name: "ResetProcessor", when: "reset of type core" },
  { name: "ResetHardware", when: "reset of type hardware" },
  { name: "ResetHardwareAssert", when: "connecting under reset: before the connection" },
  { name: "ResetHardwareDeassert", when: "connecting under reset: after the connection" },
  { name: "ResetCatchSet", when: "before a reset that halts" },
  { name: "ResetCatchClear", when: "after a reset that halts" },
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
  { name: "TraceStart", when: "starting trace" },
  { name: "TraceStop", when: "stopping trace" },
  { name: "TraceCapture", when: "starting to capture trace" },
  { name: "TraceFlush", when: "before captured trace is read" },
  { name: "RecoverySupportStart", when: "before a step or run that may lose the connection" },
  { name: "RecoverySupportStop", when: "after a step or run that may lose the connection" },
  { name: "RecoveryAcknowledge", when: "after a lost connection came back" },
];

/** Whether the debugger runs a sequence of this name by itself. */
export function isStandardSequence(name: string): boolean {
  return STANDARD_SEQUENCES.some((sequence) => sequence.name === name);
}
