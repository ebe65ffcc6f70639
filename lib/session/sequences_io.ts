/**
 * Files, programs and questions of debug sequences.
 *
 * @module
 */
import { isAbsolute, join, relative } from "@std/path";
import { Deadline, systemClock } from "../base/clock.ts";
import { TargetError, TimeoutError, UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { ProgramRun, SequenceIo } from "../target/sequence_io.ts";
import { readUserFile } from "./files.ts";

const log = getLogger("session", "sequence");

/** Milliseconds between two looks at whether a file has appeared. */
const FILE_POLL_MS = 50;

/** Longest time a program or a file may take when the sequence gives no limit, in milliseconds. */
const DEFAULT_LIMIT_MS = 60_000;

/**
 * Names of the Python interpreter on `os` (as `Deno.build.os`), in the order they are tried. On Windows, `python3` is
 * often a stand-in that opens the store.
 */
export function pythonNames(os: string = Deno.build.os): readonly string[] {
  return os === "windows" ? ["py", "python"] : ["python3", "python"];
}

/** Whether starting a program failed because there is none; on Windows, Deno has no class for a full path without one. */
export function isMissingProgram(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && /^Failed to spawn .*: File not found$/.test(error.message));
}

/** What the placeholders in paths stand for. */
export interface SequencePlaces {
  /** `$P`: the project's directory. */
  readonly projectDir: string;
  /** `$S`: the pack's directory or file. */
  readonly packDir: string;
  /** `$D`: the device. */
  readonly device: string;
  /** `%L`: the image, when one is known. */
  readonly image?: string | undefined;
}

/** What {@linkcode sequenceIo} works with. */
export interface SequenceIoOptions {
  /** What placeholders stand for. */
  readonly places: SequencePlaces;
  /** Whether programs may be run, and files outside the project's directory be touched. */
  readonly allowed: () => boolean;
  /** Asks the user for a line; undefined when the input ended. Absent when nobody is there. */
  readonly ask?: (question: string) => Promise<string | undefined>;
  /** Reads a file of the pack. */
  readonly readPackFile: (path: string) => Promise<Uint8Array>;
  /** Hears of symbols that a sequence wants loaded. */
  readonly onDebugInfo?: (path: string, bytes: Uint8Array) => Promise<void>;
}

/**
 * Puts the places into a path: `$P #P $L %L $S $D`, each sign doubled standing for itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expandPath } from "./sequences_io.ts";
 *
 * const places = { projectDir: "/home/me/app", packDir: "/packs/x", device: "STM32F407VG" };
 * assertEquals(expandPath("$P/$D$$.bin", places), "/home/me/app/STM32F407VG$.bin");
 * ```
 */
export function expandPath(path: string, places: SequencePlaces): string {
  const { projectDir, packDir, device, image = "" } = places;
  const name = projectDir.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "");
  const values: Readonly<Record<string, string>> = {
    "$P": `${projectDir}/`,
    "#P": `${projectDir}/${name}`,
    "$L": image.replace(/[^\\/]*$/, ""),
    "%L": image,
    "$S": `${packDir}/`,
    "$D": device,
    "$$": "$",
    "##": "#",
    "%%": "%",
  };
  return path.replaceAll(/[$#%][PLSD$#%]/g, (mark) => values[mark] ?? mark).replaceAll(/(?<!^)(?<!:)\/{2,}/g, "/");
}

/** Arguments of a command line: blanks separate, double quotes hold together. */
export function splitArguments(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ""));
}

