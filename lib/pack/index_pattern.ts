/**
 * Patterns over names of devices and packs.
 *
 * @module
 */

/**
 * A test whether a name contains what a shell pattern (`*`, `?`, `[abc]`, `[!abc]`) stands for, in any letter case.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { namePattern } from "./index_pattern.ts";
 *
 * const fits = namePattern("f40[57]?g");
 * assertEquals(["STM32F407VGTx", "STM32F405RGTx", "STM32F401VG"].filter(fits), ["STM32F407VGTx", "STM32F405RGTx"]);
 * ```
 */
export function namePattern(pattern: string): (name: string) => boolean {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const set = char === "[" ? /^\[(!?)([^\]]+)\]/.exec(pattern.slice(i)) : null;
    if (set) {
      const members = set[2]!.replaceAll(/[\\^\]]/g, "\\$&");
      source += `[${set[1] === "!" ? "^" : ""}${members}]`;
      i += set[0].length - 1;
    } else if (char === "*") source += source.endsWith(".*") ? "" : ".*";
    else source += char === "?" ? "." : char.replaceAll(/[.+^${}()|[\]\\/-]/g, "\\$&");
  }
  let regex: RegExp;
  try {
    regex = new RegExp(source, "i");
  } catch {
    // A set such as [z-a] makes no sense; then the text stands for itself.
    const plain = pattern.toLowerCase();
    return (name) => name.toLowerCase().includes(plain);
  }
  return (name) => regex.test(name);
}

/**
 * Whether a pack by its name may describe devices that fit a pattern: the letters before the first wild card and the
 * stem of the pack's name agree as far as both go, `x` in the pack's name standing for anything. It saves fetching
 * every description there is when the pack's name already tells: `STM32F4xx_DFP` for `stm32f407vg`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mayDescribe } from "./index_pattern.ts";
 *
 * const packs = ["STM32F4xx_DFP", "STM32F1xx_DFP", "nRF_DeviceFamilyPack", "GeckoPlatform_EFR32BG22_DFP"];
 * assertEquals(packs.filter((pack) => mayDescribe(pack, "stm32f407*")), ["STM32F4xx_DFP"]);
 * assertEquals(packs.filter((pack) => mayDescribe(pack, "nrf52840")), ["nRF_DeviceFamilyPack"]);
 * assertEquals(packs.filter((pack) => mayDescribe(pack, "EFR32BG22C112")), ["GeckoPlatform_EFR32BG22_DFP"]);
 * ```
 */
export function mayDescribe(packName: string, pattern: string): boolean {
  const [wanted = ""] = pattern.toLowerCase().replace(/^\*+/, "").split(/[*?[]/);
  if (wanted.length < 3) return false;
  return packName.toLowerCase().split(/[_-]/).some((stem) => {
    if (stem.length < 3 || stem === "dfp" || stem === "bsp") return false;
    const length = Math.min(stem.length, wanted.length);
    for (let i = 0; i < length; i++) if (stem[i] !== wanted[i] && stem[i] !== "x") return false;
    return true;
  });
}
