/**
 * Commands about debug port and access ports.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { ApAddress } from "../../dap/debug_port.ts";
import type { CommandContext } from "../context.ts";
import { readCount, readValue } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

async function readDp(context: CommandContext, [registerText]: readonly string[]): Promise<void> {
  const register = await readRegister(context, registerText!);
  const value = await context.session.dp.readDp(register);
  context.write(`DP register ${hex(register, 2)} = ${hex(value)}\n`);
}

async function writeDp(context: CommandContext, args: readonly string[]): Promise<void> {
  const register = await readRegister(context, args[0]!);
  context.session.dp.writeDp(register, await readValue(context, args[1]!, 32));
  await context.session.dp.flush();
}

async function readRegister(context: CommandContext, word: string): Promise<number> {
  const register = await readCount(context, word, "a register address", 0);
  if (register > 0xff || register % 4 !== 0) {
    throw new UsageError(`Cannot access DP register ${word}: addresses are multiples of 4 up to 0xfc`, {
      hint: "Bits 7 to 4 are the bank",
    });
  }
  return register;
}

/** An AP register from `[APSEL] ADDR`: the APSEL is in bits 31 to 24 of ADDR when it is not given. */
async function apRegister(context: CommandContext, words: readonly string[]): Promise<[ApAddress, number]> {
  const raw = await readValue(context, words.at(-1)!, 32);
  if (context.session.dp.isAdi6) return [{ base: (raw & 0xfffff000) >>> 0 }, raw & 0xfff];
  const apsel = words.length > 1 ? await readCount(context, words[0]!, "an APSEL", 0) : raw >>> 24;
  if (apsel > 0xff) throw new UsageError(`Cannot use ${words[0]} as an APSEL: it is above 255`);
  return [{ apsel }, raw & 0xff];
}

async function readAp(context: CommandContext, args: readonly string[]): Promise<void> {
  const [ap, register] = await apRegister(context, args);
  const value = await context.session.dp.readAp(ap, register);
  context.write(`AP register ${hex(register, 2)} = ${hex(value)}\n`);
}

async function writeAp(context: CommandContext, args: readonly string[]): Promise<void> {
  const [ap, register] = await apRegister(context, args.slice(0, -1));
  context.session.dp.writeAp(ap, register, await readValue(context, args.at(-1)!, 32));
  await context.session.dp.flush();
}

/** Commands about ports. */
export const DAP_COMMANDS: readonly CommandSpec[] = [
  { names: ["readdp", "rdp"], group: "standard", usage: "ADDR", help: "Read a debug port register.", run: readDp },
  {
    names: ["writedp", "wdp"],
    group: "standard",
    usage: "ADDR DATA",
    help: "Write a debug port register.",
    run: writeDp,
  },
  {
    names: ["readap", "rap"],
    group: "standard",
    usage: "[APSEL] ADDR",
    help: "Read an access port register.",
    run: readAp,
  },
  {
    names: ["writeap", "wap"],
    group: "standard",
    usage: "[APSEL] ADDR DATA",
    help: "Write an access port register.",
    run: writeAp,
  },
];
