/**
 * Flash that the chip's description erases and programs with debug sequences instead of an algorithm that runs on the
 * core (Open-CMSIS-Pack specification, flashinfo element and the Flash… sequences).
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { FlashError, InterruptedError, TapirError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { Core } from "../core/core.ts";
import type { FlashAlgorithm } from "../target/description.ts";
import type { FlashBank } from "./bank.ts";
import { placeAlgorithm } from "./placement.ts";
import { AlgorithmRunner, OPERATION, type Operation, type RunnerOptions } from "./runner.ts";

const log = getLogger("flash", "sequence");

/** What carries out a flash plan: an algorithm on the core, or debug sequences. */
export type FlashRunner = Pick<
  AlgorithmRunner,
  | "load"
  | "begin"
  | "end"
  | "eraseSector"
  | "eraseChip"
  | "bufferCount"
  | "writeBuffer"
  | "startProgram"
  | "finish"
  | "close"
>;

/** What a flash sequence is run with. */
export interface FlashSequenceRun {
  /** `__FlashOp`, `__FlashAddr`, `__FlashLen`, `__FlashArg`. */
  readonly variables: Readonly<Record<string, bigint>>;
  /** The page that FlashWriteBuffer takes its bytes from. */
  readonly page?: { readonly data: Uint8Array; readonly filler: bigint };
  /** Hears of FlashLoadAlgorithm. @returns whether the algorithm can be used */
  loadAlgorithm?(path: string, ramStart: number, ramSize: number): Promise<boolean>;
}

/** The debug sequences of a target, as flash work uses them. */
export interface FlashSequences {
  /** Whether a sequence is there and on. */
  has(name: string): boolean;
  /** Runs one. @returns false when it is not there @throws {TargetError} when it fails or sets `__Result` */
  run(name: string, run: FlashSequenceRun): Promise<boolean>;
  /** Loads an algorithm of the pack. @throws {PackError} */
  loadAlgorithm?(path: string): Promise<FlashAlgorithm>;
}

/** The bytes that are waiting to be programmed. */
interface PendingPage {
  readonly address: number;
  readonly data: Uint8Array;
}

/** Without these nothing can be changed. */
const REQUIRED = ["FlashEraseSector", "FlashProgramPage"];

/** Sequences that come before all of one phase; they may choose an algorithm for it. */
const SETUP: Readonly<Partial<Record<Operation, string>>> = { erase: "FlashEraseSetup", program: "FlashProgramSetup" };

/** Carries out flash work with debug sequences. */
export class SequenceRunner implements FlashRunner {
  /** Sequences have no buffer on the target. */
  readonly bufferCount = 1;
  readonly #core: Core;
  readonly #algorithm: FlashAlgorithm;
  readonly #sequences: FlashSequences;
  readonly #options: RunnerOptions;
  #operation: Operation | undefined;
  #replacement: AlgorithmRunner | undefined;
  #buffer = new Uint8Array(0);
  #pending: PendingPage | undefined;

  /** Works with the sequences of the chip on what `algorithm` describes; nothing is sent yet. */
  constructor(core: Core, algorithm: FlashAlgorithm, sequences: FlashSequences, options: RunnerOptions = {}) {
    this.#core = core;
    this.#algorithm = algorithm;
    this.#sequences = sequences;
    this.#options = options;
  }

