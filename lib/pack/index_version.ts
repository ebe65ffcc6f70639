/**
 * Names and versions of packs: `Vendor.Pack.1.2.3`, `Vendor::Pack@>=1.2.0`, and which of two versions is newer.
 * Versions follow Semantic Versioning 2.0.0 (clause 11), as the Open-CMSIS-Pack specification asks for.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";

/** Which release of which pack. */
export interface PackId {
  /** Vendor name. */
  readonly vendor: string;
  /** Pack name. */
  readonly name: string;
  /** Version, such as `1.2.3-rc1`. */
  readonly version: string;
}

/** A pack with the versions that will do. */
export interface PackReference {
  /** Vendor name. */
  readonly vendor: string;
  /** Pack name. */
  readonly name: string;
  /** Condition on the version as it was written; undefined for the newest. */
  readonly range?: string;
}

/** Names become parts of paths and URLs, so only harmless characters are let through. */
const SAFE_NAME = /^[A-Za-z0-9][\w+-]*(?:\.[\w+-]+)*$/;
const VERSION = /^\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const FILE_NAME = /^([^.]+)\.(.+?)\.(\d+(?:\.\d+)+(?:[-+][0-9A-Za-z.+-]+)?)$/;

/** Whether a text can be the vendor or the name of a pack. */
export function isSafeName(text: string): boolean {
  return text.length <= 128 && SAFE_NAME.test(text);
}

/** Whether a text can be the version of a pack. */
export function isVersion(text: string): boolean {
  return text.length <= 64 && VERSION.test(text);
}

/** The name of a pack with its version, as files are called. */
export function packFileName({ vendor, name, version }: PackId): string {
  return `${vendor}.${name}.${version}`;
}

/** The name of a pack as people write it: `Vendor::Pack@1.2.3`. */
export function packTitle({ vendor, name, version }: PackId): string {
  return `${vendor}::${name}@${version}`;
}

/**
 * Takes `Vendor.Pack.1.2.3` apart; undefined when it is no such name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePackFileName } from "./index_version.ts";
 *
 * assertEquals(parsePackFileName("Keil.STM32F4xx_DFP.2.17.1"), {
 *   vendor: "Keil", name: "STM32F4xx_DFP", version: "2.17.1",
 * });
 * assertEquals(parsePackFileName("../x.1.2.3"), undefined);
 * ```
 */
export function parsePackFileName(text: string): PackId | undefined {
  const [, vendor = "", name = "", version = ""] = FILE_NAME.exec(text) ?? [];
  return isSafeName(vendor) && isSafeName(name) && isVersion(version) ? { vendor, name, version } : undefined;
}

/**
 * Reads a pack as people name it: `Vendor::Pack`, `Vendor::Pack@1.2.3`, `Vendor::Pack@>=1.2.0`, `Vendor.Pack` or
 * `Vendor.Pack.1.2.3`; undefined when it cannot be one.
 *
 * @throws {UsageError} when it is one, but its condition on the version makes no sense
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePackReference } from "./index_version.ts";
 *
 * assertEquals(parsePackReference("ARM::CMSIS@^5.0.0"), { vendor: "ARM", name: "CMSIS", range: "^5.0.0" });
 * assertEquals(parsePackReference("ARM.CMSIS.5.9.0"), { vendor: "ARM", name: "CMSIS", range: "5.9.0" });
 * assertEquals(parsePackReference("stm32f4*"), undefined);
 * ```
 */
export function parsePackReference(text: string): PackReference | undefined {
  const [, vendor = "", name = "", operator = "", tail = ""] =
    /^([^:@]+)::([^@<>=^~]+)(@|(?=>=))?(.*)$/.exec(text.trim()) ?? [];
  if (isSafeName(vendor) && isSafeName(name)) {
    if (operator === "" && tail === "") return { vendor, name };
    if (tail === "latest") return { vendor, name };
    checkRange(tail, text);
    return { vendor, name, range: tail };
  }
  const exact = parsePackFileName(text.trim());
  if (exact) return { vendor: exact.vendor, name: exact.name, range: exact.version };
  const [, first = "", second = ""] = /^([A-Za-z][\w-]*)\.([A-Za-z][\w-]*)$/.exec(text.trim()) ?? [];
  return first === "" ? undefined : { vendor: first, name: second };
}

function checkRange(range: string, text: string): void {
  const versions = range.replace(/^(>=|\^|~)/, "").split(":");
  if (versions.length <= 2 && versions.every(isVersion)) return;
  throw new UsageError(`Cannot read ${text}: ${range === "" ? "no version follows" : `${range} is not a version`}`, {
    hint: "Write Vendor::Pack@1.2.3, @>=1.2.3, @^1.2.3, @~1.2.3, @1.2.3:2.0.0 or @latest",
  });
}

/**
 * Order of two versions: negative when `a` is older. Numbers count as numbers, a release is newer than its
 * pre-releases, build metadata does not count.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { compareVersions } from "./index_version.ts";
 *
 * assert(compareVersions("1.10.0", "1.9.0") > 0);
 * assert(compareVersions("1.0.0-rc.2", "1.0.0") < 0);
 * ```
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = compareNumbers(left.numbers[i] ?? "0", right.numbers[i] ?? "0");
    if (difference !== 0) return difference;
  }
  if (left.pre === undefined || right.pre === undefined) {
    return Number(left.pre === undefined) - Number(right.pre === undefined);
  }
  for (let i = 0; i < Math.max(left.pre.length, right.pre.length); i++) {
    const [x, y] = [left.pre[i], right.pre[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [isNumberX, isNumberY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (isNumberX !== isNumberY) return isNumberX ? -1 : 1;
    const difference = isNumberX ? compareNumbers(x, y) : x < y ? -1 : x > y ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function split(version: string): { numbers: string[]; pre: string[] | undefined } {
  const [main = ""] = version.split("+");
  const dash = main.indexOf("-");
  return {
    numbers: (dash < 0 ? main : main.slice(0, dash)).split("."),
    pre: dash < 0 ? undefined : main.slice(dash + 1).split("."),
  };
}

/** Compares digits of any length. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+(?=.)/, ""), b.replace(/^0+(?=.)/, "")];
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}

/**
 * Whether a version fulfils a condition: `1.2.3` exactly, `>=1.2.3`, `^1.2.3` (same major), `~1.2.3` (same major and
 * minor), `1.2.3:2.0.0` (both included). Without a condition every version will do.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { satisfies } from "./index_version.ts";
 *
 * assert(satisfies("1.9.0", "^1.2.3") && !satisfies("2.0.0", "^1.2.3"));
 * ```
 */
export function satisfies(version: string, range: string | undefined): boolean {
  if (range === undefined) return true;
  const [lowest = "", highest] = range.replace(/^(>=|\^|~)/, "").split(":");
  if (highest !== undefined) return compareVersions(version, lowest) >= 0 && compareVersions(version, highest) <= 0;
  if (range.startsWith(">=")) return compareVersions(version, lowest) >= 0;
  const same = range.startsWith("^") ? 1 : range.startsWith("~") ? 2 : 0;
  if (same === 0) return compareVersions(version, lowest) === 0;
  const [own, wanted] = [split(version).numbers, split(lowest).numbers];
  for (let i = 0; i < same; i++) if (compareNumbers(own[i] ?? "0", wanted[i] ?? "0") !== 0) return false;
  return compareVersions(version, lowest) >= 0;
}

/** The newest of some things with a version. */
export function newest<T extends { readonly version: string }>(items: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const item of items) if (best === undefined || compareVersions(item.version, best.version) > 0) best = item;
  return best;
}
