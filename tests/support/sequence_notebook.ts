/**
 * A world for debug sequences that writes down what is done to it, one line each.
 *
 * @module
 */
import { VirtualClock } from "../../lib/base/clock.ts";
import { TransferError } from "../../lib/base/errors.ts";
import type { SequenceNode, SequenceSource } from "../../lib/sequence/ast.ts";
import { SequenceEngine, type SequenceEngineOptions, type SequenceOutcome } from "../../lib/sequence/engine.ts";
import type { AccessPath, AccessWidth, SequenceHost } from "../../lib/sequence/host.ts";

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Writes down every call; memory and registers keep what is written to them. */
export class Notebook implements SequenceHost {
  /** What was done, oldest first; `|` ends what travelled together. */
  readonly lines: string[] = [];
  /** Time moves only when slept on. */
  readonly clock = new VirtualClock();
  /** Memory, by width and address. */
  readonly memory = new Map<bigint, bigint>();
  /** Registers, by kind and number. */
  readonly registers = new Map<string, bigint>();
  /** Addresses that answer with a fault. */
  readonly broken = new Set<bigint>();
  /** Files by path. */
  readonly files = new Map<string, Uint8Array>();
  /** Answers of the user; the default when there are none. */
  readonly answers: bigint[] = [];
  /** Pins as they read. */
  pins = 0x80;
  /** Standard sequences that can be done natively. */
  native = ["ResetSystem", "ResetHardware", "DebugCoreStart"];
  #failure: unknown;
  #open = false;

  /** Lines without the marks between batches. */
  get calls(): string[] {
    return this.lines.filter((line) => line !== "|");
  }

