/**
 * Flash algorithms that the user chooses over those of the description: by name, or from files.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { PackError } from "../base/errors.ts";
import { containsRange, overlaps } from "../base/ranges.ts";
import type { FlashAlgorithmSource, MemoryRegion, TargetDescription } from "../target/description.ts";
import { algorithmSource } from "./device.ts";
import { parseFlm } from "./flm.ts";
import { namePattern } from "./index_pattern.ts";
import type { FileAccess } from "./source.ts";

/** An algorithm in a file of its own. */
export interface AlgorithmFile {
  /** The file. */
  readonly path: string;
  /** First flash address it is to serve; its own unless given. */
  readonly base?: number | undefined;
  /** Bytes it is to serve; its own unless given. */
  readonly size?: number | undefined;
}

/** What the user chose. */
export interface AlgorithmChoice {
  /** Names of algorithms of the description: file names with or without folder and ending, or patterns. */
  readonly names: readonly string[];
  /** Algorithms in files. */
  readonly files: readonly AlgorithmFile[];
}

/**
 * The description with the chosen algorithms in place of its own wherever they serve.
 *
 * @throws {PackError} when a name fits no algorithm, or a file is none
 */
export async function chooseAlgorithms(
  description: TargetDescription,
  choice: AlgorithmChoice,
  files: FileAccess,
): Promise<TargetDescription> {
  const named = choice.names.flatMap((name) => algorithmsNamed(name, description));
  const loaded = await Promise.all(choice.files.map((file) => fromFile(file, files)));
  let { memory } = description;
  // Files are more special than names, so they come last and win.
  for (const source of [...named, ...loaded]) memory = withAlgorithm(memory, source);
  return { ...description, memory, algorithms: [...loaded, ...description.algorithms] };
}

/** Last step of a path without its ending. */
function shortName(path: string): string {
  return path.replaceAll("\\", "/").replace(/^.*\//, "").replace(/\.[^.]*$/, "");
}

function algorithmsNamed(name: string, { name: device, algorithms }: TargetDescription): FlashAlgorithmSource[] {
  const wanted = shortName(name).toLowerCase();
  const exact = algorithms.filter((source) => shortName(source.name).toLowerCase() === wanted);
  if (exact.length > 0) return exact;
  const fits = namePattern(name);
  const fitting = algorithms.filter((source) => fits(shortName(source.name)));
  const names = [...new Set(fitting.map((source) => source.name))];
  if (names.length === 1) return fitting;
  const known = [...new Set(algorithms.map((source) => shortName(source.name)))].join(", ");
  throw new PackError(
    names.length === 0
      ? `Cannot use algorithm ${name}: ${device} has no algorithm of this name`
      : `Cannot tell which algorithm ${name} means: ${names.map(shortName).join(", ")}`,
    {
      code: names.length === 0 ? "no-algorithm" : "ambiguous-algorithm",
      hint: known === "" ? "Give an algorithm file with --flm" : `Algorithms of ${device}: ${known}`,
    },
  );
}

async function fromFile({ path, base, size }: AlgorithmFile, files: FileAccess): Promise<FlashAlgorithmSource> {
  const stat = await files.stat(path);
  if (stat === undefined || stat.isDirectory) {
    const reason = stat === undefined ? "there is no such file" : "it is a directory";
    throw new PackError(`Cannot use algorithm ${path}: ${reason}`, {
      code: "missing-file",
      hint: "Check the path; a relative one starts at the project directory",
    });
  }
  const bytes = await files.read(path);
  const own = parseFlm(bytes, path);
  return algorithmSource({ read: () => Promise.resolve(bytes) }, {
    name: path,
    start: base ?? own.start,
    size: size ?? own.size,
    isDefault: true,
    style: "Keil",
    line: 0,
  });
}

/** The memory with `source` serving what it reaches; where it reaches nothing, it brings a region of its own. */
function withAlgorithm(memory: readonly MemoryRegion[], source: FlashAlgorithmSource): MemoryRegion[] {
  const reach = { start: source.start, end: source.start + source.size };
  let isUsed = false;
  const regions = memory.map((region): MemoryRegion => {
    const own = { start: region.start, end: region.start + region.size };
    const mayServe = region.kind === "flash" || region.kind === "rom" ||
      (region.kind === "ram" && !region.isDefault && containsRange(reach, own));
    if (!mayServe || !overlaps(own, reach)) return region;
    isUsed = true;
    return { ...region, kind: "flash", algorithm: source };
  });
  if (isUsed) return regions;
  const inTheWay = memory.find((region) =>
    overlaps({ start: region.start, end: region.start + region.size }, reach) && region.kind === "ram"
  );
  if (inTheWay) {
    throw new PackError(
      `Cannot use algorithm ${source.name}: ${hex(source.start)} is in ${inTheWay.name}, which is RAM`,
    );
  }
  const taken = new Set(memory.map((region) => region.name));
  let name = shortName(source.name);
  for (let i = 2; taken.has(name); i++) name = `${shortName(source.name)}_${i}`;
  const added: MemoryRegion = {
    name,
    kind: "flash",
    start: source.start,
    size: source.size,
    access: "rx",
    isBoot: false,
    isDefault: false,
    algorithm: source,
  };
  return [...regions, added].sort((a, b) => a.start - b.start || a.size - b.size);
}
