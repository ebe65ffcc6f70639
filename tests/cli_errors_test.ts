/** Every kind of bad input ends with its documented exit code and a message that says what to do. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/base/errors.ts";
import { runCli } from "./support/run_cli.ts";
import { sharedData, why } from "./support/shared_data.ts";

const F4_PACK = "dfp/Keil.STM32F4xx_DFP.3.1.2-dev";
const pack = sharedData(F4_PACK);
const SIM = ["-u", "sim:stm32f407"];
const CHIP = [...SIM, "-t", "stm32f407vg", "--pack", pack.path];

interface BadInput {
  readonly name: string;
  readonly argv: readonly string[];
  readonly code: number;
  /** Beginning of standard error. */
  readonly says: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
}

async function check({ argv, code, says, files = {}, env = {} }: BadInput): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeFile(`${cwd}/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
    const run = await runCli(argv, { cwd, env });
    const stderr = run.stderr.replaceAll(cwd, "CWD").replaceAll(pack.path, "PACK");
    assertEquals([run.code, stderr.slice(0, says.length)], [code, says]);
    assertEquals(run.stdout, "");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** An ELF header of a 32-bit x86 program. */
function x86Elf(): Uint8Array {
  const header = new Uint8Array(84);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  header.set([2, 0, 3, 0, 1, 0, 0, 0], 16);
  return header;
}

const ANYWHERE: readonly BadInput[] = [
  {
    name: "an unknown subcommand",
    argv: ["falsh"],
    code: EXIT.usage,
    says: "Error: Cannot read the command line: unknown command 'falsh'\nHint: Did you mean flash?\n",
  },
  {
    name: "an unknown flag",
    argv: ["list", "--jsn"],
    code: EXIT.usage,
    says: "Error: Cannot read the command line: unknown option '--jsn'\nHint: Did you mean --json?\n",
  },
  {
    name: "a missing operand",
    argv: ["flash"],
    code: EXIT.usage,
    says: "Error: Cannot read the command line: missing required argument 'file'\n" +
      "Hint: Run `tapir flash --help` for what it takes\n",
  },
  {
    name: "too many operands",
    argv: ["reset", "now"],
    code: EXIT.usage,
    says: "Error: Cannot read the command line: too many arguments",
  },
  {
    name: "a flag without its value",
    argv: ["reset", "-m"],
    code: EXIT.usage,
    says: "Error: Cannot read the command line: option '-m, --method <type>' argument missing\n",
  },
  {
    name: "a bad frequency",
    argv: ["reset", "-f", "fast"],
    code: EXIT.usage,
    says: "Error: Cannot read fast as a frequency\nHint: Write frequencies as 500k, 4M or 1000000\n",
  },
  {
    name: "a bad connect mode",
    argv: ["reset", "-M", "attch"],
    code: EXIT.usage,
    says: "Error: Cannot use attch as --connect\nHint: Did you mean attach?\n",
  },
  {
    name: "a bad reset type",
    argv: ["reset", "-m", "hardwar"],
    code: EXIT.usage,
    says: "Error: Cannot reset by hardwar: there is no such reset type\nHint: Did you mean hardware?\n",
  },
  {
    name: "a bad log level",
    argv: ["list", "-L", "dap"],
    code: EXIT.usage,
    says: "Error: Cannot read log level dap\n",
  },
  {
    name: "an unknown session option",
    argv: ["reset", ...SIM, "-O", "frequncy=1"],
    code: EXIT.usage,
    says: "Error: Cannot use option frequncy: there is no such option\nHint: Did you mean frequency?\n",
  },
  {
    name: "a bad value of a session option",
    argv: ["reset", ...SIM, "-O", "smart_flash=maybe"],
    code: EXIT.usage,
    says: "Error: Cannot set option smart_flash to maybe\nHint: smart_flash takes true or false\n",
  },
  {
    name: "an unknown option in the configuration file",
    argv: ["reset", ...SIM],
    code: EXIT.usage,
    says:
      "Error: Cannot use configuration file CWD/tapir.yaml: line 1: Cannot use option frequncy: there is no such option\n" +
      "Hint: Did you mean frequency?\n",
    files: { "tapir.yaml": "frequncy: 1\n" },
  },
  {
    name: "a configuration file that is no YAML",
    argv: ["reset", ...SIM],
    code: EXIT.usage,
    says: "Error: Cannot read CWD/pyocd.yaml: line 2, column 1: ",
    files: { "pyocd.yaml": "a: [1,\nb: }" },
  },
  {
    name: "a directory for a configuration file",
    argv: ["reset", ...SIM, "--config", "."],
    code: EXIT.usage,
    says: "Error: Cannot read configuration file CWD: it is a directory\n",
  },
  {
    name: "a project directory that is not there",
    argv: ["reset", ...SIM, "-j", "none"],
    code: EXIT.usage,
    says: "Error: Cannot use project directory CWD/none: it does not exist\n",
  },
  {
    name: "a file for a project directory",
    argv: ["reset", ...SIM, "-j", "some.txt"],
    code: EXIT.usage,
    says: "Error: Cannot use project directory CWD/some.txt: it is no directory\n",
    files: { "some.txt": "" },
  },
  {
    name: "a length that is none",
    argv: ["read", ...SIM, "0x20000000", "128x"],
    code: EXIT.usage,
    says: "Error: Cannot read 128x as a length\nHint: Write bytes from 1 on, such as 4096, 0x1000, 4k or 1M\n",
  },
  {
    name: "an output file in a directory that is not there",
    argv: ["read", ...SIM, "0x20000000", "1k", "-o", "none/ram.bin"],
    code: EXIT.usage,
    says: "Error: Cannot write CWD/none/ram.bin: its directory does not exist\n",
  },
  {
    name: "nothing to write",
    argv: ["write", ...SIM, "0x20000000"],
    code: EXIT.usage,
    says: "Error: Cannot write at 0x20000000: there is nothing to write\n",
  },
  {
    name: "a kind of probe that only pyOCD has",
    argv: ["info", "-W", "-u", "stlink:066E"],
    code: EXIT.usage,
    says: 'Error: Cannot select probe "stlink:066E": this version of Tapir has no driver for ST-Link\n',
  },
  {
    name: "a configuration file that is not there",
    argv: ["reset", ...SIM, "--config", "none.yaml"],
    code: EXIT.usage,
    says: "Error: Cannot read configuration file CWD/none.yaml: it does not exist\n",
  },
  {
    name: "a bad value in the environment",
    argv: ["reset", ...SIM],
    code: EXIT.usage,
    says: "Error: Cannot use environment variable TAPIR_FREQUENCY: Cannot set option frequency to fast\n",
    env: { TAPIR_FREQUENCY: "fast" },
  },
  {
    name: "an unknown kind of probe",
    argv: ["reset", "-u", "simm:stm32f407"],
    code: EXIT.usage,
    says:
      'Error: Cannot select probe "simm:stm32f407": there is no kind of probe named "simm"\nHint: Near names: sim\n',
  },
  {
    name: "an unknown simulated board",
    argv: ["reset", "-u", "sim:stm32f40"],
    code: EXIT.usage,
    says: "Error: Cannot simulate board stm32f40: there is none of that name\n",
  },
  {
    name: "no probe",
    argv: ["reset", "-W", "-u", "no-probe-has-this-id"],
    code: EXIT.noProbe,
    says: 'Error: Cannot find a debug probe that matches "no-probe-has-this-id"\n',
  },
  {
    name: "a target without a pack",
    argv: ["reset", ...SIM, "-t", "stm32f407vg"],
    code: EXIT.usage,
    says: "Error: Cannot use target stm32f407vg: no pack that describes it was given\n" +
      "Hint: Install its CMSIS-Pack with `tapir pack install stm32f407vg` or give it with --pack",
  },
  {
    name: "a pack that is not there",
    argv: ["reset", ...SIM, "-t", "stm32f407vg", "--pack", "none.pack"],
    code: EXIT.usage,
    says: "Error: Cannot open pack CWD/none.pack: there is no such file or directory\n",
  },
  {
    name: "a pack that is no archive",
    argv: ["reset", ...SIM, "-t", "stm32f407vg", "--pack", "bad.pack"],
    code: EXIT.usage,
    says: "Error: Cannot ",
    files: { "bad.pack": "this is not a zip archive" },
  },
  {
    name: "a firmware file that is not there",
    argv: ["flash", ...SIM, "none.elf"],
    code: EXIT.usage,
    says: "Error: Cannot read CWD/none.elf: it does not exist\n",
  },
  {
    name: "a firmware file that is a folder",
    argv: ["flash", ...SIM, "."],
    code: EXIT.usage,
    says: "Error: Cannot read CWD: it is a directory\n",
  },
  {
    name: "a firmware file of unknown format",
    argv: ["flash", ...SIM, "firmware"],
    code: EXIT.usage,
    says: "Error: Cannot read CWD/firmware: its format is not recognised\nHint: Say which it is with --format",
    files: { firmware: Uint8Array.of(1, 2, 3) },
  },
  {
    name: "a damaged Intel HEX file, with its line",
    argv: ["flash", ...SIM, "bad.hex"],
    code: EXIT.usage,
    says: "Error: Cannot read CWD/bad.hex:2: checksum",
    files: { "bad.hex": ":020000040800F2\n:0400000001020304F3\n:00000001FF\n" },
  },
  {
    name: "a program for another processor",
    argv: ["flash", ...SIM, "x86.elf"],
    code: EXIT.usage,
    says: "Error: Cannot read CWD/x86.elf: ",
    files: { "x86.elf": x86Elf() },
  },
  {
    name: "an address after @ that is none",
    argv: ["flash", ...SIM, "a.bin@flash"],
    code: EXIT.usage,
    says: "Error: Cannot read a.bin@flash: what follows @ is not an address\nHint: Write file.bin@0x08000000\n",
  },
  {
    name: "one base address for several files",
    argv: ["flash", ...SIM, "-a", "0", "a.bin", "b.bin"],
    code: EXIT.usage,
    says: "Error: Cannot place several files at one base address\n",
  },
  {
    name: "erase without saying what",
    argv: ["erase", ...SIM],
    code: EXIT.usage,
    says: "Error: Cannot erase: say what, and only one of addresses, --chip and --mass\n",
  },
  {
    name: "erase of a range that is none",
    argv: ["erase", ...SIM, "0x100-0x50"],
    code: EXIT.usage,
    says: "Error: Cannot erase 0x100-0x50: the range ends before it starts\n",
  },
  {
    name: "a read beyond the address space",
    argv: ["read", ...SIM, "0xfffffffc", "8"],
    code: EXIT.usage,
    says: "Error: Cannot read beyond the end of the address space\n",
  },
  {
    name: "a read of memory that is not there",
    argv: ["read", ...SIM, "0x60000000", "4"],
    code: EXIT.failed,
    says: "Error: Cannot read memory at 0x60000000 through AHB-AP#0: the target answered FAULT\n",
  },
  {
    name: "a number that does not fit",
    argv: ["write", ...SIM, "-w", "8", "0x20000000", "256"],
    code: EXIT.usage,
    says: "Error: Cannot write 256: it is no number of 8 bits\n",
  },
  {
    name: "an unknown command",
    argv: ["commander", ...SIM, "-O", "no-warning.cortex_m_default", "-c", "hlt"],
    code: EXIT.usage,
    says: "Error: Cannot run hlt: there is no such command\nHint: Did you mean halt",
  },
  {
    name: "a core that is not there",
    argv: ["reset", ...SIM, "-c", "1"],
    code: EXIT.failed,
    says: "Error: Cannot use core 1: 1 core discovered\n",
  },
];

const WITH_PACK: readonly BadInput[] = [
  {
    name: "an unknown chip, with near names",
    argv: ["reset", ...SIM, "-t", "stm32f407vgg", "--pack", pack.path],
    code: EXIT.usage,
    says: "Error: Cannot use target stm32f407vgg: PACK does not describe it\nHint: Similar names: STM32F407VGTx",
  },
  {
    name: "a pack with many devices and no target",
    argv: ["reset", ...SIM, "--pack", pack.path],
    code: EXIT.usage,
    says: "Error: Cannot tell which of 211 devices of the pack is meant\nHint: Give one with --target: STM32F401",
  },
  {
    name: "an image outside all memory",
    argv: ["flash", ...CHIP, "a.bin@0x90000000"],
    code: EXIT.flash,
    says: "Error: Cannot load segment a.bin 0x90000000-0x90000003",
    files: { "a.bin": "abcd" },
  },
  {
    name: "erase outside flash",
    argv: ["erase", ...CHIP, "0x20000000"],
    code: EXIT.flash,
    says:
      "Error: Cannot erase at 0x20000000: SRAM1 (ram, 0x20000000-0x2001ffff) is not flash\nHint: Nothing was erased\n",
  },
  {
    name: "verify that finds a difference",
    argv: ["verify", ...CHIP, "a.bin"],
    code: EXIT.flash,
    says: "Error: Cannot verify 0x08000000: expected 0x61, found 0xff\n",
    files: { "a.bin": "abcd" },
  },
];

for (const bad of ANYWHERE) Deno.test(`tapir ends with ${bad.code} for ${bad.name}`, () => check(bad));

for (const bad of WITH_PACK) {
  Deno.test({
    name: `tapir ends with ${bad.code} for ${bad.name}${why(pack.missing, F4_PACK)}`,
    ignore: pack.missing,
    fn: () => check(bad),
  });
}

Deno.test("tapir -v shows causes and where an error comes from", async () => {
  const quiet = await runCli(["flash", ...SIM, "/none.elf"]);
  const verbose = await runCli(["flash", ...SIM, "/none.elf", "-v"]);
  assertEquals(quiet.stderr.includes("because:"), false);
  assertStringIncludes(verbose.stderr, "  because: NotFound: ");
  assertStringIncludes(verbose.stderr, "    at ");
});

Deno.test("tapir --json reports an error as JSON on standard output too", async () => {
  const { code, stdout } = await runCli(["flash", "--json", ...SIM, "/none.elf"]);
  const event = JSON.parse(stdout);
  assertEquals([code, event.event, event.code, event.exit], [2, "error", "file-unreadable", 2]);
});
