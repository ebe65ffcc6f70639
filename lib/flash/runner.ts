/**
 * Runs the routines of one flash algorithm on a core.
 *
 * Calling convention: CMSIS-Pack, "Flash Programming Algorithms": arguments in R0–R2, result in R0 (0 is success),
 * static base in R9, return through LR to a breakpoint. Init and UnInit surround each kind of operation.
 *
 * @module
 */
import { bytesToWords, hex } from "../base/bytes.ts";
import { EXIT, FlashError, InterruptedError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { AddressRange } from "../base/ranges.ts";
import type { Core } from "../core/core.ts";
import type { FlashAlgorithm } from "../target/description.ts";
import { DEMCR, DFSR_CLEAR, DHCSR, encodeDhcsr, SCS, XPSR_T } from "../core/debug_regs.ts";
import { programPageOf } from "./bank.ts";
import { describeStop, hasFaultStatus } from "./stop_reason.ts";
import { type Placement, RETURN_WORD, STACK_CANARY } from "./placement.ts";

const log = getLogger("flash", "runner");

/** C_MASKINTS may change only while the core is halted, so it is set before and cleared after. */
const HALTED_MASKED = encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT | DHCSR.C_MASKINTS);
const RUN_MASKED = encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_MASKINTS);
const HALTED = encodeDhcsr(DHCSR.C_DEBUGEN | DHCSR.C_HALT);
/** An algorithm that crashes halts where it crashed. */
const VC_FAULTS = DEMCR.VC_MMERR | DEMCR.VC_NOCPERR | DEMCR.VC_CHKERR | DEMCR.VC_STATERR | DEMCR.VC_BUSERR |
  DEMCR.VC_INTERR | DEMCR.VC_HARDERR | DEMCR.VC_SFERR;

/** Clears every bit of CFSR and HFSR, so that a later look at them shows what the algorithm did. */
const ALL_ONES = 0xffff_ffff;

/** How often the user's wish to stop is looked for while a routine runs, in milliseconds. */
const LOOK_MS = 200;

/** Milliseconds in which most routines return; the result of one that does travels back with the news of it. */
const QUICK_MS = 100;

/** What the algorithm is being used for; the number is the `fnc` argument of Init and UnInit. */
export const OPERATION = {
  /** Erasing. */
  erase: 1,
  /** Programming. */
  program: 2,
  /** Reading back. */
  verify: 3,
} as const;

/** One of {@linkcode OPERATION}. */
export type Operation = keyof typeof OPERATION;

/** Limits in milliseconds; an algorithm that states a longer one for itself gets that. */
export interface FlashTimeouts {
  /** Init and UnInit. */
  readonly initMs: number;
  /** EraseSector. */
  readonly eraseSectorMs: number;
  /** EraseChip. */
  readonly eraseChipMs: number;
  /** ProgramPage. */
  readonly programMs: number;
  /** Computing checksums. */
  readonly analyzerMs: number;
}

/** The limits of the options `flash.timeout.*`. */
export const DEFAULT_TIMEOUTS: FlashTimeouts = {
  initMs: 5_000,
  eraseSectorMs: 10_000,
  eraseChipMs: 240_000,
  programMs: 10_000,
  analyzerMs: 30_000,
};

/** How a runner behaves. */
export interface RunnerOptions {
  /** Limits that differ from {@linkcode DEFAULT_TIMEOUTS}. */
  readonly timeouts?: Partial<FlashTimeouts>;
  /** RAM and core registers are saved before and put back afterwards. */
  readonly preserve?: boolean;
  /** Gives up a routine that takes long when the user asks to stop. */
  readonly signal?: AbortSignal;
}

/** A routine that was started and has not been waited for. */
interface Call {
  /** Completes the sentence "Cannot …". */
  readonly action: string;
  readonly phase: string;
  readonly address: number | undefined;
  readonly timeoutMs: number;
  readonly registers: Promise<void>;
}

/** What a routine left behind. */
interface Outcome {
  readonly result: number;
  readonly pc: number;
  readonly canary: number;
}

interface Saved {
  readonly ram: Uint8Array;
  readonly registers: Readonly<Record<string, number | bigint>>;
}

