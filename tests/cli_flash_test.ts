/** The main job from one run of the program to the next: a file keeps the flash of the simulated board. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/base/errors.ts";
import { type BoardCase, BOARDS, needsData } from "./support/flash_bench.ts";
import { type CliRun, runCli } from "./support/run_cli.ts";

const DATA = decodeURIComponent(new URL("../../shared/data/", import.meta.url).pathname);

/** Real firmware. */
const FIRMWARE: Readonly<Record<string, string>> = {
  stm32f407: "bin/pyocd/nucleo_f412zg.bin",
  stm32f072: "bin/pyocd/NUCLEO_F072RB.bin",
  nrf52840: "bin/pyocd/l1_nrf52840-dk.bin",
};

interface Desk {
  readonly directory: string;
  readonly firmware: string;
  readonly bytes: Uint8Array;
  run(command: string, ...argv: string[]): Promise<CliRun>;
}

/** A board whose flash outlives the commands that are run on it. */
async function onBoard(board: BoardCase, work: (desk: Desk) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  const firmware = DATA + FIRMWARE[board.board]!;
  const probe = `sim:${board.board}?timing=fast&flash=${directory}/board.bin`;
  const chip = ["-u", probe, "-t", board.part, "--pack", DATA + board.pack];
  try {
    await work({
      directory,
      firmware,
      bytes: await Deno.readFile(firmware),
      run: (command, ...argv) => runCli([command, ...chip, ...argv]),
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const board of BOARDS) {
  const start = `0x${board.flash.start.toString(16)}`;

  Deno.test({
    ...needsData(`tapir flash, then tapir read, gives back real firmware on ${board.board}`),
    fn: () =>
      onBoard(board, async ({ directory, firmware, bytes, run }) => {
        assertEquals((await run("flash", firmware)).code, EXIT.ok);
        assertEquals((await run("verify", firmware)).code, EXIT.ok);
        assertEquals((await run("read", start, String(bytes.length), "-o", `${directory}/back.bin`)).code, EXIT.ok);
        assertEquals(await Deno.readFile(`${directory}/back.bin`), bytes);
      }),
  });

  Deno.test({
    ...needsData(`tapir verify finds any single bit that differs on ${board.board}`),
    fn: () =>
      onBoard(board, async ({ directory, firmware, bytes, run }) => {
        await run("flash", firmware);
        const whole = await Deno.readFile(`${directory}/board.bin`);
        for (const at of [0, 1023, 1024, bytes.length >> 1, bytes.length - 1]) {
          const bit = 1 << (at % 8);
          const spoilt = whole.slice();
          spoilt[at]! ^= bit;
          await Deno.writeFile(`${directory}/board.bin`, spoilt);
          const { code, stderr } = await run("verify", firmware);
          assertEquals(code, EXIT.flash, `byte ${at}: ${stderr}`);
          const address = (board.flash.start + at).toString(16).padStart(8, "0");
          const [expected, found] = [bytes[at]!, bytes[at]! ^ bit].map((b) => `0x${b.toString(16).padStart(2, "0")}`);
          assertStringIncludes(stderr, `Cannot verify 0x${address}: expected ${expected}, found ${found}`);
        }
        await Deno.writeFile(`${directory}/board.bin`, whole);
        assertEquals((await run("verify", firmware)).code, EXIT.ok);
      }),
  });
}

const [F407] = BOARDS as [BoardCase];

Deno.test({
  ...needsData("tapir flash of what is there already changes nothing, and says so"),
  fn: () =>
    onBoard(F407, async ({ directory, firmware, run }) => {
      await run("flash", firmware);
      const before = await Deno.readFile(`${directory}/board.bin`);
      const { code, stdout } = await run("flash", "--json", firmware);
      const { report } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
      assertEquals([code, report.erasedSectors, report.programmedPages, report.identicalSectors], [0, 0, 0, 4]);
      assertEquals(await Deno.readFile(`${directory}/board.bin`), before);
    }),
});

Deno.test({
  ...needsData("tapir erase leaves sectors beside those that were asked for alone"),
  fn: () =>
    onBoard(F407, async ({ directory, firmware, bytes, run }) => {
      await run("flash", firmware);
      assertEquals((await run("erase", "0x08004000")).code, EXIT.ok);
      const after = await Deno.readFile(`${directory}/board.bin`);
      assertEquals(after.subarray(0, 0x4000), bytes.subarray(0, 0x4000));
      assert(after.subarray(0x4000, 0x8000).every((byte) => byte === 0xff));
      assertEquals(after.subarray(0x8000, bytes.length), bytes.subarray(0x8000));
      assertEquals((await run("erase", "--chip")).code, EXIT.ok);
      assert((await Deno.readFile(`${directory}/board.bin`)).subarray(0, 0x100000).every((byte) => byte === 0xff));
    }),
});

Deno.test({
  ...needsData("a simulated board refuses a file that is not its flash, and leaves it alone"),
  fn: () =>
    onBoard(F407, async ({ directory, firmware, run }) => {
      await Deno.writeTextFile(`${directory}/board.bin`, "precious");
      const { code, stderr } = await run("flash", firmware);
      assertEquals(code, EXIT.usage);
      assertStringIncludes(stderr, "it holds 8 bytes, stm32f407 has");
      assertEquals(await Deno.readTextFile(`${directory}/board.bin`), "precious");
    }),
});

Deno.test("tapir flash says what it takes for a UF2 family and a board of a universal HEX file", async () => {
  for (const [option, reason] of [["--uf2-family", "as a UF2 family"], ["--hex-board", "as a board"]] as const) {
    const { code, stderr } = await runCli(["flash", option, "nope", "x.uf2"]);
    assertEquals(code, EXIT.usage);
    assertStringIncludes(stderr, `Cannot read nope ${reason}`);
  }
});
