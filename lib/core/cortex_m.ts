/**
 * One Cortex-M core behind a memory access port: run control, registers, breakpoints.
 *
 * @module
 */
import { popCount } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/clock.ts";
import { TargetError, TimeoutError, TransferError, UsageError } from "../base/errors.ts";
import { getLogger, type Logger } from "../base/log.ts";
import { Dwt, DWT_ADDRESS } from "../coresight/dwt.ts";
import { Fpb, FPB_ADDRESS } from "../coresight/fpb.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import { architecturalRam, BreakpointManager, type IsRam } from "./breakpoints.ts";
import { synchroniseCode } from "./caches.ts";
import type {
  Breakpoint,
  BreakpointType,
  Core,
  CoreFeatures,
  CoreState,
  HaltReason,
  Watchpoint,
  WatchpointAccess,
} from "./core.ts";
import { DEMCR, DFSR, DFSR_CLEAR, DHCSR, encodeDhcsr, SCS } from "./debug_regs.ts";
import { type CoreIdentity, readIdentity } from "./features.ts";
import { PatchedMemory } from "./patched_memory.ts";
import { RegisterAccess } from "./register_access.ts";
import { type RegisterInfo, registersFor } from "./registers.ts";
import { decodeHaltReason, decodeState, haltFailure, notHalted } from "./run_state.ts";
import { formatVectorCatch, parseVectorCatch, VECTOR_CATCH_MASK } from "./vector_catch.ts";

/** What a {@linkcode CortexM} is built from. */
export interface CortexMOptions {
  /** The address space of the core, debug registers included. */
  readonly memory: MemoryInterface;
  /** Time for time-outs. */
  readonly clock: Clock;
  /** Index in discovery order. */
  readonly index: number;
  /** The processor's name in the chip description; the core's own name unless given. */
  readonly name?: string;
  /** Byte address of the FPB, as discovery found it. */
  readonly fpbAddress?: number;
  /** Byte address of the DWT, as discovery found it. */
  readonly dwtAddress?: number;
  /** Where software breakpoints may be written; the architecture's SRAM region unless given. */
  readonly isRam?: IsRam;
  /** Milliseconds a halt or a step may take; 2000 unless given. */
  readonly haltTimeoutMs?: number;
  /** Surrounds every command that lets the core execute something. */
  readonly aroundRun?: (run: () => Promise<void>) => Promise<void>;
}

const HALT_LIMIT = 2000;
/** Milliseconds between looks at whether a core that does not halt is locked up. */
const LOCKUP_CHECK = 250;
const HALTED = DHCSR.S_HALT | DHCSR.C_HALT;

/** A Cortex-M core. Made by {@linkcode CortexM.create}. */
export class CortexM extends PatchedMemory implements Core {
  /** Index in discovery order, 0 for the first. */
  readonly index: number;
  /** Name for people and for choosing a core. */
  readonly name: string;
  /** Identification. */
  readonly features: CoreFeatures;
  /** Everything the identification registers told. */
  readonly identity: CoreIdentity;
  /** The clock time-outs run on. */
  readonly clock: Clock;
  /** The watchpoint and trace unit. */
  readonly dwt: Dwt;
  /** Registers the core has, in display order. */
  readonly registers: readonly RegisterInfo[];
  /** Names of {@linkcode registers}. */
  readonly registerNames: readonly string[];
  readonly #log: Logger = getLogger("core");
  readonly #breakpoints: BreakpointManager;
  readonly #access: RegisterAccess;
  readonly #haltLimit: number;
  readonly #aroundRun: (run: () => Promise<void>) => Promise<void>;
  #stepped = false;
  #runs = 0;

