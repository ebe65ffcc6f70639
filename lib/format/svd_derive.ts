/**
 * What makes System View Descriptions short: elements derived from others, and lists and arrays of elements.
 * Follows CMSIS-SVD ("derivedFrom" and "dim" element group).
 *
 * @module
 */
import { FormatError } from "../base/errors.ts";
import { childElement, childElements, childText, type XmlElement } from "./xml.ts";

/** Elements one description may stand for in total, and one `dim` on its own. */
const MAX_ELEMENTS = 500_000;
const MAX_DIM = 65536;
const MAX_CHAIN = 32;

/** Containers whose children add up when an element derives from another. */
const CONTAINERS = ["registers", "fields"];

/** One of the elements a `dim` group stands for. */
export interface Instance {
  /** Name with the index in place. */
  readonly name: string;
  /** Bytes (or bits, for fields) from the first one. */
  readonly offset: number;
}

/** Counts elements and resolves references of one description. */
export class SvdScope {
  readonly #fileName: string;
  #count = 0;

  /** For the description in `fileName`. */
  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  /** The error for something wrong with `element`. */
  fault(element: XmlElement, reason: string): FormatError {
    return new FormatError(`Cannot read ${this.#fileName}:${element.line}: ${reason}`, {
      fields: { file: this.#fileName, line: element.line },
    });
  }

  /** Number of bytes, bits or things in a child element; undefined when it is absent. @throws {FormatError} */
  number(element: XmlElement, name: string): number | undefined {
    const value = this.big(element, name);
    if (value !== undefined && value > 0xffff_ffff_ffffn) throw this.fault(element, `<${name}> is too large`);
    return value === undefined ? undefined : Number(value);
  }

  /** As {@linkcode number}, up to 64 bits. @throws {FormatError} */
  big(element: XmlElement, name: string): bigint | undefined {
    const text = childText(element, name);
    if (text === undefined || text === "") return undefined;
    const value = parseSvdNumber(text);
    if (value === undefined) throw this.fault(element, `<${name}> is ${text}, which is not a number`);
    return value;
  }

  /** A number that has to be there. @throws {FormatError} */
  required(element: XmlElement, name: string): number {
    const value = this.number(element, name);
    if (value === undefined) throw this.fault(element, `<${element.name}> ${nameOf(element)} has no <${name}>`);
    return value;
  }

  /**
   * The element with what it inherits through `derivedFrom`; `lookUp` finds an element by the reference's text.
   *
   * @throws {FormatError} when the reference leads nowhere or in a circle
   */
  derive(element: XmlElement, lookUp: (path: string) => XmlElement | undefined, depth = 0): XmlElement {
    const path = element.attributes.get("derivedFrom")?.trim();
    if (!path) return element;
    const base = lookUp(path);
    if (!base) throw this.fault(element, `it derives from ${path}, which does not exist`);
    if (depth >= MAX_CHAIN || base === element) throw this.fault(element, `it derives from ${path} in a circle`);
    return inherit(element, this.derive(base, lookUp, depth + 1));
  }

  /** The elements a `dim` group stands for; one for an element without. @throws {FormatError} */
  instances(element: XmlElement): Instance[] {
    const name = nameOf(element);
    const dim = this.number(element, "dim");
    if (dim === undefined) {
      this.count(element, 1);
      return [{ name, offset: 0 }];
    }
    if (dim > MAX_DIM) throw this.fault(element, `a <dim> of ${dim} is too large`);
    this.count(element, dim);
    const step = this.required(element, "dimIncrement");
    const indices = dimIndices(childText(element, "dimIndex"), dim);
    if (!indices) throw this.fault(element, `<dimIndex> does not name ${dim} elements`);
    return indices.map((index, i) => ({
      name: name.includes("%s") ? name.replaceAll("%s", index) : `${name}${index}`,
      offset: i * step,
    }));
  }

  /** Counts elements. @throws {FormatError} when they grow beyond reason */
  count(element: XmlElement, elements: number): void {
    this.#count += elements;
    if (this.#count > MAX_ELEMENTS) throw this.fault(element, `it stands for more than ${MAX_ELEMENTS} elements`);
  }
}

/** The text of the `name` child. */
export function nameOf(element: XmlElement): string {
  return childText(element, "name") ?? "";
}

/**
 * A number as SVD files write it (scaledNonNegativeInteger): decimal, `0x`, or `#` and `0b` for binary.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSvdNumber } from "./svd_derive.ts";
 *
 * assertEquals(["0x10", "#101", "0b11", "12", "1x"].map(parseSvdNumber), [16n, 5n, 3n, 12n, undefined]);
 * ```
 */
export function parseSvdNumber(text: string): bigint | undefined {
  const clean = text.trim().replace(/^\+/, "");
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(clean) || /^[0-9]{1,20}$/.test(clean)) return BigInt(clean);
  const binary = /^(?:#|0[bB])([01xX]{1,64})$/.exec(clean)?.[1];
  return binary === undefined ? undefined : BigInt(`0b${binary.replaceAll(/[xX]/g, "0")}`);
}

/** Index texts: counted from 0, `3-6`, `A-D` or `A,B,C`; undefined when there are fewer than `dim`. */
function dimIndices(text: string | undefined, dim: number): string[] | undefined {
  if (!text) return Array.from({ length: dim }, (_, i) => String(i));
  const range = /^(?:([0-9]{1,9})-([0-9]{1,9})|([A-Za-z])-([A-Za-z]))$/.exec(text.trim());
  if (!range) {
    const list = text.split(",").map((item) => item.trim());
    return list.length >= dim ? list.slice(0, dim) : undefined;
  }
  const [first, last] = range[1] === undefined
    ? [range[3]!.charCodeAt(0), range[4]!.charCodeAt(0)]
    : [Number(range[1]), Number(range[2])];
  if (last - first + 1 < dim) return undefined;
  return Array.from(
    { length: dim },
    (_, i) => range[1] === undefined ? String.fromCharCode(first + i) : String(first + i),
  );
}

/** Children of `own`, and those of `base` that it lacks; registers and fields of both, own ones first by name. */
function inherit(own: XmlElement, base: XmlElement): XmlElement {
  const ownTags = new Set(childElements(own).map((child) => child.name));
  const nodes: XmlElement[] = [];
  for (const child of childElements(base)) {
    if (!ownTags.has(child.name)) nodes.push(child);
    else if (CONTAINERS.includes(child.name)) {
      const mine = childElements(childElement(own, child.name)!);
      const names = new Set(mine.map(nameOf));
      nodes.push({ ...child, nodes: [...childElements(child).filter((c) => !names.has(nameOf(c))), ...mine] });
    }
  }
  nodes.push(
    ...childElements(own).filter((child) =>
      !(CONTAINERS.includes(child.name) && nodes.some((node) => node.name === child.name))
    ),
  );
  return { ...own, nodes };
}
