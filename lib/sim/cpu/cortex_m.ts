/**
 * A simulated Cortex-M0 or Cortex-M4F: the processor core with its private peripherals and its debug logic.
 *
 * @module
 */

import type { Bus } from "../bus.ts";
import { BUS_ERROR, type BusDevice, type BusMaster } from "../contracts.ts";
import { BreakpointUnit } from "./breakpoint_unit.ts";
import { DebugUnit, DEMCR, DFSR } from "./debug.ts";
import { decode16 } from "./decode16.ts";
import { decode32 } from "./decode32.ts";
import { Exceptions, HFSR } from "./exceptions.ts";
import { CFSR, EXCEPTION, Fault, usageFault } from "./fault.ts";
import { CONTROL, isPpb, Machine, NEXT, type SystemPort } from "./machine.ts";
import { PrivateBus } from "./private_bus.ts";
import { setMode } from "./special.ts";
import { SystemControl } from "./system_control.ts";
import { SysTick } from "./systick.ts";
import { WatchpointUnit } from "./watchpoint_unit.ts";

/** Cores that can be simulated. */
export type CoreModel = "cortex-m0" | "cortex-m4f";

/** What {@linkcode CortexM} needs. */
export interface CortexMOptions {
  /** Which core: ARMv6-M without, or ARMv7E-M with a single-precision FPU. */
  readonly model: CoreModel;
  /** The chip's address space; the core adds its Private Peripheral Bus in front of it. */
  readonly bus: Bus;
  /** Core clock in hertz. */
  readonly hz: number;
  /** Interrupt lines, 32 unless told. */
  readonly irqs?: number;
  /** Whether the bit-band aliases of SRAM and peripherals exist (Cortex-M4 only). */
  readonly bitBand?: boolean;
}

const MAX_BATCH = 2 ** 30;

/**
 * One simulated core. Call {@linkcode CortexM.powerOnReset} once the memories are mapped and filled: it fetches the
 * vectors, and nothing runs sensibly before.
 *
 * @example A loop that counts R0 down, then branches to itself
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Bus } from "../bus.ts";
 * import { CortexM } from "./cortex_m.ts";
 *
 * const bus = new Bus();
 * const bytes = new Uint8Array(64);
 * new Uint32Array(bytes.buffer).set([0x20000100, 9]); // initial SP, reset vector
 * new Uint16Array(bytes.buffer).set([0x2003, 0x3801, 0xd1fd, 0xe7fe], 4); // movs, subs, bne, b .
 * bus.mapMemory({ name: "flash", start: 0, bytes, writable: false });
 * const core = new CortexM({ model: "cortex-m0", bus, hz: 8_000_000 });
 * core.powerOnReset();
 * assertEquals(core.run(100), 100);
 * assertEquals(core.register(0), 0);
 * assertEquals(core.pc, 14);
 * ```
 */
export class CortexM {
  /** Core clock in hertz; the board may change it. */
  hz: number;
  /** Called when software or the debugger writes AIRCR.SYSRESETREQ; without it the core resets itself. */
  onSystemReset: (() => void) | undefined;
  /** The core as an AHB-AP sees it: memory and the PPB with a debugger's rights. */
  readonly debugBus: BusMaster;
  /** Which core this is. */
  readonly model: CoreModel;

  #machine: Machine;
  #exceptions: Exceptions;
  #debug: DebugUnit;
  #sysTick: SysTick;
  #scs: SystemControl;
  #fpb: BreakpointUnit;
  #dwt: WatchpointUnit;
  #ppb: PrivateBus;
  #sleeping = false;
  #event = false;
  #inReset = false;
  #debugPower = true;
  #retired = 0;

