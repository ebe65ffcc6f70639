/**
 * Commands about blocks of memory and files.
 *
 * @module
 */
import { firstDifference, hex } from "../../base/bytes.ts";
import { TargetError, UsageError } from "../../base/errors.ts";
import type { CommandContext } from "../context.ts";
import { CHUNK, readChunks } from "../memory_access.ts";
import { readAddress, readCount, readValue } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

async function saveMemory(context: CommandContext, args: readonly string[]): Promise<void> {
  const address = await readAddress(context, args[0]!);
  const length = await readCount(context, args[1]!, "a length");
  await context.host.writeFile(args[2]!, await readChunks(context, address, length));
  context.write(`Saved ${length} bytes to ${args[2]}\n`);
}

async function loadMemory(context: CommandContext, args: readonly string[]): Promise<void> {
  const address = await readAddress(context, args[0]!);
  const bytes = await context.host.readFile(args[1]!);
  await context.session.writeMemory(context.core, address, bytes, 32);
  context.write(`Loaded ${bytes.length} bytes to ${hex(address)}\n`);
}

async function compare(context: CommandContext, args: readonly string[]): Promise<void> {
  const address = await readAddress(context, args[0]!);
  const fileName = args.at(-1)!;
  const bytes = await context.host.readFile(fileName);
  const length = args.length === 3 ? await readCount(context, args[1]!, "a length") : bytes.length;
  if (length > bytes.length) {
    throw new UsageError(`Cannot compare ${length} bytes with ${fileName}: it holds ${bytes.length}`);
  }
  for (let at = 0; at < length; at += CHUNK) {
    await context.checkInterrupted();
    const expected = bytes.subarray(at, Math.min(at + CHUNK, length));
    const actual = await context.memory.readBytes(address + at, expected.length);
    const offset = firstDifference(actual, expected);
    if (offset >= 0) {
      throw new TargetError(
        `Cannot confirm ${fileName}: at ${hex(address + at + offset)} memory holds ${hex(actual[offset]!, 2)}, ` +
          `the file ${hex(expected[offset]!, 2)}`,
        { code: "compare-mismatch", fields: { address: address + at + offset } },
      );
    }
  }
  context.write(`All ${length} bytes match.\n`);
}

async function find(context: CommandContext, args: readonly string[]): Promise<void> {
  const inverted = args[0] === "-n";
  const [addressText, lengthText, ...words] = inverted ? args.slice(1) : args;
  if (addressText === undefined || lengthText === undefined || words.length === 0) {
    throw new UsageError("Cannot search: address, length and bytes are needed", {
      hint: "Usage: find [-n] ADDR LEN BYTE...",
    });
  }
  const address = await readAddress(context, addressText);
  const length = await readCount(context, lengthText, "a length");
  const pattern = new Uint8Array(words.length);
  for (const [i, word] of words.entries()) pattern[i] = await readValue(context, word, 8);
  for (let at = 0; at + pattern.length <= length; at += CHUNK) {
    await context.checkInterrupted();
    // The end of a chunk is read again with the next one, so that a match across the boundary is seen.
    const bytes = await context.memory.readBytes(address + at, Math.min(CHUNK + pattern.length - 1, length - at));
    for (let i = 0; i + pattern.length <= bytes.length; i++) {
      if (pattern.every((byte, j) => bytes[i + j] === byte) === inverted) continue;
      context.write(`Found pattern at address ${hex(address + at + i)}\n`);
      return;
    }
  }
  context.write(`Failed to find pattern in range ${hex(address)}-${hex(address + length - 1)}\n`);
}

/** Commands about blocks of memory. */
export const MEMORY_BLOCK_COMMANDS: readonly CommandSpec[] = [
  {
    names: ["savemem"],
    group: "standard",
    usage: "ADDR LEN FILE",
    help: "Save memory to a binary file.",
    run: saveMemory,
  },
  {
    names: ["loadmem"],
    group: "standard",
    usage: "ADDR FILE",
    help: "Write a binary file to memory; to flash, which must be erased there, through its algorithm.",
    run: loadMemory,
  },
  {
    names: ["compare", "cmp"],
    group: "standard",
    usage: "ADDR [LEN] FILE",
    help: "Compare memory with a binary file.",
    run: compare,
  },
  {
    names: ["find"],
    group: "standard",
    usage: "[-n] ADDR LEN BYTE...",
    help: "Find bytes in memory; with -n, the first place that differs from them.",
    run: find,
  },
];
