/**
 * A core that runs a made-up flash algorithm: calls are recognised by PC and carried out here.
 *
 * @module
 */
import { VirtualClock } from "../base/clock.ts";
import { TransferError } from "../base/errors.ts";
import type { Breakpoint, Core, CoreFeatures, CoreState, HaltReason, Watchpoint } from "../core/core.ts";
import { DHCSR, SCS } from "../core/debug_regs.ts";

/** What a called routine does to the core. */
export type Behaviour =
  | { readonly kind: "return"; readonly result: number }
  | { readonly kind: "never" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "lockup" }
  | { readonly kind: "fault"; readonly pc: number };

const NAMES = ["r0", "r1", "r2", "r3", "r9", "r12", "sp", "lr", "pc", "xpsr", "cfbp", "msplim"];

/** Memory as a sparse set of bytes, registers by name, and a routine called whenever the core is let run. */
export class FakeCore implements Core {
  readonly index = 0;
  readonly name = "fake";
  readonly features = {} as CoreFeatures;
  readonly registerNames: readonly string[] = NAMES;
  readonly breakpoints: readonly Breakpoint[] = [];
  readonly watchpoints: readonly Watchpoint[] = [];
  /** Moves only while the core is waited for. */
  readonly clock = new VirtualClock();
  /** Memory; what is not there reads as 0xFF. */
  readonly bytes = new Map<number, number>();
  /** Core registers by name. */
  readonly registers: Record<string, number> = Object.fromEntries(NAMES.map((name, i) => [name, 0x1000 + i]));
  /** Calls by PC, in order. */
  readonly calls: { pc: number; args: number[] }[] = [];
  /** Addresses whose reads and writes fail. */
  unreachable: (address: number) => boolean = () => false;
  /** Decides what a call does. */
  onCall: (pc: number, args: number[]) => Behaviour = () => ({ kind: "return", result: 0 });
  #state: CoreState = "running";
  #wakeAt: number | undefined;
  #failure: TransferError | undefined;

  state(): Promise<CoreState> {
    return Promise.resolve(this.#state);
  }
  haltReason(): Promise<HaltReason> {
    return Promise.resolve("request");
  }
  halt(): Promise<void> {
    this.#state = "halted";
    return Promise.resolve();
  }
  resume(): Promise<void> {
    return Promise.reject(new Error("The runner must not resume"));
  }
  step(): Promise<void> {
    return Promise.reject(new Error("The runner must not step"));
  }
  async waitHalted(timeoutMs: number): Promise<boolean> {
    return this.#state === "lockup" || await this.waitFor32(SCS.dhcsr, DHCSR.S_HALT, DHCSR.S_HALT, timeoutMs);
  }
  readRegisters(names: readonly string[]): Promise<number[]> {
    if (this.#state !== "halted") return Promise.reject(new TransferError("Not halted", "not-run"));
    return Promise.resolve(names.map((name) => this.registers[name] ?? 0));
  }
  async readRegister(name: string): Promise<number> {
    return (await this.readRegisters([name]))[0]!;
  }
  writeRegisters(values: Readonly<Record<string, number | bigint>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) this.registers[name] = Number(value);
    return Promise.resolve();
  }
  setBreakpoint(): Promise<Breakpoint> {
    return Promise.reject(new Error("Unused"));
  }
  removeBreakpoint(): Promise<void> {
    return Promise.resolve();
  }
  setWatchpoint(): Promise<Watchpoint> {
    return Promise.reject(new Error("Unused"));
  }
  removeWatchpoint(): Promise<void> {
    return Promise.resolve();
  }
  vectorCatch(): Promise<string> {
    return Promise.resolve("");
  }
  setVectorCatch(): Promise<void> {
    return Promise.resolve();
  }

  read8(address: number): Promise<number> {
    return this.readBytes(address, 1).then((bytes) => bytes[0]!);
  }
  read16(address: number): Promise<number> {
    return this.readBytes(address, 2).then((bytes) => bytes[0]! | (bytes[1]! << 8));
  }
  read32(address: number): Promise<number> {
    return this.readWords(address, 1).then((words) => words[0]!);
  }
  async readWords(address: number, count: number): Promise<Uint32Array> {
    return new Uint32Array((await this.readBytes(address, count * 4)).buffer);
  }
  readBytes(address: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.unreachable(address)) return Promise.reject(new TransferError("Cannot read", "fault", { address }));
    return Promise.resolve(Uint8Array.from({ length }, (_, i) => this.bytes.get(address + i) ?? 0xff));
  }
  write8(address: number, value: number): void {
    this.writeBytes(address, Uint8Array.of(value));
  }
  write16(address: number, value: number): void {
    this.writeBytes(address, Uint8Array.of(value, value >>> 8));
  }
  write32(address: number, value: number): void {
    if (address === SCS.dhcsr && (value & DHCSR.C_HALT) === 0) this.#run();
    this.writeBytes(address, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
  }
  writeWords(address: number, words: Uint32Array): void {
    words.forEach((word, i) => this.write32(address + i * 4, word));
  }
  writeBytes(address: number, bytes: Uint8Array): void {
    if (this.unreachable(address)) this.#failure ??= new TransferError("Cannot write", "fault", { address });
    else bytes.forEach((byte, i) => this.bytes.set(address + i, byte));
  }
  waitFor32(_address: number, _mask: number, _value: number, timeoutMs: number): Promise<boolean> {
    const end = this.clock.now() + timeoutMs;
    if (this.#wakeAt !== undefined && this.#wakeAt <= end) {
      void this.clock.sleep(Math.max(0, this.#wakeAt - this.clock.now()));
      this.#wakeAt = undefined;
      this.#return(0);
    } else if (this.#state !== "halted") void this.clock.sleep(timeoutMs);
    return Promise.resolve(this.#state === "halted");
  }
  flush(): Promise<void> {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }

  #return(result: number): void {
    this.registers.r0 = result;
    this.registers.pc = (this.registers.lr ?? 0) & ~1;
    this.#state = "halted";
  }

  #run(): void {
    this.#state = "running";
    const pc = this.registers.pc ?? 0;
    const args = ["r0", "r1", "r2"].map((name) => this.registers[name] ?? 0);
    this.calls.push({ pc, args });
    const behaviour = this.onCall(pc, args);
    if (behaviour.kind === "return") this.#return(behaviour.result);
    if (behaviour.kind === "slow") this.#wakeAt = this.clock.now() + behaviour.ms;
    if (behaviour.kind === "lockup") this.#state = "lockup";
    if (behaviour.kind === "fault") {
      this.registers.pc = behaviour.pc;
      this.registers.xpsr = 0x0100_0003;
      this.#state = "halted";
    }
  }
}
