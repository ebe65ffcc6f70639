/**
 * Flash work with the options of a session.
 *
 * @module
 */
import { alignDown, alignUp } from "../base/bits.ts";
import { hex } from "../base/bytes.ts";
import { FlashError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { ProgressListener } from "../base/events.ts";
import type { AddressRange } from "../base/ranges.ts";
import type { CortexM } from "../core/cortex_m.ts";
import { bankAt, type FlashBank } from "../flash/bank.ts";
import { type ErasePlan, planErase } from "../flash/erase_spec.ts";
import { eraseChip, eraseSectors } from "../flash/eraser.ts";
import { banksOf, planImage } from "../flash/load.ts";
import { type EraseMode, type FlashPlan, pagesOf } from "../flash/plan.ts";
import {
  checkProtection,
  type FlashDevice,
  flashDevice,
  type FlashRunOptions,
  runPlan,
  withRunner,
} from "../flash/programmer.ts";
import type { FlashReport } from "../flash/report.ts";
import { verifyMemory } from "../flash/verify.ts";
import type { ImageSegment } from "../format/image.ts";
import type { FlashAlgorithm } from "../target/description.ts";
import type { MemoryMap } from "../target/memory_map.ts";
import type { Target } from "../target/target.ts";
import type { Options } from "./options.ts";

const log = getLogger("session", "flash");

/** What a flash algorithm says about itself, in one line. */
function describeAlgorithm({ name, deviceName, start, size, pageSize, sectors, image }: FlashAlgorithm): string {
  const runs = sectors.map((run) => `${run.count} x ${hex(run.size, 1)}`).join(", ");
  return `${name} (${deviceName}): ${hex(start)}, ${hex(size, 1)} bytes; pages of ${
    hex(pageSize, 1)
  }, sectors ${runs}; ` +
    `${image.length} bytes of code and data`;
}

/** What the caller of flash work decides. */
export interface FlashWork {
  /** Read back and compare what was programmed; true unless told. */
  readonly verify?: boolean;
  /** Hears how far the work is. */
  readonly progress?: ProgressListener;
  /** Stops the work between two steps. */
  readonly signal?: AbortSignal;
}

/** Plans, programs, verifies and erases. */
export class FlashService {
  readonly #target: Target;
  readonly #options: Options;
  /** The core that runs the algorithms. */
  readonly core: CortexM;

  /** Works on `core` of `target`, as the options say. */
  constructor(target: Target, core: CortexM, options: Options) {
    this.#target = target;
    this.#options = options;
    this.core = core;
  }

  /** The memory that core sees now; scripts may change it during a session. */
  get map(): MemoryMap {
    return this.#target.mapFor(this.core);
  }

  get #device(): FlashDevice {
    return flashDevice(this.#target, this.core);
  }

  /** What loading these segments would do. @throws {FlashError} when some belong nowhere */
  plan(segments: readonly ImageSegment[], erase?: EraseMode): Promise<FlashPlan> {
    return planImage(this.#target, segments, {
      core: this.core,
      erase: erase ?? this.#options.get("chip_erase") as EraseMode,
      keepUnwritten: this.#options.get("keep_unwritten"),
    });
  }

  /** Does what a plan says. @throws {FlashError} with an account of what was done before the failure */
  run(plan: FlashPlan, work: FlashWork = {}): Promise<FlashReport> {
    return this.#announced("program", () => runPlan(plan, this.#device, this.#runOptions(work)));
  }

  /** Programs bytes into flash that is erased there, without erasing anything. @throws {FlashError} */
  async programErased(address: number, data: Uint8Array): Promise<void> {
    const banks = await this.#banks([{ start: address, end: address + data.length }]);
    const bank = bankAt(banks, address);
    if (bank === undefined) {
      throw new FlashError(`Cannot program ${hex(address)}: no flash algorithm serves it`, {
        code: "flash-no-algorithm",
        hint: "Choose the target type with --target, or give its pack with --pack",
        fields: { address },
      });
    }
    const { pageSize, erasedByte } = bank.algorithm;
    const start = alignDown(address, pageSize);
    const content = new Uint8Array(alignUp(address + data.length, pageSize) - start).fill(erasedByte);
    content.set(data, address - start);
    await checkProtection(this.#device);
    await withRunner(bank, this.#device, this.#runOptions({}), async (runner) => {
      await runner.begin("program");
      for (const page of pagesOf({ start, content }, pageSize, erasedByte)) {
        runner.writeBuffer(0, page.data);
        runner.startProgram(page.address, page.data.length, 0);
        await runner.finish();
      }
    });
    await verifyMemory(this.core, [{ address, data }]);
  }

  /** Which sectors hold these addresses. @throws {FlashError} when one is not in flash */
  async planErase(ranges: readonly AddressRange[]): Promise<ErasePlan> {
    return planErase(ranges, this.map, await this.#banks(ranges));
  }

  /** Erases sectors. @throws {FlashError} */
  eraseSectors(plan: ErasePlan, work: FlashWork = {}): Promise<FlashReport> {
    return this.#announced("erase", () => eraseSectors(plan, this.#device, this.#runOptions(work)));
  }

  /** Erases every bank. @throws {FlashError} */
  async eraseChip(work: FlashWork = {}): Promise<FlashReport> {
    const banks = await this.allBanks();
    return await this.#announced("erase", () => eraseChip(banks, this.#device, this.#runOptions(work)));
  }

  /** Every bank of the chip. @throws {PackError} when an algorithm cannot be loaded */
  allBanks(): Promise<FlashBank[]> {
    return this.#banks();
  }

  /** Does work between the events that tell about it; there is no event at the end of work that failed. */
  async #announced<T>(what: "program" | "erase", work: () => Promise<T>): Promise<T> {
    this.#target.events.emit({ type: `pre-flash-${what}` });
    const result = await work();
    this.#target.events.emit({ type: `post-flash-${what}` });
    return result;
  }

  async #banks(wanted?: readonly AddressRange[]): Promise<FlashBank[]> {
    const banks = await banksOf(this.#target, wanted, this.core);
    if (this.#options.get("debug.log_flm_info")) {
      for (const { algorithm } of banks) log.info(describeAlgorithm(algorithm));
    }
    return banks;
  }

  /** Compares memory with segments. @throws {FlashError} at the first byte that differs */
  async verify(segments: readonly ImageSegment[], work: FlashWork = {}): Promise<void> {
    const total = segments.reduce((sum, { data }) => sum + data.length, 0);
    let done = 0;
    await verifyMemory(this.core, segments, (bytes) => {
      done += bytes;
      work.progress?.({ phase: "verify", done, total });
    });
  }

  #runOptions({ verify, progress, signal }: FlashWork): FlashRunOptions {
    const options = this.#options;
    const ms = (name: "init" | "erase_sector" | "erase_all" | "program" | "analyzer") =>
      options.get(`flash.timeout.${name}`) * 1000;
    return {
      smart: options.get("smart_flash"),
      trustCrc: options.get("fast_program"),
      timeouts: {
        initMs: ms("init"),
        eraseSectorMs: ms("erase_sector"),
        eraseChipMs: ms("erase_all"),
        programMs: ms("program"),
        analyzerMs: ms("analyzer"),
      },
      ...(verify === undefined ? {} : { verify }),
      ...(progress === undefined ? {} : { progress }),
      ...(signal === undefined ? {} : { signal }),
    };
  }
}
