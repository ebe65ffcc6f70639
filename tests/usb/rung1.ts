/**
 * Runs programs against simulated probes through the real libusb, without USB hardware, drivers or root: sysfs comes
 * from umockdev, device nodes from usbfs_preload.c.
 *
 * @module
 */
import { SimProbe } from "../../lib/sim/probe/probe.ts";
import { runCli } from "../support/run_cli.ts";
import { TextLineStream } from "./lines.ts";
import { Running } from "./running.ts";
import { PacketDigest } from "./packet_digest.ts";
import type { ServeCounters, ServePlan } from "./serve.ts";

const HERE = new URL("./", import.meta.url);

/** Root of the checkout. */
export const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Why rung 1 cannot run here, or undefined. */
export function rung1Missing(): string | undefined {
  if (Deno.build.os !== "linux") return "it needs Linux";
  return ["cc", "umockdev-run"].filter((tool) => !onPath(tool)).map((tool) => `${tool} is not installed`)[0];
}

/** A test that is ignored where rung 1 cannot run, or where something more is `missing` that it needs. */
export function rung1Test(name: string, fn: () => Promise<void>, missing = rung1Missing()): void {
  Deno.test({
    name: missing === undefined ? name : `${name} (ignored: ${missing})`,
    ignore: missing !== undefined,
    fn,
  });
}

/** Whether a program is there. */
export function onPath(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => isFile(`${folder}/${program}`));
}

/** Whether a file is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** What a program did. */
export interface Finished {
  /** Exit code. */
  readonly code: number;
  /** Its standard output. */
  readonly stdout: string;
  /** Its standard error. */
  readonly stderr: string;
  /** Whether it was killed because its time was over. */
  readonly timedOut: boolean;
  /** How long it ran, in milliseconds. */
  readonly ms: number;
}

/** How a program is run. */
export interface RunOptions {
  /** Limit in milliseconds; 20 s unless told. */
  readonly timeoutMs?: number;
  /** Environment beside that of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, or to the end of its time; then it dies with all it has started. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const start = performance.now();
  const seconds = (options.timeoutMs ?? 20_000) / 1000;
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["--signal=KILL", String(seconds), ...command],
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr), timedOut: code === KILLED, ms: performance.now() - start };
}

/** Exit code of `timeout --signal=KILL` when time was over. */
const KILLED = 137;

/** The command that starts Tapir from source. */
export const TAPIR_SOURCE: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  "--config",
  `${ROOT}deno.json`,
  `${ROOT}cli.ts`,
];

const UMOCKDEV_PRELOAD = "libumockdev-preload.so.0";

/** What follows `flash` to program the demo. */
export const DEMO: readonly string[] = [
  "-t",
  "STM32F407VG",
  "--pack",
  `${ROOT}scripts/demo/Tapir.Demo_DFP`,
  `${ROOT}scripts/demo/blinky.elf`,
];

let preload: Promise<string> | undefined;

/** Builds the preload library once; its path. */
function buildPreload(): Promise<string> {
  preload ??= (async () => {
    const path = `${await Deno.makeTempDir({ prefix: "tapir-usbfs-" })}/usbfs_preload.so`;
    const source = decodeURIComponent(new URL("usbfs_preload.c", HERE).pathname);
    const built = await run([
      "cc",
      "-O2",
      "-Wall",
      "-Werror",
      "-fPIC",
      "-shared",
      "-o",
      path,
      source,
      "-ldl",
      "-lpthread",
    ]);
    if (built.code !== 0) throw new Error(`Cannot build the preload library:\n${built.stderr}`);
    return path;
  })();
  return preload;
}

/** Simulated probes plugged into an imaginary computer. */
export class Bench implements AsyncDisposable {
  readonly #plan: ServePlan;
  readonly #preload: string;
  readonly #server: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  /** Folder of the testbed whose sockets are filled and emptied, if there is one. */
  #testbed = "";

