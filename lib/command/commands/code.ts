/**
 * Commands about code: disassembly, symbols and source lines.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import { didYouMean } from "../../base/near_names.ts";
import type { SymbolTable } from "../../format/symbols.ts";
import type { CommandContext } from "../context.ts";
import { readAddress, readCount } from "../numbers.ts";
import { describePlace, formatCode } from "../places.ts";
import type { CommandSpec } from "../spec.ts";

/** Bytes that are shown unless told. */
const DEFAULT_LENGTH = 6;

async function disasm(context: CommandContext, args: readonly string[]): Promise<void> {
  const isFlag = (word: string): boolean => word === "-c" || word === "--center";
  const [addressText, lengthText, ...rest] = args.filter((word) => !isFlag(word));
  if (addressText === undefined || rest.length > 0) {
    throw new UsageError("Cannot disassemble: one address and perhaps a length are needed", {
      hint: "Usage: disasm [-c] ADDR [LEN]",
    });
  }
  const center = (await readAddress(context, addressText) & ~1) >>> 0;
  const length = lengthText === undefined ? DEFAULT_LENGTH : await readCount(context, lengthText, "a length");
  const start = args.some(isFlag) ? Math.max(0, center - (length >> 1 & ~1)) : center;
  const halted = context.hasCore && await context.core.state() === "halted";
  const pc = halted ? await context.core.readRegister("pc") : undefined;
  context.write(await formatCode(await context.memory.readBytes(start, length), start, pc));
}

async function where(context: CommandContext, [addressText]: readonly string[]): Promise<void> {
  const symbols = requireSymbols(context);
  const address = addressText === undefined
    ? await context.core.readRegister("pc")
    : (await readAddress(context, addressText) & ~1) >>> 0;
  context.write(`${hex(address)} : ${describePlace(symbols, address) ?? "no symbol and no source line is there"}\n`);
}

async function symbol(context: CommandContext, [name]: readonly string[]): Promise<void> {
  const symbols = requireSymbols(context);
  const found = symbols.find(name!);
  if (found === undefined) {
    const hint = didYouMean(name!, symbols.names);
    throw new UsageError(`Cannot find symbol ${name}: the ELF file defines none of that name`, {
      code: "unknown-symbol",
      ...(hint === undefined ? {} : { hint }),
    });
  }
  context.write(`${found.name}${found.isFunction ? "()" : ""}: ${hex(found.address)} ${hex(found.size, 1)}\n`);
}

function requireSymbols({ symbols }: CommandContext): SymbolTable {
  if (symbols !== undefined) return symbols;
  throw new UsageError("Cannot look up symbols: no ELF file was given", {
    code: "no-symbols",
    hint: "Start the commander with --elf FILE",
  });
}

/** Commands about code. */
export const CODE_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["disasm", "d"],
    group: "standard",
    usage: "[-c] ADDR [LEN]",
    help: "Disassemble LEN bytes of code, 6 unless told; * marks the PC.",
    details: "-c, or --center, shows as much code before ADDR as after it.",
    run: disasm,
  },
  {
    names: ["where"],
    group: "standard",
    usage: "[ADDR]",
    help: "Show function, file and line of an address, of the PC unless told; needs --elf.",
    run: where,
  },
  {
    names: ["symbol"],
    group: "standard",
    usage: "NAME",
    help: "Show address and size of a symbol; needs --elf.",
    run: symbol,
  },
];
