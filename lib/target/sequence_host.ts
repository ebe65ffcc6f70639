/**
 * The world of debug sequences: a target behind a probe, and the computer.
 *
 * Accesses are queued at once whenever they can be, so that a block whose values nobody needs yet is one batch. What
 * cannot be queued (opening an access port, line sequences, another debug port) is done in its turn, and everything
 * after it waits for it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { ProbeError, TargetError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { DHCSR, SCS } from "../core/debug_regs.ts";
import { handled, type QueuedCommand } from "../dap/queue.ts";
import { DP } from "../dap/registers.ts";
import { lineReset, targetSelect } from "../dap/swj.ts";
import { PIN } from "../probe/probe.ts";
import type { AccessPath, AccessWidth, SequenceHost } from "../sequence/host.ts";
import { SequenceAccess } from "./sequence_access.ts";
import type { SequenceIo } from "./sequence_io.ts";
import { type FlashPage, fromBytes, readWidth, toBytes, writePage, writeWidth } from "./sequence_memory.ts";
import { SequenceOrder } from "./sequence_order.ts";
import type { DebugTopology } from "./sequence_topology.ts";
import type { Target } from "./target.ts";

const log = getLogger("target", "sequence");

/** Key of DHCSR, in bits 31:16 of what is written. */
const DHCSR_KEY = 0xa05fn;

/** What DAP_SWJ_Pins answers when the probe has no pins. */
const NO_PINS = 0xffff_ffff;

/** What a host is made from. */
export interface SequenceHostOptions {
  /** The chip. */
  readonly target: Target;
  /** Its debug ports and access ports as the description names them. */
  readonly topology: DebugTopology;
  /** The computer. */
  readonly io: SequenceIo;
  /** Runs the architecture's version of a standard sequence. */
  native(name: string, pname: string | undefined): Promise<boolean>;
}

/** Settings of one run. */
export interface HostRun {
  /** Writes of DHCSR keep a halted core halted. */
  readonly keepHalted?: boolean;
  /** The page that FlashWriteBuffer takes its bytes from. */
  readonly page?: FlashPage;
  /** Hears of FlashLoadAlgorithm. */
  loadAlgorithm?(path: string, ramStart: number, ramSize: number): Promise<boolean>;
}

/** {@linkcode SequenceHost} over a {@linkcode Target}. */
export class TargetSequenceHost implements SequenceHost {
  readonly #target: Target;
  readonly #topology: DebugTopology;
  readonly #io: SequenceIo;
  readonly #access: SequenceAccess;
  readonly #native: SequenceHostOptions["native"];
  #run: HostRun = {};
  readonly #order = new SequenceOrder();
  /** Line sequences that go out as one. */
  #bits = { count: 0, value: 0n };
  /** Bank that the sequence itself selected by writing SELECT. */
  #bank = 0;
  /** The debug port selected on a shared wire. */
  #port: number | undefined;

  /** Nothing is sent before a sequence runs. */
  constructor(options: SequenceHostOptions) {
    this.#target = options.target;
    this.#topology = options.topology;
    this.#io = options.io;
    this.#native = options.native;
    this.#access = new SequenceAccess(options.target, options.topology);
  }

  /** Time of the probe's world. */
  get clock(): Clock {
    return this.#target.clock;
  }

  /** Prepares for a sequence that the debugger runs; not called for those it calls itself. */
  begin(run: HostRun = {}): void {
    this.#run = run;
    this.#bank = 0;
  }

