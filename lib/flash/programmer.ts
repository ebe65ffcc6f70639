/**
 * Carries out a {@linkcode FlashPlan}: look, erase, program, verify, bank by bank, then RAM.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { FlashError, InterruptedError } from "../base/errors.ts";
import type { ProgressListener } from "../base/events.ts";
import { getLogger } from "../base/log.ts";
import type { AddressRange } from "../base/ranges.ts";
import type { Core } from "../core/core.ts";
import type { CortexM } from "../core/cortex_m.ts";
import type { LockState } from "../target/delegates.ts";
import type { Target } from "../target/target.ts";
import type { MemoryMap } from "../target/memory_map.ts";
import type { FlashBank } from "./bank.ts";
import { checksums } from "./checksum.ts";
import { type AlgorithmRam, placeAlgorithm } from "./placement.ts";
import { type BankPlan, countBytes, type FlashPlan, type Page, pagesOf } from "./plan.ts";
import { FlashAccount, type FlashReport, probeFailure } from "./report.ts";
import { AlgorithmRunner, DEFAULT_TIMEOUTS, type RunnerOptions } from "./runner.ts";
import { chooseRam } from "./ram.ts";
import { finishSequenceFlash, type FlashRunner, type FlashSequences, SequenceRunner } from "./sequence_runner.ts";
import { needsByChecksum, type SectorNeeds, surveySector } from "./survey.ts";
import { type Expected, verifyMemory } from "./verify.ts";

const log = getLogger("flash");

/** The chip flash work is done on. */
export interface FlashDevice {
  /** The core that runs the algorithms and whose memory is read. */
  readonly core: Core;
  /** The memory that core sees. */
  readonly map: MemoryMap;
  /** The probe's clock. */
  readonly clock: Clock;
  /** Whether flash is protected; asked before anything is changed. */
  readonly lockState?: () => Promise<LockState>;
  /** Debug sequences of the chip, for flash that they program. */
  readonly sequences?: FlashSequences;
  /** Maps memory as code sees it; done before flash is read back. */
  readonly prepareVerify?: () => Promise<void>;
}

/** A connected target as flash work needs it. */
export function flashDevice(target: Target, core: CortexM = target.primaryCore): FlashDevice {
  const { sequences, ladder } = target;
  return {
    core,
    map: target.mapFor(core),
    clock: target.clock,
    lockState: () => target.lockState(),
    prepareVerify: async () => void await ladder.run("debug_code_mem_remap", target.context),
    ...(sequences === undefined ? {} : {
      sequences: {
        has: (name) => sequences.has(name, core),
        run: (name, run) => sequences.step(name, { ...run, core }),
        ...(sequences.loadAlgorithm ? { loadAlgorithm: sequences.loadAlgorithm } : {}),
      },
    }),
  };
}

/** Looks whether the chip lets its flash be changed. @throws {FlashError} with code `target-locked` when not */
export async function checkProtection(device: FlashDevice): Promise<void> {
  const state = await device.lockState?.();
  if (!state?.locked) return;
  const protection = state.protection ?? "protection";
  throw new FlashError(`Cannot change flash: ${protection} is on`, {
    code: "target-locked",
    fields: { protection },
    ...(state.hint === undefined ? {} : { hint: state.hint }),
  });
}

/** How flash work is done. */
export interface FlashRunOptions extends RunnerOptions {
  /** Sectors that hold the right contents already are left alone, blank ones not erased; true unless told. */
  readonly smart?: boolean;
  /** A sector whose checksum is right counts as right; the core computes it, so that little has to be read. */
  readonly trustCrc?: boolean;
  /** Everything programmed is read back and compared; true unless told. */
  readonly verify?: boolean;
  /** RAM for the algorithm, instead of what the chip's description names. */
  readonly ram?: AlgorithmRam;
  /** Hears how far the work is. */
  readonly progress?: ProgressListener;
  /** Stops the work between two steps. */
  readonly signal?: AbortSignal;
}

/**
 * Erases, programs and verifies what a plan says. The core is left halted, also on failure.
 *
 * @throws {FlashError} saying what went wrong and which addresses were erased, programmed and not programmed before it;
 * its exit code is that of the cause
 */
