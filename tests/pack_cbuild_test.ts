/** cbuild-run files: real ones, own ones with every node, broken ones, and one that programs a board. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { PackError, UsageError } from "../lib/base/errors.ts";
import { cbuildPack } from "../lib/pack/cbuild_pack.ts";
import { type CbuildRun, parseCbuildRun } from "../lib/pack/cbuild_run.ts";
import { describeResolved } from "../lib/pack/device.ts";
import { systemFiles } from "../lib/pack/files.ts";
import { sequenceSources } from "../lib/pack/sequences.ts";
import { cbuildOptions, readCbuildImages } from "../lib/session/cbuild.ts";
import { Options } from "../lib/session/options.ts";
import { runCli } from "./support/run_cli.ts";
import { demoPack } from "./support/pack_server.ts";
import { sharedData, why } from "./support/shared_data.ts";

const PLACES = { directory: "/proj/out", packRoot: "/packs" };
const DEMO = decodeURIComponent(new URL("../scripts/demo/", import.meta.url).pathname);

function parse(text: string): CbuildRun {
  return parseCbuildRun(text, "/proj/out/app+T.cbuild-run.yml", PLACES);
}

/** A file with these lines below the root. */
function run(lines: string): CbuildRun {
  return parse(`cbuild-run:\n${lines.replace(/^\n/, "")}`);
}

const FULL = `
  generated-by: csolution version 2.8.0
  solution: ../app.csolution.yml
  target-type: T
  device: Vendor::Chip:CM7
  device-pack: Vendor::Chip_DFP@1.0.0
  device-pack-path: \${CMSIS_PACK_ROOT}/Vendor/Chip_DFP/1.0.0
  output:
    - file: app.axf
      type: elf
      load: image+symbols
    - file: ../boot.bin
      type: bin
      load: image
      load-offset: 0x08000000
      pname: CM4
    - file: app.map
      type: map
      load: none
  system-resources:
    memory:
      - name: Flash
        access: rx
        start: 0x08000000
        size: 0x00100000
        default: true
        startup: true
      - name: Flash_alias
        access: rx
        start: 0x00000000
        size: 0x00100000
        alias: Flash
      - name: RAM
        access: rwx
        start: 0x20000000
        size: 0x00010000
        default: true
        pname: CM7
    processors:
      - core: Cortex-M7
        pname: CM7
        fpu: dp
      - core: Cortex-M4
        pname: CM4
        punits: 1
  system-descriptions:
    - file: \${CMSIS_PACK_ROOT}/Vendor/Chip_DFP/1.0.0/SVD/CM7.svd
      type: svd
      pname: CM7
    - file: x.scvd
      type: scvd
  debugger:
    name: CMSIS-DAP@pyOCD
    protocol: swd
    clock: 10000000
    dbgconf: ../.cmsis/app+T.dbgconf
    start-pname: CM4
    connect: under-reset
    reset:
      - pname: CM7
        type: system
      - pname: CM4
        type: core
    load-setup:
      halt: true
      pre-reset: hardware
      post-reset: off
    gdbserver:
      - port: 3333
        pname: CM7
      - port: 3334
        pname: CM4
      - port: 9999
    telnet:
      - mode: monitor
        pname: CM7
        port: 4444
      - mode: file
        pname: CM4
    rtt:
      - pname: CM7
        control-block:
          address: 0x20000000
          size: 0x1000
        channel:
          - number: 0
            mode: stdio
    systemview:
      auto-start: false
  debug-vars:
    vars: |
      __var DbgMCU_CR = 7;
  debug-sequences-conf:
    trace-setup: full
  debug-sequences:
    - name: DebugCoreStart
      pname: CM7
      blocks:
        - execute: |
            __var a = 1;
          atomic:
        - if: a == 1
          info: check
          blocks:
            - execute: Write32(0x20000000, 1);
            - while: a < 2
              timeout: 500
    - name: ResetHardware
  programming:
    - algorithm: \${CMSIS_PACK_ROOT}/Vendor/Chip_DFP/1.0.0/Flash/Chip.FLM
      start: 0x08000000
      size: 0x00100000
      ram-start: 0x20000000
      ram-size: 0x00008000
      pname: CM7
  flash-info:
    - name: Option bytes
      start: 0x1FFF0000
      page-size: 0x100
      blank-val: 0xFFFFFFFFFFFFFFFE
      fill-val: 0x0
      ptime: 5
      blocks:
        - count: 2
          size: 0x400
          arg: 3
  debug-topology:
    debugports:
      - dpid: 0
        swd:
          targetsel: 0x1002927
        jtag:
          tapindex: 1
        accessports:
          - apid: 0
            index: 1
          - apid: 1
            index: 0
            HPROT: 3
            datapatch:
              - address: 0xE00FF000
                value: 0x2
                type: Mem
    processors:
      - pname: CM7
        apid: 0
        reset-sequence: ResetProcessor
      - pname: CM4
        apid: 1
    swj: false
    dormant: true
`;

