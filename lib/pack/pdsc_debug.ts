/**
 * Processors, debug connections and trace capabilities of package descriptions.
 *
 * @module
 */
import { childElement, childElements, elementText, type XmlElement } from "../format/xml.ts";
import { AttributeReader, type ProblemList } from "./attributes.ts";
import { leveled, type Levels, mergeByKey, mergeByProcessor, replaceByKey } from "./pdsc_levels.ts";
import type {
  PdscAccessPort,
  PdscDataPatch,
  PdscDebug,
  PdscDebugConfig,
  PdscDebugPort,
  PdscDebugVars,
  PdscProcessor,
  PdscTap,
  PdscTrace,
} from "./pdsc_types.ts";

/**
 * Whether Tapir can debug a core of this Dcore value: Cortex-M, SecurCore, Star-MC and the generic names of the
 * architecture.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isSupportedCore } from "./pdsc_debug.ts";
 *
 * assertEquals(["Cortex-M33", "SC300", "Cortex-A7", "32xxxx", "other"].map(isSupportedCore), [
 *   true, true, false, false, false,
 * ]);
 * ```
 */
export function isSupportedCore(core: string): boolean {
  return /^(Cortex-M|SC[03]00|Star-?MC|ARMV8(1)?M[BM]L|ARMV[67]E?-?M)/i.test(core);
}

/** Processors of a device, supported or not. */
export function readProcessors(levels: Levels, problems: ProblemList): PdscProcessor[] {
  const out: PdscProcessor[] = [];
  const merged = mergeByProcessor(leveled(levels, "processor"));
  const isNamed = merged.some((source) => source.attributes.has("Pname"));
  // Beside named processors one without a name only says what they have in common.
  for (const source of merged.filter((candidate) => !isNamed || candidate.attributes.has("Pname"))) {
    const read = new AttributeReader(source, problems);
    const core = read.requiredText("Dcore");
    if (read.failed) continue;
    const pname = read.text("Pname");
    out.push({
      core,
      units: read.number("Punits") ?? 1,
      attributes: Object.fromEntries(source.attributes),
      ...(pname === undefined ? {} : { pname }),
    });
  }
  return out;
}

/** Debug elements of a device, one for each processor and unit named, and one for all others where there is any. */
export function readDebugs(levels: Levels, problems: ProblemList): PdscDebug[] {
  const out: PdscDebug[] = [];
  for (const source of mergeByProcessor(leveled(levels, "debug"), "Punit")) {
    const read = new AttributeReader(source, problems);
    const debug: PdscDebug = {
      dp: read.number("__dp") ?? 0,
      dataPatches: source.elements.flatMap((element) =>
        childElements(element, "datapatch").flatMap((patch) => readDataPatch(patch, problems) ?? [])
      ),
      ...optional("pname", read.text("Pname")),
      ...optional("unit", read.number("Punit")),
      ...optional("ap", read.number("__ap")),
      ...optional("apid", read.number("__apid")),
      ...optional("address", read.number("address")),
      ...optional("svd", read.text("svd")?.replaceAll("\\", "/")),
      ...optional("defaultResetSequence", read.text("defaultResetSequence")),
    };
    if (!read.failed) out.push(debug);
  }
  return out;
}

function readDataPatch(element: XmlElement, problems: ProblemList): PdscDataPatch | undefined {
  const read = new AttributeReader(element, problems);
  const patch: PdscDataPatch = {
    type: read.text("type")?.toUpperCase() === "AP" ? "AP" : "Mem",
    address: read.requiredNumber("address"),
    value: read.big("value") ?? 0n,
    ...optional("mask", read.big("mask")),
    ...optional("dp", read.number("__dp")),
    ...optional("ap", read.number("__ap")),
    ...optional("apid", read.number("__apid")),
    ...optional("info", read.text("info")),
  };
  return read.failed ? undefined : patch;
}

