/**
 * A sequence with its text parsed once, ready to be checked and run.
 *
 * @module
 */
import type { Expression, SequenceNode, SequenceSource, Statement } from "./ast.ts";
import { parseBlock, parseExpression } from "./parser.ts";

/** A block or control element, parsed. */
export type ProgramNode =
  | {
    readonly kind: "block";
    /** Number of the block in its sequence, from 1, in the order of the text. */
    readonly ordinal: number;
    readonly statements: readonly Statement[];
    readonly atomic: boolean;
    readonly info: string;
  }
  | {
    readonly kind: "control";
    readonly if: Expression | undefined;
    readonly while: Expression | undefined;
    readonly timeoutUs: number;
    readonly info: string;
    readonly line: number;
    readonly children: readonly ProgramNode[];
  };

/** A parsed sequence. */
export interface SequenceProgram {
  /** Where it came from. */
  readonly source: SequenceSource;
  /** Its parts in order. */
  readonly children: readonly ProgramNode[];
}

/**
 * Parses all text of a sequence.
 *
 * @throws {PackError} with line and column
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSequence } from "./program.ts";
 *
 * const program = parseSequence({
 *   name: "DebugCoreStart",
 *   line: 1,
 *   children: [{ kind: "block", code: { text: "Write32(0xE000EDF0, 0xA05F0001);", line: 2 } }],
 * });
 * assertEquals(program.children[0]?.kind, "block");
 * ```
 */
export function parseSequence(source: SequenceSource): SequenceProgram {
  let blocks = 0;
  const parse = (node: SequenceNode): ProgramNode => parseNode(node, () => ++blocks, parse);
  return { source, children: source.children.map(parse) };
}

function parseNode(
  node: SequenceNode,
  nextOrdinal: () => number,
  parse: (node: SequenceNode) => ProgramNode,
): ProgramNode {
  if (node.kind === "block") {
    return {
      kind: "block",
      ordinal: nextOrdinal(),
      statements: parseBlock(node.code),
      atomic: node.atomic ?? false,
      info: node.info ?? "",
    };
  }
  return {
    kind: "control",
    if: node.if && parseExpression(node.if),
    while: node.while && parseExpression(node.while),
    timeoutUs: node.timeoutUs ?? 0,
    info: node.info ?? "",
    line: node.line,
    children: node.children.map(parse),
  };
}
