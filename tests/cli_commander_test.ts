/** The commander, run through the command line on a simulated board. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/base/errors.ts";
import { type CliRun, type CliRunOptions, runCli } from "./support/run_cli.ts";

const SIM = ["commander", "-u", "sim:stm32f407", "-O", "no-warning.cortex_m_default"];

function commander(argv: readonly string[], options: CliRunOptions = {}): Promise<CliRun> {
  return runCli([...SIM, ...argv], options);
}

/** Output of one command line after a program of three instructions was put into RAM: movs r0, #1; adds r0, #1; b. */
async function after(line: string): Promise<string> {
  const setup = "halt; write16 0x20000000 0x2001 0x3001 0xe7fd; wreg pc 0x20000000; wreg sp 0x20001000";
  const { code, stdout, stderr } = await commander(["-c", setup, "-c", line]);
  assertEquals([code, stderr], [EXIT.ok, ""], line);
  return stdout.replace("Successfully halted device\n", "");
}

Deno.test("commander -c ends at the first command that fails, with its exit code", async () => {
  for (
    const [line, code, says] of [
      ["rb 0x60000000; status", EXIT.failed, "the target answered FAULT"],
      ["nope", EXIT.usage, "there is no such command"],
      ["r", EXIT.usage, "the command is ambiguous"],
      ["read32", EXIT.usage, "too few arguments"],
      ["read32 0x20000000 6", EXIT.usage, "must be a multiple of 4"],
      ["read32 0x100000000", EXIT.usage, "not 32 bits wide"],
      ["write8 0x20000000 256", EXIT.usage, "does not fit in 8 bits"],
      ["read32 [sp", EXIT.usage, "bracket at column 8 is not closed"],
      ["read32 frob", EXIT.usage, "it is no literal, register or symbol"],
      ["reg r99", EXIT.usage, "neither the core nor a peripheral has that name"],
      ["wreg r0", EXIT.usage, "too few arguments"],
      ["wreg r0 1.5", EXIT.usage, "it is no literal, register or symbol"],
      ["wreg s0 1.5.2", EXIT.usage, "it is no literal, register or symbol"],
      ["core 3", EXIT.usage, "there is no such core"],
      ["reset hrd", EXIT.usage, "there is no such reset type"],
      ["rmbreak 0x20000000", EXIT.usage, "none is set there"],
      ["watch 0x20000001 4", EXIT.usage, "not a multiple of 4"],
      ["watch 0x20000000 x", EXIT.usage, "Cannot use x in a watchpoint"],
      ["rdp 3", EXIT.usage, "multiples of 4"],
      ["show nothing", EXIT.usage, "there is no such value"],
      ["set map 1", EXIT.usage, "it can only be shown"],
      ["show frequency", EXIT.usage, "it can only be set"],
      ["set option smart_flash=maybe", EXIT.usage, "Cannot set option smart_flash to maybe"],
      ["set frequency fast", EXIT.usage, "Cannot use fast as a frequency"],
      ["fill 24 0x20000000 4 1", EXIT.usage, "Cannot fill with items of 24 bits"],
      ["find -n 0x20000000 4", EXIT.usage, "address, length and bytes are needed"],
      ["load /no/such.hex", EXIT.usage, "it does not exist"],
      ["savemem 0x20000000 4 /no/such/file", EXIT.usage, "Cannot write /no/such/file"],
      ["erase 0x08000000", EXIT.flash, "there is no flash at 0x08000000"],
      ["$ 1 +* 1", EXIT.usage, "Cannot read TypeScript: Unexpected token (line 1, column"],
      ["$ nowhere", EXIT.failed, "Cannot run TypeScript: ReferenceError: nowhere is not defined"],
      ["! exit 3", EXIT.failed, "it ended with status 3"],
    ] as const
  ) {
    const run = await commander(["-c", "halt", "-c", line, "-c", "status"]);
    assertEquals([run.code, run.stdout], [code, "Successfully halted device\n"], line);
    assertStringIncludes(run.stderr, says, line);
  }
});