export async function runPlan(
  plan: FlashPlan,
  device: FlashDevice,
  options: FlashRunOptions = {},
): Promise<FlashReport> {
  const account = new FlashAccount(device.clock, totalsOf(plan), options.progress);
  const wanted: AddressRange[] = plan.banks.flatMap((bank) => bank.sectors.flatMap((sector) => sector.image));
  wanted.push(...plan.ram.map((write) => ({ start: write.address, end: write.address + write.data.length })));
  try {
    if (plan.banks.length > 0) await checkProtection(device);
    // One bank's EraseChip may reach into another bank, so all of them come before anything is programmed.
    const erased = plan.banks.length > 1 ? plan.banks.filter((bank) => bank.erase === "chip") : [];
    for (const bank of erased) {
      await withRunner(bank.bank, device, options, (runner) => eraseWhole(runner, bank, options, account));
    }
    for (const bank of plan.banks) {
      const isErased = erased.includes(bank);
      await withRunner(bank.bank, device, options, (r) => runBank(r, bank, device, options, account, isErased));
    }
    const { erasedBytes, programmedPages } = account.report();
    const done = { erased: erasedBytes > 0, programmed: programmedPages > 0 };
    await finishSequenceFlash(plan.banks.map(({ bank }) => bank), device.sequences, done);
    for (const write of plan.ram) {
      checkSignal(options.signal);
      device.core.writeBytes(write.address, write.data);
      await device.core.flush();
      if (options.verify !== false) await account.timed("verify", () => verifyMemory(device.core, [write]));
      account.wroteRam(write.data.length);
    }
  } catch (error) {
    throw account.explain(error, wanted);
  }
  return account.report();
}

/**
 * Hands a loaded runner to `work`; afterwards calls UnInit and leaves the core halted, whatever happened.
 *
 * @throws what `work` throws, first; then what cleaning up throws
 */
export async function withRunner(
  bank: FlashBank,
  device: FlashDevice,
  options: FlashRunOptions,
  work: (runner: FlashRunner) => Promise<void>,
): Promise<void> {
  const runner = runnerFor(bank, device, options);
  try {
    await runner.load();
    await work(runner);
  } catch (error) {
    if (probeFailure(error) === undefined) {
      await runner.close().catch((second: unknown) =>
        log.warning(`Cannot clean up after the failure: ${second instanceof Error ? second.message : String(second)}`)
      );
    }
    throw error;
  }
  await runner.close();
}

function runnerFor({ algorithm }: FlashBank, device: FlashDevice, options: FlashRunOptions): FlashRunner {
  if (algorithm.sequences === undefined) {
    const ram = options.ram ?? chooseRam(algorithm, device.map);
    return new AlgorithmRunner(device.core, algorithm, placeAlgorithm(algorithm, ram), options);
  }
  if (device.sequences !== undefined) return new SequenceRunner(device.core, algorithm, device.sequences, options);
  throw new FlashError(`Cannot change ${algorithm.deviceName}: debug sequences program it, and there are none`, {
    code: "flash-no-sequence",
  });
}

/** Looks whether the user has asked to stop. @throws {InterruptedError} when so */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InterruptedError("Cannot finish: interrupted");
}

async function runBank(
  runner: FlashRunner,
  plan: BankPlan,
  device: FlashDevice,
  options: FlashRunOptions,
  account: FlashAccount,
  isErased: boolean,
): Promise<void> {
  const { algorithm } = plan.bank;
  const needs = await account.timed("compare", () => survey(runner, plan, device, options, account));
  if (plan.erase === "sectors") {
    await account.timed("erase", () => eraseInSectors(runner, plan, needs, options, account));
  } else if (!isErased) await eraseWhole(runner, plan, options, account);
  const todo = needs.filter((need) => need.program);
  const pages = todo.flatMap((need) =>
    pagesOf({ start: need.sector.start, content: need.content }, algorithm.pageSize, algorithm.erasedByte)
  );
  await account.timed("program", () => programPages(runner, pages, options, account));
  await runner.end();
  if (options.verify === false) return;
  const parts = todo.flatMap((need) => expectedOf(need, plan.kept.length > 0));
  if (needsVerifyInit(plan.bank)) await runner.begin("verify");
  if (parts.length > 0) await device.prepareVerify?.();
  await account.timed("verify", () => verifyMemory(device.core, parts, (bytes) => account.verified(bytes)));
}

/** Algorithms with their own Verify or Read may be for memory that is readable only after Init for reading. */
function needsVerifyInit(bank: FlashBank): boolean {
  return bank.algorithm.entry.verify !== undefined || bank.algorithm.entry.read !== undefined;
}