  private constructor(options: CortexMOptions, identity: CoreIdentity, fpb: Fpb, dwt: Dwt) {
    const { memory } = options;
    super(memory, (address, length) => synchroniseCode(memory, identity.caches, address, length));
    this.index = options.index;
    this.name = options.name ?? identity.features.name;
    this.identity = identity;
    this.features = { ...identity.features, breakpoints: fpb.count, watchpoints: dwt.count };
    this.clock = options.clock;
    this.dwt = dwt;
    this.registers = registersFor(identity.capabilities);
    this.registerNames = this.registers.map((register) => register.name);
    this.#breakpoints = new BreakpointManager(fpb, this, options.isRam ?? architecturalRam);
    this.#access = new RegisterAccess(memory, this.registers, () => this.#explainTransfer());
    this.#haltLimit = options.haltTimeoutMs ?? HALT_LIMIT;
    this.#aroundRun = options.aroundRun ?? ((run) => run());
  }

  /**
   * Identifies the core, switches its debug units on (DEMCR.TRCENA) and clears what a former debugger left in them.
   * The core keeps doing what it does.
   *
   * @throws {TransferError} when the core's debug registers cannot be reached
   */
  static async create(options: CortexMOptions): Promise<CortexM> {
    const { memory } = options;
    const demcr = await memory.read32(SCS.demcr);
    memory.write32(SCS.demcr, (demcr | DEMCR.TRCENA) >>> 0);
    const identity = await readIdentity(memory);
    const fpb = new Fpb(memory, options.fpbAddress ?? FPB_ADDRESS);
    const dwt = new Dwt(memory, options.dwtAddress ?? DWT_ADDRESS);
    await initUnit("hardware breakpoints", fpb, memory);
    await initUnit("watchpoints", dwt, memory);
    return new CortexM(options, identity, fpb, dwt);
  }

  /** Grows whenever the core may have executed something; what was cached before is then stale. */
  get runToken(): number {
    return this.#runs;
  }

  /** Says that the core may have run for a reason this class cannot see, such as a reset. */
  noteRun(): void {
    this.#stepped = false;
    this.#runs++;
  }

  /** Present state, read from DHCSR. */
  async state(): Promise<CoreState> {
    const [first, second] = await this.#readDhcsrTwice();
    return decodeState(first, second);
  }

