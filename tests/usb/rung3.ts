/**
 * Other people's debuggers on the simulated probe, through the real libusb: OpenOCD and pyOCD. TAPIR_PYOCD names the
 * pyocd program; scripts/ci_usb.sh installs one.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sharedData } from "../support/shared_data.ts";
import { Bench, hazard, isFile, onPath, ROOT, rung1Test } from "./rung1.ts";

const PYOCD = Deno.env.get("TAPIR_PYOCD") ?? `${Deno.env.get("HOME")}/.cache/tapir-ci/pyocd/bin/pyocd`;
/** By how much at least Tapir's processor time per packet is below pyOCD's; both suffer alike from busy neighbours. */
const MIN_GAIN = 4;

const SERIAL = "0240000000004e45";
const ELF = `${ROOT}scripts/demo/blinky.elf`;
const STM32_PACK = sharedData("dfp/Keil.STM32F4xx_DFP.3.1.2-dev");

function test(name: string, missing: string | undefined, fn: () => Promise<void>): void {
  rung1Test(name, fn, missing);
}

const noOpenOcd = onPath("openocd") ? undefined : "openocd is not installed";
const noPyOcd = isFile(PYOCD) ? undefined : "pyocd is not installed";

/** A board with the demo program in flash, put there by Tapir. */
async function programmedBench(): Promise<Bench> {
  const bench = await Bench.start([{ board: "stm32f407", serial: SERIAL }]);
  const pack = `${ROOT}scripts/demo/Tapir.Demo_DFP`;
  const { code, stderr } = await bench.tapir(["flash", "-t", "STM32F407VG", "--pack", pack, ELF]);
  assertEquals(code, 0, stderr);
  return bench;
}

test("rung 3: OpenOCD halts, reads, writes, steps, breaks and knows the flash", noOpenOcd, async () => {
  await using bench = await programmedBench();
  const commands = [
    "adapter driver cmsis-dap",
    "cmsis_dap_backend usb_bulk",
    "transport select swd",
    "gdb_port disabled",
    "tcl_port disabled",
    "telnet_port disabled",
    "source [find target/stm32f4x.cfg]",
    "init",
    "reset halt",
    "reg pc",
    "mdw 0xe000ed00",
    "mww 0x20000400 0x12345678",
    "mdw 0x20000400",
    "step",
    "bp 0x08000054 2 hw",
    "reset halt",
    "resume",
    "wait_halt 2000",
    "reg",
    "rbp 0x08000054",
    "flash probe 0",
    "flash info 0",
    "mdw 0x08000000 2",
    "resume",
    "sleep 1500",
    "halt",
    "mdw 0x20000000 1",
    "shutdown",
  ];
  const { code, stderr } = await bench.run(["openocd", ...commands.flatMap((command) => ["-c", command])]);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `serial=${SERIAL}`);
  assertStringIncludes(stderr, "SWD DPIDR 0x2ba01477");
  assertStringIncludes(stderr, "0xe000ed00: 410fc241");
  assertStringIncludes(stderr, "0x20000400: 12345678");
  assertMatch(stderr, /halted due to single-step[^\n]*\nxPSR: 0x\w+ pc: 0x08000054/);
  assertMatch(stderr, /halted due to breakpoint[^\n]*\nxPSR: 0x\w+ pc: 0x08000054/);
  assertStringIncludes(stderr, "flash size = 1024 KiB");
  assertStringIncludes(stderr, "0x08000000: 2001c000 08000053");
  assertMatch(stderr, /0x20000000: (?!00000000)\w{8}/);
});

test("rung 3: pyocd list and tapir list show the same probe", noPyOcd, async () => {
  await using bench = await Bench.start([{ board: "stm32f407", serial: SERIAL }, { board: "stm32f072", serial: "X2" }]);
  const pyocd = await bench.run([PYOCD, "json", "--probes"]);
  assertEquals(pyocd.code, 0, pyocd.stderr);
  const tapir = await bench.tapir(["list", "--json"]);
  const theirs = JSON.parse(pyocd.stdout).boards as { unique_id: string; target: string }[];
  const ours = JSON.parse(tapir.stdout).probes as { uniqueId: string; board?: { targetName: string } }[];
  assertEquals(ours.map(({ uniqueId }) => uniqueId).sort(), theirs.map(({ unique_id }) => unique_id).sort());
  const known = theirs.find(({ unique_id }) => unique_id === SERIAL);
  assertEquals(known?.target, ours.find(({ uniqueId }) => uniqueId === SERIAL)?.board?.targetName);
  const table = await bench.run([PYOCD, "list", "--probes"]);
  assertStringIncludes(table.stdout, SERIAL);
});

test("rung 3: pyOCD's commander reads, writes and steps", noPyOcd, async () => {
  await using bench = await programmedBench();
  const commands = ["reset halt", "reg pc", "write32 0x20000400 0x12345678", "read32 0x20000400", "step", "reg pc"];
  const argv = ["commander", "-W", "-t", "cortex_m", ...commands.flatMap((command) => ["-c", command])];
  const { code, stdout, stderr } = await bench.run([PYOCD, ...argv]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /pc = 0x08000052[^]*20000400: {2}12345678[^]*pc = 0x08000054/);
});

test(
  "rung 3: pyOCD programs through a chip vendor's pack, and Tapir finds what it wrote",
  noPyOcd ?? (STM32_PACK.missing ? "../shared/data/dfp is absent" : undefined),
  async () => {
    await using bench = await Bench.start([{ board: "stm32f407", serial: SERIAL }]);
    const load = await bench.run([PYOCD, "load", "-W", "-t", "stm32f407vgtx", "--pack", STM32_PACK.path, ELF]);
    assertEquals(load.code, 0, load.stderr);
    const verify = await bench.tapir(["verify", "-t", "STM32F407VG", "--pack", STM32_PACK.path, ELF]);
    assertEquals(verify.code, 0, verify.stderr);
  },
);

test("rung 3: Tapir takes a fraction of pyOCD's CPU time per packet", noPyOcd, async () => {
  await using bench = await Bench.start([{ board: "stm32f407", serial: SERIAL }]);
  const python = PYOCD.replace(/pyocd$/, "python");
  const before = (await bench.counters())[0]!.packets;
  const done = await bench.run([python, `${ROOT}tests/usb/pyocd_cpu.py`]);
  assertEquals(done.code, 0, done.stderr);
  const packets = ((await bench.counters())[0]!.packets - before) / 2;
  const theirs = Number(done.stdout) / packets;
  const { next } = (await hazard(bench, "cpu")).result as { next: number[] };
  const ours = Math.min(...next);
  console.log(`1 MiB RAM write, CPU per packet: pyOCD ${theirs.toFixed(1)} µs, Tapir ${ours.toFixed(1)} µs`);
  assert(ours * MIN_GAIN < theirs, `pyOCD ${theirs} µs, Tapir ${ours} µs`);
});
