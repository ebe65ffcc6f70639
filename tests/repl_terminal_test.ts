/** The commander on a pseudo-terminal: typing, history, completion, Ctrl-C, resizing, pasting. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** A program on a pseudo-terminal that Python keeps. */
class TerminalProgram {
  readonly #python: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  constructor(command: readonly string[], env: Record<string, string>) {
    const driver = decodeURIComponent(new URL("support/drive_terminal.py", import.meta.url).pathname);
    this.#python = new Deno.Command("python3", {
      args: [driver, ...command],
      cwd: ROOT,
      env: { ...env, TERM: "xterm" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#python.stdin.getWriter();
    this.#answers = lines(this.#python.stdout);
  }

  async #order(order: object): Promise<{ ok: boolean; shown: string; status?: number }> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    const { value } = await this.#answers.next();
    return JSON.parse(value ?? "{}");
  }

  /** Types. */
  async send(text: string): Promise<void> {
    await this.#order({ send: text });
  }

  /** Waits until the program has shown a text, after what was waited for before. */
  async wait(text: string): Promise<string> {
    const { ok, shown } = await this.#order({ wait: text, seconds: 20 });
    assert(ok, `${JSON.stringify(text)} did not come; the terminal shows ${JSON.stringify(shown)}`);
    return shown;
  }

  /** Changes the size of the window. */
  async resize(rows: number, columns: number): Promise<void> {
    await this.#order({ resize: [rows, columns] });
  }

  /** Waits for the end of the program and gives its status. */
  async end(): Promise<number | undefined> {
    const { status } = await this.#order({ end: 10 });
    await this.#writer.close();
    await this.#python.status;
    await this.#answers.return?.();
    return status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let pending = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
  ) {
    pending += text;
    const whole = pending.split("\n");
    pending = whole.pop()!;
    yield* whole;
  }
}

function isThere(path: string | URL): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const hasPython = Deno.build.os !== "windows" &&
  await new Deno.Command("python3", { args: ["-c", "import pty"], stderr: "null" }).output().then(
    ({ success }) => success,
    () => false,
  );

/** The standalone program: TAPIR_BINARY, or what `deno task compile` made. */
const binary = Deno.env.get("TAPIR_BINARY") ?? decodeURIComponent(new URL("dist/tapir", ROOT).pathname);

const programs = [
  { name: "in deno run", command: [Deno.execPath(), "run", "-A", "--no-check", "cli.ts"], missing: "" },
  {
    name: "as a standalone program",
    command: [binary],
    missing: isThere(binary) ? "" : " (ignored: neither TAPIR_BINARY nor dist/tapir is there)",
  },
];

for (const { name, command, missing } of programs) {
  Deno.test({
    name: `the commander on a terminal ${name}${hasPython ? missing : " (ignored: python3 has no pty)"}`,
    ignore: !hasPython || missing !== "",
    fn: async () => {
      const directory = await Deno.makeTempDir();
      const env = { TAPIR_HISTORY: `${directory}/history` };
      try {
        await Deno.writeTextFile(env.TAPIR_HISTORY, "show locked\n");
        const program = new TerminalProgram([...command, "commander", "-q", "-u", "sim:stm32f407"], env);
        await program.wait("Connected to cortex_m [lockup]: stm32f407");
        await program.wait("tapir 0 lockup> ");

        await program.send("show uid\r");
        await program.wait("Unique ID:    stm32f407");
        await program.wait("> ");

        // Backspace, and the arrow keys: the line reads "show uid" in the end.
        await program.send("shoe\x7fw id\x1b[D\x1b[Du\r");
        await program.wait("Unique ID:    stm32f407");
        await program.wait("> ");

        // Tab completes the command.
        await program.send("stat");
        await program.wait("stat");
        await program.send("\t");
        await program.wait("us ");
        await program.send("\r");
        await program.wait("Core 0 (Cortex-M4):  Lockup");
        await program.wait("> ");

        // Arrow up: the last line typed here, then further up the one of the run before.
        await program.send("\x1b[A\r");
        await program.wait("Core 0 (Cortex-M4):  Lockup");
        await program.wait("> ");
        await program.send("\x1b[A\x1b[A\x1b[A\r");
        await program.wait("Target is unlocked");
        await program.wait("> ");

        // Ctrl-C stops a command, and empties a line that is being typed.
        await program.send("sleep 100000000\r");
        await program.wait("sleep 100000000");
        await program.send("\x03");
        await program.wait("Interrupted");
        await program.wait("> ");
        await program.send("sleep 100000000\r\x03");
        await program.wait("Interrupted");
        await program.wait("> ");
        await program.send("nonsense\x03");
        await program.wait("^C");
        await program.wait("> ");

        // Lines of TypeScript that belong together.
        await program.send("$ [1, 2].map((n) => {\r");
        await program.wait("... ");
        await program.send("return n + 0x100 })\r");
        await program.wait("[ 257, 258 ]");
        await program.wait("> ");

        await program.resize(20, 60);
        await program.send("$ 'still ' + 'here'\r");
        await program.wait("still here");
        await program.wait("> ");

        // A hundred lines at once are run one after the other.
        await program.send(Array.from({ length: 100 }, (_, i) => `$ "line" + ${i + 1}\r`).join(""));
        for (let i = 1; i <= 100; i++) await program.wait(`\nline${i}\r`);
        await program.wait("> ");

        // What happens to the core is told while nobody types.
        await program.send(
          "reset halt; write16 0x20000000 0x2001 0x05c0 0x3801 0xd1fd 0xbe00; wreg pc 0x20000000; go\r",
        );
        await program.wait("tapir 0 running> ");
        await program.wait("Core 0 (Cortex-M4) halted: breakpoint at 0x20000008");
        await program.wait("tapir 0 halted> ");

        await program.send("\x04");
        assertEquals(await program.end(), 0);
        const history = await Deno.readTextFile(env.TAPIR_HISTORY);
        assertStringIncludes(history, "show locked\nshow uid\nstat");
        assertStringIncludes(history, '$ "line" + 100\n');
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
