/**
 * Commands about debug port and access ports.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { TargetError, UsageError } from "../../base/errors.ts";
import { type ApAddress, apName } from "../../dap/debug_port.ts";
import { openAccessPort } from "../../dap/discovery.ts";
import type { ConnectMode } from "../../target/settings.ts";
import type { CommandContext } from "../context.ts";
import { readAddress, readCount, readValue } from "../numbers.ts";
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

async function initDebugPort(context: CommandContext): Promise<void> {
  const { dp, target } = context.session;
  const { protocol, swjEnable, useDormant } = target.settings;
  const { value } = await dp.connect({ protocol, swjEnable, useDormant });
  await dp.powerUp();
  context.write(`Connected to the debug port, DPIDR = ${hex(value)}\n`);
}

async function makeAccessPort(context: CommandContext, [word]: readonly string[]): Promise<void> {
  const { dp, target } = context.session;
  const number = await readAddress(context, word!);
  if (!dp.isAdi6 && number > 0xff) throw new UsageError(`Cannot use ${word} as an APSEL: it is above 255`);
  if (dp.isAdi6 && number % 0x1000 !== 0) {
    throw new UsageError(`Cannot use ${word} as the address of an access port: it is not a multiple of 0x1000`);
  }
  const address: ApAddress = dp.isAdi6 ? { base: number } : { apsel: number };
  if (target.aps.some((ap) => apName(ap.address) === apName(address))) {
    throw new UsageError(`Cannot make ${apName(address)}: it exists already`, {
      hint: "Run `show aps` for all of them",
    });
  }
  const ap = await openAccessPort(dp, address);
  if (ap.identity.value === 0) {
    throw new TargetError(`Cannot make ${apName(address)}: nothing is there (IDR is 0)`, { code: "no-ap" });
  }
  target.aps.push(ap);
  context.write(`${ap.name}: IDR = ${hex(ap.identity.value)}\n`);
}

async function connectAgain(context: CommandContext): Promise<void> {
  const { session } = context;
  await session.target.connect(session.options.get("connect_mode") as ConnectMode);
  if (context.hasCore) context.selectCore(0);
  context.write(`Connected to ${session.target.description.name}, ${count(session.target.cores.length, "core")}\n`);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
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
  {
    names: ["initdp"],
    group: "commander",
    usage: "",
    help: "Connect to the debug port and power it up.",
    run: initDebugPort,
  },
  {
    names: ["makeap"],
    group: "commander",
    usage: "AP",
    help: "Add an access port that discovery did not find.",
    details: "AP is the APSEL, or on ADIv6 the address.",
    run: makeAccessPort,
  },
  {
    names: ["reinit"],
    group: "commander",
    usage: "",
    help: "Connect to the target again and discover what is there.",
    run: connectAgain,
  },
  {
    names: ["flushprobe"],
    group: "commander",
    usage: "",
    help: "Send what is queued, and report what failed of it.",
    run: (context) => context.session.dp.flush(),
  },
];
