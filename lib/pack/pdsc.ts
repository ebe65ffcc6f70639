/**
 * Package descriptions (.pdsc): what a pack is, and which devices and boards it describes.
 * Follows the Open-CMSIS-Pack specification. Devices are resolved when asked for, because big packs hold hundreds.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { childElement, childElements, childText, parseXml, type XmlElement } from "../format/xml.ts";
import { type PackProblem, ProblemList } from "./attributes.ts";
import type { Levels } from "./pdsc_levels.ts";
import {
  isSupportedCore,
  readAccessPorts,
  readDebugConfig,
  readDebugPorts,
  readDebugs,
  readDebugVars,
  readProcessors,
  readTraces,
} from "./pdsc_debug.ts";
import { readAlgorithm, readAlgorithms, readFlashInfos, readMemories, readMemory } from "./pdsc_memory.ts";
import { hasFullTraceSetup, readSequences } from "./pdsc_sequence.ts";
import type { PdscBoard, PdscDevice, PdscDeviceEntry, PdscProcessor } from "./pdsc_types.ts";

/**
 * A parsed package description.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Pdsc } from "./pdsc.ts";
 *
 * const pdsc = new Pdsc(`<package><vendor>V</vendor><name>P</name><devices>
 *   <family Dfamily="F" Dvendor="V:1"><processor Dcore="Cortex-M0"/>
 *     <device Dname="D1"><memory name="RAM" access="rwx" start="0x20000000" size="1k"/></device>
 *   </family></devices></package>`, "V.P.pdsc");
 * assertEquals(pdsc.devices.map((d) => d.name), ["D1"]);
 * assertEquals(pdsc.device("D1").memories.map((m) => m.size), [1024]);
 * ```
 */
export class Pdsc {
  /** File name for messages. */
  readonly fileName: string;
  /** Pack vendor. */
  readonly vendor: string;
  /** Pack name. */
  readonly name: string;
  /** Newest release, or an empty text. */
  readonly version: string;
  /** Where the pack is published. */
  readonly url: string;
  /** What the pack is for. */
  readonly description: string;
  /** Devices in the order of the file, those for other processors included. */
  readonly devices: readonly PdscDeviceEntry[];
  readonly #root: XmlElement;
  readonly #problems: ProblemList;
  readonly #levels = new Map<string, Levels>();
  readonly #resolved = new Map<string, PdscDevice>();