  /** Puts back what the run changed behind the debugger's back. Never throws: the sequence's own outcome counts. */
  async end(): Promise<void> {
    this.#run = {};
    try {
      await this.flush();
      this.#access.release();
      if (this.#port !== undefined) await this.#selectPort(this.#homePort());
      await this.#target.dp.flush();
    } catch (error) {
      log.debug(() => `Cannot tidy up after a debug sequence: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** See {@linkcode SequenceHost}. */
  readMemory(path: AccessPath, width: AccessWidth, address: bigint): Promise<bigint> {
    const open = this.#canQueue() && this.#isHome(path) ? this.#access.openMemory(path) : undefined;
    if (open !== undefined) return readWidth(open, width, Number(address));
    return this.#later(async () => {
      await this.#reach(this.#access.debugPort(path));
      return await readWidth(await this.#access.memory(path), width, Number(address));
    });
  }

  /** See {@linkcode SequenceHost}. */
  writeMemory(path: AccessPath, width: AccessWidth, address: bigint, value: bigint): void {
    const keep = this.#run.keepHalted === true && address === BigInt(SCS.dhcsr) && value >> 16n === DHCSR_KEY;
    const wanted = keep ? value | BigInt(DHCSR.C_HALT) : value;
    const open = this.#canQueue() && this.#isHome(path) ? this.#access.openMemory(path) : undefined;
    if (open !== undefined) return writeWidth(open, width, Number(address), wanted);
    this.#laterWrite(async () => {
      await this.#reach(this.#access.debugPort(path));
      writeWidth(await this.#access.memory(path), width, Number(address), wanted);
    });
  }

  /** See {@linkcode SequenceHost}. */
  readAp(path: AccessPath, register: bigint): Promise<bigint> {
    if (this.#access.isNested(path)) {
      return this.#later(async () => BigInt(await (await this.#access.nested(path)).readRegister(Number(register))));
    }
    const address = this.#access.address(path);
    return this.#read(this.#access.debugPort(path), () => {
      const value = this.#target.dp.readAp(address, Number(register));
      this.#target.dp.invalidate();
      return value;
    });
  }

  /** See {@linkcode SequenceHost}. */
  writeAp(path: AccessPath, register: bigint, value: bigint): void {
    if (this.#access.isNested(path)) {
      return this.#laterWrite(async () => {
        (await this.#access.nested(path)).writeRegister(Number(register), Number(BigInt.asUintN(32, value)));
      });
    }
    const address = this.#access.address(path);
    this.#write(this.#access.debugPort(path), () => {
      this.#target.dp.writeAp(address, Number(register), Number(BigInt.asUintN(32, value)));
      // CSW and TAR may have been written behind the back of whoever remembers them.
      this.#target.dp.invalidate();
    });
  }

  /** See {@linkcode SequenceHost}. */
  readAccessAp(path: AccessPath, address: bigint): Promise<bigint> {
    return this.#read(path.dp, () => {
      const { dp } = this.#target;
      const value = dp.queue.read("ap", dp.selectAddress(Number(address)), {
        ap: "AP space",
        address: Number(address),
      });
      dp.invalidate();
      return value;
    });
  }

  /** See {@linkcode SequenceHost}. */
  writeAccessAp(path: AccessPath, address: bigint, value: bigint): void {
    this.#write(path.dp, () => {
      const { dp } = this.#target;
      const register = dp.selectAddress(Number(address));
      dp.queue.write("ap", register, Number(BigInt.asUintN(32, value)), { ap: "AP space", address: Number(address) });
      dp.invalidate();
    });
  }

  /** See {@linkcode SequenceHost}. */
  readDp(path: AccessPath, register: bigint): Promise<bigint> {
    const wanted = this.#banked(Number(register));
    // DPIDR comes first after a line reset: nothing may be written to SELECT before it.
    return this.#read(path.dp, () => {
      const { dp } = this.#target;
      return wanted === DP.dpidr ? dp.queue.read("dp", wanted) : dp.readDp(wanted);
    });
  }

  /** See {@linkcode SequenceHost}. */
  writeDp(path: AccessPath, register: bigint, value: bigint): void {
    const { dp, probe } = this.#target;
    const word = Number(BigInt.asUintN(32, value));
    const wanted = this.#banked(Number(register));
    if (wanted === DP.targetsel && dp.protocol === "swd") {
      // Nobody acknowledges TARGETSEL, so it cannot be an ordinary transfer.
      return this.#laterWrite(async () => {
        await dp.flush();
        if (!probe.swdSequence) throw new ProbeError("Cannot write TARGETSEL: the probe has no SWD sequences");
        await probe.swdSequence(targetSelect(word));
        dp.invalidate();
      });
    }
    if (wanted === DP.select) this.#bank = word & 0xf;
    this.#write(path.dp, () => {
      if (wanted === DP.abort) dp.queue.write("dp", wanted, word);
      else dp.writeDp(wanted, word);
    });
  }

  /** See {@linkcode SequenceHost}. */
  async prepare(path: AccessPath): Promise<void> {
    await this.flush();
    await this.#reach(this.#access.debugPort(path));
    await this.#access.memory(path);
  }

  /** See {@linkcode SequenceHost}. */
  async flush(): Promise<void> {
    this.#sendBits();
    await this.#order.flush();
    await this.#target.dp.flush();
  }

  /** See {@linkcode SequenceHost}. */
  async delay(us: number): Promise<void> {
    await this.#command({ kind: "delay", us: Math.ceil(us) });
  }

  /** See {@linkcode SequenceHost}; JTAG knows DAPABORT only. */
  async writeAbort(path: AccessPath, value: number): Promise<void> {
    const { dp, probe } = this.#target;
    await this.#reach(path.dp);
    await probe.writeAbort(dp.protocol === "jtag" ? value & 1 : value);
    dp.invalidate();
  }

  /** See {@linkcode SequenceHost}. */
  async swjPins(output: number, select: number, waitUs: number): Promise<number> {
    try {
      const levels = this.#command({ kind: "pins", output, select, waitUs });
      if (select & PIN.nreset) this.#target.dp.invalidate();
      return (await levels) >>> 0;
    } catch (error) {
      if (!(error instanceof ProbeError) || error.code !== "probe-unsupported") throw error;
      return NO_PINS;
    }
  }

  /** See {@linkcode SequenceHost}. */
  swjClock(hz: number): Promise<void> {
    return this.#target.probe.setFrequency(hz);
  }

  /** See {@linkcode SequenceHost}. */
  swjSequence(count: number, bits: bigint): void {
    this.#bits.value |= BigInt.asUintN(count, bits) << BigInt(this.#bits.count);
    this.#bits.count += count;
  }

  /** See {@linkcode SequenceHost}. */
  async jtagSequence(count: number, tms: boolean, tdi: bigint): Promise<bigint> {
    const { probe } = this.#target;
    if (!probe.jtagSequence) throw new ProbeError("Cannot shift a JTAG sequence: the probe has none");
    const [tdo] = await probe.jtagSequence([{ cycles: count, tms, tdi: toBytes(tdi, count), capture: true }]);
    return BigInt.asUintN(count, fromBytes(tdo ?? new Uint8Array(0)));
  }

  /** See {@linkcode SequenceHost}. */
  async query(kind: number, message: string, fallback: bigint): Promise<bigint> {
    const answer = await this.#io.query?.(kind, message);
    if (answer === undefined) log.info(`The chip's description asks: ${message} – answering ${fallback}`);
    return answer ?? fallback;
  }

  /** See {@linkcode SequenceHost}. */
  async queryValue(message: string, fallback: bigint): Promise<bigint> {
    const answer = await this.#io.queryValue?.(message);
    if (answer === undefined) {
      log.info(`The chip's description asks: ${message} – answering 0x${fallback.toString(16)}`);
    }
    return answer ?? fallback;
  }

  /** See {@linkcode SequenceHost}. */
  message(level: "info" | "warning" | "error", text: string): void {
    log[level](text);
  }

  /** See {@linkcode SequenceHost}. */
  async loadDebugInfo(path: string): Promise<bigint> {
    return await this.#io.loadDebugInfo(path) ? 0n : 1n;
  }

  /** See {@linkcode SequenceHost}. */
  readFile(path: string, length: bigint, timeoutUs: bigint): Promise<Uint8Array> {
    return this.#io.readFile(path, length, timeoutUs);
  }

  /** See {@linkcode SequenceHost}. */
  writeFile(path: string, bytes: Uint8Array, append: boolean, timeoutUs: bigint): Promise<void> {
    return this.#io.writeFile(path, bytes, append, timeoutUs);
  }

  /** See {@linkcode SequenceHost}. */
  fileExists(path: string, timeoutUs: bigint): Promise<boolean> {
    return this.#io.fileExists(path, timeoutUs);
  }

  /** See {@linkcode SequenceHost}. */
  async runApplication(run: Parameters<SequenceHost["runApplication"]>[0]): Promise<bigint> {
    return BigInt.asUintN(64, BigInt(await this.#io.runProgram(run)));
  }

  /** See {@linkcode SequenceHost}. */
  async flashWriteBuffer(
    path: AccessPath,
    address: bigint,
    offset: bigint,
    length: bigint,
    mode: bigint,
  ): Promise<bigint> {
    const { page } = this.#run;
    if (page === undefined) {
      throw new TargetError("Cannot use FlashWriteBuffer: no page is being programmed", { code: "sequence-no-page" });
    }
    await this.flush();
    const memory = await this.#access.memory(path);
    writePage(memory, page, { address, offset, length, mode });
    await memory.flush();
    return 0n;
  }

  /** See {@linkcode SequenceHost}. */
  async flashLoadAlgorithm(path: string, ramStart: bigint, ramSize: bigint): Promise<bigint> {
    const load = this.#run.loadAlgorithm;
    if (load === undefined) {
      log.warning("FlashLoadAlgorithm works in FlashEraseSetup and FlashProgramSetup only; it did nothing");
      return 1n;
    }
    return await load(path, Number(ramStart), Number(ramSize)) ? 0n : 1n;
  }

  /** See {@linkcode SequenceHost}. */
  runNative(name: string, pname: string | undefined): Promise<boolean> {
    return this.#native(name, pname);
  }

  /** Hands on what has to go first; whether an access may be queued at once then. */
  #canQueue(): boolean {
    this.#sendBits();
    return this.#order.isIdle;
  }

  /** Whether the debug port of a path is the one that is selected. */
  #isHome(path: AccessPath): boolean {
    return this.#access.debugPort(path) === (this.#port ?? this.#homePort());
  }

  /** `__dp` of the debug port that the session is connected to. */
  #homePort(): number {
    const { processors } = this.#topology;
    return (processors[this.#target.settings.primaryCore] ?? processors[0])?.dp ?? 0;
  }

  #banked(register: number): number {
    return (register & ~0xf) === 0 && (register & 0xc) === 4 ? register | (this.#bank << 4) : register;
  }

  #read(port: number, ask: () => Promise<number>): Promise<bigint> {
    if (this.#canQueue() && port === (this.#port ?? this.#homePort())) return handled(ask().then(BigInt));
    return this.#later(async () => {
      await this.#reach(port);
      return BigInt(await ask());
    });
  }

  #write(port: number, act: () => void): void {
    if (this.#canQueue() && port === (this.#port ?? this.#homePort())) return act();
    this.#laterWrite(async () => {
      await this.#reach(port);
      act();
    });
  }