Deno.test("commander steps, and shows and writes registers", async () => {
  assertEquals(
    await after("step; s 2"),
    "0x20000002:* 0130      adds    r0, #1\n0x20000004:* fde7      b       #0x20000002\n" +
      "0x20000002:* 0130      adds    r0, #1\n",
  );
  assertStringIncludes(await after("step 3; reg r0 pc"), "\nr0: 0x00000002 (2)   pc: 0x20000002\n");
  assertEquals(await after("wreg -r r1 -1"), "r1: 0xffffffff (4294967295)\n");
  assertEquals(await after("wreg s0 0x3fc00000; reg s0"), "s0: 1.5 (0x3fc00000)\n");
  assertEquals(await after("wreg -r s0 1.5"), "s0: 1.5 (0x3fc00000)\n");
  assertEquals(await after("wreg -r s1 -2e3"), "s1: -2000 (0xc4fa0000)\n");
  assertEquals(await after("wreg -r d2 0.1"), "d2: 0.1 (0x3fb999999999999a)\n");
  assertEquals(await after("wreg -r d2 -inf"), "d2: -Infinity (0xfff0000000000000)\n");
  assertStringIncludes(await after("reg"), "general registers:\n");
  assertStringIncludes(await after("reg all"), "double registers:\n");
});

Deno.test("commander reads and writes items of every width at any address", async () => {
  const bytes = "write32 0x20000100 0x44332211 0x88776655; ";
  assertEquals(await after(`${bytes}read8 0x20000101 5`), '20000101:  22 33 44 55  66    |"3DUf|\n');
  assertEquals(await after(`${bytes}rh 0x20000100 4`), '20000100:  2211 4433    |."3D|\n');
  assertEquals(await after(`${bytes}rw 0x20000100`), '20000100:  44332211    |."3D|\n');
  assertEquals(await after(`${bytes}rd 0x20000100`), '20000100:  8877665544332211    |."3DUfw.|\n');
  assertEquals(
    await after(`${bytes}wd 0x20000100 0xffeeddccbbaa9988; rw 0x20000104`).then((t) => t.slice(11, 19)),
    "ffeeddcc",
  );
  assertEquals(await after(`${bytes}wh 0x20000101 0xabcd; rw 0x20000100`).then((t) => t.slice(11, 19)), "44abcd11");
});

Deno.test("commander takes registers and dereferences as numbers", async () => {
  assertEquals(
    await after("write32 0x20001004 0x20000000; read16 [sp,4]"),
    "sp = 0x20001000\n20000000:  2001    |. |\n",
  );
  assertEquals(await after("read16 PC"), "pc = 0x20000000\n20000000:  2001    |. |\n");
});

Deno.test("commander fills, finds and compares memory", async () => {
  const filled = "Filled 0x20000300-0x20000307 with 0xa5\n";
  assertEquals(
    await after("fill 8 0x20000300 8 0xa5; find 0x20000200 0x200 0xa5 0xa5; find -n 0x20000300 16 0xa5"),
    `${filled}Found pattern at address 0x20000300\nFound pattern at address 0x20000308\n`,
  );
  assertStringIncludes(await after("find 0x20000200 16 0x77"), "Failed to find pattern");
  assertEquals(
    await after("fill 0x20000300 4 0x1234; rw 0x20000300").then((text) => text.split("  ")[1]),
    "12341234",
  );
});

Deno.test("commander sets, lists and hits breakpoints and watchpoints", async () => {
  const hit = await after("break 0x20000002; go; sleep 5; status; reg pc; rmbreak 0x20000002; lsbreak");
  assertStringIncludes(hit, "Core 0 (Cortex-M4):  Halted\npc: 0x20000002\nRemoved breakpoint at 0x20000002\n");
  assertStringIncludes(hit, "6 hardware breakpoints available\nNo breakpoints installed\n");
  assertEquals(
    await after("watch 0x20000100 w 4; lswatch; rmwatch 0x20000100; lswatch"),
    "Set watchpoint at 0x20000100\n3 hardware watchpoints available\n0: 0x20000100, 4 bytes, w\n" +
      "Removed watchpoint at 0x20000100\n4 hardware watchpoints available\nNo watchpoints installed\n",
  );
});

Deno.test("commander shows and sets values", async () => {
  assertEquals(await after("show vc; set vc hr; show vector-catch"), "Vector catch: none\nVector catch: hr\n");
  assertEquals(await after("set frequency 2M; show option frequency"), "frequency = 2000000 (set)\n");
  assertEquals(await after("set si on; show si"), "Interrupts while stepping: enabled\n");
  assertEquals(
    await after("show nreset; show locked; show uid"),
    "nRESET = 1\nTarget is unlocked\nUnique ID:    stm32f407\n",
  );
  assertStringIncludes(await after("show map"), "\nSRAM ");
});

