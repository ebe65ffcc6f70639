/**
 * Reads plain data from YAML step by step; what has the wrong type is written down and taken for absent.
 *
 * @module
 */
import type { YamlValue } from "../format/yaml.ts";

/** Items of one list; real files have some dozens, and memories are compared each with each. */
const MAX_ITEMS = 512;

/** A mapping of a YAML document that knows where it is. */
export class YamlNode {
  /** Path to it, for messages. */
  readonly where: string;
  readonly #value: { readonly [key: string]: YamlValue };
  readonly #problems: string[];

  /** Reads `value`; problems are added to `problems`. */
  constructor(value: YamlValue | undefined, where: string, problems: string[]) {
    this.where = where;
    this.#problems = problems;
    this.#value = isMapping(value) ? value : {};
    if (value !== undefined && value !== null && !isMapping(value)) this.problem("it is not a mapping; left out");
  }

  /** Writes a problem of this node down. */
  problem(message: string): undefined {
    this.#problems.push(`${this.where}: ${message}`);
    return undefined;
  }

  /** Whether there is such a key, with or without a value. */
  has(key: string): boolean {
    return Object.hasOwn(this.#value, key);
  }

  /** The value of a key as it is. */
  raw(key: string): YamlValue | undefined {
    return this.has(key) ? this.#value[key] : undefined;
  }

  /** A text; numbers count as texts. */
  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string" || typeof value === "number") return String(value);
    return this.#wrong(key, "a text");
  }

  /** A whole number of 0 or more; texts such as `0x20` count as numbers. */
  number(key: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    const number = typeof value === "string" && /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= most) return number;
    return this.#wrong(key, `a whole number of at most ${most}`);
  }

  /** A 64-bit number. */
  big(key: string): bigint | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string" && /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(value)) return BigInt(value);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    return this.#wrong(key, "a 64-bit number");
  }

  /** Yes or no. */
  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "boolean") return value;
    return this.#wrong(key, "true or false");
  }

  /** One of some words, in any letter case; `off` may have become `false` on the way. */
  choice<T extends string>(key: string, words: readonly T[]): T | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    const text = value === false ? "off" : String(value).toLowerCase();
    const found = words.find((word) => word === text);
    return found ?? this.#wrong(key, `one of ${words.join(", ")}`);
  }

  /** Area of memory: `start` and `size`. */
  range(): { readonly start: number; readonly size: number } | undefined {
    const start = this.number("start", 0xffff_ffff);
    const size = this.number("size", 0x1_0000_0000);
    if (start !== undefined && size !== undefined && size > 0 && start + size <= 0x1_0000_0000) return { start, size };
    return this.problem("start and size are no area of memory; left out");
  }

  /** A mapping below this one; empty when there is none. */
  node(key: string): YamlNode {
    return new YamlNode(this.raw(key), `${this.where}.${key}`, this.#problems);
  }

  /** A mapping below this one, or the first of a list of them. */
  first(key: string): YamlNode {
    return Array.isArray(this.raw(key))
      ? this.nodes(key)[0] ?? new YamlNode(undefined, this.where, [])
      : this.node(key);
  }

  /** Mappings of a list below this one. */
  nodes(key: string): YamlNode[] {
    const value = this.raw(key);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) {
      if (value.length > MAX_ITEMS) {
        this.#problems.push(
          `${this.where}.${key}: it has ${value.length} items; those after ${MAX_ITEMS} are left out`,
        );
      }
      return value.slice(0, MAX_ITEMS).map((item: YamlValue, i) =>
        new YamlNode(item, `${this.where}.${key}[${i}]`, this.#problems)
      );
    }
    this.#wrong(key, "a list");
    return [];
  }

  #wrong(key: string, what: string): undefined {
    this.#problems.push(`${this.where}.${key}: it is not ${what}; left out`);
    return undefined;
  }
}

function isMapping(value: unknown): value is { readonly [key: string]: YamlValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