  /**
   * Parses a description.
   *
   * @throws {FormatError} when it is not well-formed
   * @throws {PackError} when it is not a package description
   */
  constructor(text: string | Uint8Array, fileName: string) {
    this.fileName = fileName;
    this.#problems = new ProblemList(fileName);
    this.#root = parseXml(text, fileName, (line, message) => this.#problems.add(line, message));
    if (this.#root.name !== "package") {
      throw new PackError(`Cannot read ${fileName}: it is not a package description but <${this.#root.name}>`, {
        fields: { file: fileName, line: this.#root.line },
      });
    }
    this.vendor = childText(this.#root, "vendor") ?? "";
    this.name = childText(this.#root, "name") ?? "";
    this.url = childText(this.#root, "url") ?? "";
    this.description = childText(this.#root, "description") ?? "";
    const releases = childElement(this.#root, "releases");
    this.version = releases ? childElement(releases, "release")?.attributes.get("version") ?? "" : "";
    this.devices = this.#listDevices();
  }

  /** What was left out or bent into shape so far; grows as devices are resolved. */
  get problems(): readonly PackProblem[] {
    return this.#problems.list();
  }

  /**
   * A device by its exact name (Dvariant, or Dname without variants), with all it inherits.
   *
   * @throws {PackError} when there is none
   */
  device(name: string): PdscDevice {
    const known = this.#resolved.get(name);
    if (known) return known;
    const levels = this.#levels.get(name);
    const entry = this.devices.find((device) => device.name === name);
    if (!levels || !entry) throw new PackError(`Cannot find device ${name} in ${this.fileName}`, { code: "no-device" });
    const problems = this.#problems;
    const debugConfig = readDebugConfig(levels, problems);
    const debugVars = readDebugVars(levels);
    const device: PdscDevice = {
      name,
      deviceName: entry.deviceName,
      vendor: entry.vendor,
      family: entry.family,
      ...(entry.subFamily === undefined ? {} : { subFamily: entry.subFamily }),
      processors: this.#processors(levels, entry.line),
      memories: readMemories(levels, problems),
      algorithms: readAlgorithms(levels, problems),
      flashInfos: readFlashInfos(levels, problems),
      debugs: readDebugs(levels, problems),
      debugPorts: readDebugPorts(levels, problems),
      accessPorts: readAccessPorts(levels, problems),
      ...(debugConfig ? { debugConfig } : {}),
      ...(debugVars ? { debugVars } : {}),
      hasFullTraceSetup: hasFullTraceSetup(levels),
      sequences: readSequences(levels, problems),
      traces: readTraces(levels),
    };
    this.#resolved.set(name, device);
    return device;
  }

  #processors(levels: Levels, line: number): PdscProcessor[] {
    return readProcessors(levels, this.#problems).filter(({ core, pname }) => {
      const isSupported = isSupportedCore(core);
      if (!isSupported) this.#problems.add(line, `processor ${pname ?? core} is no Cortex-M (${core}); left out`);
      return isSupported;
    });
  }

  /** Boards the pack describes. */
  boards(): PdscBoard[] {
    const boards = childElement(this.#root, "boards");
    return boards ? childElements(boards, "board").flatMap((element) => this.#board(element) ?? []) : [];
  }

  #listDevices(): PdscDeviceEntry[] {
    const out: PdscDeviceEntry[] = [];
    for (const devices of childElements(this.#root, "devices")) {
      for (const family of childElements(devices, "family")) {
        this.#listIn([family], out);
        for (const subFamily of childElements(family, "subFamily")) this.#listIn([family, subFamily], out);
      }
    }
    return out;
  }

  /** Lists the devices directly below the innermost of `outer`; a device with variants stands for those only. */
  #listIn(outer: Levels, out: PdscDeviceEntry[]): void {
    for (const device of childElements(outer.at(-1)!, "device")) {
      const deviceName = device.attributes.get("Dname")?.trim();
      if (!deviceName) {
        this.#problems.add(device.line, "<device> has no Dname; left out");
        continue;
      }
      const variants = childElements(device, "variant").filter((variant) => variant.attributes.get("Dvariant")?.trim());
      if (variants.length === 0) this.#enter(deviceName, deviceName, [...outer, device], out);
      for (const variant of variants) {
        this.#enter(variant.attributes.get("Dvariant")!.trim(), deviceName, [...outer, device, variant], out);
      }
    }
  }

  #enter(name: string, deviceName: string, levels: Levels, out: PdscDeviceEntry[]): void {
    const own = levels.at(-1)!;
    if (this.#levels.has(name)) {
      this.#problems.add(own.line, `<${own.name}> ${name} is described twice; the first one counts`);
      return;
    }
    this.#levels.set(name, levels);
    const attribute = (key: string): string | undefined => {
      for (const level of levels) if (level.attributes.has(key)) return level.attributes.get(key)!.trim();
      return undefined;
    };
    const subFamily = attribute("DsubFamily");
    const cores = readProcessors(levels, this.#problems).map((processor) => processor.core);
    const isSupported = cores.some(isSupportedCore);
    if (!isSupported) {
      this.#problems.add(own.line, `${name} has no Cortex-M processor (${cores.join(", ") || "none named"}); left out`);
    }
    out.push({
      name,
      deviceName,
      vendor: (attribute("Dvendor") ?? this.vendor).replace(/:\d+$/, ""),
      family: attribute("Dfamily") ?? "",
      ...(subFamily === undefined ? {} : { subFamily }),
      cores,
      isSupported,
      line: own.line,
    });
  }

  #board(element: XmlElement): PdscBoard | undefined {
    const name = element.attributes.get("name")?.trim();
    if (!name) {
      this.#problems.add(element.line, "<board> has no name; left out");
      return undefined;
    }
    const named = (tag: string, ...keys: string[]): string[] =>
      childElements(element, tag).flatMap((device) =>
        keys.map((key) => device.attributes.get(key)?.trim()).find((value) => value) ?? []
      );
    const revision = element.attributes.get("revision");
    const summary = childText(element, "description");
    return {
      name,
      vendor: element.attributes.get("vendor")?.trim() ?? "",
      ...(revision === undefined ? {} : { revision }),
      ...(summary === undefined ? {} : { summary }),
      mountedDevices: named("mountedDevice", "Dname"),
      compatibleDevices: named("compatibleDevice", "Dname", "DsubFamily", "Dfamily"),
      algorithms: childElements(element, "algorithm").flatMap((e) => readAlgorithm(e, this.#problems) ?? []),
      memories: childElements(element, "memory").flatMap((e) => readMemory(e, this.#problems) ?? []),
      line: element.line,
    };
  }
}
