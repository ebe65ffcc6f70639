/**
 * Commands about flash.
 *
 * @module
 */
import { counted } from "../../base/counted.ts";
import { FlashError } from "../../base/errors.ts";
import { hex } from "../../base/bytes.ts";
import { bankAt, sectorAt } from "../../flash/bank.ts";
import type { ProgressListener } from "../../base/events.ts";
import type { FlashWork } from "../../session/flash_service.ts";
import { imageFile, segmentsOf } from "../../session/images.ts";
import type { CommandContext } from "../context.ts";
import { readAddress, readCount } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

async function load(context: CommandContext, [file, addressText]: readonly string[]): Promise<void> {
  const { flash, target } = context.session;
  const baseAddress = addressText === undefined ? undefined : await readAddress(context, addressText);
  const bytes = await context.host.readFile(file!);
  const image = imageFile(bytes, file!, { baseAddress }).place(flash.map, target.description.name);
  const plan = await flash.plan(segmentsOf([image]));
  const report = await context.host.withProgress((progress) => flash.run(plan, work(context, progress)));
  if (report.ramBytes > 0) context.write(`Loaded ${report.ramBytes} bytes into RAM\n`);
  if (report.programmedBytes + report.identicalBytes === 0) return;
  context.write(
    `Programmed ${report.programmedBytes} bytes, skipped ${report.identicalBytes} bytes that were unchanged\n`,
  );
}

async function erase(context: CommandContext, [addressText, countText]: readonly string[]): Promise<void> {
  const { flash } = context.session;
  if (addressText === undefined) {
    const report = await context.host.withProgress((progress) => flash.eraseChip(work(context, progress)));
    context.write(`Erased chip, ${report.erasedBytes} bytes\n`);
    return;
  }
  const start = await readAddress(context, addressText);
  const count = countText === undefined ? 1 : await readCount(context, countText, "a number of sectors");
  const banks = await flash.allBanks();
  let end = start;
  for (let i = 0; i < count; i++) {
    const bank = bankAt(banks, end);
    const sector = bank === undefined ? undefined : sectorAt(bank, end);
    if (sector === undefined) {
      throw new FlashError(
        `Cannot erase ${counted(count, "sector")} from ${hex(start)}: there is no flash at ${hex(end)}`,
        {
          code: "erase-not-flash",
          hint: "Nothing was erased",
        },
      );
    }
    end = sector.start + sector.size;
  }
  const plan = await flash.planErase([{ start, end }]);
  const report = await context.host.withProgress((progress) => flash.eraseSectors(plan, work(context, progress)));
  context.write(`Erased ${report.erasedSectors} ${report.erasedSectors === 1 ? "sector" : "sectors"}\n`);
}

function work({ signal }: CommandContext, progress: ProgressListener): FlashWork {
  return { progress, ...(signal === undefined ? {} : { signal }) };
}

async function unlock(context: CommandContext): Promise<void> {
  await context.session.massErase();
  context.write("Mass erase complete\n");
}

/** Commands about flash. */
export const FLASH_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["load"],
    group: "standard",
    usage: "FILE [ADDR]",
    help: "Program a file; ADDR places a binary file.",
    run: load,
  },
  {
    names: ["erase"],
    group: "standard",
    usage: "[ADDR] [COUNT]",
    help: "Erase COUNT sectors from ADDR on; without ADDR, the whole chip.",
    run: erase,
  },
  { names: ["unlock"], group: "standard", usage: "", help: "Erase everything, protection included.", run: unlock },
];
