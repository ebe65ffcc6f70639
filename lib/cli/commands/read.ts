/**
 * `tapir read`: reads target memory.
 *
 * @module
 */
import { EXIT, UsageError } from "../../base/errors.ts";
import { hexDump, type ItemBits } from "../../command/hex_dump.ts";
import { readMemory } from "../../command/memory_access.ts";
import { type WritableFormat, writeImage } from "../../format/write_image.ts";
import { writeUserFile } from "../../session/files.ts";
import { resolvePath } from "../../session/settings.ts";
import { defineCommand, one, text } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { byteCount } from "../units.ts";
import { address, byteLength, choice } from "../values.ts";

const EXTENSIONS: Readonly<Record<string, WritableFormat>> = { hex: "hex", ihex: "hex", srec: "srec", s19: "srec" };

const WIDTHS = ["8", "16", "32", "64"] as const;

/** The subcommand. */
export const command = defineCommand({
  description: "Reads target memory and prints it as a table, or writes it to a file. The target goes on running.",
  operands: [
    { usage: "<address>", help: "first byte" },
    { usage: "<length>", help: "number of bytes, such as 64, 0x1000 or 128k" },
  ],
  options: {
    width: one(
      "-w, --width <bits>",
      "bits of one access and one item: 8, 16, 32 or 64",
      Object.assign((word: string) => Number(choice("--width", WIDTHS)(word)) as ItemBits, { words: WIDTHS }),
    ),
    output: one("-o, --output <file>", "file to write; - is standard output", text),
    format: one(
      "--format <format>",
      "format of the output: bin, hex or srec; from the extension unless given, else bin",
      choice<WritableFormat>("--format", ["bin", "hex", "srec"]),
    ),
    ...JSON_OUTPUT,
    ...CONNECT,
    ...CONFIG,
    ...LOGGING,
  },
  examples: [
    { line: "read 0x20000000 64", help: "print 64 bytes of RAM" },
    { line: "read 0x08000000 0x10000 -o flash.hex", help: "save flash as Intel HEX" },
  ],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const start = address(operands[0]!);
    const length = byteLength("a length", 1)(operands[1]!);
    const bits = values.width ?? 32;
    if (start + length > 0x1_0000_0000) throw new UsageError("Cannot read beyond the end of the address space");
    await context.withSession(values, async (session) => {
      const bytes = await readMemory(session.coreAt(0), start, length, bits);
      if (values.output === undefined && values.format === undefined) {
        if (context.json) context.printJson({ address: start, bytes: [...bytes] });
        else context.print(hexDump(start, bytes, bits));
        return;
      }
      const extension = /\.(\w+)$/.exec(values.output ?? "")?.[1]?.toLowerCase() ?? "";
      const format = values.format ?? EXTENSIONS[extension] ?? "bin";
      const file = writeImage([{ address: start, data: bytes }], format);
      if (values.output === undefined || values.output === "-") return context.print(file);
      await writeUserFile(resolvePath(session.projectDir, values.output), file);
      if (context.json) context.printJson({ address: start, length, output: values.output, format });
      else context.say(`Wrote ${byteCount(length)} to ${values.output}`);
    }, { defaults: { connect_mode: "attach", "warning.cortex_m_default": false } });
    return EXIT.ok;
  },
});