async function survey(
  runner: FlashRunner,
  plan: BankPlan,
  device: FlashDevice,
  options: FlashRunOptions,
  account: FlashAccount,
): Promise<SectorNeeds[]> {
  const keep = plan.kept.length > 0;
  const smart = (options.smart ?? true) && plan.erase === "sectors" && plan.alsoErased.length === 0;
  const { erasedByte, pageSize } = plan.bank.algorithm;
  if ((keep || smart) && needsVerifyInit(plan.bank)) await runner.begin("verify");
  const needs: SectorNeeds[] = [];
  const trusts = smart && !keep && options.trustCrc === true && runner instanceof AlgorithmRunner;
  const sums = trusts ? await checksumsOf(runner, plan, device, options) : undefined;
  for (const [index, sector] of plan.sectors.entries()) {
    checkSignal(options.signal);
    const need = sums === undefined
      ? await surveySector(device.core, sector, { erasedByte, smart, keep })
      : needsByChecksum(sector, sums[index]!, erasedByte);
    needs.push(need);
    if (keep || smart) account.advance("compare", sector.size);
    const pageBytes = pagesOf({ start: sector.start, content: need.content }, pageSize, erasedByte)
      .reduce((sum, page) => sum + page.data.length, 0);
    const verifyBytes = keep ? sector.size : countBytes(sector.image);
    if (!need.program) account.identicalSector(sector.size, pageBytes, verifyBytes);
    else if (!need.erase) account.blankSector(sector.size);
  }
  return needs;
}

function checksumsOf(
  runner: AlgorithmRunner,
  plan: BankPlan,
  device: FlashDevice,
  options: FlashRunOptions,
): Promise<Uint32Array | undefined> {
  const ranges = plan.sectors.map(({ start, size }) => ({ start, end: start + size }));
  const limit = options.timeouts?.analyzerMs ?? DEFAULT_TIMEOUTS.analyzerMs;
  return checksums(runner, device.core, ranges, limit);
}

async function eraseWhole(
  runner: FlashRunner,
  plan: BankPlan,
  options: FlashRunOptions,
  account: FlashAccount,
): Promise<void> {
  checkSignal(options.signal);
  const reach = [...plan.lost, ...plan.sectors.flatMap((sector) => sector.image)];
  account.begin(...reach);
  await account.timed("erase", () => runner.eraseChip());
  account.erasedBank(reach);
}

async function eraseInSectors(
  runner: FlashRunner,
  plan: BankPlan,
  needs: readonly SectorNeeds[],
  options: FlashRunOptions,
  account: FlashAccount,
): Promise<void> {
  const sectors = [...needs.filter((need) => need.erase).map((need) => need.sector), ...plan.alsoErased];
  for (const sector of sectors.sort((a, b) => a.start - b.start)) {
    checkSignal(options.signal);
    const range = { start: sector.start, end: sector.start + sector.size };
    account.begin(range);
    await runner.eraseSector(sector.start);
    account.erasedSector(range);
  }
}

/** With two buffers, page n + 1 travels to the target while page n is programmed. */
async function programPages(
  runner: FlashRunner,
  pages: readonly Page[],
  options: FlashRunOptions,
  account: FlashAccount,
): Promise<void> {
  if (pages.length === 0) return;
  await runner.begin("program");
  const buffers = runner.bufferCount;
  for (let n = 0; n < pages.length; n++) {
    checkSignal(options.signal);
    const page = pages[n]!;
    const next = pages[n + 1];
    if (n === 0 || buffers === 1) runner.writeBuffer(n % buffers, page.data);
    account.begin({ start: page.address, end: page.address + page.data.length });
    runner.startProgram(page.address, page.data.length, n % buffers);
    if (buffers > 1 && next !== undefined) runner.writeBuffer((n + 1) % buffers, next.data);
    await runner.finish();
    account.programmedPage(page.address, page.data.length);
  }
}

/** What must be read back: the image's bytes, and the kept ones with them. */
function expectedOf(need: SectorNeeds, keep: boolean): Expected[] {
  const { sector, content } = need;
  if (keep) return [{ address: sector.start, data: content }];
  return sector.image.map(({ start, end }) => ({
    address: start,
    data: content.subarray(start - sector.start, end - sector.start),
  }));
}

function totalsOf(plan: FlashPlan): { compare: number; erase: number; program: number; verify: number } {
  const totals = { compare: 0, erase: 0, program: 0, verify: 0 };
  for (const { bank, sectors, alsoErased, erase, lost, kept } of plan.banks) {
    const bytes = sectors.reduce((sum, sector) => sum + sector.size, 0);
    const image = countBytes(sectors.flatMap((sector) => sector.image));
    totals.compare += bytes;
    totals.erase += erase === "chip"
      ? countBytes(lost) + image
      : bytes + alsoErased.reduce((sum, sector) => sum + sector.size, 0);
    totals.verify += kept.length > 0 ? bytes : image;
    for (const sector of sectors) {
      for (const page of pagesOf(sector, bank.algorithm.pageSize, bank.algorithm.erasedByte)) {
        totals.program += page.data.length;
      }
    }
  }
  return totals;
}
