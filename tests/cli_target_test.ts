/** Subcommands that talk to a target, run against simulated boards. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/base/errors.ts";
import { runCli } from "./support/run_cli.ts";
import { sharedData, why } from "./support/shared_data.ts";

const SIM = ["-u", "sim:stm32f407"];

Deno.test("tapir info shows debug port, access port, components and core", async () => {
  const { code, stdout, stderr } = await runCli(["info", ...SIM]);
  assertEquals([code, stderr], [EXIT.ok, ""]);
  assertStringIncludes(stdout, "DPIDR 0x2ba01477, DPv1, designer Arm, SWD\n");
  assertStringIncludes(stdout, "AHB-AP#0: IDR 0x24770011\n  <e00ff000:ROM ");
  assertStringIncludes(stdout, "\n    <e000e000:SCS v7-M ");
  assertMatch(stdout, /Core 0: {2}Cortex-M4 r0p1, v7-M, .*6 breakpoints, 4 watchpoints, /);
});

Deno.test("tapir info --json prints the same as data", async () => {
  const info = JSON.parse((await runCli(["info", "--json", ...SIM])).stdout);
  assertEquals([info.dp.dpidr, info.aps.length, info.cores[0].name], [0x2ba01477, 1, "Cortex-M4"]);
  assertEquals(info.aps[0].components.children.length, 6);
});

Deno.test("tapir read prints tables of every width, raw bytes, Intel HEX and JSON", async () => {
  const read = (...argv: string[]) => runCli(["read", ...SIM, "0xe0042000", "4", ...argv]);
  const { bytes } = await read("-o", "-");
  const [a, b, c, d] = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const dump = async (bits: string) => (await read("-w", bits)).stdout.split("  ")[1]!.trim();
  assertEquals(await dump("8"), `${a} ${b} ${c} ${d}`);
  assertEquals(await dump("16"), `${b}${a} ${d}${c}`);
  assertEquals(await dump("32"), `${d}${c}${b}${a}`);
  assertEquals(bytes.length, 4);
  assertMatch(
    (await read("--format", "hex")).stdout,
    new RegExp(`^:02000004E004\\w\\w\\r?\\n:04200000${a}${b}${c}${d}`, "i"),
  );
  assertEquals(JSON.parse((await read("--json")).stdout), { address: 0xe0042000, bytes: [...bytes] });
});

Deno.test("tapir read -o chooses the format by the extension", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await runCli(["read", ...SIM, "0x20000000", "16", "-o", "ram.srec"], { cwd });
    assertEquals([code, stdout, stderr], [0, "", "Wrote 16 B to ram.srec\n"]);
    assertMatch(await Deno.readTextFile(`${cwd}/ram.srec`), /^S/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("tapir write takes numbers and files and refuses both at once", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${cwd}/a.bin`, Uint8Array.of(1, 2, 3));
    const write = (...argv: string[]) => runCli(["write", ...SIM, "0x20000000", ...argv], { cwd });
    assertEquals((await write("1", "-1", "0xffff_ffff")).stderr, "Wrote 12 B\n");
    assertEquals((await write("-i", "a.bin")).stderr, "Wrote 3 B\n");
    assertEquals((await write("1", "-i", "a.bin")).code, EXIT.usage);
    assertEquals((await write()).code, EXIT.usage);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("tapir reset runs, and takes old and new names of reset types", async () => {
  for (const type of ["hardware", "hw", "system", "sw_system", "n_srst", "vectreset"]) {
    const { code, stderr } = await runCli(["reset", ...SIM, "-m", type, "--halt"]);
    assertEquals([code, stderr], [EXIT.ok, "Reset and halted\n"], type);
  }
});

Deno.test("tapir --wire-stats tells what went over the wire", async () => {
  const { stderr } = await runCli(["read", ...SIM, "0x20000000", "4", "--wire-stats"]);
  assertMatch(stderr, /Wire: \d+ packets, \d+ bytes out, \d+ bytes in, \d+ SWCLK cycles, [\d.]+ ms modelled\n$/);
  const failed = await runCli(["read", ...SIM, "0x60000000", "4", "--wire-stats"]);
  assertEquals(failed.code, EXIT.failed);
  assertMatch(failed.stderr, /Wire: [1-9]\d* packets/);
});

Deno.test("tapir takes flags as pyOCD users write them", async () => {
  const { code, stderr } = await runCli([
    "reset",
    "--uid=sim:stm32f407",
    "-tcortex_m",
    "-f4m",
    "-Osmart_flash=1",
    "-vv",
  ]);
  assertEquals(code, EXIT.ok);
  assertMatch(stderr, /^\d{7} [DI] .* \[[\w.]+\]\n/);
});

Deno.test("tapir uses what the probe's section of the configuration file says", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/tapir.yaml`, "probes:\n  STM32F4: {frequency: 123k}\n  other: {frequency: 1k}\n");
    const argv = ["commander", ...SIM, "-O", "no-warning.cortex_m_default", "-c", "show option frequency"];
    const { stdout } = await runCli(argv, { cwd });
    assertEquals(stdout, `frequency = 123000 (probes section of ${cwd}/tapir.yaml)\n`);
    assertEquals((await runCli([...argv, "-f", "2M"], { cwd })).stdout, "frequency = 2000000 (command line)\n");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

const F0_PACK = "dfp/Keil.STM32F0xx_DFP.3.1.2-dev";
const F0_IMAGE = "bin/pyocd/NUCLEO_F072RB.bin";
const pack = sharedData(F0_PACK);
const image = sharedData(F0_IMAGE);
const missing = pack.missing || image.missing;
const CHIP = ["-u", "sim:stm32f072", "-t", "stm32f072rbtx", "--pack", pack.path];

function testWithData(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${why(missing, `${F0_PACK} or ${F0_IMAGE}`)}`, ignore: missing, fn });
}

testWithData("tapir flash programs a real file with the vendor's algorithm and reports it", async () => {
  const { code, stdout, stderr } = await runCli(["flash", ...CHIP, image.path]);
  assertEquals([code, stdout], [EXIT.ok, ""]);
  assertMatch(stderr, /Programming .*: 100%\n/);
  assertMatch(stderr, /Done in .*\n {2}programmed .* pages\n {2}verified /);
});

testWithData("tapir flash --json reports progress and result as events", async () => {
  const { code, stdout, stderr } = await runCli(["flash", "--json", ...CHIP, image.path]);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals([code, stderr], [EXIT.ok, ""]);
  const phases = new Set(events.filter(({ event }) => event === "progress").map(({ phase }) => phase));
  assertEquals([...phases].sort(), ["compare", "program", "verify"], "nothing is erased on a blank chip");
  const { event, report } = events.at(-1);
  const size = (await Deno.stat(image.path)).size;
  assertEquals(event, "result");
  assert(report.programmedBytes >= size && report.programmedBytes < size + 4096, `${report.programmedBytes}`);
});

testWithData("tapir flash draws a bar on a terminal", async () => {
  const { code, stderr } = await runCli(["flash", ...CHIP, image.path], { isTerminal: true });
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stderr, "] 100% ");
});

testWithData("tapir flash --dry-run prints the plan and changes nothing", async () => {
  const { code, stdout, stderr } = await runCli(["flash", "--dry-run", ...CHIP, image.path]);
  assertEquals([code, stderr], [EXIT.ok, ""]);
  assertMatch(stdout, /flash algorithm .*\n {2}erase \d+ sectors?: 0x08000000-.*\n {2}program \d+ pages?: 0x08000000-/);
});

testWithData("tapir flash stops with 130 when interrupted, and says what was done", async () => {
  const interrupted = AbortSignal.abort();
  const { code, stderr } = await runCli(["flash", ...CHIP, image.path], { interrupted });
  assertEquals(code, EXIT.interrupted);
  assertStringIncludes(stderr, "programmed nothing");
});

testWithData("tapir flash refuses a protected chip before touching it, and erase --mass unlocks it", async () => {
  const locked = ["-u", "sim:stm32f072?locked=1", ...CHIP.slice(2)];
  const { code, stderr } = await runCli(["flash", ...locked, image.path]);
  assertEquals(code, EXIT.flash);
  assertStringIncludes(stderr, "read-back protection (RDP level 1) is on");
  assertStringIncludes(stderr, "programmed nothing");
  const mass = await runCli(["erase", "--mass", ...locked]);
  assertEquals([mass.code, mass.stderr.endsWith("Mass erase complete\n")], [EXIT.ok, true]);
});

testWithData("tapir erase erases a sector and the chip", async () => {
  const sector = await runCli(["erase", ...CHIP, "0x08000000"]);
  assertEquals([sector.code, sector.stdout], [EXIT.ok, ""]);
  assertMatch(sector.stderr, /Erased 1 sector, 2 KiB in /);
  const chip = await runCli(["erase", "--chip", ...CHIP]);
  assertEquals(chip.code, EXIT.ok);
  assertMatch(chip.stderr, /Erased chip, 128 KiB in /);
});

testWithData("tapir commander loads, verifies and runs what it loaded", async () => {
  const name = image.path.split("/").at(-1)!;
  const { code, stdout } = await runCli([
    "commander",
    ...CHIP,
    "-j",
    image.path.slice(0, -name.length),
    "-c",
    "load",
    name,
    "-c",
    `compare 0x08000000 ${name}; reset halt; reg pc; step; status`,
  ]);
  assertEquals(code, EXIT.ok, stdout);
  assertMatch(stdout, /^Programmed \d+ bytes.*\nAll \d+ bytes match\.\nSuccessfully halted device on reset\npc: 0x08/);
  assertMatch(stdout, /\n0x08[0-9a-f]{6}:\* .*\nCore 0 \(Cortex-M0\): {2}Halted\n$/);
});

testWithData(
  "tapir commander writes into erased flash through the algorithm, and not into flash that is not",
  async () => {
    const { code, stdout } = await runCli([
      "commander",
      ...CHIP,
      "-c",
      "halt; write32 0x08000404 0x11223344; rw 0x08000400 8; show map; erase 0x08000400; rw 0x08000404",
    ]);
    assertEquals(code, EXIT.ok, stdout);
    assertStringIncludes(stdout, "08000400:  ffffffff 11223344 ");
    assertMatch(stdout, /\n\S+ +flash +0x08000000 +0x0801ffff .* 0x00000800 +0x00000400\n/);
    assertMatch(stdout, /Erased 1 sector\n08000404: {2}ffffffff /);
    const written = await runCli(["commander", ...CHIP, "-c", "halt; ww 0x08000000 0; ww 0x08000000 1"]);
    assertEquals(written.code, EXIT.flash);
  },
);

Deno.test("tapir flash hints at the target type when the generic target has no flash", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${cwd}/a.bin`, Uint8Array.of(1, 2, 3, 4));
    const { code, stderr } = await runCli(["flash", ...SIM, "a.bin@0x08000000"], { cwd });
    assertEquals(code, EXIT.flash);
    assertStringIncludes(stderr, "Hint: The generic target knows no flash: give the target type with --target");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
