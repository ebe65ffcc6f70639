/**
 * Fault status registers in words a person understands.
 *
 * Armv7-M (DDI 0403) B3.2.15 to B3.2.18, Armv8-M (DDI 0553) D1.2 CFSR, HFSR, DFSR, SFSR.
 *
 * @module
 */
import { bit } from "../base/bits.ts";

/** Fault status and address registers. */
export interface FaultRegisters {
  /** Configurable fault status: MMFSR, BFSR and UFSR. */
  readonly cfsr: number;
  /** Hard fault status. */
  readonly hfsr: number;
  /** Debug fault status. */
  readonly dfsr: number;
  /** Memory-management fault address. */
  readonly mmfar: number;
  /** Bus fault address. */
  readonly bfar: number;
  /** Secure fault status; 0 without the Security Extension. */
  readonly sfsr: number;
  /** Secure fault address. */
  readonly sfar: number;
}

/** Status register a fault is reported in. */
export type FaultSource = "MMFSR" | "BFSR" | "UFSR" | "HFSR" | "DFSR" | "SFSR";

/** One status bit that is set. */
export interface Fault {
  /** Register it is in. */
  readonly source: FaultSource;
  /** Name of the bit in the architecture manual. */
  readonly name: string;
  /** What it means. */
  readonly text: string;
  /** Byte address that was accessed, when the hardware kept it. */
  readonly address?: number;
}

type Cause = readonly [bit: number, name: string, text: string];

const MMFSR: readonly Cause[] = [
  [0, "IACCVIOL", "instruction fetch from a place where execution is not allowed"],
  [1, "DACCVIOL", "data access to a place the MPU or the memory map forbids"],
  [3, "MUNSTKERR", "memory fault while restoring registers on return from an exception"],
  [4, "MSTKERR", "memory fault while saving registers on entry to an exception; stack overflow is likely"],
  [5, "MLSPERR", "memory fault while saving floating-point registers lazily"],
];
const BFSR: readonly Cause[] = [
  [8, "IBUSERR", "bus error on an instruction fetch"],
  [9, "PRECISERR", "bus error on a data access; the stacked PC is the instruction that did it"],
  [10, "IMPRECISERR", "bus error on an earlier data access; the stacked PC is somewhere after it"],
  [11, "UNSTKERR", "bus error while restoring registers on return from an exception"],
  [12, "STKERR", "bus error while saving registers on entry to an exception; the stack pointer may be wrong"],
  [13, "LSPERR", "bus error while saving floating-point registers lazily"],
];
const UFSR: readonly Cause[] = [
  [16, "UNDEFINSTR", "undefined instruction"],
  [17, "INVSTATE", "jump to an address with bit 0 clear, which would leave Thumb state"],
  [18, "INVPC", "invalid return from an exception"],
  [19, "NOCP", "use of a coprocessor that is absent or switched off; the FPU needs CPACR"],
  [20, "STKOF", "stack pointer below the stack limit"],
  [24, "UNALIGNED", "unaligned access while those are trapped, or by an instruction that cannot do it"],
  [25, "DIVBYZERO", "integer division by zero"],
];
const HFSR: readonly Cause[] = [
  [1, "VECTTBL", "bus error while reading the vector table"],
  [30, "FORCED", "a configurable fault could not be handled and became a hard fault"],
  [31, "DEBUGEVT", "breakpoint with no debugger listening"],
];
const DFSR: readonly Cause[] = [
  [0, "HALTED", "halt request or step"],
  [1, "BKPT", "breakpoint"],
  [2, "DWTTRAP", "watchpoint"],
  [3, "VCATCH", "vector catch"],
  [4, "EXTERNAL", "external debug request"],
  [5, "PMU", "performance counter overflow"],
];
const SFSR: readonly Cause[] = [
  [0, "INVEP", "call from Non-secure code to Secure code that is not an entry point"],
  [1, "INVIS", "bad integrity signature on the Secure stack"],
  [2, "INVER", "invalid return between security states"],
  [3, "AUVIOL", "Non-secure access to Secure memory"],
  [4, "INVTRAN", "branch from Secure to Non-secure code without BXNS or BLXNS"],
  [5, "LSPERR", "security violation while saving floating-point registers lazily"],
  [7, "LSERR", "lazy saving of floating-point registers was in the wrong state"],
];

const MMARVALID = 7;
const BFARVALID = 15;
const SFARVALID = 6;