Deno.test("parseCbuildRun() reads every node", () => {
  const { device, outputs, descriptions, about, problems } = run(FULL);
  assertEquals(problems, []);
  assertEquals([device.vendor, device.name, about["device-pack"]], ["Vendor", "Chip", "Vendor::Chip_DFP@1.0.0"]);
  assertEquals(
    outputs.map(({ path, isImage, hasSymbols, offset, pname }) => [path, isImage, hasSymbols, offset, pname]),
    [
      ["/proj/out/app.axf", true, true, undefined, undefined],
      ["/proj/boot.bin", true, false, 0x08000000, "CM4"],
      ["/proj/out/app.map", false, false, undefined, undefined],
    ],
  );
  assertEquals(descriptions.map(({ path, type }) => [path, type]), [
    ["/packs/Vendor/Chip_DFP/1.0.0/SVD/CM7.svd", "svd"],
    ["/proj/out/x.scvd", "scvd"],
  ]);
  assertEquals(device.debugPorts, [{ id: 0, jtag: { tapIndex: 1 }, swd: { targetsel: 0x1002927 } }]);
  assertEquals(device.accessPorts.map(({ id, version, select, hprot }) => [id, version, select, hprot]), [
    [0, 1, 1, undefined],
    [1, 1, 0, 3],
  ]);
  assertEquals(
    device.debugs.map(({ pname, apid, svd, defaultResetSequence }) => [pname, apid, svd, defaultResetSequence]),
    [
      ["CM7", 0, "/packs/Vendor/Chip_DFP/1.0.0/SVD/CM7.svd", "ResetProcessor"],
      ["CM4", 1, undefined, undefined],
    ],
  );
  assertEquals(device.debugs[1]!.dataPatches, [{ type: "Mem", address: 0xe00ff000, value: 2n, dp: 0, apid: 1 }]);
  assertEquals(device.debugConfig, { protocol: "swd", swj: false, dormant: true, clock: 10_000_000 });
  assertEquals(device.debugVars?.code, "__var DbgMCU_CR = 7;\n");
  assertEquals(device.hasFullTraceSetup, true);
  const [info] = device.flashInfos;
  assertEquals([info!.size, info!.blankValue, info!.filler, info!.programTimeoutMs, info!.eraseTimeoutMs], [
    0x800,
    0xffff_ffff_ffff_fffen,
    0n,
    5,
    300,
  ]);
  assertEquals(info!.blocks, [{ start: 0x1fff0000, size: 0x400, count: 2, arg: 3n }]);
});

Deno.test("parseCbuildRun() keeps the tree of sequences, with the lines of their code", () => {
  const { device, fileName } = run(FULL);
  const [start, reset] = sequenceSources(device.sequences);
  assertEquals([start!.name, start!.pname, reset!.name, reset!.disabled], [
    "DebugCoreStart",
    "CM7",
    "ResetHardware",
    true,
  ]);
  const [block, control] = start!.children;
  assert(block?.kind === "block" && control?.kind === "control");
  const lines = `cbuild-run:\n${FULL.slice(1)}`.split("\n");
  assertEquals([block.atomic, lines[block.code.line - 1]!.trim()], [true, "__var a = 1;"]);
  assertEquals([control.if?.text, control.info, control.children.length], ["a == 1", "check", 2]);
  const [inner, loop] = control.children;
  assert(inner?.kind === "block" && loop?.kind === "control");
  assertEquals(lines[inner.code.line - 1]!.trim(), "- execute: Write32(0x20000000, 1);");
  assertEquals([loop.while?.text, loop.timeoutUs], ["a < 2", 500]);
  assertEquals(fileName, "/proj/out/app+T.cbuild-run.yml");
});

