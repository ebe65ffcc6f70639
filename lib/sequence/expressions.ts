/**
 * What expressions contain, as far as it decides how they are run.
 *
 * @module
 */
import type { Expression, Statement } from "./ast.ts";
import type { Scope } from "./scope.ts";

/** Whether evaluating an expression may tell something new each time. */
export function changes(expression: Expression): boolean {
  return someWithin(expression, ({ kind }) => kind === "call" || kind === "assign");
}

/** Whether a statement reads or writes memory. */
export function accessesMemory(statement: Statement): boolean {
  const expression = statement.kind === "var" ? statement.value : statement.expression;
  const isMemory = (each: Expression): boolean => each.kind === "call" && /^(read|write)(8|16|32|64)$/i.test(each.name);
  return expression !== undefined && someWithin(expression, isMemory);
}

/** Whether `test` holds for an expression or any part of it. */
function someWithin(expression: Expression, test: (expression: Expression) => boolean): boolean {
  const within = (part: Expression): boolean => someWithin(part, test);
  if (test(expression)) return true;
  switch (expression.kind) {
    case "unary":
      return within(expression.operand);
    case "binary":
      return within(expression.left) || within(expression.right);
    case "conditional":
      return [expression.test, expression.yes, expression.no].some(within);
    case "assign":
      return within(expression.value);
    case "call":
      return expression.args.some(within);
    default:
      return false;
  }
}

/** Whether an expression goes out at once and its value is at most kept: `x = Read32(…)`, `DAP_Delay(…)`. */
export function isPlainRead(expression: Expression, scope: Scope): boolean {
  if (expression.kind === "assign") return expression.operator === undefined && isPlainRead(expression.value, scope);
  return expression.kind === "call" &&
    /^(read(8|16|32|64|ap|dp|accessap)|dap_delay|dap_swj_pins)$/i.test(expression.name) &&
    expression.args.every((arg) =>
      arg.kind === "number" || (arg.kind === "name" && !(scope.get(arg.name) instanceof Promise))
    );
}
