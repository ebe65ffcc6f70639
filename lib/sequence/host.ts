/**
 * What the sequence language needs from the world. The interpreter knows no hardware; the target room implements this
 * over the debug port, tests implement it over a notebook.
 *
 * Writes are queued and return nothing; reads queue and hand back a promise. The interpreter enqueues a whole atomic
 * block without awaiting in between, so that everything in it travels together.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** Which debug and access port a sequence talks through (`__dp`, `__ap`, `__apid`). */
export interface AccessPath {
  /** `__dp`: debug port index. */
  readonly dp: number;
  /** `__ap`: access port index (APSEL), for descriptions without access-port ids. */
  readonly ap: number;
  /** `__apid`: identifier of an `accessportV1` or `accessportV2` element. */
  readonly apid: number;
}

/** Width of a memory access in bits. */
export type AccessWidth = 8 | 16 | 32 | 64;

/** The world a sequence acts on. Addresses in bytes, times in microseconds, frequencies in hertz. */
export interface SequenceHost {
  /** Time, for `while` limits and delays. */
  readonly clock: Clock;

  /** Reads target memory. @throws {TransferError} */
  readMemory(path: AccessPath, width: AccessWidth, address: bigint): Promise<bigint>;
  /** Queues a write to target memory. */
  writeMemory(path: AccessPath, width: AccessWidth, address: bigint, value: bigint): void;
  /** Reads a register of the selected access port. @throws {TransferError} */
  readAp(path: AccessPath, register: bigint): Promise<bigint>;
  /** Queues a write to a register of the selected access port. */
  writeAp(path: AccessPath, register: bigint, value: bigint): void;
  /** Reads the APACC address space of an ADIv6 debug port. @throws {TransferError} */
  readAccessAp(path: AccessPath, address: bigint): Promise<bigint>;
  /** Queues a write to the APACC address space of an ADIv6 debug port. */
  writeAccessAp(path: AccessPath, address: bigint, value: bigint): void;
  /** Reads a debug port register; bits 7:4 of the address select the bank. @throws {TransferError} */
  readDp(path: AccessPath, register: bigint): Promise<bigint>;
  /** Queues a write to a debug port register. */
  writeDp(path: AccessPath, register: bigint, value: bigint): void;
  /** An atomic block with memory accesses is about to start: what would have to wait in its middle is done now. */
  prepare?(path: AccessPath): Promise<void>;
  /** Waits until everything queued is done. @throws {TransferError} */
  flush(): Promise<void>;

  /** DAP_Delay, after what is queued. */
  delay(us: number): Promise<void>;
  /** DAP_WriteABORT. */
  writeAbort(path: AccessPath, value: number): Promise<void>;
  /** DAP_SWJ_Pins, after what is queued; waits until the selected pins read as driven or the time is over; 0xFFFFFFFF without pin access. */
  swjPins(output: number, select: number, waitUs: number): Promise<number>;
  /** DAP_SWJ_Clock. */
  swjClock(hz: number): Promise<void>;
  /** Queues a DAP_SWJ_Sequence of 1 to 64 bits, least significant first; calls that follow one another make one. */
  swjSequence(count: number, bits: bigint): void;
  /** DAP_JTAG_Sequence: up to 64 cycles with one level of TMS; answers TDO. */
  jtagSequence(count: number, tms: boolean, tdi: bigint): Promise<bigint>;

  /** Query: a question with buttons; `kind` as in the specification (0 ok, 1 yes/no, 2 yes/no/cancel, 3 ok/cancel). */
  query(kind: number, message: string, fallback: bigint): Promise<bigint>;
  /** QueryValue: asks for a number. */
  queryValue(message: string, fallback: bigint): Promise<bigint>;
  /** Message, already formatted. */
  message(level: "info" | "warning" | "error", text: string): void;

  /** LoadDebugInfo: loads symbols of a file. @returns 0 when it worked */
  loadDebugInfo(path: string): Promise<bigint>;
  /** Reads up to `length` bytes of a file, waiting up to `timeoutUs` for it to appear. */
  readFile(path: string, length: bigint, timeoutUs: bigint): Promise<Uint8Array>;
  /** Writes a file, replacing or appending. */
  writeFile(path: string, bytes: Uint8Array, append: boolean, timeoutUs: bigint): Promise<void>;
  /** Whether a file exists, waiting up to `timeoutUs` for it to appear. */
  fileExists(path: string, timeoutUs: bigint): Promise<boolean>;
  /** RunApplication and RunPythonScript; `python` asks for an interpreter. @returns the exit code */
  runApplication(
    run: { path: string; args: string; directory: string; timeoutUs: bigint; python: boolean },
  ): Promise<bigint>;

  /** FlashWriteBuffer: part of the page being programmed. @throws {TargetError} outside FlashProgramPage */
  flashWriteBuffer(path: AccessPath, address: bigint, offset: bigint, length: bigint, mode: bigint): Promise<bigint>;
  /** FlashLoadAlgorithm. @returns 0 when it worked */
  flashLoadAlgorithm(path: string, ramStart: bigint, ramSize: bigint): Promise<bigint>;

  /**
   * Runs the architecture's own version of a standard sequence that the description does not define.
   *
   * @returns false when there is none
   */
  runNative(name: string, pname: string | undefined): Promise<boolean>;
}
