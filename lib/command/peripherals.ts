/**
 * Peripheral registers by name, and their values in words.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import type { MemoryInterface } from "../dap/memory.ts";
import type { SvdDevice, SvdField, SvdPeripheral, SvdRegister } from "../format/svd_types.ts";

/** What `PERIPH`, `PERIPH.REG` or `PERIPH.REG.FIELD` names. */
export interface PeripheralPlace {
  /** The peripheral. */
  readonly peripheral: SvdPeripheral;
  /** The register, when one is named. */
  readonly register?: SvdRegister;
  /** The field, when one is named. */
  readonly field?: SvdField;
}

/** The register of a peripheral; letter case does not matter. */
export function findPeripheralRegister(
  device: SvdDevice | undefined,
  peripheral: string,
  register: string,
): SvdRegister | undefined {
  return byName(byName(device?.peripherals ?? [], peripheral)?.registers ?? [], register);
}

/**
 * What a dotted name stands for; undefined when no peripheral begins it.
 *
 * @throws {UsageError} with near names when the peripheral exists and what follows does not
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findPlace } from "./peripherals.ts";
 *
 * const device = { name: "D", description: "", peripherals: [
 *   { name: "GPIOA", description: "", base: 0x40020000, interrupts: [], registers: [] },
 * ] };
 * assertEquals(findPlace(device, "gpioa")?.peripheral.base, 0x40020000);
 * assertEquals(findPlace(device, "r0"), undefined);
 * ```
 */
export function findPlace(device: SvdDevice | undefined, name: string): PeripheralPlace | undefined {
  const dot = name.indexOf(".");
  const peripheral = byName(device?.peripherals ?? [], dot < 0 ? name : name.slice(0, dot));
  if (peripheral === undefined || dot < 0) return peripheral && { peripheral };
  const rest = name.slice(dot + 1);
  const whole = byName(peripheral.registers, rest);
  if (whole !== undefined) return { peripheral, register: whole };
  // Registers in clusters have dots of their own, so that the field is what follows the last one.
  const last = rest.lastIndexOf(".");
  const register = last < 0 ? undefined : byName(peripheral.registers, rest.slice(0, last));
  if (register === undefined) throw unknown(rest, "register", peripheral.name, peripheral.registers);
  const field = byName(register.fields, rest.slice(last + 1));
  if (field === undefined) {
    throw unknown(rest.slice(last + 1), "field", `${peripheral.name}.${register.name}`, register.fields);
  }
  return { peripheral, register, field };
}

function byName<T extends { readonly name: string }>(entries: readonly T[], name: string): T | undefined {
  const wanted = name.toLowerCase();
  return entries.find((entry) => entry.name.toLowerCase() === wanted);
}

function unknown(name: string, what: string, where: string, among: readonly { readonly name: string }[]): UsageError {
  return new UsageError(`Cannot find ${name}: ${where} has no such ${what}`, {
    code: `unknown-${what}`,
    hint: didYouMean(name, among.map((each) => each.name)) ?? `Run \`reg ${where}\` to see what it has`,
  });
}

/** The value of a register, read with one access of its size, or two words for 64 bits. @throws {TransferError} */
export async function readPeripheral(memory: MemoryInterface, register: SvdRegister): Promise<bigint> {
  const { address, size } = register;
  if (size === 8) return BigInt(await memory.read8(address));
  if (size === 16) return BigInt(await memory.read16(address));
  if (size !== 64) return BigInt(await memory.read32(address));
  const [low, high] = await memory.readWords(address, 2);
  return BigInt(low!) | (BigInt(high!) << 32n);
}

/** Writes a register with one access of its size, or two words for 64 bits. @throws {TransferError} */
export async function writePeripheral(memory: MemoryInterface, register: SvdRegister, value: bigint): Promise<void> {
  const { address, size } = register;
  if (size === 8) memory.write8(address, Number(value));
  else if (size === 16) memory.write16(address, Number(value));
  else if (size !== 64) memory.write32(address, Number(value));
  else memory.writeWords(address, Uint32Array.of(Number(value & 0xffffffffn), Number(value >> 32n)));
  await memory.flush();
}

/** The bits of a field in a register's value. */
export function fieldValue(field: SvdField, value: bigint): bigint {
  return (value >> BigInt(field.low)) & fieldMask(field);
}

/** A register's value with other bits in one of its fields. */
export function withField(field: SvdField, value: bigint, bits: bigint): bigint {
  const low = BigInt(field.low);
  return (value & ~(fieldMask(field) << low)) | (bits << low);
}

/** The greatest value of a field: a one in each of its bits. */
export function fieldMask(field: SvdField): bigint {
  return (1n << BigInt(field.width)) - 1n;
}

/** One line: `GPIOA.MODER @ 0x40020000 = 0xa8000000`. */
export function formatPeripheral(peripheral: SvdPeripheral, register: SvdRegister, value: bigint): string {
  return `${peripheral.name}.${register.name} @ ${hex(register.address)} = ${hex(value, register.size / 4)}\n`;
}

/** One line: `  MODER15[31:30] = 0x2 (Alternate)`; the value in decimal where it has no name. */
export function formatField(field: SvdField, value: bigint): string {
  const bits = fieldValue(field, value);
  const named = field.values.find((each) => each.value === bits) ??
    field.values.find((each) => each.value === undefined);
  const range = field.width === 1 ? `${field.low}` : `${field.low + field.width - 1}:${field.low}`;
  const digits = Math.ceil(field.width / 4);
  return `  ${field.name}[${range}] = ${hex(bits, digits)} (${named?.name ?? bits})\n`;
}
