/** The interactive loop with a terminal made for tests: prompts, TypeScript, Ctrl-C, news of cores. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { InterruptedError, ProbeError, TapirError } from "../lib/base/errors.ts";
import { CommandContext, type CommandHost } from "../lib/command/context.ts";
import { commandsOf } from "../lib/command/commands/mod.ts";
import { executeLine } from "../lib/command/execute.ts";
import { completeLine } from "../lib/commander/completion.ts";
import { Evaluator } from "../lib/commander/evaluator.ts";
import { runRepl } from "../lib/commander/repl.ts";
import { sessionScope } from "../lib/commander/scope.ts";
import type { ReplTerminal } from "../lib/commander/terminal.ts";
import { CoreWatch } from "../lib/commander/watch.ts";
import { ElfFile } from "../lib/format/elf.ts";
import { SymbolTable } from "../lib/format/symbols.ts";
import { connect } from "../lib/session/connect.ts";
import type { Session } from "../lib/session/session.ts";
import { tinyElf } from "./support/tiny_elf.ts";

/** A terminal whose user types prepared lines; a function is called when its turn comes and gives the line. */
class ScriptedTerminal implements ReplTerminal {
  readonly prompts: string[] = [];
  readonly notices: string[] = [];
  readonly errors: unknown[] = [];
  readonly listeners = new Set<() => void>();
  readonly #lines: (string | (() => string | Promise<string>))[];

  constructor(lines: readonly (string | (() => string | Promise<string>))[]) {
    this.#lines = [...lines];
  }

