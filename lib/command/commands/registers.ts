/**
 * Commands about core registers.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import { REGISTER_ALIASES, type RegisterGroup, type RegisterInfo, REGISTERS } from "../../core/registers.ts";
import { didYouMean } from "../../base/near_names.ts";
import type { CommandContext } from "../context.ts";
import { readValue, readValue64 } from "../numbers.ts";
import { lookUpPlace, showPlace, writePlace } from "../peripheral_registers.ts";
import type { CommandSpec } from "../spec.ts";

const GROUPS: readonly RegisterGroup[] = ["general", "system", "security", "mve", "float", "double"];
const COLUMNS = 3;
const POINTERS = /^(sp|lr|pc|msp|psp|msplim|psplim)(_n?s)?$/;

function isFloat({ name }: RegisterInfo): boolean {
  return /^[sd]\d+$/.test(name);
}

/**
 * The bits that stand for a number with a point or an exponent (or `inf`, `nan`) in a floating-point register;
 * undefined for anything else, such as whole numbers, which are bits already.
 */
function floatBits(info: RegisterInfo, word: string): number | bigint | undefined {
  const isNumber = /^[+-]?(?:\d+\.\d*|\.\d+|\d+(?=e))(?:e[+-]?\d+)?$/i.test(word);
  const name = /^([+-]?)(inf|infinity|nan)$/i.exec(word);
  if (!isFloat(info) || (!isNumber && name === null)) return undefined;
  const size = name?.[2]?.toLowerCase() === "nan" ? NaN : Infinity;
  const value = name === null ? Number(word) : name[1] === "-" ? -size : size;
  const view = new DataView(new ArrayBuffer(8));
  if (info.bits === 64) view.setFloat64(0, value);
  else view.setFloat32(0, value);
  return info.bits === 64 ? view.getBigUint64(0) : view.getUint32(0);
}

/** A register's value for people: pointers in hexadecimal, whole numbers also in decimal, floats also as such. */
export function formatRegister(info: RegisterInfo, value: number | bigint): string {
  const raw = hex(value, info.bits / 4);
  if (!isFloat(info)) return POINTERS.test(info.name) ? raw : `${raw} (${value})`;
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return `${info.bits === 64 ? view.getFloat64(0, true) : view.getFloat32(0, true)} (${raw})`;
}

function present(context: CommandContext, group?: RegisterGroup): RegisterInfo[] {
  const names = new Set(context.core.registerNames);
  return REGISTERS.filter((info) => names.has(info.name) && (group === undefined || info.group === group));
}

async function show(context: CommandContext, registers: readonly RegisterInfo[]): Promise<void> {
  const values = await context.core.readRegisters(registers.map((info) => info.name));
  const width = Math.max(...registers.map((info) => info.name.length));
  const cells = registers.map((info, i) => `${info.name.padStart(width)}: ${formatRegister(info, values[i]!)}`);
  const cellWidth = Math.max(...cells.map((cell) => cell.length));
  const columns = Math.min(COLUMNS, cells.length);
  // Column after column, as the eye looks for r0, r1, r2.
  const rows = Math.ceil(cells.length / columns);
  for (let row = 0; row < rows; row++) {
    const line = Array.from({ length: columns }, (_, column) => (cells[row + column * rows] ?? "").padEnd(cellWidth));
    context.write(`${line.join("   ").trimEnd()}\n`);
  }
}

function findRegister(context: CommandContext, word: string): RegisterInfo | undefined {
  const name = REGISTER_ALIASES[word.toLowerCase()] ?? word.toLowerCase();
  return present(context).find((each) => each.name === name);
}

async function unknownRegister(context: CommandContext, word: string): Promise<UsageError> {
  const peripherals = (await context.device())?.peripherals.map(({ name }) => name) ?? [];
  const names = [...context.core.registerNames, ...GROUPS, ...peripherals];
  return new UsageError(`Cannot find register ${word}: neither the core nor a peripheral has that name`, {
    code: "unknown-register",
    hint: didYouMean(word, names) ??
      (peripherals.length > 0
        ? "Run `show register-groups` for the groups and `show peripherals` for the peripherals"
        : "Run `show register-groups` for the groups; peripherals need a pack, or an SVD file by `-O svd_file=FILE`"),
  });
}

