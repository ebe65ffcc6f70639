/**
 * CMSIS System View Descriptions (.svd): peripherals, clusters, registers and fields, with derivation and arrays
 * resolved.
 *
 * @module
 */
import { FormatError } from "../base/errors.ts";
import { nameOf, parseSvdNumber, SvdScope } from "./svd_derive.ts";
import type {
  SvdAccess,
  SvdDevice,
  SvdField,
  SvdInterrupt,
  SvdPeripheral,
  SvdRegister,
  SvdValue,
} from "./svd_types.ts";
import { childElement, childElements, childText, parseXml, type XmlElement, type XmlNote } from "./xml.ts";

/** Clusters inside clusters; the specification sets no limit, files use three. */
const MAX_CLUSTER_DEPTH = 16;

/** What registers take over from what they stand in. */
interface Defaults {
  readonly size: number;
  readonly access: SvdAccess;
  readonly resetValue: bigint | undefined;
}

/**
 * Parses a description; `note` hears of what is passed over, which is refused without it.
 *
 * @throws {FormatError} with file and line when it is not well-formed, refers to what does not exist, or grows beyond
 * reason
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSvd } from "./svd.ts";
 *
 * const device = parseSvd(`<device><name>D</name><peripherals><peripheral><name>P</name>
 *   <baseAddress>0x40000000</baseAddress><registers><register><dim>2</dim><dimIncrement>4</dimIncrement>
 *     <name>R%s</name><addressOffset>8</addressOffset></register></registers></peripheral></peripherals></device>`, "d.svd");
 * assertEquals(device.peripherals[0]?.registers.map((r) => [r.name, r.address]), [["R0", 0x40000008], ["R1", 0x4000000c]]);
 * ```
 */
export function parseSvd(input: string | Uint8Array, fileName: string, note?: XmlNote): SvdDevice {
  const root = parseXml(input, fileName, note);
  if (root.name !== "device") {
    throw new FormatError(`Cannot read ${fileName}: it is not a System View Description but <${root.name}>`, {
      fields: { file: fileName, line: root.line },
    });
  }
  return new SvdReader(root, fileName).device();
}

class SvdReader {
  readonly #root: XmlElement;
  readonly #scope: SvdScope;
  readonly #peripherals = new Map<string, XmlElement>();
  readonly #valueLists = new Map<string, XmlElement>();

