/**
 * Memories, flash algorithms and flash information of package descriptions.
 *
 * @module
 */
import { overlaps } from "../base/ranges.ts";
import { childElements, type XmlElement } from "../format/xml.ts";
import { AttributeReader, type AttributeSource, type ProblemList } from "./attributes.ts";
import { leveledFew, type Levels, mergeByKey, replaceByKey } from "./pdsc_levels.ts";
import type { PdscAlgorithm, PdscFlashBlock, PdscFlashInfo, PdscMemory } from "./pdsc_types.ts";

/** Blocks of one flashinfo; more come from damaged files. */
const MAX_BLOCKS = 4096;

const memoryName = (element: XmlElement): string =>
  element.attributes.get("name") || element.attributes.get("id") || "";

/** Memories of a device: inner ones extend outer ones of the same name, and displace those they overlap. */
export function readMemories(levels: Levels, problems: ProblemList): PdscMemory[] {
  const elements = leveledFew(levels, "memory", problems);
  const keys = new Map<XmlElement, string>();
  const seen = new Set<string>();
  for (const { element, level } of elements) {
    const start = element.attributes.get("start");
    const key = `${element.attributes.get("Pname") ?? ""}|${memoryName(element) || start}`;
    // Only an inner level extends an outer one: two of one level that share a name are two memories.
    keys.set(element, seen.has(`${level}|${key}`) ? `${key}|${start}` : key);
    seen.add(`${level}|${key}`);
  }
  const merged = mergeByKey(elements, (element) => keys.get(element)!);
  const out: { memory: PdscMemory; level: number }[] = [];
  for (const source of merged) {
    const memory = readMemory(source, problems);
    if (memory) out.push({ memory, level: source.level });
  }
  return out.filter(({ memory, level }) => {
    const winner = out.find((other) =>
      other.level > level && other.memory.pname === memory.pname && overlaps(rangeOf(other.memory), rangeOf(memory))
    );
    if (winner) {
      problems.add(
        memory.line,
        `<memory> ${memory.name} gives way to ${winner.memory.name} of an inner level, which it overlaps`,
      );
    }
    return !winner;
  }).map(({ memory }) => memory);
}

/** Reads one memory element; undefined when it is unusable. */
export function readMemory(source: AttributeSource, problems: ProblemList): PdscMemory | undefined {
  const read = new AttributeReader(source, problems);
  const { start, size } = read.range();
  const name = read.text("name") ?? read.text("id") ?? `0x${start.toString(16)}`;
  const alias = read.text("alias");
  const pname = read.text("Pname");
  const memory: PdscMemory = {
    name,
    access: read.text("access")?.toLowerCase() ?? impliedAccess(name),
    start,
    size,
    isDefault: read.boolean("default", false),
    isStartup: read.boolean("startup", false),
    isExternal: read.boolean("external", false) || (read.text("name") === undefined && /^(RAM|ROM)[0-9]$/i.test(name)),
    line: source.line,
    ...(alias === undefined ? {} : { alias }),
    ...(pname === undefined ? {} : { pname }),
  };
  return read.failed ? undefined : memory;
}

/** The older form tells by its id (IRAM1, IROM2, RAM1, ROM1) what `access` says now. */
function impliedAccess(id: string): string {
  return /RAM/i.test(id) ? "rwx" : "rx";
}

/** Algorithms of a device: of those with the same range, style and processor the innermost level's stay. */
export function readAlgorithms(levels: Levels, problems: ProblemList): PdscAlgorithm[] {
  const keyOf = (element: XmlElement): string =>
    ["start", "size", "Pname"].map((name) => element.attributes.get(name)?.toLowerCase() ?? "").join("|") +
    `|${element.attributes.get("style") ?? "Keil"}`;
  return replaceByKey(leveledFew(levels, "algorithm", problems), keyOf)
    .map(({ element }) => readAlgorithm(element, problems))
    .filter((algorithm) => algorithm !== undefined);
}

/** Whether Tapir can run algorithms of this style; those of IAR follow rules of their own. */
export function isRunnableStyle(style: string): boolean {
  return /^(keil|cmsis)$/i.test(style);
}

/** Reads one algorithm element; undefined when it is unusable. */
export function readAlgorithm(source: AttributeSource, problems: ProblemList): PdscAlgorithm | undefined {
  const read = new AttributeReader(source, problems);
  const name = read.requiredText("name").replaceAll("\\", "/");
  const range = read.range();
  const pname = read.text("Pname");
  const ramStart = read.number("RAMstart");
  const ramSize = read.number("RAMsize");
  if (read.failed) return undefined;
  const style = read.text("style") ?? "Keil";
  if (!isRunnableStyle(style)) {
    problems.add(source.line, `<algorithm> ${name} is of style ${style}, which only other tools can run; left out`);
  }
  return {
    name,
    ...range,
    isDefault: read.boolean("default", false),
    style,
    line: source.line,
    ...(pname === undefined ? {} : { pname }),
    ...(ramStart === undefined || !ramSize ? {} : { ram: { start: ramStart, size: ramSize } }),
  };
}

/** Flash information of a device; of overlapping ones the innermost level's stay. */
export function readFlashInfos(levels: Levels, problems: ProblemList): PdscFlashInfo[] {
  const out: { info: PdscFlashInfo; level: number }[] = [];
  for (const { element, level } of leveledFew(levels, "flashinfo", problems)) {
    const info = readFlashInfo(element, problems);
    if (info) out.push({ info, level });
  }
  return out.filter(({ info, level }) =>
    !out.some((other) => other.level > level && overlaps(rangeOf(other.info), rangeOf(info)))
  ).map(({ info }) => info);
}

function readFlashInfo(element: XmlElement, problems: ProblemList): PdscFlashInfo | undefined {
  const read = new AttributeReader(element, problems);
  const start = read.requiredNumber("start");
  const pname = read.text("Pname");
  const blocks: PdscFlashBlock[] = [];
  let at = start;
  let end = start;
  for (const child of childElements(element)) {
    const inner = new AttributeReader(child, problems);
    const size = inner.requiredNumber("size");
    if (child.name === "gap") at += size;
    else if (child.name === "block") {
      const count = inner.number("count") ?? 1;
      if (
        inner.failed || size === 0 || count === 0 || at + size * count > 0x1_0000_0000 || blocks.length === MAX_BLOCKS
      ) {
        problems.add(child.line, "<flashinfo> has a block that fits no memory; left out from here on");
        break;
      }
      blocks.push({ start: at, size, count, arg: inner.big("arg") ?? 0n });
      at += size * count;
      end = at;
    }
  }
  const info: PdscFlashInfo = {
    name: read.text("name") ?? "flash",
    start,
    size: end - start,
    pageSize: read.requiredNumber("pagesize"),
    blankValue: read.big("blankval") ?? ALL_ONES,
    filler: read.big("filler") ?? ALL_ONES,
    programTimeoutMs: read.number("ptime") ?? 100,
    eraseTimeoutMs: read.number("etime") ?? 300,
    blocks,
    line: element.line,
    ...(pname === undefined ? {} : { pname }),
  };
  if (read.failed) return undefined;
  if (blocks.length > 0 && info.pageSize > 0) return info;
  problems.add(element.line, `<flashinfo> ${info.name} has no blocks or no page size; left out`);
  return undefined;
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

function rangeOf(area: { start: number; size: number }): { start: number; end: number } {
  return { start: area.start, end: area.start + area.size };
}