/** Groups that a word names: all of them, one, or the only one that begins so. */
function groupsOf(word: string): readonly RegisterGroup[] {
  const name = word.toLowerCase();
  if (name === "all") return GROUPS;
  const matches = GROUPS.filter((group) => group.startsWith(name));
  return matches.length === 1 ? matches : [];
}

async function readRegisters(context: CommandContext, args: readonly string[]): Promise<void> {
  const { words, peripheralsOnly, fields } = flagsOf(args);
  if (words.length === 0) words.push("general");
  const single: RegisterInfo[] = [];
  const showSingle = async (): Promise<void> => {
    if (single.length > 0) await show(context, single.splice(0));
  };
  for (const word of words) {
    const register = peripheralsOnly ? undefined : findRegister(context, word);
    if (register !== undefined) {
      single.push(register);
      continue;
    }
    const place = await lookUpPlace(context, word);
    const groups = peripheralsOnly || place !== undefined ? [] : groupsOf(word);
    if (place === undefined && groups.length === 0) throw await unknownRegister(context, word);
    await showSingle();
    if (place !== undefined) await showPlace(context, place, fields);
    for (const group of groups) {
      const registers = present(context, group);
      if (registers.length === 0) continue;
      context.write(`${group} registers:\n`);
      await show(context, registers);
    }
  }
  await showSingle();
}

async function writeRegister(context: CommandContext, args: readonly string[]): Promise<void> {
  const { words, peripheralsOnly, fields, readBack } = flagsOf(args);
  const [name, value, ...rest] = words;
  if (name === undefined || value === undefined || rest.length > 0) {
    throw new UsageError("Cannot write a register: one register and one value are needed", {
      hint: "Usage: wreg [-r] [-p] [-f] REG VALUE",
    });
  }
  const info = peripheralsOnly ? undefined : findRegister(context, name);
  if (info !== undefined) {
    const number = floatBits(info, value) ??
      (info.bits === 64 ? await readValue64(context, value) : await readValue(context, value, info.bits));
    await context.core.writeRegisters({ [info.name]: number });
    if (readBack) await show(context, [info]);
    return;
  }
  const place = await lookUpPlace(context, name);
  if (place === undefined) throw await unknownRegister(context, name);
  await writePlace(context, place, value);
  if (readBack) await showPlace(context, place, fields);
}

/** Flags apart from words: -p leaves out core registers, -f shows fields, -r reads back. */
function flagsOf(args: readonly string[]) {
  return {
    words: args.filter((word) => !/^-[pfr]$/.test(word)),
    peripheralsOnly: args.includes("-p"),
    fields: args.includes("-f"),
    readBack: args.includes("-r"),
  };
}

/** Commands about core registers. */
export const REGISTER_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["reg", "rr"],
    group: "standard",
    usage: "[-p] [-f] [REG...]",
    help: "Show registers, or groups of registers; `all` shows every group.",
    details: "REG is a core register, a group (see `show register-groups`), a peripheral, or PERIPH.REG or\n" +
      "PERIPH.REG.FIELD of one. -p looks among peripherals only, -f shows the fields of peripheral registers.",
    run: readRegisters,
  },
  {
    names: ["wreg", "wr"],
    group: "standard",
    usage: "[-r] [-p] [-f] REG VALUE",
    help: "Write a register; -r reads it back.",
    details:
      "REG is a core register, PERIPH.REG or PERIPH.REG.FIELD. A field is changed in place and takes a number or the\n" +
      "name of one of its values. -p looks among peripherals only, -f shows fields when reading back. s0 to s31 and d0\n" +
      "to d15 also take 1.5, -2e3, inf and nan; a whole number is the bits of the register.",
    run: writeRegister,
  },
];