Deno.test("describeResolved() makes a target of a cbuild-run file", () => {
  const parsed = run(FULL);
  const target = describeResolved(parsed.device, "cbuild-run", cbuildPack(parsed, "/packs", systemFiles));
  assertEquals([target.name, target.source], ["Chip", "cbuild-run"]);
  assertEquals(target.processors.map(({ name, core, ap, defaultReset }) => [name, core, ap, defaultReset]), [
    ["CM7", "Cortex-M7", 1, "ResetProcessor"],
    ["CM4", "Cortex-M4", 0, undefined],
  ]);
  assertEquals(target.memory.map(({ name, kind, isBoot }) => [name, kind, isBoot]), [
    ["Flash_alias", "rom", false],
    ["Flash", "flash", true],
    ["Option bytes", "flash", false],
    ["RAM", "ram", false],
  ]);
  const flash = target.memory.find(({ name }) => name === "Flash");
  assertEquals(flash?.algorithm?.name, "/packs/Vendor/Chip_DFP/1.0.0/Flash/Chip.FLM");
});

Deno.test("parseCbuildRun() leaves out a region that another one declares as its alias at the same address", () => {
  const { device } = run(`
  system-resources:
    memory:
      - {name: A, access: rx, start: 0, size: 0x1000, alias: B}
      - {name: B, access: rx, start: 0, size: 0x1000}
`);
  assertEquals(device.memories.map(({ name }) => name), ["A"]);
});

Deno.test("cbuildOptions() lists settings of cores in the order of their access ports", () => {
  const warnings: string[] = [];
  const options = cbuildOptions(run(FULL), (problem) => warnings.push(problem));
  assertEquals(options, {
    frequency: 10_000_000,
    dap_protocol: "swd",
    dap_swj_enable: false,
    dap_swj_use_dormant: true,
    connect_mode: "under-reset",
    primary_core: 0,
    reset_type: "core",
    "load.pre_reset": "hardware",
    "load.post_reset": "off",
    "pack.debug_sequences.dbgconf": "/proj/.cmsis/app+T.dbgconf",
    gdbserver_port: [3334, 3333],
    stdio_mode: ["file", "server"],
    stdio_port: [0, 4444],
    stdio_file_in: ["/proj/out/app+T.CM4.in", ""],
    stdio_file_out: ["/proj/out/app+T.CM4.out", ""],
    rtt: [{
      pname: "CM7",
      "control-block": { address: 0x20000000, size: 0x1000 },
      channel: [{ number: 0, mode: "stdio" }],
    }],
    systemview_file: "/proj/out/app+T.SVDat",
    systemview_auto_start: false,
    systemview_auto_stop: undefined,
  });
  new Options().fill("cbuild-run", options, "test");
  assertEquals(warnings, ["gdbserver without pname is left out, because there are several processors"]);
});

Deno.test("parseCbuildRun() takes the first of a list of debuggers, as older toolboxes wrote it", () => {
  const { debugger: settings, device, problems } = run(
    "  device: A::B\n  debugger:\n    - name: CMSIS-DAP\n      clock: 2000000\n      protocol: jtag\n    - name: J-Link\n",
  );
  assertEquals([settings.name, settings.clock], ["CMSIS-DAP", 2_000_000]);
  assertEquals([device.debugConfig?.protocol, device.debugConfig?.clock], ["jtag", 2_000_000]);
  assertEquals(problems, []);
  assertEquals(run("  device: A::B\n  debugger: []\n").problems, []);
});