  async readLine(prompt: string): Promise<string | undefined> {
    this.prompts.push(prompt);
    const next = this.#lines.shift();
    return typeof next === "function" ? await next() : next;
  }
  notify(text: string, prompt?: string): void {
    this.notices.push(text);
    if (prompt !== undefined) this.prompts.push(prompt);
  }
  showError(error: unknown): void {
    this.errors.push(error);
  }
  onInterrupt(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  close(): void {}
  interrupt(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

interface Bench {
  readonly session: Session;
  readonly context: CommandContext;
  readonly evaluator: Evaluator;
  output(): string;
}

async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  await using session = await connect({ probe: "sim:stm32f407" });
  let text = "";
  const host: CommandHost = {
    write: (more) => text += more,
    readFile: () => Promise.reject(new Error("no files here")),
    writeFile: () => Promise.reject(new Error("no files here")),
    evaluate: (code) => evaluator.evaluate(code),
    withProgress: (run) => run(() => {}),
  };
  const context = new CommandContext(session, host, commandsOf(["standard", "commander"]));
  const evaluator = new Evaluator(sessionScope(context));
  await executeLine(context, "reset halt; write16 0x20000000 0x2001 0x3001 0xe7fd; wreg pc 0x20000000");
  text = "";
  await work({ session, context, evaluator, output: () => text });
}

const OPTIONS = { prompts: true, watch: false };

Deno.test("runRepl() shows core and state, survives errors, and ends with exit", async () => {
  await withBench(async ({ context, output }) => {
    const terminal = new ScriptedTerminal([
      "nope",
      "go",
      "halt; reg r99",
      "  ",
      "# remark",
      "show uid",
      "exit",
      "show uid",
    ]);
    await runRepl(context, terminal, OPTIONS);
    assertEquals(terminal.prompts, [
      "tapir 0 halted> ",
      "tapir 0 halted> ",
      "tapir 0 running> ",
      ...Array(4).fill("tapir 0 halted> "),
    ]);
    assertEquals(terminal.errors.map((error) => (error as TapirError).code), ["unknown-command", "unknown-register"]);
    assertStringIncludes(output(), "Unique ID:    stm32f407\n");
  });
});

Deno.test("runRepl() ends at the end of the input, in a command and in TypeScript", async () => {
  await withBench(async ({ context, output }) => {
    await runRepl(context, new ScriptedTerminal([]), OPTIONS);
    const terminal = new ScriptedTerminal(["$ 1 + (2"]);
    await runRepl(context, terminal, OPTIONS);
    assertEquals([terminal.prompts.length, terminal.errors.length, output()], [3, 1, ""]);
  });
});

Deno.test("runRepl() reads TypeScript over several lines and keeps what it declares", async () => {
  await withBench(async ({ context, output }) => {
    const typed: string[] = [];
    const terminal = new ScriptedTerminal([
      "$ interface Sample { at: number }",
      "$ const samples: Sample[] = []",
      "$ for (let i = 0; i < 3; i++) {",
      "await core.step()",
      "samples.push({ at: await core.readRegister('pc') })",
      "}",
      "$ samples.map(({ at }) => hex(at)).join(' ')",
      "$ samples.length",
      "$ nowhere",
    ]);
    await runRepl(context, terminal, { ...OPTIONS, onLine: async (line) => void typed.push(line) });
    assertEquals(output(), "0x20000002 0x20000004 0x20000002\n0x00000003 (3)\n");
    assertEquals(terminal.prompts.filter((prompt) => prompt === "... ").length, 3);
    assertEquals(
      (terminal.errors[0] as Error).message,
      "Cannot run TypeScript: ReferenceError: nowhere is not defined",
    );
    // In the history, what belongs together is one line.
    assertEquals(typed.length, 6);
  });
});

Deno.test("runRepl() stops the running command on Ctrl-C and goes on", async () => {
  await withBench(async ({ context, output }) => {
    const terminal: ScriptedTerminal = new ScriptedTerminal([
      () => {
        setTimeout(() => terminal.interrupt());
        return "sleep 1000000000";
      },
      "show uid",
      () => {
        setTimeout(() => terminal.interrupt());
        return "$ new Promise(() => {})";
      },
      "show uid",
    ]);
    // The time that a command has to stop passes at once.
    await runRepl(context, terminal, { ...OPTIONS, wait: () => new Promise((resolve) => setTimeout(resolve, 1)) });
    assertEquals(terminal.errors.map((error) => error instanceof InterruptedError), [true, true]);
    assertEquals(output(), "Unique ID:    stm32f407\n".repeat(2));
    assertEquals(terminal.listeners.size, 0);
  });
});

Deno.test("runRepl() forgets unfinished TypeScript on Ctrl-C", async () => {
  await withBench(async ({ context, output }) => {
    const terminal: ScriptedTerminal = new ScriptedTerminal([
      "$ [1,",
      () => {
        terminal.interrupt();
        return "";
      },
      "show uid",
    ]);
    await runRepl(context, terminal, OPTIONS);
    assertEquals([output(), terminal.errors.length], ["Unique ID:    stm32f407\n", 0]);
  });
});

/** Runs the loop while its user does not type until something was noticed, or `looks` looks were taken. */
async function watchIdle(context: CommandContext, looks: number): Promise<ScriptedTerminal> {
  let done = (): void => {};
  const idle = new Promise<string>((resolve) => done = () => resolve("exit"));
  const terminal = new ScriptedTerminal([() => idle]);
  let left = looks;
  await runRepl(context, terminal, {
    prompts: true,
    watch: true,
    wait: async (_, signal) => {
      await Promise.resolve();
      if (terminal.notices.length > 0 || terminal.errors.length > 0 || left-- === 0) done();
      if (left < 0) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  return terminal;
}

Deno.test("runRepl() tells when a core halts at a breakpoint while the user types", async () => {
  await withBench(async ({ context }) => {
    await executeLine(context, "write16 0x20000000 0x2001 0x0500 0x3801 0xd1fd 0xe7fe; break 0x20000008; go");
    context.symbols = await SymbolTable.fromElf(
      new ElfFile(
        tinyElf(
          { start: 0x20000000, bytes: new Uint8Array(16) },
          [{ name: "main", address: 0x20000000, size: 16, isFunction: true }],
          "m.c",
          [{ lines: [[0x20000000, 1], [0x20000008, 5]], end: 0x2000000a }],
        ),
        "m.elf",
      ),
    );
    const terminal = await watchIdle(context, 50);
    assertEquals(terminal.notices, ["Core 0 (Cortex-M4) halted: breakpoint at 0x20000008, main+8 : m.c:5\n"]);
    assertEquals(terminal.prompts, ["tapir 0 running> ", "tapir 0 halted> "]);
  });
});

Deno.test("CoreWatch tells of lock-ups, and nothing while nothing changes", async () => {
  await withBench(async ({ context }) => {
    const watch = new CoreWatch(context);
    await executeLine(context, "write16 0x20000000 0xe7fe; go");
    await watch.note();
    assertEquals(await watch.changes(), "");
    // An undefined instruction with a vector table that leads nowhere.
    await executeLine(context, "halt; write16 0x20000000 0xde00; go");
    assertEquals(await watch.changes(), "Core 0 (Cortex-M4) locked up\n");
  });
});

Deno.test("CoreWatch explains a fault that is caught while the user types", async () => {
  await withBench(async ({ context }) => {
    await executeLine(
      context,
      "fill 0x20000100 0x100 0x20000041; write32 0xe000ed08 0x20000100; write16 0x20000040 0xe7fe",
    );
    // A loop of a million rounds before the undefined instruction.
    await executeLine(context, "write16 0x20000000 0x2001 0x0500 0x3801 0xd1fd 0xde00; set vc h");
    await executeLine(context, "wreg pc 0x20000000; wreg sp 0x20001000; go");
    const terminal = await watchIdle(context, 200);
    assertMatch(
      terminal.notices.join(""),
      /^Core 0 \(Cortex-M4\) halted: vector-catch at 0x20000040\n {2}In HardFault\n[\s\S]*UFSR\.UNDEFINSTR[\s\S]*Interrupted at PC 0x20000008/,
    );
  });
});

Deno.test("runRepl() says once that the cores cannot be asked any more", async () => {
  await withBench(async ({ context, session }) => {
    await executeLine(context, "go");
    let fails = false;
    const core = session.coreAt(0);
    const state = core.state.bind(core);
    core.state = () => fails ? Promise.reject(new ProbeError("Cannot talk to the probe: it is gone")) : state();
    const noted = new ScriptedTerminal([async () => {
      fails = true;
      for (let i = 0; i < 200; i++) await new Promise((resolve) => setTimeout(resolve));
      fails = false;
      return "exit";
    }]);
    await runRepl(context, noted, {
      prompts: true,
      watch: true,
      wait: () => new Promise((resolve) => setTimeout(resolve)),
    });
    assertEquals(noted.errors.map(String), ["ProbeError: Cannot talk to the probe: it is gone"]);
  });
});

Deno.test("completeLine() offers what may stand at the end of a line", async () => {
  await withBench(async ({ context, evaluator }) => {
    const listing: Readonly<Record<string, { name: string; isDirectory: boolean }[]>> = {
      ".": [
        { name: "app.elf", isDirectory: false },
        { name: "my app.hex", isDirectory: false },
        { name: "out", isDirectory: true },
        { name: ".hidden", isDirectory: false },
      ],
      "out/": [{ name: "a.bin", isDirectory: false }],
    };
    const listFiles = (directory: string) => Promise.resolve(listing[directory] ?? []);
    const complete = (line: string) => completeLine(context, { listFiles, evaluator }, line);
    const table: readonly (readonly [line: string, candidates: readonly string[] | RegExp, replaced: string])[] = [
      ["stat", ["status "], "stat"],
      ["halt; stat", ["status "], "stat"],
      ["read", /read8,read16,read32,read64,readdp,readap/, "read"],
      ["show vec", ["vector-catch "], "vec"],
      ["show option smart", ["smart_flash "], "smart"],
      ["set option smart", ["smart_flash="], "smart"],
      ["help sho", ["show "], "sho"],
      ["help show peri", ["peripherals "], "peri"],
      ["reg ps", ["psp "], "ps"],
      ["reg gen", ["general "], "gen"],
      ["core cor", ["Cortex-M4 "], "cor"],
      ["reset har", ["hardware "], "har"],
      ["set reset-type vec", ["vectreset "], "vec"],
      ["rw ms", ["msp "], "ms"],
      ["rw ", [], ""],
      ["load ", /^"my app\.hex",app\.elf,out\/$/, ""],
      ["load my", ['"my app.hex"'], "my"],
      ['load "my a', ['"my app.hex"'], '"my a'],
      ["load out/", ["out/a.bin"], "out/"],
      ["load .h", [".hidden"], ".h"],
      ["cmp 0x20000000 ap", ["app.elf", "apsr "], "ap"],
      ["$ ses", ["session"], "ses"],
      ["$ await core.readReg", ["core.readRegister", "core.readRegisters"], "core.readReg"],
      ["$ session.target.cor", ["session.target.core", "session.target.cores"], "session.target.cor"],
      ["$ nothing.x", [], "nothing.x"],
      ["! ls", [], "! ls"],
      ["nope xp", ["xpsr "], "xp"],
    ];
    for (const [line, candidates, replaced] of table) {
      const [found, part] = await complete(line);
      if (candidates instanceof RegExp) assertMatch(found.join(","), candidates, line);
      else assertEquals(found, [...candidates], line);
      assertEquals(part, replaced, line);
    }
  });
});