  #later<T>(work: () => Promise<T>): Promise<T> {
    this.#sendBits();
    return this.#order.ask(work);
  }

  #laterWrite(work: () => Promise<void>): void {
    this.#sendBits();
    this.#order.act(work);
  }

  /** Pins, delays and line sequences, in their turn. */
  #command(command: QueuedCommand): Promise<number> {
    const { dp } = this.#target;
    this.#sendBits();
    return this.#order.isIdle ? dp.queue.command(command) : this.#order.ask(() => dp.queue.command(command));
  }

  #sendBits(): void {
    const { count, value } = this.#bits;
    if (count === 0) return;
    this.#bits = { count: 0, value: 0n };
    const { dp } = this.#target;
    const command = { kind: "sequence", count, bits: toBytes(value, count) } as const;
    if (this.#order.isIdle) void dp.queue.command(command);
    else this.#order.act(async () => void await dp.queue.command(command));
    dp.invalidate();
  }

  async #reach(port: number): Promise<void> {
    if (port !== (this.#port ?? this.#homePort())) await this.#selectPort(port);
  }

  /** Selects another debug port on a shared SWD wire. */
  async #selectPort(id: number): Promise<void> {
    const { dp, probe } = this.#target;
    const targetSel = this.#topology.debugPorts.find((port) => port.id === id)?.targetSel;
    if (targetSel === undefined || dp.protocol !== "swd" || !probe.swdSequence) {
      throw new TargetError(`Cannot use debug port ${id}: nothing tells how to select it on this wire`, {
        code: "sequence-debug-port",
      });
    }
    await dp.flush();
    const reset = lineReset("swd");
    await probe.swjSequence(reset.count, reset.bits);
    await probe.swdSequence(targetSelect(targetSel));
    dp.invalidate();
    await dp.queue.read("dp", DP.dpidr);
    this.#port = id === this.#homePort() ? undefined : id;
  }
}
