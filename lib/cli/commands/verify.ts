/**
 * `tapir verify`: compares files with the target.
 *
 * @module
 */
import { EXIT } from "../../base/errors.ts";
import { defineCommand } from "../command_spec.ts";
import { CONFIG, CONNECT, JSON_OUTPUT, LOGGING } from "../common_options.ts";
import { IMAGE_OPTIONS, placeFiles, readFiles } from "../image_options.ts";
import { byteCount, duration } from "../units.ts";

/** The subcommand. */
export const command = defineCommand({
  description: "Reads back target memory and compares it with files. Nothing is changed.",
  operands: [{ usage: "<file...>", help: "files; file@address places a binary file" }],
  options: { ...IMAGE_OPTIONS, ...JSON_OUTPUT, ...CONNECT, ...CONFIG, ...LOGGING },
  examples: [{ line: "verify firmware.elf", help: "check that the target holds this firmware" }],
  logLevel: "warning",
  async run(context, { values, operands }) {
    const files = await readFiles(context, operands, values);
    await context.withSession(values, async (session) => {
      const segments = placeFiles(files, session);
      const progress = context.progress();
      const start = session.clock.now();
      try {
        await session.flash.verify(segments, { progress: progress.update });
      } finally {
        progress.close();
      }
      const bytes = segments.reduce((sum, { data }) => sum + data.length, 0);
      const ms = session.clock.now() - start;
      if (context.json) context.event("result", { verifiedBytes: bytes, ms });
      else context.say(`Verified ${byteCount(bytes)} in ${duration(ms)}`);
    });
    return EXIT.ok;
  },
});
