/** `tapir sequences`, and the options about debug sequences, through the command line. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../lib/session/connect.ts";
import { runCli } from "./support/run_cli.ts";
import { sharedData, why } from "./support/shared_data.ts";

const PACK = "dfp/Keil.STM32F4xx_DFP.3.1.2-dev";
const { path, missing } = sharedData(PACK);
const CHIP = ["-t", "STM32F407VGTx", "--pack", path, "--no-config"];
const BOARD = [...CHIP, "-u", "sim:stm32f407"];

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: name + why(missing, PACK), ignore: missing, fn });
}

interface Row {
  readonly name: string;
  readonly standard: boolean;
  readonly enabled: boolean;
  readonly runBy: string | null;
}

async function rows(...flags: string[]): Promise<Record<string, Row>> {
  const { code, stdout, stderr } = await runCli(["sequences", ...CHIP, "--json", ...flags]);
  assertEquals([code, stderr], [0, ""]);
  const { sequences } = JSON.parse(stdout) as { sequences: Row[] };
  return Object.fromEntries(sequences.map((row) => [row.name, row]));
}

test("sequences lists them with who runs each, without a probe", async () => {
  const table = await rows();
  const by = (name: string): unknown => [table[name]?.standard, table[name]?.enabled, table[name]?.runBy];
  assertEquals(by("DebugCoreStart"), [true, true, "pack"]);
  assertEquals(by("CheckID"), [false, true, "pack"]);
  assertEquals(by("ResetSystem"), [true, false, "native"]);
  assertEquals(table["FlashInit"], undefined);
});

test("sequences shows what is switched off, and who takes over", async () => {
  const off = await rows("-O", "pack.debug_sequences.disabled_sequences=debugcorestart");
  assertEquals([off["DebugCoreStart"]?.enabled, off["DebugCoreStart"]?.runBy], [false, "native"]);
  const none = await rows("-O", "pack.debug_sequences.enable=false");
  assertEquals(Object.values(none).filter((row) => row.enabled), []);
});

test("sequences prints debug variables as the options leave them", async () => {
  const { stdout } = await runCli(["sequences", ...CHIP, "-O", "pack.debug_sequences.debugvars=DbgMCU_CR = 0x21"]);
  assertMatch(stdout, /DebugDeviceUnlock +all +yes +yes +pack/);
  assertMatch(stdout, /DbgMCU_CR +0x21\n/);
});

test("sequences --run runs one, --trace-sequences shows each call with its line", async () => {
  const { code, stderr } = await runCli(["sequences", ...BOARD, "--run", "DebugDeviceUnlock", "--trace-sequences"]);
  assertEquals(code, 0);
  assertMatch(stderr, /Keil\.STM32F4xx_DFP\.pdsc:[0-9]+: CheckID: ReadAP\(0xf8\) = 0xe00ff003/);
  assertMatch(stderr, /DebugDeviceUnlock was run by the pack's sequence\n$/);
});

test("sequences --run falls back to the architecture's own step", async () => {
  const { code, stdout } = await runCli(["sequences", ...BOARD, "--run", "ResetSystem", "--json"]);
  assertEquals([code, JSON.parse(stdout).by], [0, "native"]);
});

test("sequences --run says what cannot be run", async () => {
  const unknown = await runCli(["sequences", ...BOARD, "--run", "Nonsense"]);
  assertEquals(unknown.code, 1);
  assertMatch(unknown.stderr, /Cannot run sequence Nonsense: the pack does not define it/);
  const core = await runCli(["sequences", ...BOARD, "--run", "DebugCoreStart:cm7"]);
  assertEquals(core.code, 2);
  assertMatch(core.stderr, /there is no such core\n.*Cores: Cortex-M4/);
});

test("a .dbgconf file of the user's own comes between the pack's values and the option", async () => {
  const file = await Deno.makeTempFile({ suffix: ".dbgconf" });
  try {
    await Deno.writeTextFile(file, "// <o.0> DBG_SLEEP\nDbgMCU_CR = 0x5;\nDbgMCU_APB2_Fz = 0x9;\n");
    const flags = [
      "-O",
      `pack.debug_sequences.dbgconf=${file}`,
      "-O",
      "pack.debug_sequences.debugvars=DbgMCU_CR = 0x6",
    ];
    const { stdout } = await runCli(["sequences", ...CHIP, ...flags]);
    assertMatch(stdout, /DbgMCU_CR +0x6\nDbgMCU_APB1_Fz +0x6e019ff\nDbgMCU_APB2_Fz +0x9\n/);
  } finally {
    await Deno.remove(file);
  }
  const { code, stderr } = await runCli(["sequences", ...CHIP, "-O", "pack.debug_sequences.dbgconf=/no/such.dbgconf"]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot read \/no\/such\.dbgconf: it does not exist/);
});

test("options changed in the middle of a session act at once", async () => {
  const session = await connect({ probe: "sim:stm32f407", target: "STM32F407VGTx", pack: path });
  try {
    const { sequences, primaryCore } = session.target;
    session.options.set("pack.debug_sequences.debugvars", "DbgMCU_CR = 0x2");
    assertEquals(sequences?.variables.get("DbgMCU_CR"), 2n);
    await session.reset({ halt: true });
    assertEquals(await primaryCore.raw.read32(0xe0042004), 2);
    assertEquals(sequences?.has("DebugCoreStart"), true);
    session.options.set("pack.debug_sequences.disabled_sequences", ["DebugCoreStart"]);
    assertEquals(sequences?.has("DebugCoreStart"), false);
    session.options.set("pack.debug_sequences.enable", false);
    assertEquals(sequences?.has("DebugDeviceUnlock"), false);
  } finally {
    await session.close();
  }
});

test("broken debug variables name the option", async () => {
  const { code, stderr } = await runCli(["reset", ...BOARD, "-O", "pack.debug_sequences.debugvars=DbgMCU_CR = "]);
  assertEquals(code, 2);
  assertMatch(stderr, /Cannot read debug variables of pack\.debug_sequences\.debugvars/);
});

Deno.test("broken debug variables of a pack are warned about and leave the chip usable", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const pdsc = `<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1">
      <processor Dcore="Cortex-M4"/><debugvars>__var A = ;</debugvars><sequences>
      <sequence name="DebugCoreStart"><block>Write32(0xE000EDF0, 0xA05F0001);</block></sequence></sequences>
      <device Dname="D"><memory name="RAM" access="rwx" start="0x20000000" size="0x20000"/></device></family></devices></package>`;
    await Deno.writeTextFile(`${folder}/V.P.pdsc`, pdsc);
    const { code, stderr } = await runCli(["reset", "-u", "sim:stm32f407", "--no-config", "--pack", folder]);
    assertEquals(code, 0, stderr);
    assertMatch(
      stderr,
      /W Cannot read debug variables of V\.P\.pdsc: .* at line 2, .*the pack's debug variables are left out/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("a reset without sequences works as one with them", async () => {
  for (const enable of ["true", "false"]) {
    const { code, stderr } = await runCli(["reset", ...BOARD, "-O", `pack.debug_sequences.enable=${enable}`]);
    assertEquals(code, 0, stderr);
    assert(!stderr.includes("sequence"), stderr);
  }
});
