/**
 * Erases flash without programming anything.
 *
 * @module
 */
import { FlashError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { allSectors, type FlashBank } from "./bank.ts";
import type { EraseJob, ErasePlan } from "./erase_spec.ts";
import { checkProtection, checkSignal, type FlashDevice, type FlashRunOptions, withRunner } from "./programmer.ts";
import { FlashAccount, type FlashReport } from "./report.ts";
import { finishSequenceFlash } from "./sequence_runner.ts";

const log = getLogger("flash", "erase");

/**
 * Erases the sectors of a plan. The core is left halted.
 *
 * @throws {FlashError} saying what was erased before the failure
 */
export function eraseSectors(
  plan: ErasePlan,
  device: FlashDevice,
  options: FlashRunOptions = {},
): Promise<FlashReport> {
  return runJobs(plan.jobs.map((job) => ({ ...job, whole: false })), device, options);
}

/**
 * Erases every bank: by EraseChip, or sector by sector where the algorithm has no such routine.
 *
 * @throws {FlashError} saying what was erased before the failure, or that there is nothing to erase
 */
export async function eraseChip(
  banks: readonly FlashBank[],
  device: FlashDevice,
  options: FlashRunOptions = {},
): Promise<FlashReport> {
  if (banks.length === 0) {
    throw new FlashError("Cannot erase the chip: no flash algorithm is known for it", {
      code: "flash-no-algorithm",
      hint: "Choose the target type with --target, or give its pack with --pack",
    });
  }
  const jobs = banks.map((bank) => ({
    bank,
    sectors: allSectors(bank),
    whole: bank.algorithm.entry.eraseChip !== undefined,
  }));
  return await runJobs(jobs, device, options);
}

async function runJobs(
  jobs: readonly (EraseJob & { readonly whole: boolean })[],
  device: FlashDevice,
  options: FlashRunOptions,
): Promise<FlashReport> {
  const total = jobs.flatMap((job) => job.sectors).reduce((sum, sector) => sum + sector.size, 0);
  const account = new FlashAccount(device.clock, { erase: total }, options.progress);
  try {
    await checkProtection(device);
    for (const { bank, sectors, whole } of jobs) {
      await withRunner(bank, device, options, (runner) =>
        account.timed("erase", async () => {
          if (whole) {
            checkSignal(options.signal);
            log.info(`Erasing all of ${bank.name}`);
            account.begin(...bank.ranges);
            await runner.eraseChip();
            return account.erasedBank(bank.ranges);
          }
          for (const sector of sectors) {
            checkSignal(options.signal);
            const range = { start: sector.start, end: sector.start + sector.size };
            account.begin(range);
            await runner.eraseSector(sector.start);
            account.erasedSector(range);
          }
        }));
    }
    const erased = jobs.some(({ sectors, whole }) => whole || sectors.length > 0);
    await finishSequenceFlash(jobs.map(({ bank }) => bank), device.sequences, { erased, programmed: false });
  } catch (error) {
    throw account.explain(error, []);
  }
  return account.report();
}
