/**
 * Shape of the debug-access-sequence language of CMSIS-Pack: what the parser makes of the text in `<block>` elements
 * and in the `if` and `while` attributes of `<control>` elements.
 *
 * @module
 */

/** A place in the file the text came from; both count from 1. */
export interface Position {
  /** Line of the file. */
  readonly line: number;
  /** Column of the text's own line. */
  readonly column: number;
}

/** Operators with two operands that compute a value. */
export type BinaryOperator =
  | "*"
  | "/"
  | "%"
  | "+"
  | "-"
  | "<<"
  | ">>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "&"
  | "^"
  | "|"
  | "&&"
  | "||";

/** Operators with one operand. */
export type UnaryOperator = "!" | "~" | "-" | "+";

/** An expression; every value is a 64-bit unsigned integer but for string literals, which only functions take. */
export type Expression =
  | { readonly kind: "number"; readonly value: bigint; readonly at: Position }
  | { readonly kind: "string"; readonly value: string; readonly at: Position }
  | { readonly kind: "name"; readonly name: string; readonly at: Position }
  | { readonly kind: "unary"; readonly operator: UnaryOperator; readonly operand: Expression; readonly at: Position }
  | {
    readonly kind: "binary";
    readonly operator: BinaryOperator;
    readonly left: Expression;
    readonly right: Expression;
    readonly at: Position;
  }
  | {
    readonly kind: "conditional";
    readonly test: Expression;
    readonly yes: Expression;
    readonly no: Expression;
    readonly at: Position;
  }
  | {
    readonly kind: "assign";
    readonly name: string;
    /** The operator before `=` in `+=` and its like. */
    readonly operator?: BinaryOperator;
    readonly value: Expression;
    readonly at: Position;
  }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly at: Position };

/** One statement of a block. */
export type Statement =
  | { readonly kind: "var"; readonly name: string; readonly value?: Expression; readonly at: Position }
  | { readonly kind: "expression"; readonly expression: Expression; readonly at: Position };

/** Text together with where it starts. */
export interface SourceText {
  /** The text, XML entities already resolved. */
  readonly text: string;
  /** Line of the file on which it starts. */
  readonly line: number;
}

/** A sequence as a chip description stores it. */
export interface SequenceSource {
  /** Name, such as `DebugDeviceUnlock`. */
  readonly name: string;
  /** Processor it is meant for; without one it serves all. */
  readonly pname?: string;
  /** Explanation for people. */
  readonly info?: string;
  /** Switched off by the description (`disable="1"`). */
  readonly disabled?: boolean;
  /** Line of the file on which the element starts. */
  readonly line: number;
  /** What it does; an empty list overrides a standard sequence by doing nothing. */
  readonly children: readonly SequenceNode[];
}

/** A part of a sequence: a block of statements, or a control element with parts of its own. */
export type SequenceNode =
  | {
    readonly kind: "block";
    readonly code: SourceText;
    readonly atomic?: boolean;
    readonly info?: string;
  }
  | {
    readonly kind: "control";
    readonly if?: SourceText;
    readonly while?: SourceText;
    /** Limit of `while` in microseconds; absent or 0 means none. */
    readonly timeoutUs?: number;
    readonly info?: string;
    readonly line: number;
    readonly children: readonly SequenceNode[];
  };
