/**
 * YAML as plain data, read by the rules of YAML 1.1, which configuration files written for other tools expect: `on`
 * is true, `010` is 8. The only file that knows the YAML package.
 *
 * @module
 */
import { load, YAML11_SCHEMA, YAMLException } from "@std/yaml";
import { FormatError } from "../base/errors.ts";

/** What a YAML document holds. */
export type YamlValue = null | boolean | number | string | readonly YamlValue[] | { readonly [key: string]: YamlValue };

const MAX_CHARS = 16 * 1024 * 1024;
/** Aliases let a small file stand for a huge tree; this many values are as many as anyone writes. */
const MAX_VALUES = 500_000;
const MAX_DEPTH = 100;

/**
 * Parses one document; an empty one is undefined. Dates become ISO text.
 *
 * @throws {FormatError} with file, line and column when the text is not valid, or holds what plain data cannot express
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parseYaml } from "./yaml.ts";
 *
 * assertEquals(parseYaml("frequency: 0x10\nfast: on\n", "tapir.yaml"), { frequency: 16, fast: true });
 * assertThrows(() => parseYaml("a: 1\nb: [2", "tapir.yaml"), Error, "tapir.yaml: line 2");
 * ```
 */
export function parseYaml(text: string, fileName: string): YamlValue | undefined {
  if (text.length > MAX_CHARS) {
    throw fault(fileName, `${text.length} characters are too many`, { file: fileName });
  }
  // The package takes a document without content for an error.
  if (text.split("\n").every((line) => /^\s*(#.*)?$/.test(line))) return undefined;
  try {
    return new Plain(fileName).value(load(text, { schema: YAML11_SCHEMA, filename: fileName }), 0);
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = (cause.mark?.line ?? 0) + 1;
    const column = (cause.mark?.column ?? 0) + 1;
    const where = { file: fileName, line, column };
    throw fault(fileName, `line ${line}, column ${column}: ${cause.reason}`, where, cause);
  }
}

function fault(fileName: string, reason: string, fields: Record<string, unknown>, cause?: unknown): FormatError {
  return new FormatError(`Cannot read ${fileName}: ${reason}`, { code: "bad-yaml", fields, cause });
}

/** Copies what the package hands out into plain data, counting as it goes. */
class Plain {
  readonly #fileName: string;
  #count = 0;

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  value(value: unknown, depth: number): YamlValue {
    if (++this.#count > MAX_VALUES) throw this.#fault("aliases make it too large");
    if (depth > MAX_DEPTH) throw this.#fault(`it is nested more than ${MAX_DEPTH} deep`);
    if (value === null || value === undefined) return null;
    if (typeof value === "boolean" || typeof value === "number" || typeof value === "string") return value;
    if (typeof value === "bigint") return Number(value);
    if (value instanceof Date) return value.toISOString();
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1));
    if (typeof value !== "object" || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) {
      throw this.#fault("it holds a value of a type that is not supported");
    }
    const out: Record<string, YamlValue> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === "__proto__") throw this.#fault("the key __proto__ is not allowed");
      out[key] = this.value(item, depth + 1);
    }
    return out;
  }

  #fault(reason: string): FormatError {
    return fault(this.#fileName, reason, { file: this.#fileName });
  }
}