  /** Wires a core to its bus. */
  constructor(options: CortexMOptions) {
    const { model, bus, hz, irqs = 32, bitBand = false } = options;
    const v7 = model === "cortex-m4f";
    const features = { v7, fpu: v7 };
    this.model = model;
    this.hz = hz;
    const machine = new Machine(v7, bus, this.#systemPort(), (address, first, second) => {
      return first >>> 11 > 0x1c ? decode32(first, second(), address, features) : decode16(first, address, v7);
    });
    machine.bitBand = v7 && bitBand;
    this.#machine = machine;
    this.#exceptions = new Exceptions(machine, irqs, {
      entered: (exception, status, derived) => this.#debug.vectorCatch(exception, status, derived),
      sleepOnExit: () => this.#sleep(),
      event: () => this.#event = true,
    });
    const runState = {
      isSleeping: () => this.#sleeping,
      isInReset: () => this.#inReset,
    };
    this.#debug = new DebugUnit(machine, this.#exceptions, runState, () => this.#debugChanged());
    this.#sysTick = new SysTick(() => machine.cycles, () => this.#exceptions.pend(EXCEPTION.sysTick));
    const resets = {
      systemResetRequest: () => this.onSystemReset === undefined ? this.systemReset() : this.onSystemReset(),
      coreReset: () => this.systemReset(),
    };
    this.#scs = new SystemControl(machine, this.#exceptions, this.#sysTick, this.#debug, resets, v7);
    this.#fpb = new BreakpointUnit(v7, () => this.#debugChanged());
    this.#dwt = new WatchpointUnit(v7, {
      cycles: () => machine.cycles,
      samplePc: () => this.#debug.halted || this.#inReset ? 0xffffffff : machine.r[NEXT]! >>> 0,
      trap: () => {
        this.#debug.event(DFSR.dwtTrap);
      },
      changed: () => machine.watching = this.#dwt.watchesData,
    });
    this.#ppb = new PrivateBus(this.#scs, this.#dwt, this.#fpb);
    this.debugBus = {
      read: (address, size) => {
        if (!this.#debugPower) return BUS_ERROR;
        return isPpb(address) ? this.#ppb.read(address, size, true) : machine.busRead(address, size);
      },
      write: (address, size, value) => {
        if (!this.#debugPower) return false;
        return isPpb(address) ? this.#ppb.write(address, size, value, true) : machine.busWrite(address, size, value);
      },
    };
  }

  /** Debug state: a debugger halted the core. */
  get halted(): boolean {
    return this.#debug.halted;
  }
  /** Waiting in WFI, WFE or sleep-on-exit. */
  get sleeping(): boolean {
    return this.#sleeping;
  }
  /** Locked up after a fault in HardFault or NMI. */
  get lockedUp(): boolean {
    return this.#exceptions.lockedUp;
  }
  /** Held in reset. */
  get inReset(): boolean {
    return this.#inReset;
  }
  /** Core cycles since power-on, asleep or not. */
  get cycles(): number {
    return this.#machine.cycles;
  }
  /** Instructions executed since power-on. */
  get instructions(): number {
    return this.#retired;
  }
  /** Byte address of the next instruction. */
  get pc(): number {
    return this.#machine.r[NEXT]! >>> 0;
  }

  /** DEMCR.TRCENA: the trace units of the core are on. */
  get traceEnabled(): boolean {
    return (this.#debug.demcr & DEMCR.trcEna) !== 0;
  }

  /** R0–R14 as an unsigned number. */
  register(index: number): number {
    return this.#machine.r[index]! >>> 0;
  }

  /** Adds a peripheral to the Private Peripheral Bus. @throws {UsageError} outside 0xE0000000–0xE00FFFFF */
  mapPpb(start: number, size: number, device: BusDevice): void {
    this.#ppb.map(start, size, device);
  }

  /** Makes interrupt `irq` (0-based) pending. */
  pend(irq: number): void {
    this.#exceptions.pend(EXCEPTION.irq0 + irq);
  }

  /** Makes NMI pending. */
  pendNmi(): void {
    this.#exceptions.pend(EXCEPTION.nmi);
  }

  /** Drives the level of interrupt line `irq`; while high the interrupt becomes pending again after its handler. */
  setIrqLevel(irq: number, high: boolean): void {
    const exception = EXCEPTION.irq0 + irq;
    const { level, active } = this.#exceptions;
    if (high && level[exception] === 0 && active[exception] === 0) this.#exceptions.pend(exception);
    level[exception] = high ? 1 : 0;
  }

  /** Switches the debug power domain; while off the debug bus answers with errors. */
  setDebugPower(on: boolean): void {
    this.#debugPower = on;
  }

  /** Power-on reset: everything, the debug registers too, and then a start from the vector table. */
  powerOnReset(): void {
    this.#debug.powerOnReset();
    this.#fpb.reset();
    this.#dwt.reset();
    this.#machine.r.fill(0);
    this.#machine.si.fill(0);
    this.systemReset();
  }

  /** System reset (AIRCR.SYSRESETREQ or a pulse on nRESET): the debug settings stay. */
  systemReset(): void {
    this.#clear();
    if (!this.#inReset) this.#boot();
  }

  /** Holds the core in reset or lets it start. */
  setReset(asserted: boolean): void {
    if (asserted === this.#inReset) return;
    this.#inReset = asserted;
    if (asserted) this.#clear();
    else this.#boot();
  }

  #clear(): void {
    const machine = this.#machine;
    machine.breakOut();
    setMode(machine, 0, 0);
    machine.primask =
      machine.basepri =
      machine.faultmask =
      machine.it =
      machine.fpscr =
        0;
    machine.exclusive = -1;
    machine.thumb = true;
    machine.r[14] = -1;
    this.#sleeping = this.#event = false;
    this.#exceptions.reset();
    this.#sysTick.reset();
    this.#scs.reset();
    this.#debug.systemReset();
  }

  #boot(): void {
    const machine = this.#machine;
    const sp = machine.bus.read(0, 4);
    const vector = machine.bus.read(4, 4);
    if (sp === BUS_ERROR || vector === BUS_ERROR) {
      this.#exceptions.hfsr |= HFSR.vectTbl;
      this.#exceptions.lockUp();
    } else {
      machine.r[13] = sp & ~3;
      machine.jump(vector);
      machine.thumb = (vector & 1) !== 0;
    }
    if (this.#debug.catches(DEMCR.vcCoreReset)) this.#debug.halt(DFSR.vCatch);
    else if (this.#debug.haltRequested) this.#debug.halt(DFSR.halted);
  }

  /** Executes one instruction, or enters one exception. */
  step(): void {
    this.run(1);
  }

  /**
   * Executes until `cycles` are used up, or the core is halted, locked up or held in reset. One instruction takes one
   * cycle; sleep uses the cycles up while SysTick counts.
   *
   * @returns cycles used
   */
  run(cycles: number): number {
    const machine = this.#machine;
    const start = machine.cycles;
    const target = start + cycles;
    while (machine.cycles < target && !this.#inReset && !this.#debug.halted) {
      if (this.#exceptions.takePending()) {
        this.#sleeping = false;
        if (this.#debug.stepping) this.#debug.halt(DFSR.halted);
      } else if (this.#sleeping) this.#doze(target);
      else if (this.#exceptions.lockedUp) {
        // A step fetches from the lock-up address again, which locks up again and completes the step.
        if (this.#debug.stepping) this.#debug.halt(DFSR.halted);
        break;
      } else this.#batch(target);
    }
    return machine.cycles - start;
  }

  #doze(target: number): void {
    const machine = this.#machine;
    if (this.#exceptions.preempts(true)) {
      this.#sleeping = false;
      return;
    }
    this.#sysTick.sync();
    machine.end += Math.min(target - machine.cycles, this.#sysTick.cyclesToEvent);
    this.#sysTick.sync();
  }

  #batch(target: number): void {
    const machine = this.#machine;
    const begin = machine.cycles;
    this.#sysTick.sync();
    const watchPc = this.#dwt.watchesPc;
    const single = watchPc || this.#debug.stepping;
    const pc = this.pc;
    const length = single ? 1 : Math.min(target - begin, this.#sysTick.cyclesToEvent, MAX_BATCH);
    machine.end = begin + length;
    machine.left = length;
    try {
      if (!machine.thumb) this.#wrongState();
      machine.execute();
    } catch (error) {
      machine.breakOut();
      if (!(error instanceof Fault)) throw error;
      this.#exceptions.fault(error);
    }
    this.#retired += machine.cycles - begin;
    this.#debug.retired = true;
    this.#sysTick.sync();
    if (watchPc) this.#dwt.checkPc(pc);
    if (this.#debug.stepping && !this.#debug.halted && !this.#inReset) this.#debug.halt(DFSR.halted);
  }

  /** EPSR.T is clear: no instruction can execute. */
  #wrongState(): never {
    const machine = this.#machine;
    machine.itBefore = machine.it;
    machine.r[15] = machine.r[NEXT]! + 4;
    machine.left--;
    throw usageFault(CFSR.invstate);
  }

  #sleep(): void {
    if (this.#debug.stepping) return;
    this.#sleeping = true;
    this.#machine.breakOut();
  }

  #systemPort(): SystemPort {
    return {
      supervisorCall: () => {
        this.#exceptions.raise(EXCEPTION.svCall, this.#machine.r[NEXT]!, 0, HFSR.forced);
      },
      breakpoint: () => this.#breakpoint(),
      waitForInterrupt: () => this.#sleep(),
      waitForEvent: () => {
        if (this.#event) this.#event = false;
        else this.#sleep();
      },
      sendEvent: () => this.#event = true,
      exceptionReturn: (value) => this.#exceptions.exceptionReturn(value),
      useFpu: () => this.#useFpu(),
      ppbRead: (address, size) => this.#ppb.read(address, size, false),
      ppbWrite: (address, size, value) => this.#ppb.write(address, size, value, false),
      watch: (address, size, write) => this.#dwt.checkData(address, size, write),
    };
  }

  #breakpoint(): void {
    const machine = this.#machine;
    machine.r[NEXT] = machine.r[15]! - 4;
    machine.it = machine.itBefore;
    if (this.#debug.enabled) {
      this.#debug.halt(DFSR.bkpt);
      return;
    }
    this.#debug.dfsr |= DFSR.bkpt;
    this.#exceptions.raise(EXCEPTION.debugMonitor, machine.r[NEXT]!, 0, HFSR.debugEvt);
  }

  #useFpu(): void {
    const machine = this.#machine;
    if (!this.#scs.fpuAllowed()) throw usageFault(CFSR.nocp);
    const automatic = (this.#exceptions.fpccr & 0x80000000) !== 0;
    if (!automatic || (machine.control & CONTROL.fpca) !== 0) return;
    machine.control |= CONTROL.fpca;
    machine.fpscr = this.#exceptions.fpdscr;
  }

  #debugChanged(): void {
    const monitor = (this.#debug.demcr & DEMCR.monEn) !== 0;
    this.#exceptions.enabled[EXCEPTION.debugMonitor] = monitor ? 1 : 0;
    this.#dwt.setPowered((this.#debug.demcr & DEMCR.trcEna) !== 0);
    this.#machine.setBreakpoints(this.#debug.enabled || monitor ? this.#fpb.addresses() : new Set<number>());
    if (this.#debug.halted) this.#sleeping = false;
  }
}
