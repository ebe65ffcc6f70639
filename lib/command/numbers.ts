/**
 * Numbers as people type them in commands: literals, registers, symbols, and what memory holds at any of these.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/near_names.ts";
import { REGISTER_ALIASES } from "../core/registers.ts";
import { parseInteger } from "../session/option_text.ts";
import type { CommandContext } from "./context.ts";

/**
 * The number that a word stands for, tried in this order: `[word]` or `[word,offset]` reads 32 bits from memory; a core
 * register's value, which is also printed; a literal; a peripheral register's or symbol's address.
 *
 * @throws {UsageError} when it stands for nothing
 */
export async function readNumber(context: CommandContext, word: string): Promise<number> {
  const reference = /^\[([^,\]]*)(?:,([^,\]]*))?\]$/.exec(word);
  if (reference !== null) {
    const base = await readNumber(context, reference[1]!.trim());
    const offset = reference[2] === undefined ? 0 : parseInteger(reference[2]);
    if (offset === undefined) throw notANumber(word);
    return await context.memory.read32(checkAddress(base + offset, word));
  }
  const name = REGISTER_ALIASES[word.toLowerCase()] ?? word.toLowerCase();
  if (context.hasCore && context.core.registerNames.includes(name)) {
    const [value] = await context.core.readRegisters([name]);
    context.write(`${name} = ${hex(value!)}\n`);
    return Number(value);
  }
  const value = parseInteger(word) ?? await context.lookUp(word);
  if (value === undefined) {
    const registers = context.hasCore ? context.core.registerNames : [];
    throw notANumber(word, [...registers, ...context.symbols?.names ?? []]);
  }
  return value;
}

/** The byte address that a word stands for. @throws {UsageError} when it is no unsigned 32-bit number */
export async function readAddress(context: CommandContext, word: string): Promise<number> {
  return checkAddress(await readNumber(context, word), word);
}

/** The number of bytes, sectors, … that a word stands for. @throws {UsageError} when it is below `least` */
export async function readCount(context: CommandContext, word: string, what: string, least = 1): Promise<number> {
  const value = await readNumber(context, word);
  if (value < least) throw new UsageError(`Cannot use ${word} as ${what}: it must be at least ${least}`);
  return value;
}

/**
 * An unsigned value of `bits` bits; negative numbers are taken as two's complement.
 *
 * @throws {UsageError} when the value does not fit
 */
export async function readValue(context: CommandContext, word: string, bits: 8 | 16 | 32): Promise<number> {
  const value = await readNumber(context, word);
  const size = 2 ** bits;
  if (value >= size || value < -size / 2) throw new UsageError(`Cannot use ${word}: it does not fit in ${bits} bits`);
  return value < 0 ? value + size : value;
}

/** An unsigned 64-bit value; literals only reach beyond 53 bits. @throws {UsageError} when it does not fit */
export async function readValue64(context: CommandContext, word: string): Promise<bigint> {
  const plain = word.replaceAll("_", "");
  if (/^(0x[\da-f]+|0b[01]+|0o[0-7]+|\d+)$/i.test(plain)) {
    const value = BigInt(plain);
    if (value < 1n << 64n) return value;
    throw new UsageError(`Cannot use ${word}: it does not fit in 64 bits`);
  }
  return BigInt.asUintN(64, BigInt(await readNumber(context, word)));
}

function checkAddress(value: number, word: string): number {
  if (value < 0 || value > 0xffffffff) throw new UsageError(`Cannot use ${word} as an address: it is not 32 bits wide`);
  return value;
}

function notANumber(word: string, names: readonly string[] = []): UsageError {
  return new UsageError(`Cannot use ${word} as a number: it is no literal, register or symbol`, {
    code: "bad-number",
    hint: didYouMean(word, names) ?? "Write numbers as 10, 0x10 or 0b10, or name a core register",
  });
}