  constructor(root: XmlElement, fileName: string) {
    this.#root = root;
    this.#scope = new SvdScope(fileName);
    for (const peripheral of this.#peripheralElements()) this.#peripherals.set(nameOf(peripheral), peripheral);
  }

  #peripheralElements(): XmlElement[] {
    const container = childElement(this.#root, "peripherals");
    return container ? childElements(container, "peripheral") : [];
  }

  device(): SvdDevice {
    const start: Defaults = { size: 32, access: "read-write", resetValue: undefined };
    const defaults = this.#defaults(this.#root, start);
    return {
      name: nameOf(this.#root),
      description: text(this.#root, "description"),
      peripherals: this.#peripheralElements().flatMap((element) => this.#peripheral(element, defaults)),
    };
  }

  #peripheral(element: XmlElement, outer: Defaults): SvdPeripheral[] {
    const full = this.#scope.derive(element, (path) => this.#peripherals.get(path));
    const defaults = this.#defaults(full, outer);
    const base = this.#scope.required(full, "baseAddress");
    const container = childElement(full, "registers");
    const group = childText(full, "groupName");
    return this.#scope.instances(full).map(({ name, offset }) => ({
      name,
      description: text(full, "description"),
      ...(group === undefined ? {} : { group }),
      base: base + offset,
      interrupts: this.#interrupts(element),
      registers: container
        ? this.#registers(container, base + offset, "", defaults, 0).sort((a, b) => a.address - b.address)
        : [],
    }));
  }

  #interrupts(element: XmlElement): SvdInterrupt[] {
    return childElements(element, "interrupt").map((interrupt) => ({
      name: nameOf(interrupt),
      value: this.#scope.required(interrupt, "value"),
    }));
  }

  /** Registers of a container and of the clusters in it. */
  #registers(container: XmlElement, base: number, prefix: string, outer: Defaults, depth: number): SvdRegister[] {
    if (depth > MAX_CLUSTER_DEPTH) throw this.#scope.fault(container, "clusters are nested too deep");
    const out: SvdRegister[] = [];
    for (const element of childElements(container)) {
      if (element.name !== "register" && element.name !== "cluster") continue;
      const full = this.#scope.derive(element, (path) => this.#member(container, element.name, path));
      const defaults = this.#defaults(full, outer);
      const start = base + (this.#scope.number(full, "addressOffset") ?? 0);
      const fields = full.name === "register" ? this.#fields(full, defaults.access) : [];
      for (const { name, offset } of this.#scope.instances(full)) {
        if (full.name === "register") out.push(this.#register(full, prefix + name, start + offset, defaults, fields));
        else out.push(...this.#registers(full, start + offset, `${prefix}${name}.`, defaults, depth + 1));
      }
    }
    return out;
  }

  #register(
    element: XmlElement,
    name: string,
    address: number,
    defaults: Defaults,
    fields: readonly SvdField[],
  ): SvdRegister {
    return {
      name,
      description: text(element, "description"),
      address,
      size: defaults.size,
      access: defaults.access,
      ...(defaults.resetValue === undefined ? {} : { resetValue: defaults.resetValue }),
      hasReadEffect: childElement(element, "readAction") !== undefined,
      fields,
    };
  }

  /** Finds a register or cluster by name beside, or by a path that begins with a peripheral. */
  #member(container: XmlElement, tag: string, path: string): XmlElement | undefined {
    const beside = childElements(container, tag).find((element) => nameOf(element) === path);
    if (beside) return beside;
    const [peripheral = "", ...steps] = path.split(".");
    let at = this.#peripherals.get(peripheral);
    at = at && childElement(at, "registers");
    for (const step of steps) at = at && childElements(at).find((element) => nameOf(element) === step);
    return at?.name === tag ? at : undefined;
  }

  #fields(register: XmlElement, access: SvdAccess): SvdField[] {
    const container = childElement(register, "fields");
    if (!container) return [];
    const elements = childElements(container, "field");
    const out: SvdField[] = [];
    for (const element of elements) {
      const full = this.#scope.derive(element, (path) => {
        const name = path.split(".").at(-1);
        return elements.find((other) => nameOf(other) === name);
      });
      const { low, width } = this.#bits(full);
      for (const { name, offset } of this.#scope.instances(full)) {
        out.push({
          name,
          description: text(full, "description"),
          low: low + offset,
          width,
          access: accessOf(full) ?? access,
          values: this.#values(full),
        });
      }
    }
    return out.sort((a, b) => a.low - b.low);
  }

  /** Bits of a field, in any of the three ways to write them. */
  #bits(field: XmlElement): { low: number; width: number } {
    const range = /^\[\s*(\d+)\s*:\s*(\d+)\s*\]$/.exec(childText(field, "bitRange") ?? "");
    const low = range ? Number(range[2]) : this.#scope.number(field, "bitOffset") ?? this.#scope.number(field, "lsb");
    const high = range ? Number(range[1]) : this.#scope.number(field, "msb");
    if (low === undefined) throw this.#scope.fault(field, `<field> ${nameOf(field)} does not say which bits it takes`);
    const width = high === undefined ? this.#scope.number(field, "bitWidth") ?? 1 : high - low + 1;
    if (width < 1 || low + width > 64) {
      throw this.#scope.fault(field, `<field> ${nameOf(field)} takes bits that no register has`);
    }
    return { low, width };
  }

  #values(field: XmlElement): SvdValue[] {
    const own = childElement(field, "enumeratedValues");
    if (!own) return [];
    const list = this.#scope.derive(own, (path) => this.#valueList(path.split(".").at(-1) ?? ""));
    return childElements(list, "enumeratedValue").map((element) => {
      const value = parseSvdNumber(childText(element, "value") ?? "");
      return {
        name: nameOf(element),
        ...(value === undefined ? {} : { value }),
        description: text(element, "description"),
      };
    });
  }

  /** A list of values by its name; the names are collected when first asked for, because few files use them. */
  #valueList(name: string): XmlElement | undefined {
    if (this.#valueLists.size === 0) {
      const visit = (element: XmlElement): void => {
        if (element.name === "enumeratedValues" && nameOf(element) !== "") {
          this.#valueLists.set(nameOf(element), element);
        }
        for (const child of childElements(element)) visit(child);
      };
      visit(this.#root);
    }
    return this.#valueLists.get(name);
  }

  #defaults(element: XmlElement, outer: Defaults): Defaults {
    return {
      size: this.#scope.number(element, "size") ?? outer.size,
      access: accessOf(element) ?? outer.access,
      resetValue: this.#scope.big(element, "resetValue") ?? outer.resetValue,
    };
  }
}

const ACCESSES: readonly SvdAccess[] = ["read-only", "write-only", "read-write", "writeOnce", "read-writeOnce"];

function accessOf(element: XmlElement): SvdAccess | undefined {
  const written = childText(element, "access");
  return ACCESSES.find((access) => access === written);
}

/** Text of a child on one line. */
function text(element: XmlElement, name: string): string {
  return (childText(element, name) ?? "").replaceAll(/\s+/g, " ");
}