  private constructor(plan: ServePlan, library: string, server: Deno.ChildProcess) {
    this.#plan = plan;
    this.#preload = library;
    this.#server = server;
    this.#input = server.stdin.getWriter();
    this.#lines = server.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  /** Plugs probes in, or with `testbed` only makes sockets for them. */
  static async start(
    probes: ServePlan["probes"],
    options: Partial<Pick<ServePlan, "realTime" | "protocol" | "testbed">> = {},
  ): Promise<Bench> {
    const library = await buildPreload();
    const folder = await Deno.makeTempDir({ prefix: "tapir-bench-" });
    const plan: ServePlan = { socket: `${folder}/usb.sock`, protocol: "usbip", probes, ...options };
    const server = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--config",
        `${ROOT}deno.json`,
        decodeURIComponent(new URL("serve.ts", HERE).pathname),
        JSON.stringify(plan),
      ],
      env: plan.testbed ? { LD_PRELOAD: UMOCKDEV_PRELOAD } : {},
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const bench = new Bench(plan, library, server);
    const [word, testbed] = (await bench.#line() ?? "").split(" ");
    if (word !== "ready") throw new Error("Cannot start the simulated probes");
    bench.#testbed = testbed ?? "";
    return bench;
  }

  /** Where the server listens. */
  get socket(): string {
    return this.#plan.socket;
  }

  /** The command that runs `command` with these probes plugged in. */
  wrap(command: readonly string[], preload = true): string[] {
    const libraries = preload ? `${this.#preload} ${UMOCKDEV_PRELOAD}` : UMOCKDEV_PRELOAD;
    const computer = this.#testbed === ""
      ? ["umockdev-run", "-d", `${this.socket}.umockdev`, "--", "env"]
      : ["env", `UMOCKDEV_DIR=${this.#testbed}`];
    return [
      ...computer,
      `USBFS_SIM=${this.socket}`,
      `LD_PRELOAD=${libraries}`,
      ...command,
    ];
  }

  /** Runs a program with these probes plugged in. */
  run(command: readonly string[], options?: RunOptions): Promise<Finished> {
    return run(this.wrap(command), options);
  }

  /** Runs Tapir from source with these probes plugged in. */
  tapir(args: readonly string[], options?: RunOptions): Promise<Finished> {
    return this.run([...TAPIR_SOURCE, ...args], options);
  }

  /** Starts a program that sees these probes, or their empty sockets. */
  spawn(command: readonly string[]): Running {
    return new Running(this.wrap(command));
  }

  /** What the probes have seen so far. */
  async counters(): Promise<ServeCounters[]> {
    return await this.#ask("counters");
  }

  /** Pulls the cable of one probe. */
  async unplug(index: number): Promise<void> {
    await this.#ask(`unplug ${index}`);
  }

  /** Puts a probe into its socket of the testbed. */
  async plug(index: number): Promise<void> {
    await this.#ask(`plug ${index}`);
  }

  /** Takes a probe out of its socket of the testbed. */
  async pull(index: number): Promise<void> {
    await this.#ask(`pull ${index}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#lines.cancel();
    await this.#server.status;
    await Deno.remove(this.socket.replace(/\/[^/]*$/, ""), { recursive: true });
  }

  async #ask(line: string): Promise<ServeCounters[]> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return JSON.parse(await this.#line() ?? "[]");
  }

  async #line(): Promise<string | undefined> {
    return (await this.#lines.read()).value;
  }
}

/** What a case of hazards.ts did. */
export interface HazardRun extends Finished {
  /** What it says has happened. */
  readonly result: unknown;
}

/** The command that runs one case of hazards.ts. */
export function hazardCommand(name: string): string[] {
  const config = `${ROOT}deno.json`;
  return [Deno.execPath(), "run", "-A", "--no-check", "--config", config, `${ROOT}tests/usb/hazards.ts`, name];
}

/** Runs one case of hazards.ts. */
export async function hazard(bench: Bench, name: string): Promise<HazardRun> {
  const done = await bench.run(hazardCommand(name));
  const text = done.stdout.trim();
  if (text === "") throw new Error(`${name} said nothing, exit code ${done.code}: ${done.stderr}`);
  return { ...done, result: JSON.parse(text) };
}

/** Runs a command line over the in-memory transport, on a simulated STM32F407; what the probe gets to see. */
export async function packetsInMemory(argv: readonly string[]): Promise<ServeCounters> {
  const original = SimProbe.prototype.submit;
  const digest = new PacketDigest();
  SimProbe.prototype.submit = function (packet) {
    digest.add(packet);
    return original.call(this, packet);
  };
  try {
    const { code, stderr } = await runCli([...argv, "-u", "sim:stm32f407"]);
    if (code !== 0) throw new Error(stderr);
  } finally {
    SimProbe.prototype.submit = original;
  }
  return { packets: digest.packets, digest: digest.value };
}
