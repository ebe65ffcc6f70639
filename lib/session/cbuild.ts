/**
 * cbuild-run files in a session: their settings as options, their images as files.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { CbuildStdio } from "../pack/cbuild_debugger.ts";
import { type CbuildOutput, type CbuildRun, parseCbuildRun } from "../pack/cbuild_run.ts";
import { toolboxPackRoot } from "../pack/root.ts";
import { readUserFile } from "./files.ts";
import { type ImageFile, readImageFile } from "./images.ts";
import type { Options, OptionValues } from "./options.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session", "cbuild");

/** A cbuild-run file and where its packs are. */
export interface LoadedCbuild {
  /** What it says. */
  readonly run: CbuildRun;
  /** What `${CMSIS_PACK_ROOT}` stands for. */
  readonly packRoot: string;
}

/**
 * Path of the cbuild-run file that counts; undefined when there is none, or when a target type is given, which goes
 * before it.
 */
export function cbuildPath(options: Options, projectDir: string): string | undefined {
  const path = options.get("cbuild_run");
  if (path === undefined || options.get("target_override") !== undefined) return undefined;
  return resolvePath(projectDir, path);
}

/**
 * Reads a cbuild-run file.
 *
 * @throws {UsageError} when it cannot be read
 * @throws {FormatError} when it is not YAML
 * @throws {PackError} when it is something else
 */
export async function loadCbuildRun(path: string): Promise<LoadedCbuild> {
  const packRoot = toolboxPackRoot({ env: (name) => Deno.env.get(name), isWindows: Deno.build.os === "windows" });
  const text = new TextDecoder().decode(await readUserFile(path));
  return { run: parseCbuildRun(text, path, { directory: dirname(path), packRoot }), packRoot };
}

/** Takes the settings of a cbuild-run file into the options, in a layer of their own. */
export async function applyCbuildRun(options: Options, projectDir: string): Promise<void> {
  const path = cbuildPath(options, projectDir);
  if (path === undefined) {
    if (options.get("cbuild_run") !== undefined) {
      log.warning(`${options.get("cbuild_run")} is left out, because a target type is given`);
    }
    return;
  }
  options.fill("cbuild-run", cbuildOptions((await loadCbuildRun(path)).run), path);
}

/** Says what was left out of a cbuild-run file. */
export function sayProblems(run: CbuildRun): void {
  for (const problem of run.problems) log.warning(problem);
  cbuildOptions(run, (problem) => log.warning(`${run.fileName}: ${problem}`));
}

/**
 * Session options that a cbuild-run file stands for; `warn` hears what makes no sense. What is set for single processors becomes a list in the order in
 * which discovery finds them: by access port.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCbuildRun } from "../pack/cbuild_run.ts";
 * import { cbuildOptions } from "./cbuild.ts";
 *
 * const text = "cbuild-run:\n  device: A::B\n  debugger:\n    clock: 4000000\n    protocol: jtag\n";
 * const { frequency, dap_protocol } = cbuildOptions(
 *   parseCbuildRun(text, "a.cbuild-run.yml", { directory: "/", packRoot: "/r" }),
 * );
 * assertEquals([frequency, dap_protocol], [4_000_000, "jtag"]);
 * ```
 */
export function cbuildOptions(run: CbuildRun, warn: (problem: string) => void = () => {}): OptionValues {
  const { debugger: settings, device } = run;
  const cores = coreOrder(run);
  const start = settings.startPname === undefined ? undefined : cores.indexOf(settings.startPname);
  if (start === -1) warn(`start-pname ${settings.startPname} is no processor of ${device.name}; left out`);
  if (!settings.load.halt) warn("load-setup.halt: false is left out, because programming needs a halted core");
  const reset = settings.resets.find(({ pname }) => pname === settings.startPname) ??
    settings.resets.find(({ pname }) => pname === undefined) ?? settings.resets[0];
  const { systemView: view } = settings;
  return {
    frequency: settings.clock,
    dap_protocol: settings.protocol,
    dap_swj_enable: device.debugConfig?.swj === false ? false : undefined,
    dap_swj_use_dormant: device.debugConfig?.dormant === true ? true : undefined,
    connect_mode: settings.connect ?? "attach",
    primary_core: start === undefined || start < 0 ? undefined : start,
    reset_type: reset?.type,
    "load.pre_reset": settings.load.preReset ?? "off",
    "load.post_reset": settings.load.postReset ?? "hardware",
    "pack.debug_sequences.dbgconf": settings.dbgconf,
    gdbserver_port: perCore(settings.gdbservers, cores, ({ port }) => port, 0, "gdbserver", warn),
    ...stdioOptions(run, cores, warn),
    rtt: settings.rtt.length === 0 ? undefined : settings.rtt,
    systemview_file: view === undefined ? undefined : view.file ?? `${baseName(run)}.SVDat`,
    systemview_auto_start: view?.autoStart,
    systemview_auto_stop: view?.autoStop,
  };
}

