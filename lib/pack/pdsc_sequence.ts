/**
 * Debug sequences of package descriptions, as a tree of blocks and controls; their code stays text.
 *
 * @module
 */
import { childElements, elementText, type XmlElement } from "../format/xml.ts";
import { AttributeReader, type ProblemList } from "./attributes.ts";
import { leveled, type Levels, replaceByKey } from "./pdsc_levels.ts";
import type { PdscSequence, PdscSequenceNode } from "./pdsc_types.ts";

/** The specification allows ten levels of controls; real packs use seven. */
const MAX_DEPTH = 32;

/** Sequences of a device: inner levels replace outer ones of the same name and processor. */
export function readSequences(levels: Levels, problems: ProblemList): PdscSequence[] {
  const elements = leveled(levels, "sequences").flatMap(({ element, level }) =>
    childElements(element, "sequence").map((sequence) => ({ element: sequence, level }))
  );
  const keyOf = (element: XmlElement): string =>
    `${element.attributes.get("name")}|${element.attributes.get("Pname") ?? ""}`;
  const out = new Map<string, PdscSequence>();
  for (const { element } of replaceByKey(elements, keyOf)) {
    const sequence = readSequence(element, problems);
    if (!sequence) continue;
    const key = keyOf(element);
    if (out.has(key)) problems.add(element.line, `<sequence> ${sequence.name} is defined twice; the later one counts`);
    out.set(key, sequence);
  }
  return [...out.values()];
}

/** Whether the sequences of a device set all of trace up themselves. */
export function hasFullTraceSetup(levels: Levels): boolean {
  return leveled(levels, "sequences").at(-1)?.element.attributes.get("traceSetup") === "full";
}

function readSequence(element: XmlElement, problems: ProblemList): PdscSequence | undefined {
  const read = new AttributeReader(element, problems);
  const name = read.requiredText("name");
  const pname = read.text("Pname");
  const info = read.text("info");
  if (read.failed) return undefined;
  return {
    name,
    isDisabled: read.boolean("disable", false),
    line: element.line,
    nodes: readNodes(element, problems, 1),
    ...(pname === undefined ? {} : { pname }),
    ...(info === undefined ? {} : { info }),
  };
}

function readNodes(parent: XmlElement, problems: ProblemList, depth: number): PdscSequenceNode[] {
  const out: PdscSequenceNode[] = [];
  for (const element of childElements(parent)) {
    const read = new AttributeReader(element, problems);
    const info = read.text("info");
    const about = info === undefined ? {} : { info };
    if (element.name === "block") {
      const code = elementText(element);
      out.push({ kind: "block", code, line: element.contentLine, atomic: read.boolean("atomic", false), ...about });
    } else if (element.name === "control") {
      if (depth > MAX_DEPTH) {
        problems.add(element.line, `<control> is nested more than ${MAX_DEPTH} deep; left out`);
        continue;
      }
      const condition = { if: element.attributes.get("if"), while: element.attributes.get("while") };
      out.push({
        kind: "control",
        ...(condition.if === undefined ? {} : { if: condition.if }),
        ...(condition.while === undefined ? {} : { while: condition.while }),
        timeoutUs: read.number("timeout") ?? 0,
        line: element.line,
        nodes: readNodes(element, problems, depth + 1),
        ...about,
      });
    } else problems.add(element.line, `<${element.name}> does not belong into a sequence; left out`);
  }
  return out;
}
