/**
 * Showing and writing peripheral registers.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import type { SvdPeripheral, SvdRegister } from "../format/svd_types.ts";
import type { CommandContext } from "./context.ts";
import { readValue64 } from "./numbers.ts";
import {
  fieldMask,
  findPlace,
  formatField,
  formatPeripheral,
  type PeripheralPlace,
  readPeripheral,
  withField,
  writePeripheral,
} from "./peripherals.ts";

/** Shows a register, or every register of a peripheral. @throws {TransferError} when it cannot be read */
export async function showPlace(context: CommandContext, place: PeripheralPlace, fields: boolean): Promise<void> {
  const { peripheral, register, field } = place;
  if (register === undefined) {
    for (const each of peripheral.registers) {
      await context.checkInterrupted();
      await showRegister(context, peripheral, each, fields, false);
    }
    return;
  }
  if (field === undefined) return await showRegister(context, peripheral, register, fields, true);
  const value = await readPeripheral(context.memory, register);
  context.write(`${peripheral.name}.${register.name}\n${formatField(field, value)}`);
}

/** `asked` tells that the user named this very register, so that it is read even when that changes it. */
async function showRegister(
  context: CommandContext,
  peripheral: SvdPeripheral,
  register: SvdRegister,
  fields: boolean,
  asked: boolean,
): Promise<void> {
  const head = `${peripheral.name}.${register.name} @ ${hex(register.address)}`;
  if (register.access === "write-only" || register.access === "writeOnce") {
    context.write(`${head} is write-only\n`);
    return;
  }
  if (register.hasReadEffect && !asked) {
    context.write(`${head} is not read, because reading changes it\n`);
    return;
  }
  const value = await readPeripheral(context.memory, register);
  context.write(formatPeripheral(peripheral, register, value));
  if (!fields) return;
  for (const field of [...register.fields].reverse()) context.write(formatField(field, value));
}

/**
 * Writes a register or one of its fields; a field by its number or by the name of one of its values.
 *
 * @throws {UsageError} when the value does not fit, or a whole peripheral is named
 */
export async function writePlace(context: CommandContext, place: PeripheralPlace, word: string): Promise<void> {
  const { peripheral, register, field } = place;
  if (register === undefined) {
    throw new UsageError(`Cannot write ${peripheral.name}: name one of its registers`, {
      hint: `For example ${peripheral.name}.${peripheral.registers[0]?.name ?? "REGISTER"}`,
    });
  }
  const limit = field === undefined ? (1n << BigInt(register.size)) - 1n : fieldMask(field);
  const named = field?.values.find((each) => each.name.toLowerCase() === word.toLowerCase())?.value;
  const value = named ?? await readValue64(context, word);
  if (value > limit) {
    const name = [peripheral.name, register.name, ...(field === undefined ? [] : [field.name])].join(".");
    throw new UsageError(`Cannot write ${word} to ${name}: the greatest value is ${hex(limit, 1)}`);
  }
  if (field === undefined) return await writePeripheral(context.memory, register, value);
  const before = await readPeripheral(context.memory, register);
  await writePeripheral(context.memory, register, withField(field, before, value));
}

/**
 * What a word of `reg` and `wreg` names among the peripherals.
 *
 * @throws {UsageError} when a register of a peripheral does not exist
 */
export async function lookUpPlace(context: CommandContext, word: string): Promise<PeripheralPlace | undefined> {
  return findPlace(await context.device(), word);
}