/** Debug ports of a device. */
export function readDebugPorts(levels: Levels, problems: ProblemList): PdscDebugPort[] {
  const out: PdscDebugPort[] = [];
  for (const { element } of replaceByKey(leveled(levels, "debugport"), (e) => e.attributes.get("__dp"))) {
    const read = new AttributeReader(element, problems);
    const swd = childElement(element, "swd");
    const port: PdscDebugPort = {
      id: read.requiredNumber("__dp"),
      ...optional("jtag", readTap(childElement(element, "jtag"), problems)),
      ...optional("cjtag", readTap(childElement(element, "cjtag"), problems)),
      ...optional("swd", swd && readSwd(swd, problems)),
    };
    if (!read.failed) out.push(port);
  }
  return out;
}

function readTap(element: XmlElement | undefined, problems: ProblemList): PdscTap | undefined {
  if (!element) return undefined;
  const read = new AttributeReader(element, problems);
  return {
    tapIndex: read.number("tapindex") ?? 0,
    ...optional("idcode", read.number("idcode")),
    ...optional("irLength", read.number("irlen")),
  };
}

function readSwd(element: XmlElement, problems: ProblemList): { idcode?: number; targetsel?: number } {
  const read = new AttributeReader(element, problems);
  return { ...optional("idcode", read.number("idcode")), ...optional("targetsel", read.number("targetsel")) };
}

/** Access ports of a device, in order of their ids. */
export function readAccessPorts(levels: Levels, problems: ProblemList): PdscAccessPort[] {
  const out: PdscAccessPort[] = [];
  const elements = [...leveled(levels, "accessportV1"), ...leveled(levels, "accessportV2")];
  for (const { element } of replaceByKey(elements, (e) => e.attributes.get("__apid"))) {
    const read = new AttributeReader(element, problems);
    const version = element.name === "accessportV1" ? 1 : 2;
    const port: PdscAccessPort = {
      id: read.requiredNumber("__apid"),
      version,
      dp: read.number("__dp") ?? 0,
      select: read.requiredNumber(version === 1 ? "index" : "address"),
      ...optional("parent", read.number("parent")),
      ...optional("hprot", read.number("HPROT")),
      ...optional("sprot", read.number("SPROT")),
    };
    if (!read.failed) out.push(port);
  }
  return out.sort((a, b) => a.id - b.id);
}

/** Connection defaults of a device. */
export function readDebugConfig(levels: Levels, problems: ProblemList): PdscDebugConfig | undefined {
  const source = mergeByKey(leveled(levels, "debugconfig"), () => "")[0];
  if (!source) return undefined;
  const read = new AttributeReader(source, problems);
  const protocol = read.text("default")?.toLowerCase() ?? "swd";
  if (protocol !== "swd" && protocol !== "jtag" && protocol !== "cjtag") {
    problems.add(source.line, `<debugconfig> has default="${protocol}"; taken as swd`);
  }
  return {
    protocol: protocol === "jtag" || protocol === "cjtag" ? protocol : "swd",
    swj: read.boolean("swj", true),
    dormant: read.boolean("dormant", false),
    ...optional("clock", read.number("clock")),
    ...optional("sdf", read.text("sdf")?.replaceAll("\\", "/")),
  };
}

/** Sequence variables of a device: those of the innermost level that has any. */
export function readDebugVars(levels: Levels): PdscDebugVars | undefined {
  const element = leveled(levels, "debugvars").at(-1)?.element;
  if (!element) return undefined;
  return {
    code: elementText(element),
    line: element.contentLine,
    ...optional("configFile", element.attributes.get("configfile")?.trim().replaceAll("\\", "/") || undefined),
    ...optional("version", element.attributes.get("version")),
  };
}

/** Trace capabilities of a device. */
export function readTraces(levels: Levels): PdscTrace[] {
  return leveled(levels, "trace").flatMap(({ element }) =>
    childElements(element).map((kind) => ({
      kind: kind.name,
      attributes: Object.fromEntries(kind.attributes),
      ...optional("pname", element.attributes.get("Pname")),
    }))
  );
}

/** An object with one property, or none when the value is undefined. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
