/**
 * Debug variables: the text of a `debugvars` element, a `.dbgconf` file and the option
 * `pack.debug_sequences.debugvars`, applied in this order.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { binary, unary } from "./arithmetic.ts";
import type { Expression, SourceText } from "./ast.ts";
import { syntaxError } from "./lexer.ts";
import { parseBlock } from "./parser.ts";

/** Text that defines or changes variables, and what to call it in messages. */
export interface VariableSource extends SourceText {
  /** File name or option name. */
  readonly name: string;
}

/**
 * Values of debug variables after all sources were applied in order; later ones win.
 *
 * @throws {PackError} naming the source, line and column
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { debugVariables } from "./variables.ts";
 *
 * const values = debugVariables([
 *   { name: "pdsc", line: 1, text: "__var DbgMCU_CR = 0x7; __var Twice = DbgMCU_CR * 2;" },
 *   { name: "board.dbgconf", line: 1, text: "// <o.0> sleep\nDbgMCU_CR = 0x3;" },
 * ]);
 * assertEquals([...values], [["DbgMCU_CR", 3n], ["Twice", 14n]]);
 * ```
 */
export function debugVariables(sources: readonly VariableSource[]): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const source of sources) {
    try {
      for (const statement of parseBlock(source)) {
        if (statement.kind === "var") {
          values.set(statement.name, statement.value ? constant(statement.value, values) : 0n);
        } else {
          constant(statement.expression, values);
        }
      }
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      throw new PackError(`Cannot read debug variables of ${source.name}: ${error.message}`, {
        code: "debug-variables",
        cause: error,
        fields: { ...error.fields, file: source.name },
      });
    }
  }
  return values;
}

/** Value of an expression without calls; assignments change `values`. */
function constant(expression: Expression, values: Map<string, bigint>): bigint {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "string":
      throw syntaxError("Cannot give a variable the value of a string", expression.at);
    case "name": {
      const value = values.get(expression.name);
      if (value === undefined) throw syntaxError(`Cannot read variable ${expression.name}`, expression.at);
      return value;
    }
    case "unary":
      return unary(expression.operator, constant(expression.operand, values));
    case "binary": {
      const a = constant(expression.left, values);
      if (expression.operator === "&&" && a === 0n) return 0n;
      if (expression.operator === "||" && a !== 0n) return 1n;
      const b = constant(expression.right, values);
      if (b === 0n && (expression.operator === "/" || expression.operator === "%")) {
        throw syntaxError("Cannot divide by zero", expression.at);
      }
      return binary(expression.operator, a, b);
    }
    case "conditional":
      return constant(constant(expression.test, values) !== 0n ? expression.yes : expression.no, values);
    case "assign": {
      let value = constant(expression.value, values);
      if (expression.operator) {
        const { at, operator, name } = expression;
        value = constant({
          kind: "binary",
          operator,
          left: { kind: "name", name, at },
          right: { kind: "number", value, at },
          at,
        }, values);
      }
      values.set(expression.name, value);
      return value;
    }
    case "call":
      throw syntaxError(`Cannot call ${expression.name} in debug variables`, expression.at);
  }
}
