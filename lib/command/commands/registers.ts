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
import type { CommandSpec } from "../spec.ts";

const GROUPS: readonly RegisterGroup[] = ["general", "system", "security", "mve", "float", "double"];
const COLUMNS = 3;
const POINTERS = /^(sp|lr|pc|msp|psp|msplim|psplim)(_n?s)?$/;

/** A register's value for people: pointers in hexadecimal, whole numbers also in decimal, floats also as such. */
export function formatRegister(info: RegisterInfo, value: number | bigint): string {
  const raw = hex(value, info.bits / 4);
  const isFloat = /^[sd]\d+$/.test(info.name);
  if (!isFloat) return POINTERS.test(info.name) ? raw : `${raw} (${value})`;
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

function findRegister(context: CommandContext, word: string): RegisterInfo {
  const name = REGISTER_ALIASES[word.toLowerCase()] ?? word.toLowerCase();
  const info = present(context).find((each) => each.name === name);
  if (info !== undefined) return info;
  throw new UsageError(`Cannot find register ${word}: the core has none of that name`, {
    code: "unknown-register",
    hint: didYouMean(word, [...context.core.registerNames, ...GROUPS]) ?? "Run `show register-groups` for the groups",
  });
}

async function readRegisters(context: CommandContext, args: readonly string[]): Promise<void> {
  const words = args.filter((word) => word !== "-f" && word !== "-p");
  if (words.length === 0) words.push("general");
  const single: RegisterInfo[] = [];
  for (const word of words) {
    const name = word.toLowerCase();
    const isRegister = context.core.registerNames.includes(REGISTER_ALIASES[name] ?? name);
    const groups = isRegister ? [] : name === "all" ? GROUPS : GROUPS.filter((group) => group.startsWith(name));
    if (groups.length === 0 || (groups.length > 1 && name !== "all")) {
      single.push(findRegister(context, word));
      continue;
    }
    for (const group of groups) {
      const registers = present(context, group);
      if (registers.length === 0) continue;
      context.write(`${group} registers:\n`);
      await show(context, registers);
    }
  }
  if (single.length > 0) await show(context, single);
}

async function writeRegister(context: CommandContext, args: readonly string[]): Promise<void> {
  const readBack = args.includes("-r");
  const [name, value, ...rest] = args.filter((word) => word !== "-r" && word !== "-f" && word !== "-p");
  if (name === undefined || value === undefined || rest.length > 0) {
    throw new UsageError("Cannot write a register: one register and one value are needed", {
      hint: "Usage: wreg [-r] REG VALUE",
    });
  }
  const info = findRegister(context, name);
  const number = info.bits === 64 ? await readValue64(context, value) : await readValue(context, value, info.bits);
  await context.core.writeRegisters({ [info.name]: number });
  if (readBack) await show(context, [info]);
}

/** Commands about core registers. */
export const REGISTER_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["reg", "rr"],
    group: "standard",
    usage: "[-p] [-f] [REG...]",
    help: "Show registers, or groups of registers; `all` shows every group.",
    run: readRegisters,
  },
  {
    names: ["wreg", "wr"],
    group: "standard",
    usage: "[-r] [-p] [-f] REG VALUE",
    help: "Write a register; -r reads it back.",
    run: writeRegister,
  },
];