/** Names of processors in the order of their access ports; empty when there is but one. */
function coreOrder({ device: { processors, debugs, accessPorts } }: CbuildRun): string[] {
  if (processors.length < 2) return [];
  const place = (pname: string | undefined): number => {
    const apid = debugs.find((debug) => debug.pname === pname)?.apid;
    return accessPorts.find((port) => port.id === apid)?.select ?? apid ?? 0;
  };
  return processors.flatMap(({ pname }) => pname ?? []).sort((a, b) => place(a) - place(b));
}

/** One value for the only core, or a list with one for each; `none` stands for cores that nothing is said about. */
function perCore<E extends { readonly pname?: string }, V extends string | number>(
  entries: readonly E[],
  cores: readonly string[],
  valueOf: (entry: E) => V | undefined,
  none: V,
  what: string,
  warn: (problem: string) => void,
): V | V[] | undefined {
  if (entries.every((entry) => valueOf(entry) === undefined)) return undefined;
  if (cores.length === 0) return entries.map(valueOf).find((value) => value !== undefined);
  for (const { pname } of entries) {
    if (pname === undefined) warn(`${what} without pname is left out, because there are several processors`);
    else if (!cores.includes(pname)) warn(`${what} of ${pname} is left out, because there is no such processor`);
  }
  return cores.map((core) => {
    const entry = entries.find(({ pname }) => pname === core);
    return (entry && valueOf(entry)) ?? none;
  });
}

function stdioOptions(run: CbuildRun, cores: readonly string[], warn: (problem: string) => void): OptionValues {
  const { stdio } = run.debugger;
  const fileOf = (entry: CbuildStdio, own: string | undefined, ending: string): string | undefined =>
    own ?? (entry.mode === "file" ? `${baseName(run)}${entry.pname ? `.${entry.pname}` : ""}.${ending}` : undefined);
  const silent = (): void => {};
  return {
    stdio_mode: perCore(stdio, cores, ({ mode }) => mode as string, "off", "stdio", warn),
    stdio_port: perCore(stdio, cores, ({ port }) => port, 0, "stdio", silent),
    stdio_file_in: perCore(stdio, cores, (entry) => fileOf(entry, entry.fileIn, "in"), "", "stdio", silent),
    stdio_file_out: perCore(stdio, cores, (entry) => fileOf(entry, entry.fileOut, "out"), "", "stdio", silent),
  };
}

/** Path of the file without its endings: what files that belong to it are called. */
function baseName({ fileName }: CbuildRun): string {
  return join(dirname(fileName), fileName.replace(/^.*[\\/]/, "").replace(/(\.cbuild-run)?\.ya?ml$/i, ""));
}

/**
 * Reads the images that a cbuild-run file names for loading.
 *
 * @throws {UsageError} when there are none, or one cannot be read
 * @throws {FormatError} when one is damaged
 */
export async function readCbuildImages({ outputs, fileName }: CbuildRun): Promise<ImageFile[]> {
  const images = outputs.filter(({ isImage }) => isImage);
  if (images.length === 0) {
    throw new UsageError(`Cannot load ${fileName}: it names no image to load`, {
      hint: "Name files on the command line, or set load: image+symbols in the csolution file",
    });
  }
  return await Promise.all(images.map(readCbuildImage));
}

async function readCbuildImage({ path, type, offset }: CbuildOutput): Promise<ImageFile> {
  const format = type === "bin" ? "bin" : type === "hex" ? "hex" : type === "elf" ? "elf" : undefined;
  const baseAddress = format === "bin" ? offset : undefined;
  const file = await readImageFile(path, { baseDir: dirname(path), format, baseAddress });
  if (!offset || format === "bin") return file;
  return {
    path: file.path,
    place: (map, chip) => {
      const image = file.place(map, chip);
      const segments = image.segments.map((segment) => ({ ...segment, address: segment.address + offset }));
      const last = segments.at(-1);
      if (last && last.address + last.data.length > 0x1_0000_0000) {
        throw new UsageError(`Cannot load ${path}: with load-offset 0x${offset.toString(16)} it ends beyond 4 GiB`);
      }
      return { ...image, segments };
    },
  };
}
