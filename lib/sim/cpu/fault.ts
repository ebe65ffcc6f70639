/**
 * Synchronous faults: thrown by instructions, turned into exceptions by the exception model.
 *
 * @module
 */

/** Exception numbers (DDI0403E B1.5.2). */
export const EXCEPTION = {
  reset: 1,
  nmi: 2,
  hardFault: 3,
  memManage: 4,
  busFault: 5,
  usageFault: 6,
  svCall: 11,
  debugMonitor: 12,
  pendSv: 14,
  sysTick: 15,
  irq0: 16,
} as const;

/** Bits of the Configurable Fault Status Register (DDI0403E B3.2.15). */
export const CFSR = {
  iaccviol: 1 << 0,
  daccviol: 1 << 1,
  mmarvalid: 1 << 7,
  ibuserr: 1 << 8,
  preciserr: 1 << 9,
  unstkerr: 1 << 11,
  stkerr: 1 << 12,
  bfarvalid: 1 << 15,
  undefinstr: 1 << 16,
  invstate: 1 << 17,
  invpc: 1 << 18,
  nocp: 1 << 19,
  unaligned: 1 << 24,
  divbyzero: 1 << 25,
} as const;

/** A fault an instruction caused; thrown so that the instruction leaves no trace. */
export class Fault {
  /** A fault for `exception` that sets `status` in CFSR and, when given, `address` in MMFAR or BFAR. */
  constructor(
    /** Number of the exception, see {@linkcode EXCEPTION}. */
    readonly exception: number,
    /** Bits to set in CFSR. */
    readonly status: number,
    /** The faulting address, for MMFAR or BFAR. */
    readonly address: number | undefined = undefined,
  ) {}
}

/** A UsageFault with the given CFSR bit. */
export function usageFault(status: number): Fault {
  return new Fault(EXCEPTION.usageFault, status);
}