/**
 * The status bits that are set, with the faulting address where the hardware kept it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeFaults } from "./faults.ts";
 *
 * const none = { hfsr: 0, dfsr: 0, mmfar: 0, sfsr: 0, sfar: 0 };
 * const [fault] = decodeFaults({ ...none, cfsr: 0x8200, bfar: 0x40009000 });
 * assertEquals([fault?.source, fault?.name, fault?.address], ["BFSR", "PRECISERR", 0x40009000]);
 * ```
 */
export function decodeFaults(registers: FaultRegisters): Fault[] {
  const { cfsr, hfsr, dfsr, mmfar, bfar, sfsr, sfar } = registers;
  return [
    ...collect("HFSR", hfsr, HFSR),
    ...collect("MMFSR", cfsr, MMFSR, bit(cfsr, MMARVALID) ? mmfar : undefined),
    ...collect("BFSR", cfsr, BFSR, bit(cfsr, BFARVALID) ? bfar : undefined),
    ...collect("UFSR", cfsr, UFSR),
    ...collect("SFSR", sfsr, SFSR, bit(sfsr, SFARVALID) ? sfar : undefined),
    ...collect("DFSR", dfsr, DFSR),
  ];
}

function collect(source: FaultSource, value: number, causes: readonly Cause[], address?: number): Fault[] {
  return causes.filter(([index]) => bit(value, index)).map(([, name, text]) => ({
    source,
    name,
    text,
    ...(address === undefined ? {} : { address }),
  }));
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  0: "Thread mode",
  1: "Reset",
  2: "NMI",
  3: "HardFault",
  4: "MemManage",
  5: "BusFault",
  6: "UsageFault",
  7: "SecureFault",
  11: "SVCall",
  12: "DebugMonitor",
  14: "PendSV",
  15: "SysTick",
};

/**
 * Name of an exception by its number (IPSR).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exceptionName } from "./faults.ts";
 *
 * assertEquals([3, 16, 9].map(exceptionName), ["HardFault", "IRQ 0", "Exception 9"]);
 * ```
 */
export function exceptionName(number: number): string {
  return EXCEPTIONS[number] ?? (number >= 16 ? `IRQ ${number - 16}` : `Exception ${number}`);
}

/** Registers the core saved on entry to an exception. */
export interface ExceptionFrame {
  /** Register 0. */
  readonly r0: number;
  /** Register 1. */
  readonly r1: number;
  /** Register 2. */
  readonly r2: number;
  /** Register 3. */
  readonly r3: number;
  /** Register 12. */
  readonly r12: number;
  /** Link register of the code that was interrupted. */
  readonly lr: number;
  /** Where that code goes on; for most faults, the instruction that failed. */
  readonly pc: number;
  /** Its program status. */
  readonly xpsr: number;
}

/** The frame in the eight words at the stack pointer. */
export function decodeExceptionFrame(words: Uint32Array): ExceptionFrame {
  const at = (index: number) => words[index] ?? 0;
  return { r0: at(0), r1: at(1), r2: at(2), r3: at(3), r12: at(4), lr: at(5), pc: at(6), xpsr: at(7) };
}

/** Where an EXC_RETURN value says the exception frame is. */
export interface FrameLocation {
  /** Stack pointer register that points at it. */
  readonly register: "msp" | "psp" | "msp_s" | "psp_s" | "msp_ns" | "psp_ns";
  /** Bytes from the stack pointer to the frame. */
  readonly offset: number;
}

/** Registers r4 to r11 and an integrity signature, which Secure state may save below the frame. */
const ADDITIONAL_CONTEXT = 0x28;

/**
 * Where the frame of an exception is, from the EXC_RETURN value in LR; undefined when the value is no EXC_RETURN, as
 * deeper inside a handler. Armv8-M (DDI 0553) B3.19 and D1.2 EXC_RETURN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { locateFrame } from "./faults.ts";
 *
 * assertEquals(locateFrame(0xfffffffd, false), { register: "psp", offset: 0 });
 * assertEquals(locateFrame(0x08000101, false), undefined);
 * ```
 */
export function locateFrame(excReturn: number, security: boolean): FrameLocation | undefined {
  if (excReturn >>> 24 !== 0xff) return undefined;
  const stack = bit(excReturn, 2) ? "psp" : "msp";
  if (!security) return { register: stack, offset: 0 };
  return {
    register: bit(excReturn, 6) ? `${stack}_s` : `${stack}_ns`,
    offset: bit(excReturn, 5) ? 0 : ADDITIONAL_CONTEXT,
  };
}
