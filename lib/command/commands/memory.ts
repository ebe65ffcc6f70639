/**
 * Commands that read and write single items of memory.
 *
 * @module
 */
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import type { CommandContext } from "../context.ts";
import { hexDump, type ItemBits } from "../hex_dump.ts";
import { CHUNK, readMemory } from "../memory_access.ts";
import { readAddress, readCount, readValue, readValue64 } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

function reader(bits: ItemBits): CommandSpec["run"] {
  return async (context, [addressText, lengthText]) => {
    const address = await readAddress(context, addressText!);
    const size = bits / 8;
    const length = lengthText === undefined ? size : await readCount(context, lengthText, "a length");
    if (length % size !== 0) {
      throw new UsageError(
        `Cannot read ${length} bytes as ${bits}-bit items: the length must be a multiple of ${size}`,
      );
    }
    context.write(hexDump(address, await readMemory(context.memory, address, length, bits), bits));
  };
}

function writer(bits: ItemBits): CommandSpec["run"] {
  return async (context, [addressText, ...words]) => {
    const address = await readAddress(context, addressText!);
    const bytes = new Uint8Array((words.length * bits) / 8);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of words.entries()) {
      if (bits === 64) view.setBigUint64(i * 8, await readValue64(context, word), true);
      else {
        const value = await readValue(context, word, bits);
        if (bits === 8) view.setUint8(i, value);
        else if (bits === 16) view.setUint16(i * 2, value, true);
        else view.setUint32(i * 4, value, true);
      }
    }
    await context.session.writeMemory(context.core, address, bytes, bits === 64 ? 32 : bits);
  };
}

const READ_ALIASES: Readonly<Record<ItemBits, string>> = { 8: "rb", 16: "rh", 32: "rw", 64: "rd" };
const WRITE_ALIASES: Readonly<Record<ItemBits, string>> = { 8: "wb", 16: "wh", 32: "ww", 64: "wd" };
const WIDTHS: readonly ItemBits[] = [8, 16, 32, 64];

async function fill(context: CommandContext, args: readonly string[]): Promise<void> {
  const sized = args.length === 4;
  if (sized && !["8", "16", "32"].includes(args[0]!)) {
    throw new UsageError(`Cannot fill with items of ${args[0]} bits`, { hint: "Use 8, 16 or 32" });
  }
  const [addressText, lengthText, patternText] = sized ? args.slice(1) : args;
  const address = await readAddress(context, addressText!);
  const length = await readCount(context, lengthText!, "a length");
  const pattern = await readValue(context, patternText!, sized ? Number(args[0]) as 8 | 16 | 32 : 32);
  const size = sized ? Number(args[0]) / 8 : pattern > 0xffff ? 4 : pattern > 0xff ? 2 : 1;
  const bytes = new Uint8Array(Math.min(length, CHUNK));
  for (let i = 0; i < bytes.length; i++) bytes[i] = pattern >>> (8 * (i % size));
  for (let at = 0; at < length; at += CHUNK) {
    await context.checkInterrupted();
    await context.session.writeRam(context.core, address + at, bytes.subarray(0, length - at), 32);
  }
  context.write(`Filled ${hex(address)}-${hex(address + length - 1)} with ${hex(pattern, size * 2)}\n`);
}

/** Commands about items of memory. */
export const MEMORY_COMMANDS: readonly CommandSpec[] = [
  ...WIDTHS.map((bits): CommandSpec => ({
    names: [`read${bits}`, READ_ALIASES[bits]],
    group: "standard",
    usage: "ADDR [LEN]",
    help: `Read memory as ${bits}-bit items; LEN is in bytes.`,
    run: reader(bits),
  })),
  ...WIDTHS.map((bits): CommandSpec => ({
    names: [`write${bits}`, WRITE_ALIASES[bits]],
    group: "standard",
    usage: "ADDR DATA...",
    help: `Write ${bits}-bit items to memory; to flash, which must be erased there, through its algorithm.`,
    run: writer(bits),
  })),
  {
    names: ["fill"],
    group: "standard",
    usage: "[8|16|32] ADDR LEN PATTERN",
    help: "Fill RAM with a repeated pattern; LEN is in bytes.",
    details: "Without a width, the pattern is as wide as its value needs.",
    run: fill,
  },
];
