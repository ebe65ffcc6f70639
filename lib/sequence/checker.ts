/**
 * Checks a whole sequence before any of it runs, so that a misspelt function does not leave a chip half set up.
 *
 * @module
 */
import type { Expression, Position, Statement } from "./ast.ts";
import { sequenceFunctions, takesArguments } from "./functions.ts";
import type { ProgramNode, SequenceProgram } from "./program.ts";

/** Variables the debugger provides in every sequence (CMSIS-Pack specification, "Predefined debug access variables"). */
export const PREDEFINED: readonly string[] = [
  "__protocol",
  "__connection",
  "__dp",
  "__ap",
  "__apid",
  "__traceout",
  "__traceclockin",
  "__traceclockout",
  "__FlashOp",
  "__FlashAddr",
  "__FlashLen",
  "__FlashArg",
  "__errorcontrol",
  "__Result",
];

/** Predefined variables a sequence may not write. */
const READ_ONLY = new Set(
  PREDEFINED.filter((name) => !["__dp", "__ap", "__apid", "__errorcontrol", "__Result"].includes(name)),
);

/** Something wrong with a sequence. */
export interface CheckProblem {
  /** What. */
  readonly message: string;
  /** Where. */
  readonly at: Position;
}

/** What the checker must know besides the sequence. */
export interface CheckContext {
  /** Names of debug variables. */
  readonly variables: ReadonlySet<string>;
  /** Whether `Sequence("name")` would find something to run. */
  hasSequence(name: string): boolean;
}

/**
 * Problems of a sequence, in order; none means that it may run.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkSequence } from "./checker.ts";
 * import { parseSequence } from "./program.ts";
 *
 * const program = parseSequence({
 *   name: "X",
 *   line: 1,
 *   children: [{ kind: "block", code: { text: "Wriet32(1, 2); y = z;", line: 2 } }],
 * });
 * const problems = checkSequence(program, { variables: new Set(), hasSequence: () => false });
 * assertEquals(problems.map((p) => p.message), ["Unknown function Wriet32", "Unknown variable z"]);
 * ```
 */
export function checkSequence(program: SequenceProgram, context: CheckContext): CheckProblem[] {
  const checker = new Checker(context);
  checker.nodes(program.children, new Set());
  return checker.problems;
}

class Checker {
  readonly problems: CheckProblem[] = [];

  constructor(private readonly context: CheckContext) {}

  /** `known` grows with what the elements declare; a control element works on a copy, its variables end with it. */
  nodes(nodes: readonly ProgramNode[], known: Set<string>): void {
    for (const node of nodes) {
      if (node.kind === "block") {
        for (const statement of node.statements) this.#statement(statement, known);
        continue;
      }
      if (node.if) this.#value(node.if, known);
      const inner = new Set(known);
      if (node.while) this.#value(node.while, inner);
      this.nodes(node.children, inner);
    }
  }

  #problem(message: string, at: Position): void {
    this.problems.push({ message, at });
  }

  #statement(statement: Statement, known: Set<string>): void {
    if (statement.kind === "var") {
      if (statement.value) this.#value(statement.value, known);
      this.#target(statement.name, statement.at);
      known.add(statement.name);
    } else {
      this.#expression(statement.expression, known);
    }
  }

  #target(name: string, at: Position): void {
    if (READ_ONLY.has(name)) this.#problem(`Variable ${name} is read-only`, at);
  }

  #value(expression: Expression, known: Set<string>): void {
    if (expression.kind === "string") {
      this.#problem("A string may only be an argument of a function", expression.at);
      return;
    }
    this.#expression(expression, known);
  }

  #expression(expression: Expression, known: Set<string>): void {
    switch (expression.kind) {
      case "number":
      case "string":
        return;
      case "name":
        if (
          !known.has(expression.name) && !PREDEFINED.includes(expression.name) &&
          !this.context.variables.has(expression.name)
        ) this.#problem(`Unknown variable ${expression.name}`, expression.at);
        return;
      case "unary":
        return this.#value(expression.operand, known);
      case "binary":
        this.#value(expression.left, known);
        return this.#value(expression.right, known);
      case "conditional":
        this.#value(expression.test, known);
        this.#value(expression.yes, known);
        return this.#value(expression.no, known);
      case "assign":
        if (expression.operator) {
          this.#expression({ kind: "name", name: expression.name, at: expression.at }, known);
        }
        this.#value(expression.value, known);
        this.#target(expression.name, expression.at);
        known.add(expression.name);
        return;
      case "call":
        return this.#call(expression, known);
    }
  }

  #call(call: Expression & { kind: "call" }, known: Set<string>): void {
    const fn = sequenceFunctions().get(call.name.toLowerCase());
    for (const [index, arg] of call.args.entries()) {
      if (fn?.args[index] === "string") {
        if (arg.kind !== "string") this.#problem(`Argument ${index + 1} of ${fn.name} must be a string`, arg.at);
      } else if (fn && index >= fn.args.length && fn.variadic && arg.kind === "string") {
        continue;
      } else {
        this.#value(arg, known);
      }
    }
    if (fn === undefined) return this.#problem(`Unknown function ${call.name}`, call.at);
    if (!takesArguments(fn, call.args.length)) {
      const wanted = fn.variadic ? `${fn.args.length} or more` : `${fn.args.length}`;
      return this.#problem(`${fn.name} takes ${wanted} arguments, not ${call.args.length}`, call.at);
    }
    const first = call.args[0];
    if (fn.name === "Sequence" && first?.kind === "string" && !this.context.hasSequence(first.value)) {
      this.#problem(`Unknown sequence ${JSON.stringify(first.value)}`, call.at);
    }
  }
}
