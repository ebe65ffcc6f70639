/**
 * Arithmetic of the sequence language: 64-bit unsigned, results wrap around.
 *
 * @module
 */
import type { BinaryOperator, UnaryOperator } from "./ast.ts";

/** The value modulo 2^64. */
export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/**
 * Applies an operator to two values that were both evaluated; short circuit is the interpreter's business.
 *
 * @throws {RangeError} for a division by zero
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { binary } from "./arithmetic.ts";
 *
 * assertEquals(binary("-", 0n, 1n), 0xffff_ffff_ffff_ffffn);
 * assertEquals(binary("<<", 1n, 64n), 0n);
 * ```
 */
export function binary(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "*":
      return u64(a * b);
    case "/":
      if (b === 0n) throw new RangeError("Cannot divide by zero");
      return a / b;
    case "%":
      if (b === 0n) throw new RangeError("Cannot take the remainder of a division by zero");
      return a % b;
    case "+":
      return u64(a + b);
    case "-":
      return u64(a - b);
    case "<<":
      return b > 63n ? 0n : u64(a << b);
    case ">>":
      return b > 63n ? 0n : a >> b;
    case "<":
      return truth(a < b);
    case "<=":
      return truth(a <= b);
    case ">":
      return truth(a > b);
    case ">=":
      return truth(a >= b);
    case "==":
      return truth(a === b);
    case "!=":
      return truth(a !== b);
    case "&":
      return a & b;
    case "^":
      return a ^ b;
    case "|":
      return a | b;
    case "&&":
      return truth(a !== 0n && b !== 0n);
    case "||":
      return truth(a !== 0n || b !== 0n);
  }
}

/** Applies an operator to one value. */
export function unary(operator: UnaryOperator, a: bigint): bigint {
  switch (operator) {
    case "!":
      return truth(a === 0n);
    case "~":
      return u64(~a);
    case "-":
      return u64(-a);
    case "+":
      return a;
  }
}

/** 1 for true, 0 for false. */
export function truth(value: boolean): bigint {
  return value ? 1n : 0n;
}
