/**
 * The main job, with no hardware: `deno task demo`.
 *
 * Finds a simulated probe, identifies the chip behind it, flashes a real ELF with a flash algorithm out of a CMSIS-Pack,
 * verifies it, and runs it. Uses a chip vendor's own pack where one is at hand (TAPIR_DEMO_PACK and TAPIR_DEMO_TARGET,
 * or the test data beside the checkout), otherwise the demo pack of this project.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { main } from "../lib/cli/main.ts";
import { systemStreams } from "../lib/cli/system_streams.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** First path that exists. */
async function firstOf(paths: readonly (string | undefined)[]): Promise<string> {
  for (const path of paths) {
    if (path === undefined) continue;
    try {
      await Deno.stat(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error("Cannot find the demo pack");
}

const pack = await firstOf([
  Deno.env.get("TAPIR_DEMO_PACK"),
  `${root}../shared/data/dfp/Keil.STM32F4xx_DFP.3.1.2-dev`,
  `${root}scripts/demo/Tapir.Demo_DFP`,
]);
const target = Deno.env.get("TAPIR_DEMO_TARGET") ?? "STM32F407VG";
const firmware = `${root}scripts/demo/blinky.elf`;
const probe = ["--probe", "sim:stm32f407"];
const chip = [...probe, "--target", target, "--pack", pack];

/** What a newcomer would type, with one line on what to look at. */
const STEPS: readonly { readonly why: string; readonly argv: readonly string[] }[] = [
  { why: "Is there a probe?", argv: ["list", ...probe] },
  { why: "What is behind it?", argv: ["info", ...chip] },
  { why: "What would flashing do?", argv: ["flash", ...chip, "--dry-run", firmware] },
  {
    why: "Erase, program and verify with the pack's own flash algorithm, then run",
    argv: ["flash", ...chip, firmware],
  },
];

/** One session: a simulated board forgets everything when its probe is closed. */
const RUN: readonly string[] = [
  "commander",
  ...chip,
  "-c",
  `load '${firmware}'`,
  "-c",
  "reset halt",
  "-c",
  "reg pc sp",
  "-c",
  "read32 0x20000000 8",
  "-c",
  "continue",
  "-c",
  "sleep 2500",
  "-c",
  "halt",
  "-c",
  "read32 0x20000000 8",
];

const say = (text: string): void => console.error(text);
say(`Pack: ${pack}\n`);
for (const { why, argv } of [...STEPS, { why: "Does it run? The first two words of RAM count", argv: RUN }]) {
  say(`# ${why}`);
  say(`$ tapir ${argv.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" ")}`);
  const code = await main(argv, systemStreams());
  say("");
  if (code !== 0) {
    say(`The demo stopped: exit code ${code}`);
    Deno.exit(code);
  }
}
say("Done: probe found, chip identified, flashed, verified, running.");
