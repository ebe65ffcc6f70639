/**
 * Finds devices by the names people type.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";

/** Something with a device name. */
export interface Named {
  /** Device name. */
  readonly name: string;
  /** Name of the device that this one is a variant of. */
  readonly deviceName?: string;
}

/**
 * Devices whose name fits what was typed, best kind of match only: the exact name; the name in other letter case or
 * with `_` for `-`; a name with a small `x` where any letter may stand; names that go on with nothing but package and
 * option letters after the typed text; the same with an `x` of the typed text standing for any letter; the name of the
 * device that others are variants of; a part number that goes on, after the name, with package and packing codes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { matchDevices } from "./find.ts";
 *
 * const devices = ["STM32F407VGTx", "STM32F407VETx", "STM32F407VG"].map((name) => ({ name }));
 * assertEquals(matchDevices("stm32f407vg", devices).map((d) => d.name), ["STM32F407VG"]);
 * assertEquals(matchDevices("STM32F407VGT6", devices).map((d) => d.name), ["STM32F407VGTx"]);
 * assertEquals(matchDevices("stm32f407ve", devices).map((d) => d.name), ["STM32F407VETx"]);
 * assertEquals(matchDevices("stm32f4", devices), []);
 * ```
 */
export function matchDevices<T extends Named>(typed: string, devices: readonly T[]): T[] {
  const wanted = normalize(typed);
  const kinds: ((device: T) => boolean)[] = [
    ({ name }) => name === typed,
    ({ name }) => normalize(name) === wanted,
    ...[wanted, wanted.replaceAll("x", "?")].flatMap((text) => [
      ({ name }: T) => fitsWildcards(text, patternOf(name)),
      ({ name }: T) => isShortFor(text, patternOf(name)),
    ]),
    ({ deviceName }) => deviceName !== undefined && fitsWildcards(wanted, patternOf(deviceName)),
    ({ name }) => isPartNumberOf(wanted, patternOf(name)),
  ];
  for (const fits of kinds) {
    const found = devices.filter(fits);
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * The one device that fits what was typed. Where several do, the first is taken if `isSame` finds no difference that
 * matters: `STM32F072RB` comes in three packages with the same memory.
 *
 * @throws {PackError} listing the candidates when several fit, or similar names when none does
 */
export function findDevice<T extends Named>(
  typed: string,
  devices: readonly T[],
  isSame: (a: T, b: T) => boolean = () => false,
): T {
  const found = matchDevices(typed, devices);
  const [first] = found;
  if (first && found.every((other) => other === first || isSame(first, other))) return first;
  const many = found.length > 0;
  const candidates = many ? found.map((device) => device.name) : nearNames(typed, devices);
  const list = candidates.slice(0, 12).join(", ") + (candidates.length > 12 ? ", …" : "");
  throw new PackError(
    many
      ? `Cannot tell which device ${typed} means: ${list}`
      : `Cannot find device ${typed}${list === "" ? "" : `; similar names: ${list}`}`,
    {
      code: many ? "ambiguous-device" : "no-device",
      hint: many ? "Give the full name of one of them" : "Names of known devices are listed by: tapir list --targets",
      fields: { device: typed, candidates },
    },
  );
}

/**
 * Names like the one typed, most alike first: those that contain it, then those that share the longest beginning.
 */
export function nearNames(typed: string, devices: readonly Named[], limit = 12): string[] {
  const wanted = normalize(typed);
  const scored = devices.map(({ name }) => {
    const own = normalize(name);
    let shared = 0;
    while (shared < wanted.length && own[shared] === wanted[shared]) shared++;
    return { name, score: own.includes(wanted) ? wanted.length + 1 : shared };
  });
  return scored.filter(({ score }) => score >= Math.max(3, wanted.length / 2))
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Lower case, with everything but letters and digits as `-`. */
function normalize(name: string): string {
  return name.trim().toLowerCase().replaceAll(/[^a-z0-9\0]+/g, "-");
}

/** A device name with `?` where any letter may stand: vendors write a small x there, and a capital one is a letter. */
function patternOf(name: string): string {
  const hasCapitals = /[A-Z]/.test(name);
  return normalize(name.replaceAll(hasCapitals ? "x" : /x/gi, "\0")).replaceAll("\0", "?");
}

/** Same length, and equal but for places where one of the two has a `?`. */
function fitsWildcards(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && a[i] !== "?" && b[i] !== "?") return false;
  return true;
}

/**
 * Whether `wanted` is `name` without its ending of at most four characters: package, temperature and packing codes,
 * such as `STM32F407VG` for `STM32F407VGTx` or `nRF52840` for `nRF52840_xxAA`. A digit more is another chip.
 */
function isShortFor(wanted: string, name: string): boolean {
  const rest = name.length - wanted.length;
  if (rest <= 0) return false;
  const ending = name.slice(wanted.length).replace(/^-/, "");
  return fitsWildcards(wanted, name.slice(0, wanted.length)) && ending.length <= 4 && !/^[0-9]/.test(ending) &&
    wanted.length >= 6;
}

/** Whether `wanted` is `name` with package, temperature and packing codes, such as `STM32F103C8T6TR` for `STM32F103C8`. */
function isPartNumberOf(wanted: string, name: string): boolean {
  const ending = wanted.slice(name.length);
  return name.length >= 8 && /^-?[a-z]{1,2}[0-9]?[a-z]{0,2}$/.test(ending) &&
    fitsWildcards(wanted.slice(0, name.length), name);
}
