/**
 * Debug and system control registers of M-profile cores, as addresses, bits and pure encoders.
 *
 * Armv6-M (DDI 0419) C1.6, Armv7-M (DDI 0403) B3.2 and C1.6, Armv8-M (DDI 0553) D1.2. Addresses in bytes.
 *
 * @module
 */

/** Register addresses in the System Control Space. */
export const SCS = {
  /** Interrupt controller type: number of interrupt lines. */
  ictr: 0xe000e004,
  /** SysTick control and status. */
  systickCtrl: 0xe000e010,
  /** SysTick reload value. */
  systickLoad: 0xe000e014,
  /** SysTick current value. */
  systickValue: 0xe000e018,
  /** First interrupt clear-enable register. */
  nvicIcer: 0xe000e180,
  /** First interrupt clear-pending register. */
  nvicIcpr: 0xe000e280,
  /** First interrupt priority register. */
  nvicIpr: 0xe000e400,
  /** CPU identification. */
  cpuid: 0xe000ed00,
  /** Interrupt control and state. */
  icsr: 0xe000ed04,
  /** Vector table offset. */
  vtor: 0xe000ed08,
  /** Application interrupt and reset control. */
  aircr: 0xe000ed0c,
  /** System control. */
  scr: 0xe000ed10,
  /** Configuration and control. */
  ccr: 0xe000ed14,
  /** First system handler priority register. */
  shpr1: 0xe000ed18,
  /** System handler control and state. */
  shcsr: 0xe000ed24,
  /** Configurable fault status. */
  cfsr: 0xe000ed28,
  /** Hard fault status. */
  hfsr: 0xe000ed2c,
  /** Debug fault status. */
  dfsr: 0xe000ed30,
  /** Memory-management fault address. */
  mmfar: 0xe000ed34,
  /** Bus fault address. */
  bfar: 0xe000ed38,
  /** First processor feature register; the identification registers follow. */
  pfr0: 0xe000ed40,
  /** Cache level identification. */
  clidr: 0xe000ed78,
  /** Cache type: line lengths. */
  ctr: 0xe000ed7c,
  /** Coprocessor access control. */
  cpacr: 0xe000ed88,
  /** MPU type. */
  mpuType: 0xe000ed90,
  /** MPU control. */
  mpuCtrl: 0xe000ed94,
  /** Secure fault status (v8-M mainline with the Security Extension). */
  sfsr: 0xe000ede4,
  /** Secure fault address. */
  sfar: 0xe000ede8,
  /** Debug halting control and status. */
  dhcsr: 0xe000edf0,
  /** Debug core register selector. */
  dcrsr: 0xe000edf4,
  /** Debug core register data. */
  dcrdr: 0xe000edf8,
  /** Debug exception and monitor control. */
  demcr: 0xe000edfc,
  /** Debug security control and status (v8-M). */
  dscsr: 0xe000ee08,
  /** Floating-point context control. */
  fpccr: 0xe000ef34,
  /** Floating-point context address. */
  fpcar: 0xe000ef38,
  /** Floating-point default status control. */
  fpdscr: 0xe000ef3c,
  /** First media and floating-point feature register. */
  mvfr0: 0xe000ef40,
  /** Invalidate the whole instruction cache. */
  iciallu: 0xe000ef50,
  /** Invalidate an instruction-cache line by address. */
  icimvau: 0xe000ef58,
  /** Clean a data-cache line by address to the point of unification. */
  dccmvau: 0xe000ef64,
  /** Architecture of the debug block: 0x2A04 in the low half on v8-M. */
  ddevarch: 0xe000efbc,
  /** PMU type (v8.1-M). */
  pmuType: 0xe0003e00,
} as const;

/** DHCSR bits. */
export const DHCSR = {
  /** Halting debug is on. */
  C_DEBUGEN: 1 << 0,
  /** Halt request. */
  C_HALT: 1 << 1,
  /** Execute one instruction. */
  C_STEP: 1 << 2,
  /** Mask PendSV, SysTick and external interrupts. */
  C_MASKINTS: 1 << 3,
  /** Do not let the PMU halt (v8.1-M). */
  C_PMOV: 1 << 6,
  /** DCRDR transfer is complete. */
  S_REGRDY: 1 << 16,
  /** In Debug state. */
  S_HALT: 1 << 17,
  /** Sleeping. */
  S_SLEEP: 1 << 18,
  /** Locked up. */
  S_LOCKUP: 1 << 19,
  /** Secure debug is allowed (v8-M). */
  S_SDE: 1 << 20,
  /** An instruction has retired since the last read; reading clears. */
  S_RETIRE_ST: 1 << 24,
  /** The core has been reset since the last read, or still is; reading clears. */
  S_RESET_ST: 1 << 25,
} as const;

const DHCSR_KEY = 0xa05f0000;

/**
 * The DHCSR value that sets exactly the control bits given, with the key that makes the write count.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DHCSR, encodeDhcsr } from "./debug_regs.ts";
 *
 * assertEquals(encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT), 0xa05f0003);
 * ```
 */
export function encodeDhcsr(control: number): number {
  return (DHCSR_KEY | control) >>> 0;
}

/** DCRSR bit that makes the transfer a write to the core register. */
export const DCRSR_WRITE = 1 << 16;

/** DEMCR bits. */
export const DEMCR = {
  /** Halt on core reset. */
  VC_CORERESET: 1 << 0,
  /** Halt on memory-management faults. */
  VC_MMERR: 1 << 4,
  /** Halt on access to a coprocessor that is absent or off. */
  VC_NOCPERR: 1 << 5,
  /** Halt on usage faults from checks such as alignment and division by zero. */
  VC_CHKERR: 1 << 6,
  /** Halt on usage faults from invalid state or an undefined instruction. */
  VC_STATERR: 1 << 7,
  /** Halt on bus faults. */
  VC_BUSERR: 1 << 8,
  /** Halt on faults while entering or leaving an exception. */
  VC_INTERR: 1 << 9,
  /** Halt on hard faults. */
  VC_HARDERR: 1 << 10,
  /** Halt on secure faults (v8-M mainline). */
  VC_SFERR: 1 << 11,
  /** Powers DWT, ITM and FPB. */
  TRCENA: 1 << 24,
} as const;

/** DFSR bits; writing a one clears. */
export const DFSR = {
  /** Halt request or step. */
  HALTED: 1 << 0,
  /** BKPT instruction or FPB match. */
  BKPT: 1 << 1,
  /** DWT comparator match. */
  DWTTRAP: 1 << 2,
  /** Vector catch. */
  VCATCH: 1 << 3,
  /** External debug request. */
  EXTERNAL: 1 << 4,
  /** PMU overflow (v8.1-M). */
  PMU: 1 << 5,
} as const;

/** Writing this to DFSR clears every reason. */
export const DFSR_CLEAR = 0x3f;

/** AIRCR write values, with the key that makes the write count. */
export const AIRCR = {
  /** Requests a system reset. */
  systemReset: 0x05fa0004,
  /** Resets the core alone; Armv7-M only. */
  coreReset: 0x05fa0001,
} as const;

/** DSCSR bits (v8-M with the Security Extension). */
export const DSCSR = {
  /** Selects by SBRSEL which banked registers the debugger sees. */
  SBRSELEN: 1 << 0,
  /** The secure bank, while SBRSELEN is set. */
  SBRSEL: 1 << 1,
  /** The core is in Secure state. */
  CDS: 1 << 16,
  /** Key: CDS is changed by a write only while this is zero. */
  CDSKEY: 1 << 17,
} as const;

/** xPSR Thumb bit. */
export const XPSR_T = 1 << 24;