Deno.test("cbuildOptions() of a single core has plain values and the documented defaults", () => {
  const options = cbuildOptions(run("  device: A::B\n  debugger:\n    gdbserver:\n      - port: 3333\n"));
  assertEquals([options.gdbserver_port, options.connect_mode], [3333, "attach"]);
  assertEquals([options["load.pre_reset"], options["load.post_reset"]], ["off", "hardware"]);
  const warnings: string[] = [];
  cbuildOptions(run("  debugger: {load-setup: {halt: false}, start-pname: X}\n"), (problem) => warnings.push(problem));
  assertEquals(warnings.map((each) => each.replace(/ .*/, "")), ["start-pname", "load-setup.halt:"]);
  assertEquals([options.systemview_file, options.primary_core, options.dap_swj_enable], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("parseCbuildRun() names what it leaves out and goes on", () => {
  const { device, outputs, problems, debugger: settings } = run(`
  device: 5
  output: nothing
  debugger:
    clock: fast
    connect: sideways
    stdio: [{mode: file, file: log}]
    telnet: [{mode: off}]
    gdbserver: [{port: 70000}, 7]
  system-resources:
    memory:
      - {name: A, start: 0xFFFFFFFF, size: 0x10}
      - {name: B, start: 0x20000000, size: 0x10}
  programming: [{start: 0, size: 5}]
  flash-info: [{name: x, start: 0, page-size: 0}, {name: y, start: 0, page-size: 4, blocks: [{size: 0xFFFFFFFF, count: 99}]}]
  debug-sequences: [{blocks: []}]
  debug-topology:
    debugports: [{accessports: [{apid: 1}]}]
`);
  assertEquals(device.memories.map(({ name }) => name), ["B"]);
  assertEquals([outputs, device.algorithms, device.flashInfos, device.sequences, device.accessPorts], [
    [],
    [],
    [],
    [],
    [],
  ]);
  assertEquals([settings.clock, settings.connect, settings.gdbservers], [undefined, undefined, []]);
  assertEquals(settings.stdio, [{ mode: "file", fileIn: "/proj/out/log.in", fileOut: "/proj/out/log.out" }]);
  for (
    const part of [
      "output: it is not a list",
      "debugger.clock: it is not a whole number",
      "debugger.connect: it is not one of attach",
      "debugger: stdio is used, telnet is its old name",
      "gdbserver[0].port",
      "gdbserver[1]: it is not a mapping",
      "memory[0]: start and size are no area of memory",
      "programming[0]: it names no algorithm",
      "flash-info[0]: it needs a start and a page-size",
      "flash-info[1].blocks[0]: it fits no memory",
      "debug-sequences[0]: a sequence needs a name",
      "accessports[0]: an access port needs an apid",
    ]
  ) assert(problems.some((problem) => problem.includes(part)), `${part}\n${problems.join("\n")}`);
});

Deno.test("parseCbuildRun() refuses what is no cbuild-run file", () => {
  assertThrows(() => parse("build:\n  x: 1\n"), PackError, "it is not a cbuild-run file");
  assertThrows(() => parse("- 1\n- 2\n"), PackError, "it is not a cbuild-run file");
  assertThrows(() => parse("cbuild-run: [\n"), Error, "line");
});

Deno.test("readCbuildImages() says when there is nothing to load", async () => {
  await assertRejects(() => readCbuildImages(run("  output: []\n")), UsageError, "it names no image to load");
});

Deno.test("cbuildPack() reads from the archive when a pack is not unpacked, and says what to install otherwise", async () => {
  const root = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${root}/.Download`);
    Deno.writeFileSync(`${root}/.Download/Tapir.Demo_DFP.1.0.0.pack`, (await demoPack()).pack);
    const pack = cbuildPack(run("  device: A::B\n"), root, systemFiles);
    const bytes = await pack.read(`${root}/Tapir/Demo_DFP/1.0.0/stm32f4_demo.flm`);
    assertEquals(bytes.length, Deno.statSync(`${DEMO}Tapir.Demo_DFP/STM32F4_demo.FLM`).size);
    const path = `${root}/Tapir/Demo_DFP/2.0.0/x.flm`;
    assertEquals(await pack.has(path), false);
    const error = await assertRejects(() => pack.read(path), PackError, "there is no such file") as PackError;
    assertStringIncludes(error.hint!, "tapir pack install Tapir::Demo_DFP@2.0.0");
    pack.close();
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("tapir flash --cbuild-run programs the images of the file without naming them", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${dir}/out`);
    Deno.copyFileSync(`${DEMO}blinky.elf`, `${dir}/out/blinky.elf`);
    Deno.writeFileSync(`${dir}/out/extra.bin`, Uint8Array.of(1, 2, 3, 4));
    const text = `cbuild-run:
  device: STMicroelectronics::STM32F407VG
  output:
    - {file: blinky.elf, type: elf, load: image+symbols}
    - {file: extra.bin, type: bin, load: image, load-offset: 0x08020000}
  system-resources:
    memory:
      - {name: Flash, access: rx, start: 0x08000000, size: 0x00100000, default: true, startup: true}
      - {name: SRAM, access: rwx, start: 0x20000000, size: 0x0001C000, default: true}
    processors:
      - core: Cortex-M4
  debugger: {protocol: swd, clock: 4000000}
  programming:
    - {algorithm: ${DEMO}Tapir.Demo_DFP/STM32F4_demo.FLM, start: 0x08000000, size: 0x00100000}
`;
    Deno.writeTextFileSync(`${dir}/out/app.cbuild-run.yml`, text);
    const sim = ["-u", "sim:stm32f407", "--cbuild-run", "out/app.cbuild-run.yml"];
    const done = await runCli(["flash", ...sim, "--json"], { cwd: dir });
    assertEquals([done.code, done.stderr], [0, ""]);
    const { report } = JSON.parse(done.stdout.trim().split("\n").at(-1)!) as { report: { programmedBytes: number } };
    assert(report.programmedBytes > 4);
    const none = await runCli(["flash", ...sim, "-t", "cortex_m"], { cwd: dir });
    assertEquals(none.code, 2);
    assertStringIncludes(none.stderr, "is left out, because a target type is given");
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

const real = sharedData("csolution");
const files = real.missing ? [] : [...filesBelow(real.path)].filter((path) => /cbuild-run\.yml$/.test(path)).sort();

function* filesBelow(directory: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    if (isDirectory) yield* filesBelow(`${directory}/${name}`);
    else yield `${directory}/${name}`;
  }
}

Deno.test({
  name: `parseCbuildRun() reads the real files${why(real.missing, "csolution")}`,
  ignore: real.missing,
  fn: () => {
    const seen: string[] = [];
    for (const path of files) {
      const name = path.replace(/^.*\//, "");
      const parsed = parseCbuildRun(Deno.readTextFileSync(path), path, { ...PLACES, directory: real.path });
      const target = describeResolved(parsed.device, "cbuild-run", cbuildPack(parsed, "/packs", systemFiles));
      cbuildOptions(parsed);
      if (Deno.statSync(path).size > 100) assert(target.memory.length > 0, name);
      seen.push(`${name}: ${target.name}, ${target.memory.length} regions, ${parsed.problems.length} problems`);
    }
    assert(files.length >= 9, seen.join("\n"));
    const find = (name: string) => {
      const path = files.find((each) => each.endsWith(name))!;
      return parseCbuildRun(Deno.readTextFileSync(path), path, { ...PLACES, directory: real.path });
    };
    const hardware = find("ref/run-debug+TestHW.cbuild-run.yml");
    assertEquals(hardware.problems, []);
    assertEquals(hardware.device.accessPorts.map(({ id, version, parent }) => [id, version, parent]), [
      [1, 1, undefined],
      [2, 2, undefined],
      [3, 2, 2],
    ]);
    assertEquals(hardware.device.sequences.map(({ name }) => name).sort(), [
      "CheckID",
      "DebugCoreStart",
      "DebugDeviceUnlock",
      "DebugPortStop",
    ]);
    assertEquals(cbuildOptions(hardware).dap_swj_use_dormant, true);
    const multi = find("multi-core.cbuild-run.yml");
    assertEquals([cbuildOptions(multi).gdbserver_port, cbuildOptions(multi).primary_core], [[3336, 3339], 0]);
    assertEquals(multi.device.processors.map(({ pname }) => pname), ["Core0", "Core1"]);
    const invalid = find("invalid_telnet_rtt_schema.cbuild-run.yml");
    assert(invalid.problems.some((problem) => problem.includes("telnet[2].mode")), invalid.problems.join("\n"));
  },
});