  /** Why the core is halted (DFSR). */
  async haltReason(): Promise<HaltReason> {
    return decodeHaltReason(await this.raw.read32(SCS.dfsr), this.#stepped);
  }

  /** Halts and waits until it has. @throws {TimeoutError} */
  async halt(): Promise<void> {
    this.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT));
    if (await this.raw.waitFor32(SCS.dhcsr, DHCSR.S_HALT, DHCSR.S_HALT, this.#haltLimit)) return;
    const [first, second] = await this.#readDhcsrTwice();
    if (decodeState(first, second) !== "halted") throw haltFailure(this.#label, first, second, this.#haltLimit);
  }

  /**
   * Lets a halted core run on; nothing happens when it runs already. A breakpoint at the present PC is stepped over
   * first, and should that step end in another debug event, the core stays halted there.
   */
  resume(): Promise<void> {
    return this.#aroundRun(() => this.#resume());
  }

  async #resume(): Promise<void> {
    if (this.#breakpoints.list.length > 0) {
      if (await this.state() !== "halted") return;
      const pc = await this.readRegister("pc");
      if (this.#breakpoints.list.some((breakpoint) => breakpoint.address === pc)) {
        await this.#stepFrom(pc, true);
        const events = await this.raw.read32(SCS.dfsr) & ~DFSR.HALTED;
        if (events !== 0) return;
      }
    }
    this.noteRun();
    this.raw.write32(SCS.dfsr, DFSR_CLEAR);
    this.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN));
    await this.raw.flush();
  }

  /** Executes one instruction; interrupts are masked unless told otherwise. @throws {TimeoutError} @throws {TargetError} */
  async step(options: { maskInterrupts?: boolean } = {}): Promise<void> {
    const state = await this.state();
    if (state !== "halted") throw notHalted("step one instruction", this.#label, state);
    const lifting = this.#breakpoints.list.length > 0;
    const pc = lifting ? await this.readRegister("pc") : undefined;
    await this.#aroundRun(() => this.#stepFrom(pc, options.maskInterrupts ?? true));
  }

  /**
   * Waits until the core is no longer running.
   *
   * @returns true when it is halted or locked up, false when `timeoutMs` milliseconds pass first
   */
  async waitHalted(timeoutMs: number): Promise<boolean> {
    const deadline = new Deadline(this.clock, timeoutMs, "waiting for the core to halt");
    while (true) {
      const slice = Math.min(deadline.left, LOCKUP_CHECK);
      if (await this.raw.waitFor32(SCS.dhcsr, DHCSR.S_HALT, DHCSR.S_HALT, slice)) return true;
      if ((await this.raw.read32(SCS.dhcsr) & (DHCSR.S_HALT | DHCSR.S_LOCKUP)) !== 0) return true;
      if (deadline.expired) return false;
    }
  }

  /** The register of that name or alias. @throws {UsageError} when the core has none */
  registerInfo(name: string): RegisterInfo {
    return this.#access.info(name);
  }

  /** Reads core registers by name, all in one batch; 64-bit registers as bigint. Core must be halted. */
  readRegisters(names: readonly string[]): Promise<(number | bigint)[]> {
    return this.#access.read(names);
  }

  /** Reads one register of 32 bits or fewer. @throws {UsageError} for a wider one */
  async readRegister(name: string): Promise<number> {
    const [value] = await this.#access.read([name]);
    if (typeof value === "number") return value;
    throw new UsageError(`Cannot read register ${name} as a number: it has 64 bits`, {
      hint: "Read its two 32-bit halves by name",
    });
  }

  /** Writes core registers by name in one batch. Core must be halted. */
  writeRegisters(values: Readonly<Record<string, number | bigint>>): Promise<void> {
    return this.#access.write(values);
  }

  /** Sets a breakpoint; see {@linkcode BreakpointManager.set}. @throws {TargetError} when none is available */
  async setBreakpoint(address: number, type: BreakpointType = "auto"): Promise<Breakpoint> {
    const breakpoint = await this.#breakpoints.set(address, type);
    await this.raw.flush();
    return breakpoint;
  }

  /** Removes a breakpoint; nothing happens when there is none. */
  async removeBreakpoint(address: number): Promise<void> {
    this.#breakpoints.remove(address);
    await this.raw.flush();
  }

  /** Breakpoints that are set. */
  get breakpoints(): readonly Breakpoint[] {
    return this.#breakpoints.list;
  }

  /** Sets a data watchpoint; setting the same one again does nothing. @throws {TargetError} @throws {UsageError} */
  async setWatchpoint(address: number, size: number, access: WatchpointAccess): Promise<Watchpoint> {
    if (!Number.isInteger(size) || size < 1 || popCount(size) !== 1 || address % size !== 0) {
      throw new UsageError(`Cannot watch ${size} bytes at ${hex(address)}: not an aligned power of two`, {
        hint: "Watch 1, 2, 4, … bytes at an address that is a multiple of the size",
      });
    }
    const watch = { address, size, access };
    if (!this.dwt.set(watch)) throw this.#noWatchpoint(watch);
    await this.raw.flush();
    return watch;
  }

  /** Removes a data watchpoint; nothing happens when it is not set. */
  async removeWatchpoint(address: number, size: number, access: WatchpointAccess): Promise<void> {
    this.dwt.clear({ address, size, access });
    await this.raw.flush();
  }

  /** Watchpoints that are set. */
  get watchpoints(): readonly Watchpoint[] {
    return this.dwt.watches;
  }

  /** Removes all breakpoints and watchpoints, the memory under software breakpoints restored. */
  async removeAllBreakpoints(): Promise<void> {
    this.#breakpoints.removeAll();
    for (const watch of this.dwt.watches) this.dwt.clear(watch);
    await this.raw.flush();
  }

  /** Puts all breakpoints and watchpoints in place again after a reset that may have lost them. */
  async restoreBreakpoints(): Promise<void> {
    await this.#breakpoints.restore();
    this.dwt.restore();
    await this.raw.flush();
  }

  /** Vector catch that is set in DEMCR, as pyOCD letters. */
  async vectorCatch(): Promise<string> {
    return formatVectorCatch(await this.raw.read32(SCS.demcr));
  }

  /** Sets the vector catch from letters. @throws {UsageError} for an unknown letter */
  async setVectorCatch(letters: string): Promise<void> {
    const wanted = parseVectorCatch(letters);
    const demcr = await this.raw.read32(SCS.demcr);
    this.raw.write32(SCS.demcr, ((demcr & ~VECTOR_CATCH_MASK) | wanted | DEMCR.TRCENA) >>> 0);
    await this.raw.flush();
  }

  /** Queues what makes the core fetch code just written to `length` bytes at `address`; nothing without caches. */
  synchroniseCode(address: number, length: number): void {
    synchroniseCode(this.raw, this.identity.caches, address, length);
  }

  get #label(): string {
    return `core ${this.index} (${this.name})`;
  }

  #readDhcsrTwice(): Promise<[number, number]> {
    return Promise.all([this.raw.read32(SCS.dhcsr), this.raw.read32(SCS.dhcsr)]);
  }

  async #stepFrom(pc: number | undefined, maskInterrupts: boolean): Promise<void> {
    const lower = pc === undefined ? undefined : this.#breakpoints.lift(pc);
    try {
      await this.#stepOnce(maskInterrupts);
    } finally {
      lower?.();
      // The mask may only change while C_HALT is set, and must not outlive the step.
      this.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT));
    }
    await this.raw.flush();
  }

  async #stepOnce(maskInterrupts: boolean): Promise<void> {
    const mask = maskInterrupts ? DHCSR.C_MASKINTS : 0;
    this.noteRun();
    this.#stepped = true;
    this.raw.write32(SCS.dfsr, DFSR_CLEAR);
    this.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT | mask));
    this.raw.write32(SCS.dhcsr, encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_STEP | mask));
    if (await this.raw.waitFor32(SCS.dhcsr, HALTED, HALTED, this.#haltLimit)) return;
    const [first, second] = await this.#readDhcsrTwice();
    const state = decodeState(first, second);
    throw new TimeoutError(
      `Cannot step ${this.#label}: it did not halt again within ${this.#haltLimit} ms (${state})`,
      {
        code: "step-timeout",
        hint: state === "reset"
          ? "Something keeps resetting the core; is a watchdog running?"
          : "Try halting the core again",
        fields: { core: this.index, state, dhcsr: second },
      },
    );
  }

  async #explainTransfer(): Promise<Error> {
    const state = await this.state();
    if (state !== "halted") return notHalted("access the registers", this.#label, state);
    this.#log.debug(() => `S_REGRDY did not appear on ${this.#label}`);
    return new TimeoutError(`Cannot access the registers of ${this.#label}: the transfer never finished (S_REGRDY)`, {
      code: "register-not-ready",
      hint: "The core's clock may be stopped; reset the target and halt it again",
      fields: { core: this.index },
    });
  }

  #noWatchpoint(watch: Watchpoint): TargetError {
    const { count, maxSize, watches } = this.dwt;
    const reason = count === 0
      ? "the core has no watchpoints"
      : watch.size > maxSize
      ? `a watchpoint of this core covers ${maxSize} bytes at most`
      : `all ${watches.length} watchpoints are in use`;
    return new TargetError(`Cannot watch ${watch.size} bytes at ${hex(watch.address)}: ${reason}`, {
      code: "no-watchpoint-left",
      hint: count === 0 ? "Use breakpoints instead" : "Remove a watchpoint, or watch fewer bytes",
      fields: { ...watch, available: count },
    });
  }
}

/** A debug unit that does not answer counts as absent: the core is still worth debugging. */
async function initUnit(what: string, unit: Fpb | Dwt, memory: MemoryInterface): Promise<void> {
  try {
    await unit.init();
    await memory.flush();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    getLogger("core").warning(`The core's ${what} cannot be used: ${error.message}`);
  }
}
