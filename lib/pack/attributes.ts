/**
 * Reads attributes of package description elements; what is wrong is written down, not thrown.
 *
 * @module
 */
import type { XmlElement } from "../format/xml.ts";

/** Something in a pack that was left out or bent into shape. */
export interface PackProblem {
  /** File it stands in. */
  readonly file: string;
  /** Line, counted from 1. */
  readonly line: number;
  /** What is wrong and what became of it. */
  readonly message: string;
}

/** Collects problems, each once. */
export class ProblemList {
  readonly #file: string;
  readonly #seen = new Map<string, PackProblem>();

  /** Starts empty; `file` is where all of them are. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Writes one down. */
  add(line: number, message: string): void {
    const key = `${line}:${message}`;
    if (!this.#seen.has(key)) this.#seen.set(key, { file: this.#file, line, message });
  }

  /** All so far, in the order found. */
  list(): PackProblem[] {
    return [...this.#seen.values()];
  }
}

/**
 * An unsigned number as package descriptions write it: decimal, or hexadecimal behind `0x` or `#`, with an optional
 * plus sign and a binary multiplier letter; undefined when it is none (NonNegativeInteger of PACK.xsd). Blanks between
 * digits and a unit such as `KB`, which the schema does not know but vendors write, do no harm.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePackNumber } from "./attributes.ts";
 *
 * assertEquals([" 0x20 ", "#1F", "16k", "64 KB", "0x2000 0000", "010", "-1"].map(parsePackNumber), [
 *   32n, 31n, 16384n, 65536n, 0x20000000n, 10n, undefined,
 * ]);
 * ```
 */
export function parsePackNumber(text: string): bigint | undefined {
  const match = /^\+?(?:(?:0[xX]|#)([0-9a-fA-F]{1,16})|([0-9]{1,20}))[uUlL]{0,3}([kmgtKMGT]?)[bB]?$/.exec(
    text.replaceAll(/\s/g, ""),
  );
  if (!match) return undefined;
  const value = match[1] === undefined ? BigInt(match[2]!) : BigInt(`0x${match[1]}`);
  return value << BigInt(MULTIPLIER_BITS[match[3]!.toLowerCase()] ?? 0);
}

const MULTIPLIER_BITS: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30, t: 40 };

/** An element's attributes with those of outer levels below it; what {@linkcode AttributeReader} reads from. */
export interface AttributeSource {
  /** Tag name, for messages. */
  readonly name: string;
  /** Values by attribute name. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Line, for messages. */
  readonly line: number;
}

/** Reads typed attributes of one element and reports what does not fit. */
export class AttributeReader {
  readonly #source: AttributeSource;
  readonly #problems: ProblemList;
  /** Set once a required attribute turned out missing or wrong; the element is then to be left out. */
  failed = false;

  /** Reads from `source`, reports to `problems`. */
  constructor(source: AttributeSource | XmlElement, problems: ProblemList) {
    this.#source = source;
    this.#problems = problems;
  }

  /** Text of an attribute, trimmed; undefined when absent or empty. */
  text(name: string): string | undefined {
    return this.#source.attributes.get(name)?.trim() || undefined;
  }

  /** Text that has to be there. */
  requiredText(name: string): string {
    const text = this.text(name);
    if (text === undefined) this.#fail(`has no ${name}`);
    return text ?? "";
  }

  /** A number of up to 64 bits; undefined when absent. */
  big(name: string): bigint | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = parsePackNumber(text);
    if (value === undefined) this.#fail(`has ${name}="${text}", which is not a number`);
    return value;
  }

  /** A number small enough to count with; undefined when absent. */
  number(name: string): number | undefined {
    const value = this.big(name);
    if (value === undefined) return undefined;
    if (value <= 0xffff_ffff_ffffn) return Number(value);
    this.#fail(`has ${name}="${this.text(name)}", which is too large`);
    return undefined;
  }

  /** A number that has to be there. */
  requiredNumber(name: string): number {
    if (this.text(name) === undefined) this.#fail(`has no ${name}`);
    return this.number(name) ?? 0;
  }

  /** xs:boolean, any case; `fallback` when absent. */
  boolean(name: string, fallback: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (text === "1" || text === "true") return true;
    if (text !== "0" && text !== "false") {
      this.#problems.add(this.#source.line, `${this.#label()} has ${name}="${text}"; taken as false`);
    }
    return false;
  }

  /** Start and size in bytes that make a range inside the 32-bit address space. */
  range(startName = "start", sizeName = "size"): { start: number; size: number } {
    const start = this.requiredNumber(startName);
    const size = this.requiredNumber(sizeName);
    if (!this.failed && (size === 0 || start + size > 0x1_0000_0000)) {
      this.#fail(`covers ${size} bytes at 0x${start.toString(16)}, which is no range of a 32-bit address space`);
    }
    return { start, size };
  }

  #fail(reason: string): void {
    this.failed = true;
    this.#problems.add(this.#source.line, `${this.#label()} ${reason}; left out`);
  }

  #label(): string {
    const name = this.text("name") ?? this.text("id");
    return name === undefined ? `<${this.#source.name}>` : `<${this.#source.name}> ${name}`;
  }
}
