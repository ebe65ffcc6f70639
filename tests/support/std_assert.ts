/**
 * Stands in for `@std/assert`, which the package registry at hand does not carry: same names, built on
 * `node:assert`. Replaced by one line in deno.json where JSR is reachable.
 *
 * @module
 */
import { AssertionError, deepStrictEqual, notDeepStrictEqual } from "node:assert";

export { AssertionError };

function fail(message: string, msg?: string): never {
  throw new AssertionError({ message: msg ? `${message}: ${msg}` : message });
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr {
  if (!expr) fail("Expected a truthy value", msg);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  deepStrictEqual(actual, expected, msg);
}

/** Fails when both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  notDeepStrictEqual(actual, expected, msg);
}

/** Fails unless both are the same value. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) fail(`Expected ${String(actual)} to be ${String(expected)}`, msg);
}

/** Fails when the value is null or undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) fail(`Expected a value, got ${actual}`, msg);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    fail(`Expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`, msg);
  }
}

/** Fails unless `actual` matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) fail(`Expected ${JSON.stringify(actual)} to match ${expected}`, msg);
}

/** Fails unless `value` is an instance of `type`. */
// deno-lint-ignore no-explicit-any -- the constructor's parameters do not matter here
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  value: unknown,
  type: T,
  msg?: string,
): asserts value is InstanceType<T> {
  if (!(value instanceof type)) fail(`Expected an instance of ${type.name}`, msg);
}

/** Fails unless actual > expected. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) fail(`Expected ${actual} > ${expected}`, msg);
}

/** Fails unless actual >= expected. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) fail(`Expected ${actual} >= ${expected}`, msg);
}

/** Fails unless actual <= expected. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) fail(`Expected ${actual} <= ${expected}`, msg);
}

// deno-lint-ignore no-explicit-any -- any error class will do
type ErrorClass<E> = abstract new (...args: any[]) => E;

function checkError<E>(error: unknown, type?: ErrorClass<E>, text?: string, msg?: string): E {
  if (type && !(error instanceof type)) fail(`Expected ${type.name} to be thrown, got ${error}`, msg);
  if (text !== undefined && !(error instanceof Error && error.message.includes(text))) {
    fail(`Expected an error with ${JSON.stringify(text)}, got ${error}`, msg);
  }
  return error as E;
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows<E = unknown>(fn: () => unknown, type?: ErrorClass<E>, text?: string, msg?: string): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, type, text, msg);
  }
  fail("Expected the function to throw", msg);
}

/** Fails unless `fn` rejects; resolves with what it rejected with. */
export async function assertRejects<E = unknown>(
  fn: () => Promise<unknown>,
  type?: ErrorClass<E>,
  text?: string,
  msg?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, type, text, msg);
  }
  fail("Expected the promise to be rejected", msg);
}