/** The computer that debug sequences see. */
export function sequenceIo(options: SequenceIoOptions): SequenceIo {
  const { places, ask } = options;
  const locate = (path: string): string => {
    const full = expandPath(path, places);
    return isAbsolute(full) ? full : join(places.projectDir, full);
  };
  const permitted = (path: string): string => {
    const full = locate(path);
    const inside = relative(places.projectDir, full);
    if (options.allowed() || (!inside.startsWith("..") && !isAbsolute(inside))) return full;
    throw refusal(`touch ${full}, which is outside of the project directory`);
  };
  return {
    ...(ask ? { query: (kind, message) => query(ask, kind, message), queryValue: (m) => queryValue(ask, m) } : {}),
    readFile: async (path, length, timeoutUs) => {
      const full = permitted(path);
      if (!await appears(full, limitMs(timeoutUs))) throw new TimeoutError(`Cannot read ${full}: it does not exist`);
      const bytes = await readUserFile(full);
      return length < BigInt(bytes.length) ? bytes.subarray(0, Number(length)) : bytes;
    },
    writeFile: async (path, bytes, append) => {
      const full = permitted(path);
      try {
        await Deno.writeFile(full, bytes, { append });
      } catch (cause) {
        throw new UsageError(`Cannot write ${full}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      }
    },
    fileExists: (path, timeoutUs) => appears(locate(path), Number(timeoutUs) / 1000),
    runProgram: async (run) => {
      if (!options.allowed()) throw refusal(`run ${expandPath(run.path, places)}`);
      return await runProgram(run, locate, places);
    },
    loadDebugInfo: async (path) => {
      try {
        const bytes = await options.readPackFile(path.replaceAll("\\", "/"));
        await options.onDebugInfo?.(path, bytes);
        return options.onDebugInfo !== undefined;
      } catch (error) {
        log.warning(`Cannot load debug information of ${path}: ${error instanceof Error ? error.message : error}`);
        return false;
      }
    },
  };
}

function refusal(what: string): TargetError {
  return new TargetError(`Cannot ${what}: the pack asks for it, and it was not permitted`, {
    code: "sequence-not-permitted",
    hint: "Permit it with -O pack.debug_sequences.allow_applications=true if you trust the pack",
  });
}

function limitMs(timeoutUs: bigint): number {
  return timeoutUs === 0n ? 0 : Math.min(Number(timeoutUs) / 1000, DEFAULT_LIMIT_MS * 10);
}

async function appears(path: string, timeoutMs: number): Promise<boolean> {
  const deadline = new Deadline(systemClock, timeoutMs, `waiting for ${path}`);
  while (true) {
    const last = deadline.expired;
    try {
      await Deno.stat(path);
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (last) return false;
    await systemClock.sleep(Math.min(FILE_POLL_MS, deadline.left));
  }
}

/** The program sees a time limit; its output goes to the log. */
async function runProgram(run: ProgramRun, locate: (path: string) => string, places: SequencePlaces): Promise<number> {
  const cwd = run.directory === "" ? places.projectDir : locate(run.directory);
  const args = splitArguments(run.args).map((word) => expandPath(word, places));
  const candidates = run.python ? pythonNames() : [expandPath(run.path, places)];
  const all = run.python ? [locate(run.path), ...args] : args;
  const signal = AbortSignal.timeout(limitMs(run.timeoutUs) || DEFAULT_LIMIT_MS);
  let missing: unknown;
  for (const program of candidates) {
    try {
      const output = await new Deno.Command(program, { args: all, cwd, stdin: "null", signal }).output();
      for (const stream of [output.stdout, output.stderr]) {
        const text = new TextDecoder().decode(stream).trimEnd();
        if (text !== "") log.debug(() => `${program}: ${text}`);
      }
      if (signal.aborted) throw new TimeoutError(`Cannot run ${program}: it did not end in time`);
      return output.code;
    } catch (error) {
      if (!isMissingProgram(error)) throw error;
      missing = error;
    }
  }
  throw new UsageError(`Cannot run ${candidates.join(" or ")}: not found`, { cause: missing });
}

/** Answers of the user, by the numbers of the specification. */
const ANSWERS = { ok: 1n, cancel: 2n, yes: 3n, no: 4n } as const;

/** Buttons of each kind of query. */
const BUTTONS: readonly (readonly (keyof typeof ANSWERS)[])[] = [["ok"], ["yes", "no"], ["yes", "no", "cancel"], [
  "ok",
  "cancel",
]];

type Ask = NonNullable<SequenceIoOptions["ask"]>;

async function query(ask: Ask, kind: number, message: string): Promise<bigint | undefined> {
  const buttons = BUTTONS[kind] ?? ["ok"];
  while (true) {
    const line = await ask(`${message} [${buttons.join("/")}] `);
    if (line === undefined) return undefined;
    const word = line.trim().toLowerCase();
    const chosen = buttons.length === 1 ? buttons[0] : buttons.find((each) => word !== "" && each.startsWith(word));
    if (chosen !== undefined) return ANSWERS[chosen];
  }
}

async function queryValue(ask: Ask, message: string): Promise<bigint | undefined> {
  while (true) {
    const line = (await ask(`${message} [number, empty for the default] `))?.trim();
    if (line === undefined || line === "") return undefined;
    if (/^(0x[0-9a-f]+|[0-9]+)$/i.test(line)) return BigInt.asUintN(64, BigInt(line));
  }
}