  /** Looks whether the sequences that are needed are there, and halts the core. @throws {FlashError} */
  async load(): Promise<void> {
    const missing = REQUIRED.filter((name) => !this.#sequences.has(name));
    if (missing.length > 0) {
      throw new FlashError(
        `Cannot change ${this.#algorithm.deviceName}: debug sequence ${missing.join(" and ")} is missing`,
        {
          code: "flash-no-sequence",
          hint: "Debug sequences of the pack must be on: see pack.debug_sequences.enable",
        },
      );
    }
    await this.#core.halt();
  }

  /** Begins an operation, ending the one before. @throws {FlashError} */
  async begin(operation: Operation): Promise<void> {
    if (this.#operation === operation) return;
    await this.end();
    this.#operation = operation;
    const { start, size } = this.#algorithm;
    const setup = SETUP[operation];
    if (setup !== undefined && this.#sequences.has(setup)) {
      await this.#call(setup, start, size, (path, ramStart, ramSize) => this.#replace(path, ramStart, ramSize));
    }
    if (this.#replacement !== undefined) return await this.#replacement.begin(operation);
    if (!await this.#call("FlashInit", start, size)) log.debug("There is no FlashInit sequence");
  }

  /** Ends the operation under way. @throws {FlashError} */
  async end(): Promise<void> {
    if (this.#operation === undefined) return;
    const replacement = this.#replacement;
    this.#replacement = undefined;
    try {
      if (replacement !== undefined) await replacement.close();
      else await this.#call("FlashUninit", this.#algorithm.start, this.#algorithm.size);
    } finally {
      this.#operation = undefined;
    }
  }

  /** Erases the sector that starts at a byte address. @throws {FlashError} */
  async eraseSector(address: number): Promise<void> {
    await this.begin("erase");
    if (this.#replacement !== undefined) return await this.#replacement.eraseSector(address);
    const run = this.#algorithm.sectors.find((each) =>
      address >= each.start && address < each.start + each.size * each.count
    );
    await this.#call("FlashEraseSector", address, run?.size ?? 0);
  }

  /** Erases everything. @throws {FlashError} */
  async eraseChip(): Promise<void> {
    await this.begin("erase");
    if (this.#replacement !== undefined) return await this.#replacement.eraseChip();
    await this.#call("FlashEraseChip", this.#algorithm.start, this.#algorithm.size);
  }

  /** Keeps the bytes of the next page. */
  writeBuffer(index: number, data: Uint8Array): void {
    if (this.#replacement !== undefined) return this.#replacement.writeBuffer(index, data);
    this.#buffer = data.slice();
  }

  /** Says where the page goes; {@linkcode SequenceRunner.finish} programs it. */
  startProgram(address: number, length: number, index: number): void {
    if (this.#replacement !== undefined) return this.#replacement.startProgram(address, length, index);
    this.#pending = { address, data: this.#buffer.subarray(0, length) };
  }

  /** Programs the page. @throws {FlashError} */
  async finish(): Promise<void> {
    if (this.#replacement !== undefined) return await this.#replacement.finish();
    const page = this.#pending;
    this.#pending = undefined;
    if (page !== undefined) await this.#call("FlashProgramPage", page.address, page.data.length, undefined, page.data);
  }

  /** Ends what is under way. @throws {FlashError} */
  async close(): Promise<void> {
    await this.end();
  }

  /** Uses an algorithm of the pack until the operation ends. */
  async #replace(path: string, ramStart: number, ramSize: number): Promise<boolean> {
    try {
      const algorithm = await this.#sequences.loadAlgorithm?.(path);
      if (algorithm === undefined) return false;
      const { start, size } = this.#algorithm;
      if (algorithm.start > start || algorithm.start + algorithm.size < start + size) {
        log.warning(`Flash algorithm ${path} does not cover ${hex(start)}-${hex(start + size - 1)}; it is left out`);
        return false;
      }
      const placement = placeAlgorithm(algorithm, { start: ramStart, size: ramSize });
      const runner = new AlgorithmRunner(this.#core, algorithm, placement, this.#options);
      await runner.load();
      this.#replacement = runner;
      return true;
    } catch (error) {
      log.warning(`Cannot use flash algorithm ${path}: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }

  async #call(
    name: string,
    address: number,
    length: number,
    loadAlgorithm?: FlashSequenceRun["loadAlgorithm"],
    data?: Uint8Array,
  ): Promise<boolean> {
    const { blocks = [], filler = 0n } = this.#algorithm.sequences ?? {};
    const arg = blocks.find((each) => address >= each.start && address < each.start + each.size * each.count)?.arg ??
      0n;
    const variables = flashVariables(this.#operation, address, length, arg);
    try {
      return await this.#sequences.run(name, {
        variables,
        ...(data ? { page: { data, filler } } : {}),
        ...(loadAlgorithm ? { loadAlgorithm } : {}),
      });
    } catch (cause) {
      if (cause instanceof InterruptedError) throw cause;
      const known = cause instanceof TapirError ? cause : undefined;
      throw new FlashError(`Cannot ${ACTIONS[name] ?? `run ${name}`} at ${hex(address)}: ${known?.message ?? cause}`, {
        code: "flash-sequence-failed",
        cause,
        fields: { sequence: name, address, length },
        ...(known?.hint === undefined ? {} : { hint: known.hint }),
      });
    }
  }
}

const ACTIONS: Readonly<Record<string, string>> = {
  FlashEraseSector: "erase sector",
  FlashEraseChip: "erase the chip",
  FlashProgramPage: "program page",
};

/**
 * `__FlashOp` is 1 for erasing and 2 for programming, as in flash algorithms and as packs have it; the specification's
 * table counts otherwise, and no pack follows it.
 */
function flashVariables(
  operation: Operation | undefined,
  address: number,
  length: number,
  arg: bigint,
): Record<string, bigint> {
  return {
    __FlashOp: BigInt(operation === undefined || operation === "verify" ? 0 : OPERATION[operation]),
    __FlashAddr: BigInt(address),
    __FlashLen: BigInt(length),
    __FlashArg: arg,
  };
}

/**
 * Tells the chip that all erasing and programming is over (FlashEraseDone, FlashProgramDone), when sequences did any.
 *
 * @throws {TargetError} when a sequence fails
 */
export async function finishSequenceFlash(
  banks: readonly FlashBank[],
  sequences: FlashSequences | undefined,
  done: { readonly erased: boolean; readonly programmed: boolean },
): Promise<void> {
  const first = banks.find((bank) => bank.algorithm.sequences !== undefined)?.algorithm;
  if (first === undefined || sequences === undefined) return;
  const run = (name: string, operation: Operation): Promise<boolean> =>
    sequences.run(name, { variables: flashVariables(operation, first.start, first.size, 0n) });
  if (done.erased) await run("FlashEraseDone", "erase");
  if (done.programmed) await run("FlashProgramDone", "program");
}