Deno.test("commander runs files, reports their lines, and keeps the order of -c and -x", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/a.txt`, "# comment\n\nhalt\r\n  status\n");
    await Deno.writeTextFile(`${cwd}/bad.txt`, "status\nnope\n");
    const good = await commander(["-c", "show", "uid", "-x", "a.txt", "-c", "show uid; exit", "-c", "nope"], { cwd });
    const uid = "Unique ID:    stm32f407\n";
    const status = "Successfully halted device\nCore 0 (Cortex-M4):  Halted\n";
    assertEquals([good.code, good.stdout], [EXIT.ok, `${uid}${status}${uid}`]);
    const bad = await commander(["-x", "bad.txt"], { cwd });
    assertEquals(bad.code, EXIT.usage);
    assertStringIncludes(bad.stderr, `Cannot finish bad.txt: line 2: Cannot run nope: there is no such command\n`);
    const piped = await commander(["-x", "-"], { input: ["show uid"] });
    assertEquals([piped.code, piped.stdout], [EXIT.ok, uid]);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("commander without steps reads lines until exit or the end, and survives errors", async () => {
  const typed = await commander([], { input: ["nope", "show uid", "exit", "show uid"], isTerminal: true });
  assertEquals(typed.code, EXIT.ok);
  assertEquals(
    typed.stdout,
    "Connected to cortex_m [lockup]: stm32f407\ntapir 0 lockup> tapir 0 lockup> Unique ID:    stm32f407\ntapir 0 lockup> ",
  );
  assertStringIncludes(typed.stderr, "Cannot run nope");
  const ended = await commander(["-i", "-c", "show uid"], { input: [] });
  assertEquals([ended.code, ended.stdout], [EXIT.ok, "Unique ID:    stm32f407\n"]);
});

Deno.test("commander neither halts nor resumes the target on its own", async () => {
  assertEquals(
    (await commander(["-c", "show option connect_mode resume_on_disconnect"])).stdout,
    [
      'connect_mode = "attach" (subcommand)\n',
      "resume_on_disconnect = false (subcommand)\n",
    ].join(""),
  );
  assertStringIncludes((await commander(["-H", "-c", "show option connect_mode"])).stdout, '"halt" (command line)');
});

Deno.test("commander help names every command and explains one", async () => {
  const { stdout } = await commander(["-c", "help"]);
  for (const name of ["status, st", "read32, rw", "show", "exit, quit"]) assertStringIncludes(stdout, `  ${name} `);
  assertStringIncludes((await commander(["-c", "help go"])).stdout, "Usage: continue\n");
  assertStringIncludes((await commander(["-c", "? show map"])).stdout, "Usage: show map\nMemory map.\n");
});

Deno.test("commander loads the part of a file for several chips that fits, and says what it leaves out", async () => {
  const directory = await Deno.makeTempDir();
  const lines = [":020000042000DA", ":0400000A9900C0DEBB", ":0401000001020304F1", ":0400000A9903C0DEB8"];
  try {
    await Deno.writeTextFile(`${directory}/u.hex`, [...lines, ":0401000D05060708D4", ":00000001FF"].join("\n"));
    const { code, stdout, stderr } = await commander(["-c", `halt; load ${directory}/u.hex; read8 0x20000100 4`]);
    assertEquals(code, EXIT.ok, stderr);
    assertStringIncludes(stderr, "left out the data for board 0x9903");
    assertStringIncludes(stdout, "20000100:  01 02 03 04");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("tapir commander runs all lines of a pipe and ends with the exit code of the first that failed", async () => {
  const piped = (...input: string[]) => runCli(["commander", "-W", "-u", "sim:stm32f407"], { input });
  const bad = await piped("read32 0x90000000", "nope", "show uid");
  assertEquals([bad.code, bad.stdout], [EXIT.failed, "Unique ID:    stm32f407\n"]);
  assertEquals((await piped("show uid")).code, EXIT.ok);
  assertEquals((await piped()).code, EXIT.ok);
  const typed = await runCli(["commander", "-W", "-u", "sim:stm32f407"], { input: ["nope"], isTerminal: true });
  assertEquals(typed.code, EXIT.ok);
});