/** Loads an algorithm once and calls its routines. */
export class AlgorithmRunner {
  readonly #core: Core;
  readonly #algorithm: FlashAlgorithm;
  readonly #placement: Placement;
  readonly #timeouts: FlashTimeouts;
  readonly #preserve: boolean;
  readonly #signal: AbortSignal | undefined;
  #operation: Operation | undefined;
  #call: Call | undefined;
  #saved: Saved | undefined;
  #demcr: number | undefined;
  /** False once a routine did not come back: its state is unknown and UnInit would not help. */
  #sound = true;

  /** `placement` says where in the core's RAM everything goes. */
  constructor(core: Core, algorithm: FlashAlgorithm, placement: Placement, options: RunnerOptions = {}) {
    this.#core = core;
    this.#algorithm = algorithm;
    this.#placement = placement;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#preserve = options.preserve ?? false;
    this.#signal = options.signal;
  }

  /** Page buffers there are: 2 when one can be filled while the other is programmed. */
  get bufferCount(): number {
    return this.#placement.buffers.length;
  }

  /**
   * Halts the core, and writes the algorithm to RAM.
   *
   * @throws {TransferError} when RAM cannot be written
   */
  async load(): Promise<void> {
    const core = this.#core;
    if ((await core.state()) !== "halted") await core.halt();
    if (this.#preserve) this.#saved = await this.#save();
    const { image, returnAddress, stackLimit } = this.#placement;
    core.write32(returnAddress, RETURN_WORD);
    core.writeWords(image, bytesToWords(this.#algorithm.image));
    core.write32(stackLimit, STACK_CANARY);
    core.write32(SCS.dhcsr, HALTED_MASKED);
    this.#demcr = await core.read32(SCS.demcr);
    core.write32(SCS.demcr, (this.#demcr | VC_FAULTS) >>> 0);
    core.write32(SCS.dfsr, DFSR_CLEAR);
    if (hasFaultStatus(core)) core.writeWords(SCS.cfsr, Uint32Array.of(ALL_ONES, ALL_ONES));
    await core.flush();
    log.debug(() => `Loaded ${this.#algorithm.name} at ${hex(image)}, ${this.bufferCount} page buffers`);
  }

  /**
   * Calls Init, if the algorithm has it, for `operation`, after UnInit of another one. Nothing happens when it is under
   * way already.
   */
  async begin(operation: Operation): Promise<void> {
    if (this.#operation === operation) return;
    await this.end();
    const what = `start flash algorithm ${this.#algorithm.name} for operation "${operation}"`;
    const { start, entry: { init } } = this.#algorithm;
    if (init !== undefined) {
      this.#start("init", what, init, [start, 0, OPERATION[operation]], this.#timeouts.initMs, undefined, true);
      await this.finish();
    }
    this.#operation = operation;
  }

  /** Calls UnInit, if the algorithm has it, when an operation is under way. */
  async end(): Promise<void> {
    const operation = this.#operation;
    if (operation === undefined) return;
    this.#operation = undefined;
    const { name, entry: { uninit } } = this.#algorithm;
    if (uninit === undefined) return;
    const what = `finish operation "${operation}" of flash algorithm ${name}`;
    this.#start("uninit", what, uninit, [OPERATION[operation]], this.#timeouts.initMs);
    await this.finish();
  }

  /** Erases the sector that starts at a byte address. @throws {FlashError} */
  async eraseSector(address: number): Promise<void> {
    await this.begin("erase");
    const limit = Math.max(this.#timeouts.eraseSectorMs, this.#algorithm.eraseTimeoutMs);
    const what = `erase sector at ${hex(address)}`;
    this.#start("erase", what, this.#algorithm.entry.eraseSector, [address], limit, address);
    await this.finish();
  }

  /** Erases all the algorithm serves. @throws {FlashError} also when it has no such routine */
  async eraseChip(): Promise<void> {
    const entry = this.#algorithm.entry.eraseChip;
    if (entry === undefined) {
      throw new FlashError(`Cannot erase the chip: flash algorithm ${this.#algorithm.name} has no EraseChip`, {
        code: "flash-no-erase-chip",
      });
    }
    await this.begin("erase");
    this.#start("erase-chip", "erase the chip", entry, [], this.#timeouts.eraseChipMs);
    await this.finish();
  }

  /** Queues filling page buffer number `index`. */
  writeBuffer(index: number, data: Uint8Array): void {
    const address = this.#placement.buffers[index];
    if (address === undefined) throw new RangeError(`Cannot fill page buffer ${index}: there is none`);
    this.#core.writeWords(address, bytesToWords(data, this.#algorithm.erasedByte));
  }

  /**
   * Starts programming what is in buffer `index`; {@linkcode AlgorithmRunner.finish} waits for it.
   *
   * @throws {FlashError} when the algorithm has no ProgramPage
   */
  startProgram(address: number, length: number, index: number): void {
    const entry = programPageOf(this.#algorithm, address);
    const limit = Math.max(this.#timeouts.programMs, this.#algorithm.programTimeoutMs);
    const what = `program ${length} bytes at ${hex(address)}`;
    const args = [address, length, this.#placement.buffers[index] ?? 0];
    this.#start("program", what, entry, args, limit, address);
  }

  /** RAM of the page buffers, which is free for other uses while nothing is programmed. */
  get scratch(): AddressRange {
    const { buffers, returnAddress } = this.#placement;
    return { start: buffers[0] ?? returnAddress, end: returnAddress };
  }

  /**
   * Runs code other than the algorithm's, at a byte address in {@linkcode AlgorithmRunner.scratch}: arguments in R0 to
   * R3, result 0 in R0, return through LR.
   *
   * @throws {FlashError} when it fails, crashes or does not come back in time
   */
  async execute(action: string, code: number, args: readonly number[], timeoutMs: number): Promise<void> {
    this.#start("execute", action, code - this.#placement.image, args, timeoutMs, undefined, true);
    await this.finish();
  }

  /**
   * Waits for the routine that was started.
   *
   * @throws {FlashError} when it fails, crashes, overflows its stack or does not come back in time
   */
  async finish(): Promise<void> {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    this.#sound = false;
    const { result, pc, canary } = await this.#quickOutcome(call) ?? await this.#slowOutcome(call);
    if (pc !== this.#placement.returnAddress) {
      throw this.#failure(call, "crashed", `flash algorithm ${await describeStop(this.#core, pc)}`);
    }
    if (canary !== STACK_CANARY) {
      const size = this.#placement.stackTop - this.#placement.stackLimit;
      throw this.#failure(call, "stack-overflow", `flash algorithm overflowed its stack of ${size} bytes`);
    }
    this.#sound = true;
    if (result !== 0) throw this.#failure(call, "failed", `flash algorithm returned ${result}`, result);
  }

  /**
   * Calls UnInit where that can help and puts back what was changed. The core stays halted.
   *
   * @throws {FlashError} when UnInit fails
   */
  async close(): Promise<void> {
    const failure = this.#sound ? await this.end().then(() => undefined, (error: unknown) => ({ error })) : undefined;
    const core = this.#core;
    if (!this.#sound) await core.halt();
    core.write32(SCS.dhcsr, HALTED);
    core.write32(SCS.dfsr, DFSR_CLEAR);
    if (this.#demcr !== undefined) core.write32(SCS.demcr, this.#demcr);
    if (this.#saved !== undefined) {
      core.writeBytes(this.#placement.start, this.#saved.ram);
      await core.writeRegisters(this.#saved.registers);
    }
    await core.flush();
    if (failure !== undefined) throw failure.error;
  }

  /** One batch: what starts the routine, the wait, and its outcome. Undefined when it takes longer. */
  async #quickOutcome(call: Call): Promise<Outcome | undefined> {
    const halted = this.#core.waitFor32(SCS.dhcsr, DHCSR.S_HALT, DHCSR.S_HALT, Math.min(QUICK_MS, call.timeoutMs));
    // What follows a wait that ran out is not carried out; that rejection is expected, and only then ignored.
    const outcome = this.#readOutcome().then((value) => ({ value }), (error: unknown) => ({ error }));
    const [inTime] = await Promise.all([halted, call.registers]);
    const settled = await outcome;
    if (!inTime) return undefined;
    if ("error" in settled) throw settled.error;
    return settled.value;
  }

  async #slowOutcome(call: Call): Promise<Outcome> {
    if (!await this.#comesBack(call)) return await this.#timedOut(call);
    if ((await this.#core.state()) !== "halted") {
      throw this.#failure(call, "crashed", `flash algorithm ${await describeStop(this.#core)}`);
    }
    return await this.#readOutcome();
  }

  /** Whether the routine ends in time. @throws {InterruptedError} when the user does not want to wait for it */
  async #comesBack(call: Call): Promise<boolean> {
    for (let left = call.timeoutMs; left > 0; left -= LOOK_MS) {
      if (await this.#core.waitHalted(Math.min(left, LOOK_MS))) return true;
      if (this.#signal?.aborted) throw new InterruptedError(`Cannot ${call.action}: interrupted before it was done`);
    }
    return false;
  }

  async #readOutcome(): Promise<Outcome> {
    const registers = this.#core.readRegisters(["r0", "pc"]);
    const [[result, pc], canary] = await Promise.all([registers, this.#core.read32(this.#placement.stackLimit)]);
    return { result: Number(result), pc: Number(pc), canary };
  }

  #start(
    phase: string,
    action: string,
    entry: number,
    args: readonly number[],
    timeoutMs: number,
    address?: number,
    first = false,
  ): void {
    // Without Init nothing has set up the registers that its call would.
    const registers: Record<string, number> = first || this.#algorithm.entry.init === undefined
      ? this.#firstRegisters()
      : {};
    args.forEach((value, index) => registers[`r${index}`] = value >>> 0);
    registers.lr = this.#placement.returnAddress + 1;
    registers.pc = (this.#placement.image + entry - (entry & 1)) >>> 0;
    const written = this.#core.writeRegisters(registers);
    this.#core.write32(SCS.dhcsr, RUN_MASKED);
    this.#call = { phase, action, address, timeoutMs, registers: written };
  }

  /** What later calls inherit: privileged thread mode on the main stack, no stack limit, static base. */
  #firstRegisters(): Record<string, number> {
    const names = this.#core.registerNames;
    const registers: Record<string, number> = {};
    const control = names.includes("cfbp") ? "cfbp" : "control";
    const clear = [control, "msplim", "msplim_s", "msplim_ns"].filter((name) => names.includes(name));
    for (const name of clear) registers[name] = 0;
    registers.xpsr = XPSR_T;
    registers.r9 = this.#placement.staticBase;
    registers.sp = this.#placement.stackTop;
    return registers;
  }

  async #timedOut(call: Call): Promise<never> {
    const stop = await describeStop(this.#core);
    await this.#core.halt();
    const pc = await this.#core.readRegister("pc");
    throw new FlashError(
      `Cannot ${call.action}: flash algorithm did not return within ${call.timeoutMs} ms, ` +
        `it ${stop} and was halted at ${hex(pc)}`,
      {
        code: "flash-timeout",
        exitCode: EXIT.timeout,
        hint: "A watchdog, a clock setting or a protected flash can cause this; reset and halt the chip before loading",
        fields: { phase: call.phase, address: call.address, pc },
      },
    );
  }

  #failure(call: Call, code: string, reason: string, result?: number): FlashError {
    return new FlashError(`Cannot ${call.action}: ${reason}`, {
      code: `flash-${call.phase}-${code}`,
      hint: code === "failed"
        ? "The flash may be protected or worn out, or the algorithm not be the one for this chip and its clock"
        : "The algorithm may not be the one for this chip, or its RAM may be in use by something else",
      fields: { phase: call.phase, address: call.address, result, algorithm: this.#algorithm.name },
    });
  }

  async #save(): Promise<Saved> {
    const { start, end } = this.#placement;
    const wanted = ["cfbp", "msplim", "msplim_s", "msplim_ns", "xpsr", "sp", "lr", "pc"];
    for (let n = 0; n <= 12; n++) wanted.push(`r${n}`);
    const names = wanted.filter((name) => this.#core.registerNames.includes(name));
    const [ram, values] = await Promise.all([
      this.#core.readBytes(start, end - start),
      this.#core.readRegisters(names),
    ]);
    return { ram, registers: Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])) };
  }
}