  #note(line: string): void {
    this.#open = true;
    this.lines.push(line);
  }

  #where(path: AccessPath): string {
    const { dp, ap, apid } = path;
    return dp === 0 && ap === 0 && apid === 0 ? "" : `@${dp}.${ap}.${apid} `;
  }

  readMemory(path: AccessPath, width: AccessWidth, address: bigint): Promise<bigint> {
    this.#note(`${this.#where(path)}r${width} ${hex(address)}`);
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.broken.has(address)) return Promise.reject(fault(address));
    return Promise.resolve(BigInt.asUintN(width, this.memory.get(address) ?? 0n));
  }

  writeMemory(path: AccessPath, width: AccessWidth, address: bigint, value: bigint): void {
    this.#note(`${this.#where(path)}w${width} ${hex(address)} ${hex(value)}`);
    if (this.broken.has(address)) this.#failure ??= fault(address);
    else this.memory.set(address, value);
  }

  #read(path: AccessPath, kind: string, register: bigint): Promise<bigint> {
    this.#note(`${this.#where(path)}r${kind} ${hex(register)}`);
    return Promise.resolve(this.registers.get(`${kind}${register}`) ?? 0n);
  }

  #write(path: AccessPath, kind: string, register: bigint, value: bigint): void {
    this.#note(`${this.#where(path)}w${kind} ${hex(register)} ${hex(value)}`);
    this.registers.set(`${kind}${register}`, value);
  }

  readAp(path: AccessPath, register: bigint): Promise<bigint> {
    return this.#read(path, "ap", register);
  }

  writeAp(path: AccessPath, register: bigint, value: bigint): void {
    this.#write(path, "ap", register, value);
  }

  readAccessAp(path: AccessPath, address: bigint): Promise<bigint> {
    return this.#read(path, "apacc", address);
  }

  writeAccessAp(path: AccessPath, address: bigint, value: bigint): void {
    this.#write(path, "apacc", address, value);
  }

  readDp(path: AccessPath, register: bigint): Promise<bigint> {
    return this.#read(path, "dp", register);
  }

  writeDp(path: AccessPath, register: bigint, value: bigint): void {
    this.#write(path, "dp", register, value);
  }

  flush(): Promise<void> {
    if (this.#open) this.lines.push("|");
    this.#open = false;
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }

  delay(us: number): Promise<void> {
    this.#note(`delay ${us}`);
    return this.clock.sleep(us / 1000);
  }

  writeAbort(path: AccessPath, value: number): Promise<void> {
    this.#note(`${this.#where(path)}abort ${hex(value)}`);
    return Promise.resolve();
  }

  swjPins(output: number, select: number, waitUs: number): Promise<number> {
    this.#note(`pins ${hex(output)} ${hex(select)} ${waitUs}`);
    return Promise.resolve(this.pins);
  }

  swjClock(hz: number): Promise<void> {
    this.#note(`clock ${hz}`);
    return Promise.resolve();
  }

  swjSequence(count: number, bits: bigint): void {
    this.#note(`swj ${count} ${hex(bits)}`);
  }

  jtagSequence(count: number, tms: boolean, tdi: bigint): Promise<bigint> {
    this.#note(`jtag ${count} ${tms ? 1 : 0} ${hex(tdi)}`);
    return Promise.resolve(0x15n);
  }

  query(kind: number, message: string, fallback: bigint): Promise<bigint> {
    this.#note(`query ${kind} ${message}`);
    return Promise.resolve(this.answers.shift() ?? fallback);
  }

  queryValue(message: string, fallback: bigint): Promise<bigint> {
    this.#note(`value ${message}`);
    return Promise.resolve(this.answers.shift() ?? fallback);
  }

  message(level: string, text: string): void {
    this.#note(`${level}: ${text}`);
  }

  loadDebugInfo(path: string): Promise<bigint> {
    this.#note(`symbols ${path}`);
    return Promise.resolve(this.files.has(path) ? 0n : 1n);
  }

  readFile(path: string, length: bigint): Promise<Uint8Array> {
    this.#note(`read ${path}`);
    const bytes = this.files.get(path) ?? new Uint8Array(0);
    return Promise.resolve(bytes.slice(0, Number(length < BigInt(bytes.length) ? length : bytes.length)));
  }

  writeFile(path: string, bytes: Uint8Array, append: boolean): Promise<void> {
    this.#note(`write ${path}${append ? " +" : ""} ${[...bytes].join(",")}`);
    this.files.set(path, Uint8Array.from([...(append ? this.files.get(path) ?? [] : []), ...bytes]));
    return Promise.resolve();
  }

  fileExists(path: string): Promise<boolean> {
    this.#note(`exists ${path}`);
    return Promise.resolve(this.files.has(path));
  }

  runApplication(run: { path: string; args: string; directory: string; timeoutUs: bigint; python: boolean }) {
    this.#note(
      `run ${run.python ? "python " : ""}${run.path} [${run.args}] in ${run.directory || "."} ${run.timeoutUs}`,
    );
    return Promise.resolve(7n);
  }

  flashWriteBuffer(path: AccessPath, address: bigint, offset: bigint, length: bigint, mode: bigint): Promise<bigint> {
    this.#note(`${this.#where(path)}page ${hex(address)} ${offset} ${length} ${mode}`);
    return Promise.resolve(0n);
  }

  flashLoadAlgorithm(path: string, ramStart: bigint, ramSize: bigint): Promise<bigint> {
    this.#note(`algorithm ${path} ${hex(ramStart)} ${hex(ramSize)}`);
    return Promise.resolve(0n);
  }

  runNative(name: string, pname: string | undefined): Promise<boolean> {
    if (!this.native.includes(name)) return Promise.resolve(false);
    this.#note(`native ${name}${pname ? `:${pname}` : ""}`);
    return Promise.resolve(true);
  }
}

function fault(address: bigint): TransferError {
  return new TransferError(`Cannot access memory at ${hex(address)}: the target answered FAULT`, "fault", {
    address: Number(address),
  });
}

/** A block. */
export function block(text: string, options: { atomic?: boolean; info?: string; line?: number } = {}): SequenceNode {
  const { line = 1, ...rest } = options;
  return { kind: "block", code: { text, line }, ...rest };
}

/** A control element. */
export function control(
  conditions: { if?: string; while?: string; timeoutUs?: number; line?: number },
  ...children: SequenceNode[]
): SequenceNode {
  const line = conditions.line ?? 1;
  return {
    kind: "control",
    line,
    timeoutUs: conditions.timeoutUs ?? 0,
    children,
    ...(conditions.if === undefined ? {} : { if: { text: conditions.if, line } }),
    ...(conditions.while === undefined ? {} : { while: { text: conditions.while, line } }),
  };
}

/** A sequence. */
export function sequence(name: string, ...children: SequenceNode[]): SequenceSource {
  return { name, line: 1, children };
}

/** Runs sequence `Main` with the notebook as its world. */
export function runMain(
  sequences: readonly SequenceSource[],
  host: Notebook = new Notebook(),
  options: Partial<SequenceEngineOptions> & { pname?: string; signal?: AbortSignal } = {},
): Promise<SequenceOutcome> {
  const { pname, signal, ...rest } = options;
  return new SequenceEngine({ sequences, host, ...rest }).run("Main", pname, {}, signal);
}
