/**
 * `tapir write`: writes target memory.
 *
 * @module
 */
import { EXIT, UsageError } from "../../base/errors.ts";
import { parseInteger } from "../../session/option_text.ts";
import { readUserFile } from "../../session/files.ts";
import { resolvePath } from "../../session/settings.ts";
import { defineCommand, one, text } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { byteCount } from "../units.ts";
import { address, choice } from "../values.ts";

/** Little-endian bytes of the values in `words`, each `bits` bits wide. @throws {UsageError} when one does not fit */
function encodeItems(words: readonly string[], bits: 8 | 16 | 32): Uint8Array {
  const size = bits / 8;
  const bytes = new Uint8Array(words.length * size);
  for (const [i, word] of words.entries()) {
    const value = parseInteger(word);
    if (value === undefined || value >= 2 ** bits || value < -(2 ** (bits - 1))) {
      throw new UsageError(`Cannot write ${word}: it is no number of ${bits} bits`, {
        hint: "Choose another width with --width, or name a file with --input",
      });
    }
    for (let j = 0; j < size; j++) bytes[i * size + j] = value >> (8 * j);
  }
  return bytes;
}

const WIDTHS = ["8", "16", "32"] as const;

/** The subcommand. */
export const command = defineCommand({
  description: "Writes numbers or a binary file to target memory. The target goes on running. Flash is not " +
    "written; use `tapir flash` for that.",
  operands: [
    { usage: "<address>", help: "first byte" },
    { usage: "[value...]", help: "numbers" },
  ],
  options: {
    width: one(
      "-w, --width <bits>",
      "bits of one access and one number: 8, 16 or 32",
      Object.assign((word: string) => Number(choice("--width", WIDTHS)(word)) as 8 | 16 | 32, { words: WIDTHS }),
    ),
    input: one("-i, --input <file>", "binary file to write instead of numbers; - is standard input", text),
    ...JSON_OUTPUT,
    ...CONNECT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "write 0x20000000 1 2 0xdeadbeef", help: "write three words" },
    { line: "write -w 8 0x20000000 0x55", help: "write one byte" },
    { line: "write 0x20000000 -i table.bin", help: "write a file to RAM" },
  ],
  logLevel: "warning",
  async run(context, { values, operands: [start, ...words] }) {
    const at = address(start!);
    if ((words.length === 0) === (values.input === undefined)) {
      const what = words.length === 0 ? "there is nothing to write" : "there are numbers and a file";
      throw new UsageError(`Cannot write at ${start}: ${what}`, {
        hint: "Give numbers behind the address, or a binary file with --input",
      });
    }
    const bits = values.width ?? 32;
    const numbers = encodeItems(words, bits);
    await context.withSession(values, async (session) => {
      const bytes = values.input === undefined
        ? numbers
        : values.input === "-"
        ? await context.streams.stdin.readAll()
        : await readUserFile(resolvePath(session.projectDir, values.input));
      await session.writeRam(session.coreAt(0), at, bytes, bits);
      if (context.json) context.event("result", { address: at, bytes: bytes.length });
      else context.say(`Wrote ${byteCount(bytes.length)}`);
    }, { defaults: { connect_mode: "attach", "warning.cortex_m_default": false } });
    return EXIT.ok;
  },
});
