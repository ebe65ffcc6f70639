/**
 * Inheritance in package descriptions: family → subFamily → device → variant.
 *
 * @module
 */
import { childElements, type XmlElement } from "../format/xml.ts";
import type { AttributeSource, ProblemList } from "./attributes.ts";

/** Elements a device consists of, outermost first: family, subFamily if any, device, variant if any. */
export type Levels = readonly XmlElement[];

/** A property element with the level it comes from. */
export interface Leveled {
  /** The element. */
  readonly element: XmlElement;
  /** 0 for the family, growing inwards. */
  readonly level: number;
}

/** Elements of one kind that a device may have; real ones have some dozens, and what follows compares each with each. */
const MAX_ELEMENTS = 256;

/** All elements of a name, outer levels first, up to a number that no real device comes near; the rest is left out. */
export function leveledFew(levels: Levels, name: string, problems: ProblemList): Leveled[] {
  const elements = leveled(levels, name);
  const first = elements[MAX_ELEMENTS];
  if (first === undefined) return elements;
  problems.add(first.element.line, `a device has ${elements.length} <${name}>; those from here on are left out`);
  return elements.slice(0, MAX_ELEMENTS);
}

/** All elements of a name, outer levels first. */
export function leveled(levels: Levels, name: string): Leveled[] {
  return levels.flatMap((parent, level) => childElements(parent, name).map((element) => ({ element, level })));
}

/** An element merged from several levels: inner attributes overwrite outer ones of the same name. */
export interface Merged extends AttributeSource {
  /** The elements it was merged from, outermost first. */
  readonly elements: readonly XmlElement[];
  /** Level of the innermost. */
  readonly level: number;
}

/** Merges elements of the same key across levels, keeping the order in which keys appear first. */
export function mergeByKey(elements: readonly Leveled[], keyOf: (element: XmlElement) => string): Merged[] {
  const merged = new Map<string, Merged>();
  for (const { element, level } of elements) {
    const key = keyOf(element);
    const outer = merged.get(key);
    merged.set(key, {
      name: element.name,
      line: element.line,
      level,
      attributes: outer ? new Map([...outer.attributes, ...element.attributes]) : element.attributes,
      elements: outer ? [...outer.elements, element] : [element],
    });
  }
  return [...merged.values()];
}

/**
 * Merges elements by processor. One without Pname holds for all processors: where others name one, it becomes the
 * base of each of those; it comes last, for the processors that nobody names.
 */
export function mergeByProcessor(elements: readonly Leveled[], unitAttribute?: string): Merged[] {
  const keyOf = (element: XmlElement): string =>
    `${element.attributes.get("Pname") ?? ""}|${unitAttribute ? element.attributes.get(unitAttribute) ?? "" : ""}`;
  const general = mergeByKey(elements.filter(({ element }) => !element.attributes.has("Pname")), () => "");
  const named = elements.filter(({ element }) => element.attributes.has("Pname"));
  const base = general[0];
  if (named.length === 0 || !base) return [...general, ...mergeByKey(named, keyOf)];
  const merged = mergeByKey(named, keyOf).map((own) => ({
    ...own,
    attributes: new Map([...base.attributes, ...own.attributes]),
    elements: [...base.elements, ...own.elements],
  }));
  return [...merged, base];
}

/** Elements of which an inner level replaces outer ones of the same key; equals of one level all stay. */
export function replaceByKey(
  elements: readonly Leveled[],
  keyOf: (element: XmlElement) => string | undefined,
): Leveled[] {
  const innermost = new Map<string, number>();
  for (const { element, level } of elements) {
    const key = keyOf(element);
    if (key !== undefined) innermost.set(key, Math.max(level, innermost.get(key) ?? 0));
  }
  return elements.filter(({ element, level }) => {
    const key = keyOf(element);
    return key === undefined || innermost.get(key) === level;
  });
}
