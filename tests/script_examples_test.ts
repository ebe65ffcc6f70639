/**
 * The example scripts, run as users run them: by `deno run` and by the standalone program, which must print the same.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);
const EXAMPLES = fileURLToPath(new URL("scripts/examples/", ROOT));
const PACK = fileURLToPath(new URL("scripts/demo/Tapir.Demo_DFP", ROOT));

/** The newest change below some folders, in milliseconds. */
function newestBelow(folder: URL): number {
  let newest = 0;
  for (const entry of Deno.readDirSync(folder)) {
    const url = new URL(`${entry.name}${entry.isDirectory ? "/" : ""}`, folder);
    newest = Math.max(newest, entry.isDirectory ? newestBelow(url) : Deno.statSync(url).mtime?.getTime() ?? 0);
  }
  return newest;
}

/** TAPIR_BINARY, else dist/tapir unless the sources are newer. */
function standaloneProgram(): string | undefined {
  const named = Deno.env.get("TAPIR_BINARY");
  if (named) return Deno.realPathSync(named);
  const built = new URL(`dist/tapir${Deno.build.os === "windows" ? ".exe" : ""}`, ROOT);
  try {
    const sources = ["lib/", "scripts/examples/"].map((folder) => newestBelow(new URL(folder, ROOT)));
    return Deno.statSync(built).mtime!.getTime() > Math.max(...sources) ? fileURLToPath(built) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

interface Run {
  readonly code: number;
  readonly output: string;
}

/** Runs `tapir`; times in log lines are made equal. */
async function run(program: readonly [string, ...string[]], argv: readonly string[], cwd: string): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(program[0], {
    args: [...program.slice(1), ...argv],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { code, output: output.replace(/^\d{7} /gm, "TIME ") };
}

const FROM_SOURCE = [Deno.execPath(), "run", "-A", "--no-check", fileURLToPath(new URL("cli.ts", ROOT))] as const;
const STANDALONE = standaloneProgram();
const GENERIC = ["-W", "-t", "cortex_m"];
const LOCKED = ["commander", ...GENERIC, "-u", "sim:nrf52840?locked=1", "-O", "auto_unlock=false", "-c", "status"];
const RESET_AND_SAY_WHY = ["-c", "write32 0x40000400 0xffffffff; reset; read32 0x40000400"];

/** What is run, with which exit code and output. */
const CASES: readonly (readonly [name: string, argv: readonly string[], code: number, output: RegExp])[] = [
  ["a protected nRF52840 is refused without a script", LOCKED, 4, /^Error: Cannot find a core/],
  [
    "unlock_nrf52.ts unlocks it",
    [...LOCKED, "--script", `${EXAMPLES}unlock_nrf52.ts`],
    0,
    /^Core 0 \(Cortex-M4\): .*\nTIME W Erasing all of the chip to unlock it \[script\]\n$/,
  ],
  [
    "unlock_nrf52.ts refuses another chip",
    ["commander", ...GENERIC, "-u", "sim:stm32f407", "-c", "status", "--script", `${EXAMPLES}unlock_nrf52.ts`],
    1,
    /^Error: .*: Cannot unlock: this is no nRF52 \(.*unlock_nrf52\.ts:21:11\)/,
  ],
  [
    "SYSRESETREQ resets without a script",
    ["commander", ...GENERIC, "-u", "sim:nrf52840", ...RESET_AND_SAY_WHY],
    0,
    /40000400: {2}00000004/,
  ],
  [
    "custom_reset.ts resets by the pin instead",
    ["commander", ...GENERIC, "-u", "sim:nrf52840", "--script", `${EXAMPLES}custom_reset.ts`, ...RESET_AND_SAY_WHY],
    0,
    /40000400: {2}00000001/,
  ],
  [
    "DBGMCU_CR is clear without a script",
    ["commander", ...GENERIC, "-u", "sim:stm32f407", "-c", "read32 0xe0042004"],
    0,
    /e0042004: {2}00000000/,
  ],
  [
    "stm32_low_power.ts keeps the debug clocks on",
    [
      "commander",
      ...GENERIC,
      "-u",
      "sim:stm32f407",
      "--script",
      `${EXAMPLES}stm32_low_power.ts`,
      "-c",
      "read32 0xe0042004",
    ],
    0,
    /e0042004: {2}00000007/,
  ],
  [
    "vectable.ts adds its command under both names, and to the help",
    [
      ...["commander", ...GENERIC, "-u", "sim:stm32f407", "--script", `${EXAMPLES}vectable.ts`],
      ...["-c", "write32 0x20000000 0x20001000 0x08000101", "-c", "vectable 18 0x20000000; help vt; vt 1"],
    ],
    0,
    /Vector table at 0x20000000:\n +0 {2}initial SP +0x20001000\n +1 {2}Reset +0x08000101\n[^]* 17 {2}IRQ 1[^]*Usage: vectable \[COUNT\] \[ADDRESS\]/,
  ],
  [
    "vectable.ts says what is wrong with an argument",
    ["commander", ...GENERIC, "-u", "sim:stm32f407", "--script", `${EXAMPLES}vectable.ts`, "-c", "vectable many"],
    2,
    /^Error: Cannot use many as a number/,
  ],
  [
    "memory outside of the map is refused without a script",
    ["flash", "-W", "-q", "-t", "STM32F407VG", "--pack", PACK, "-u", "sim:stm32f407", "image.bin@0x60000000"],
    5,
    /^Error: Cannot .*0x60000000/,
  ],
  [
    "external_flash.ts adds flash with its algorithm",
    [
      ...["commander", "-W", "-t", "STM32F407VG", "--pack", PACK, "-u", "sim:stm32f407"],
      ...["--script", `${EXAMPLES}external_flash/external_flash.ts`],
      ...["-c", "load image.bin 0x10000000", "-c", "read8 0x10000000 8", "-c", "show map"],
    ],
    0,
    /10000000: {2}54 61 70 69 {2}72 21 0a ff[^]*QSPI/,
  ],
];

for (const [name, argv, code, output] of CASES) {
  const where = STANDALONE === undefined ? "by deno run (dist/tapir is missing or old)" : "by deno run and dist/tapir";
  Deno.test(`example scripts: ${name}, ${where}`, async () => {
    const cwd = await Deno.realPath(await Deno.makeTempDir());
    try {
      await Deno.writeTextFile(`${cwd}/image.bin`, "Tapir!\n");
      const fromSource = await run(FROM_SOURCE, argv, cwd);
      assertMatch(fromSource.output, output);
      assertEquals(fromSource.code, code);
      if (STANDALONE !== undefined) assertEquals(await run([STANDALONE], argv, cwd), fromSource);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  });
}
